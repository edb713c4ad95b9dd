use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::Fault;
use serde_json::Value;

use crate::life::Life;
use crate::reader::Reader;
use crate::rig::{Ended, Rig, SECRET};
use crate::system::System;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Tries of one step after the fault.
const MOST: usize = 4;

/// One fault at one call of one rotation, and how the rotation goes on.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Whose keys are rotated.
    pub system: System,
    /// What stood there before.
    pub life: Life,
    /// At which call of the rotation, from 0.
    pub call: usize,
    /// How it fails.
    pub fault: Fault,
    /// What follows.
    pub then: Then,
}

/// What follows a step that failed or died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The same step, again.
    Retry,
    /// All four steps with the same version, a day later, as Secrets Manager reattempts a rotation that is not complete.
    Reattempt,
    /// A person takes `AWSPENDING` off, so that the next rotation has another version.
    Abandon,
}

impl Then {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Retry, Self::Reattempt, Self::Abandon];
}

impl Case {
    /// Runs it: the rotation with the fault, its end, and one more rotation. Gives how many tries the step needed after the fault.
    ///
    /// # Errors
    /// What is not as it must be.
    pub async fn prove(self) -> Result<usize> {
        let rig = self.life.prepare(self.system).await?;
        let reader = Reader::default();
        let before = rig.current();
        let struck = rig.calls().len() + self.call;
        rig.inject(struck, self.fault);
        reader.watch(self.system, &rig.cloud);
        let payloads = rig.begin()?.payloads;
        let (failed, ended) = self.until_failed(&rig, &payloads).await;
        ensure!(rig.cloud.faults().calls() > struck as u64, "the fault never struck");
        rig.cloud.faults().clear();
        reader.watch(self.system, &rig.cloud);
        rig.clock.advance(MINUTE);
        // Once consumers read the version, another rotation is the next one.
        let is_next = self.then != Then::Retry && is_promoted(&rig)?;
        let tries = match failed.filter(|_| !is_next) {
            None => 0,
            Some(failed) => self.goes_on(&rig, (&payloads, failed), &ended).await?,
        };
        let after = rig.current().context("no key")?;
        ensure!(before.as_ref().is_none_or(|before| before.id != after.id), "nothing was rotated");
        if let Some(before) = before {
            ensure!(rig.works(&before), "the previous key {} was deleted by its own rotation", before.id);
        }
        if failed.is_none() || !is_next {
            must_be_whole(&rig)?;
        }
        rig.clock.advance(DAY * 40);
        self.rotates_again(&rig, is_next).await?;
        must_be_whole(&rig).context("after the next rotation")?;
        ensure!(rig.current().is_some_and(|next| next.id != after.id), "the next rotation made no key");
        ensure!(rig.works(&after), "the next rotation deleted the key that it superseded");
        ensure!(reader.failures().is_empty(), "{:?}", reader.failures());
        ensure!(reader.uses() > 0, "nobody read");
        ensure!(rig.leaks().is_empty(), "secrets were said: {:?}", rig.lines());
        Ok(tries)
    }

    /// The next rotation. A stated overlap counts from when the mark is written, if the step died that was to write it.
    async fn rotates_again(self, rig: &Rig, is_next: bool) -> Result<()> {
        let rotated = rig.rotate().await;
        let waits = is_next && self.life == Life::Overlap;
        match rotated {
            Err(line) if waits && line.contains("The overlap of the previous key ends at") => {
                rig.clock.advance(DAY * 2);
                rig.rotate().await.map_err(anyhow::Error::msg).context("the next rotation, after the overlap")
            }
            rotated => rotated.map_err(anyhow::Error::msg).context("the next rotation"),
        }
    }

    /// The steps up to the one that fails: its number, and how it ended.
    async fn until_failed(self, rig: &Rig, payloads: &[Value]) -> (Option<usize>, Ended) {
        for (step, payload) in payloads.iter().enumerate() {
            match rig.invoke(payload).await {
                Ended::Done => {}
                ended => return (Some(step), ended),
            }
        }
        (None, Ended::Done)
    }

    async fn goes_on(self, rig: &Rig, (payloads, failed): (&[Value], usize), ended: &Ended) -> Result<usize> {
        if let Ended::Failed(line) = ended {
            must_be_a_line(line)?;
        }
        match self.then {
            Then::Retry => steps(rig, &payloads[failed..]).await,
            Then::Reattempt => {
                rig.clock.advance(DAY);
                steps(rig, &rig.begin()?.payloads).await
            }
            Then::Abandon => {
                let secret = rig.cloud.aws().secret(SECRET).context("no secret")?;
                let pending = secret.version_of("AWSPENDING").context("no rotation is under way")?;
                rig.cloud.aws().take_off(SECRET, "AWSPENDING", pending)?;
                rig.clock.advance(DAY * 2);
                steps(rig, &rig.begin()?.payloads).await
            }
        }
    }
}

/// Whether consumers read the version of the rotation already.
fn is_promoted(rig: &Rig) -> Result<bool> {
    let secret = rig.cloud.aws().secret(SECRET).context("no secret")?;
    Ok(secret.version_of("AWSPENDING").is_none_or(|pending| secret.version_of("AWSCURRENT") == Some(pending)))
}

/// Each step until it ends well; the most tries that one of them needed.
async fn steps(rig: &Rig, payloads: &[Value]) -> Result<usize> {
    let mut most = 0;
    for payload in payloads {
        let mut tries = 0;
        loop {
            tries += 1;
            match rig.invoke(payload).await {
                Ended::Done => break,
                ended => ensure!(tries < MOST, "{} tries of {}: {ended:?}", tries, payload["Step"]),
            }
            rig.clock.advance(MINUTE);
        }
        most = most.max(tries);
    }
    Ok(most)
}

/// Nothing is left but the current key and the previous one, and the mark says so.
fn must_be_whole(rig: &Rig) -> Result<()> {
    let stages = ["AWSCURRENT", "AWSPREVIOUS"].map(|stage| rig.read(stage).map(|key| key.id));
    let known: BTreeSet<_> = stages.into_iter().flatten().collect();
    let keys: BTreeSet<_> = rig.keys().into_iter().collect();
    ensure!(keys.is_subset(&known), "keys {keys:?} stand, and the secret knows {known:?}: {:#?}", rig.lines());
    let current = rig.current().context("no key")?;
    ensure!(rig.works(&current), "AWSCURRENT does not work");
    let tags = rig.system.tags(&rig.cloud);
    let claims: Vec<_> = tags.iter().filter(|(tag, _)| tag.ends_with(":claim")).map(|(_, claim)| claim).collect();
    ensure!(claims.len() == 1 && claims.iter().all(|claim| claim.ends_with("closed")), "claims: {claims:?}");
    let mark = tags.iter().find(|(tag, _)| tag.starts_with("keyrotation:") && !tag.ends_with(":claim"));
    let (_, mark) = mark.context("no mark")?;
    let marked = mark.matches(":ok:").count();
    ensure!(marked == keys.len() && !mark.contains(":new:"), "{keys:?} stand, and the mark says {mark}");
    Ok(())
}

/// What people read in CloudWatch.
fn must_be_a_line(line: &str) -> Result<()> {
    ensure!(!line.contains('\n'), "more than one line: {line}");
    ensure!(
        line.contains("AWSCURRENT") || line.contains("no key yet") || line.contains("Nothing was changed"),
        "{line}"
    );
    ensure!(!line.to_lowercase().contains("pulumi"), "{line}");
    Ok(())
}
