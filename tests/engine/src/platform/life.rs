//! The life that the README under *In the CI* tells.

use anyhow::{Context, Result, ensure};
use vault_servers::Database as _;

use super::PlatformScene;
use crate::vault::VaultScene;

/// The resource that holds leases.
const LEASE_TOKEN: &str = "keyrotation:vault:RotatingLease";

/// What the last run of the life has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Everything was made.
    Made,
    /// Another release made the next of each.
    Released,
    /// A day later those before were retired.
    ADayLater,
    /// A week after the beginning the users' period was over.
    AWeekLater,
    /// The stack was destroyed.
    Destroyed,
}

impl PlatformScene {
    /// Leads the whole life, of all that a platform team asks of Vault. `also` looks at what else the program has made, each time before
    /// another run must have nothing to do.
    ///
    /// # Errors
    /// When something is not as the README says, or `also` fails.
    pub fn live(&self, mut also: impl FnMut(Moment) -> Result<()>) -> Result<()> {
        let Self { vault, postgres, first_root, .. } = self;
        let mut see = |moment| also(moment).with_context(|| format!("{moment:?}"));
        let metadata = || Ok::<_, anyhow::Error>(vault.admin().get(&VaultScene::at("metadata"))?["data"].clone());
        self.up()?;
        vault.expect_versions(&["1"], "1")?;
        let made = metadata()?;
        ensure!(made["cas_required"] == true && made["max_versions"] == 5, "the path's metadata: {made}");
        let first = self.database_user()?;
        let leases = vault.work.state()?.of_type(LEASE_TOKEN).len();
        ensure!(self.leases()? == 1 && self.tokens()?.len() == leases, "there is more than a lease and its holder");
        ensure!(!postgres.lets_in(first_root)?, "the password that the engine was set up with is still accepted");
        let rotated_at = vault.work.output("databaseRootRotatedAt")?.context("no rotation of the root is shown")?;
        ensure!(vault.work.output("version")?.as_deref() == Some("1"), "the first version is not shown");
        for name in ["value", "databaseUser"] {
            ensure!(vault.work.output(name)?.as_deref() == Some("[secret]"), "{name} is shown, or there is none");
        }
        see(Moment::Made)?;
        self.expect_quiet()?;

        vault.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
        self.up()?;
        vault.expect_versions(&["1", "2"], "2")?;
        let second = self.database_user()?;
        ensure!(first.user != second.user, "another release made no other user");
        ensure!(postgres.lets_in(&first)?, "the first user does not log in during the overlap");
        see(Moment::Released)?;
        self.expect_quiet()?;

        vault.wait_hours(26)?;
        self.up()?;
        vault.expect_versions(&["2"], "2")?;
        ensure!(metadata()?["versions"]["1"]["destroyed"] == true, "the first version is not destroyed");
        ensure!(!postgres.lets_in(&first)?, "the first user still logs in");
        ensure!(
            self.database_user()?.user == second.user && self.leases()? == 1,
            "the second user is not the only one"
        );
        see(Moment::ADayLater)?;
        self.expect_quiet()?;

        vault.wait_hours(24 * 6)?;
        self.up()?;
        vault.expect_versions(&["2"], "2")?;
        let third = self.database_user()?;
        ensure!(
            third.user != second.user && postgres.lets_in(&second)?,
            "a week makes no other user, or ends the second"
        );
        ensure!(vault.work.output("databaseRootRotatedAt")? == Some(rotated_at), "the root was rotated once more");
        see(Moment::AWeekLater)?;
        self.expect_quiet()?;
        self.expect_destroyed()?;
        for user in [second, third] {
            ensure!(!postgres.lets_in(&user)?, "a user of a destroyed stack still logs in");
        }
        see(Moment::Destroyed)
    }
}
