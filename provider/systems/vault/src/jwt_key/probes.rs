//! What a mount says of a key's signature. It is asked in the name of one of its roles, which is whichever can tell.

use std::sync::{Mutex, MutexGuard};

use jiff::SignedDuration;
use outbound::locked;
use rotation::Error;

use super::mount::{Mount, Said};

/// The questions to one mount.
#[derive(Default)]
pub(crate) struct Probes {
    /// The mount's roles, from the first question on; the one that could tell stands first.
    roles: Mutex<Option<Vec<String>>>,
}

/// How often a removed key is tried until it is refused, a second apart.
const TRIES: u32 = 20;

impl Probes {
    /// Learns the roles. Before a change, so that a right that lacks is told while nothing has happened yet.
    pub(crate) async fn prepare(&self, mount: &Mount) -> Result<(), Error> {
        if self.roles().is_none() {
            let roles = mount.roles().await?;
            *self.roles() = Some(roles);
        }
        Ok(())
    }

    /// Whether the mount accepts the signature of a probe; none if it has no role that could tell.
    pub(crate) async fn ask(&self, mount: &Mount, probe: &str) -> Result<Option<bool>, Error> {
        let known = self.roles().clone();
        let roles = match known {
            Some(roles) => roles,
            None => mount.roles().await?,
        };
        for (number, role) in roles.iter().enumerate() {
            let said = mount.try_out(role, probe).await?;
            if said == Said::Nothing {
                continue;
            }
            let mut roles = roles.clone();
            roles.swap(0, number);
            *self.roles() = Some(roles);
            return Ok(Some(said == Said::Known));
        }
        *self.roles() = None;
        Ok(None)
    }

    /// The same of a key that stands there. A login at the moment of a write makes the server remember the keys before it; to write
    /// once more makes it forget them.
    pub(crate) async fn ask_anew(&self, mount: &Mount, probe: &str) -> Result<Option<bool>, Error> {
        mount.rewrite().await?;
        self.ask(mount, probe).await
    }

    /// Whether what a removed key signed is refused, sooner or later.
    pub(crate) async fn is_refused(&self, mount: &Mount, probe: &str) -> Result<bool, Error> {
        let clock = mount.session().clock();
        for _ in 0..TRIES {
            if outbound::repeat(clock, || self.ask(mount, probe)).await? != Some(true) {
                return Ok(true);
            }
            mount.rewrite().await?;
            clock.wait(SignedDuration::from_secs(1)).await;
        }
        Ok(false)
    }

    fn roles(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        locked(&self.roles)
    }
}
