//! What only a secret of an OCI Vault does as a store, on the stand-in.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::oci::Consistency;
use localcloud::{LocalCloud, Options};
use rotation::testing::ManualClock;
use rotation::{Error, ErrorKind, Store};
use serde_json::{Value, json};

use super::key::Key;
use super::oci::{REGION, VaultSecrets};
use super::rules::Entries;
use super::shelves::{Shelves, all, with};
use crate::aws::START;
use crate::suite::{Trial, trials};

/// A stand-in of OCI whose vaults take their time, on a clock that only moves by hand.
pub struct OciGround {
    cloud: LocalCloud,
    clock: ManualClock,
}

/// A rule.
pub type OciStoreTrial = Trial<OciGround>;

/// Every rule.
pub fn oci_store_trials() -> impl Iterator<Item = &'static OciStoreTrial> {
    TRIALS.iter()
}

const TRIALS: &[OciStoreTrial] = trials!("oci_vault::", () =>
    tags_and_description_are_as_the_inputs_say,
    a_secret_that_is_removed_and_wanted_again_is_restored,
    a_secret_that_oci_rotates_is_refused,
    fifty_rotations_never_meet_the_limit_of_versions,
    versions_of_others_are_never_deleted,
    readers_that_lag_read_a_key_that_works,
    errors_name_the_permission_that_is_missing,
    every_lost_answer_is_one_version,
    two_writers_do_not_overwrite_each_other,
    a_connection_has_its_own_credentials_and_region,
);

impl OciGround {
    /// A fresh one.
    ///
    /// # Errors
    /// It cannot listen.
    pub fn new() -> Result<Self> {
        let clock = ManualClock::new(START);
        let mut options = Options::new(vault_servers::SharedClock::new(&clock).shared());
        options.oci.consistency =
            Consistency { secret_settle: SignedDuration::from_secs(2), ..Consistency::immediate() };
        options.hang_advances = SignedDuration::from_secs(31);
        Ok(Self { cloud: LocalCloud::start(options)?, clock })
    }

    /// Its secrets, for the rules of both kinds.
    pub fn entries(&self) -> Entries {
        Entries(Box::new(self.secrets()))
    }

    fn secrets(&self) -> VaultSecrets {
        let (tenancy, endpoint) = (self.cloud.oci().clone(), self.cloud.endpoint().to_owned());
        VaultSecrets { tenancy, endpoint, clock: self.clock.clone() }
    }

    fn made(&self, name: &str) -> Box<dyn Store> {
        let secrets = self.secrets();
        secrets.open(name, &json!({ "create": secrets.create() }), all())
    }

    fn theirs(&self, name: &str) -> Box<dyn Store> {
        self.secrets().open(name, &Value::Null, all())
    }

    fn current(&self, name: &str) -> Option<String> {
        self.cloud.oci().vault_secret_value(name, "CURRENT")
    }
}

async fn tags_and_description_are_as_the_inputs_say(on: &OciGround) -> Result<()> {
    Key::new(1).deliver(&*on.made("described")).await?;
    let secret = on.cloud.oci().vault_secret("described").context("it is missing")?;
    ensure!(secret.description.as_deref() == Some("of a trial") && secret.tags["team"] == "ci", "{secret:?}");
    ensure!(secret.tags.contains_key("keyrotation-made-by") && secret.region == REGION, "{secret:?}");
    Ok(())
}

async fn a_secret_that_is_removed_and_wanted_again_is_restored(on: &OciGround) -> Result<()> {
    let store = on.made("again");
    Key::new(1).deliver(&*store).await?;
    store.remove().await?;
    let head = on.made("again").head().await?;
    ensure!(head.exists && head.current.is_none() && head.blocked.is_none(), "{head:?}");
    Key::new(2).deliver(&*on.made("again")).await?;
    ensure!(on.current("again") == Some(Key::new(2).text()));
    Ok(())
}

async fn a_secret_that_oci_rotates_is_refused(on: &OciGround) -> Result<()> {
    on.secrets().make("rotated");
    on.cloud.oci().set_vault_rotation("rotated", true)?;
    let blocked = on.theirs("rotated").head().await?.blocked.context("it is not blocked")?;
    ensure!(blocked.contains("rotated") && blocked.contains("OCI itself"), "{blocked}");
    on.cloud.oci().set_vault_rotation("rotated", false)?;
    ensure!(on.theirs("rotated").head().await?.blocked.is_none());
    Ok(())
}

async fn fifty_rotations_never_meet_the_limit_of_versions(on: &OciGround) -> Result<()> {
    on.secrets().make("many");
    for generation in 1..=50 {
        Key::new(generation).deliver(&*on.theirs("many")).await?;
        let secret = on.cloud.oci().vault_secret("many").context("it is missing")?;
        let leaving = secret.versions.iter().filter(|version| version.leaves.is_some()).count();
        ensure!(secret.versions.len() - leaving <= 21 && leaving <= 28, "{generation}: {}", secret.versions.len());
        on.clock.advance(SignedDuration::from_hours(2));
    }
    ensure!(on.current("many") == Some(Key::new(50).text()));
    Ok(())
}

async fn versions_of_others_are_never_deleted(on: &OciGround) -> Result<()> {
    let oci = on.cloud.oci();
    on.secrets().make("crowded");
    for number in 0..24 {
        oci.edit_vault_secret("crowded", &format!("theirs {number}"))?;
    }
    for generation in 1..=4 {
        Key::new(generation).deliver(&*on.theirs("crowded")).await?;
    }
    let secret = oci.vault_secret("crowded").context("it is missing")?;
    let gone: Vec<_> = secret.versions.iter().filter(|version| version.leaves.is_some()).collect();
    ensure!(gone.iter().all(|version| version.name.is_some()), "{gone:?}");
    ensure!(secret.versions.iter().filter(|version| version.name.is_none()).count() == 25);
    Ok(())
}

async fn readers_that_lag_read_a_key_that_works(_: &OciGround) -> Result<()> {
    let clock = ManualClock::new(START);
    let mut options = Options::new(vault_servers::SharedClock::new(&clock).shared());
    let lag = SignedDuration::from_secs(20);
    options.oci.consistency = Consistency { secret_lag: lag, ..Consistency::immediate() };
    let lagging = OciGround { cloud: LocalCloud::start(options)?, clock };
    for generation in 1..=3 {
        Key::new(generation).deliver(&*lagging.made("late")).await?;
        ensure!(lagging.current("late") == Some(Key::new(generation).text()));
    }
    Ok(())
}

async fn errors_name_the_permission_that_is_missing(on: &OciGround) -> Result<()> {
    let (oci, secrets) = (on.cloud.oci(), on.secrets());
    secrets.make("denied");
    let admin = oci.config().user;
    let cases = [
        ("GetSecretBundleByName", "SECRET_BUNDLE_READ"),
        ("GetSecret", "SECRET_READ"),
        ("ListSecretVersions", "SECRET_VERSION_INSPECT"),
        ("UpdateSecret", "SECRET_UPDATE"),
    ];
    for (operation, right) in cases {
        oci.deny(&admin, &[operation])?;
        let store = secrets.open("denied", &json!({ "create": secrets.create() }), all());
        denied(Key::new(1).deliver(&*store).await.err(), right, "denied").context(operation)?;
    }
    oci.deny(&admin, &["CreateSecret"])?;
    denied(Key::new(1).stage(&*on.made("denied-and-missing")).await.err(), "SECRET_CREATE", "denied-and-missing")?;
    oci.deny(&admin, &["GetSecretBundleByName"])?;
    let blocked = on.theirs("denied").head().await?.blocked.context("it is not blocked")?;
    ensure!(blocked.contains("SECRET_BUNDLE_READ"), "{blocked}");
    oci.deny(&admin, &[])?;
    Ok(())
}

fn denied(error: Option<Error>, right: &str, secret: &str) -> Result<()> {
    let error = error.context("it was allowed")?;
    let parts = [right, secret, "`deliveries[0]`"];
    ensure!(parts.iter().all(|part| error.message.contains(part)), "{error}");
    Ok(())
}

async fn every_lost_answer_is_one_version(on: &OciGround) -> Result<()> {
    use localcloud::Fault::{CutBody, DropAfter, DropBefore, HangAfter, Throttle};
    let faults = [DropBefore, DropAfter, CutBody, Throttle, HangAfter];
    for (index, fault) in faults.into_iter().enumerate() {
        for call in ["CreateSecret", "UpdateSecret", "GetSecret", "ListSecretVersions", "GetSecretBundleByName"] {
            for nth in [1, 2] {
                let name = format!("{call}-{index}-{nth}");
                let is_first = call == "CreateSecret";
                if !is_first {
                    Key::new(1).deliver(&*on.made(&name)).await?;
                }
                let (rules, key) = (on.cloud.faults(), Key::new(2));
                rules.add(localcloud::Rule::new(fault.clone()).on(call).nth(nth));
                // What a run does that a fault has broken: it looks again.
                if key.deliver(&*on.made(&name)).await.is_err() {
                    key.deliver(&*on.made(&name)).await?;
                }
                rules.clear();
                ensure!(on.current(&name) == Some(key.text()), "{call} {nth} {fault:?}");
                let secret = on.cloud.oci().vault_secret(&name).context("it is missing")?;
                let versions = if is_first { 1 } else { 2 };
                ensure!(secret.versions.len() == versions, "{call} {nth} {fault:?}: {:?}", secret.versions);
            }
        }
    }
    Ok(())
}

async fn two_writers_do_not_overwrite_each_other(on: &OciGround) -> Result<()> {
    on.secrets().make("raced");
    Key::new(1).deliver(&*on.theirs("raced")).await?;
    let (one, two) = (on.theirs("raced"), on.theirs("raced"));
    let (second, third) = (Key::new(2).stage(&*one).await?, Key::new(3));
    let head = one.head().await?;
    third.deliver(&*two).await?;
    let error = one.promote(&second, &head).await.err().context("it was promoted")?;
    ensure!(error.kind == ErrorKind::Conflict && on.current("raced") == Some(third.text()), "{error}");
    Ok(())
}

async fn a_connection_has_its_own_credentials_and_region(on: &OciGround) -> Result<()> {
    let (oci, secrets) = (on.cloud.oci(), on.secrets());
    let other = secrets.vault("eu-frankfurt-1");
    oci.create_vault_secret("eu-frankfurt-1", "elsewhere", "{}")?;
    // The provider's own credentials may do nothing there.
    let mut nobody = secrets.config();
    nobody["userOcid"] = "ocid1.user.oc1..aaaaaaaanobody".into();
    let mut connection = secrets.config();
    connection.as_object_mut().context("an object")?.remove("region");
    let inputs = json!({ "vaultId": other.id, "secretName": "elsewhere" });
    let own = secrets.open_with(nobody.clone(), (with(inputs.clone(), &json!({ "connection": connection })), all()));
    Key::new(1).deliver(&*own).await?;
    ensure!(on.current("elsewhere") == Some(Key::new(1).text()));
    let error = secrets.open_with(nobody, (inputs, all())).head().await.err().context("it was allowed")?;
    ensure!(error.kind == ErrorKind::Unauthenticated, "{error}");
    Ok(())
}
