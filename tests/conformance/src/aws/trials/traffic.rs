use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::{Fault, Rule};
use rotation::testing::Rig;
use rotation::{Clock, Effect, ErrorKind, Ledger, OwnerId};

use super::AwsTrial;
use crate::aws::LocalAws;
use crate::orders::mint;
use crate::suite::trials;

pub(super) const TRIALS: &[AwsTrial] = trials!("aws::traffic::", () =>
    whatever_befalls_a_mint_it_is_sent_once_and_judged_rightly,
    a_passing_trouble_is_waited_out,
    a_lasting_trouble_is_told_after_four_calls,
    a_refusal_is_told_at_once,
);

async fn whatever_befalls_a_mint_it_is_sent_once_and_judged_rightly(aws: &LocalAws) -> Result<()> {
    use Effect::{None as Nothing, Unknown};
    let cases = [
        (Fault::error_before(400, "Throttling"), ErrorKind::Throttled, Nothing, 0),
        (Fault::error_before(409, "EntityTemporarilyUnmodifiable"), ErrorKind::Conflict, Nothing, 0),
        (Fault::error_before(403, "AccessDenied"), ErrorKind::Denied, Nothing, 0),
        (Fault::error_before(418, "NeverHeardOf"), ErrorKind::Unexpected, Nothing, 0),
        (Fault::error_before(500, "ServiceFailure"), ErrorKind::Unexpected, Unknown, 0),
        (Fault::error_after(500, "ServiceFailure"), ErrorKind::Unexpected, Unknown, 1),
        (Fault::error_before(503, "ServiceUnavailable"), ErrorKind::Unexpected, Unknown, 0),
        (Fault::DropBefore, ErrorKind::Unreachable, Unknown, 0),
        (Fault::DropAfter, ErrorKind::Unreachable, Unknown, 1),
        (Fault::CutBody, ErrorKind::Unexpected, Unknown, 1),
        (Fault::Hang, ErrorKind::TimedOut, Unknown, 0),
        (Fault::HangAfter, ErrorKind::TimedOut, Unknown, 1),
    ];
    let issuer = aws.issuer();
    issuer.list().await?;
    for (fault, kind, effect, made) in cases {
        let name = format!("{fault:?}");
        let calls = aws.calls().len();
        aws.cloud().faults().add(Rule::new(fault).on("CreateAccessKey"));
        let error = mint(&*issuer).await.err().with_context(|| format!("{name} was not noticed"))?;
        ensure!((error.kind, error.effect) == (kind, effect), "{name}: {error:?}");
        ensure!(aws.calls().len() == calls + 1, "{name}: {:?}", &aws.calls()[calls..]);
        ensure!(aws.keys().len() == made, "{name}");
        aws.keys().iter().for_each(|id| aws.delete(id));
    }
    Ok(())
}

async fn a_passing_trouble_is_waited_out(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer();
    let owner = OwnerId::new("urn:a", "a");
    for fault in [Fault::Throttle, Fault::error_before(500, "ServiceFailure"), Fault::DropAfter, Fault::CutBody] {
        let (calls, begun) = (aws.calls().len(), aws.clock().now());
        aws.cloud().faults().add(Rule::new(fault).times(2));
        issuer.write_ledger(&owner, Some(&Ledger::default())).await?;
        ensure!(aws.calls().len() == calls + 3, "{:?}", &aws.calls()[calls..]);
        let waited = aws.clock().now().duration_since(begun);
        ensure!(waited == SignedDuration::from_secs(3), "{waited:?}");
    }
    Ok(())
}

async fn a_lasting_trouble_is_told_after_four_calls(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer();
    let key = mint(&*issuer).await?.id;
    aws.cloud().faults().add(Rule::new(Fault::Throttle).always());
    let calls = aws.calls().len();
    let error = issuer.retire(&key).await.err().context("it succeeded")?;
    ensure!(error.kind == ErrorKind::Throttled && error.effect == Effect::None, "{error:?}");
    ensure!(aws.calls()[calls..] == ["DeleteAccessKey"; 4], "{:?}", &aws.calls()[calls..]);
    ensure!(aws.keys() == [key]);
    Ok(())
}

async fn a_refusal_is_told_at_once(aws: &LocalAws) -> Result<()> {
    let issuer = aws.issuer();
    let begun = aws.clock().now();
    aws.cloud().faults().add(Rule::new(Fault::error_before(400, "InvalidInput")));
    ensure!(issuer.list().await.is_err());
    ensure!(aws.calls().len() == 1 && aws.clock().now() == begun);
    Ok(())
}
