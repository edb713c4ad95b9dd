use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use localcloud::{LocalCloud, Options};
use plugin::KeyRotation;
use pulumi_provider::testing::{Harness, Managed, Saved, free_of, object};
use pulumi_provider::{Object, Value};
use rotation::testing::ManualClock;
use vault_servers::{RealTime, SharedClock};

use crate::support::{config_of_aws, credentials, text};

pub(crate) const USER: &str = "deployer";
pub(crate) const TOKEN: &str = "keyrotation:aws:RotatingApiKey";
pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A plugin, an AWS, and one clock for both.
pub(crate) struct Bench {
    pub(crate) clock: ManualClock,
    pub(crate) cloud: LocalCloud,
    pub(crate) harness: Harness,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
        let mut options = Options::new(SharedClock::new(&clock).shared());
        options.hang_advances = SignedDuration::from_secs(31);
        let cloud = LocalCloud::start(options).unwrap();
        cloud.aws().create_user(USER).unwrap();
        let harness = Harness::start(KeyRotation::new(Arc::new(clock.clone()))).await.unwrap();
        let admin = cloud.aws().admin_credentials();
        let bench = Self { clock, cloud, harness };
        bench.configure(&admin.access_key_id, &admin.secret_access_key).await;
        bench
    }

    /// A plugin and an AWS without lag, in real time: many runs at once would each move a manual clock for all.
    pub(crate) async fn start_live() -> (LocalCloud, Harness) {
        let cloud = LocalCloud::start(Options::default().immediate()).unwrap();
        let harness = Harness::start(KeyRotation::new(Arc::new(RealTime))).await.unwrap();
        harness.configure(config_of_aws(&cloud, &cloud.aws().admin_credentials())).await.unwrap();
        (cloud, harness)
    }

    pub(crate) async fn configure(&self, id: &str, secret: &str) {
        let given = credentials(id, secret);
        self.harness.configure(config_of_aws(&self.cloud, &given)).await.unwrap();
    }

    pub(crate) async fn configure_refreshing(&self, refreshes: bool) {
        let mut config = config_of_aws(&self.cloud, &self.cloud.aws().admin_credentials());
        config.insert("refreshBeforeUpdate".to_owned(), refreshes.into());
        self.harness.configure(config).await.unwrap();
    }

    pub(crate) fn key(&self) -> Managed {
        self.harness.resource(TOKEN, "key")
    }

    /// The ids of the keys that exist, oldest first.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.cloud.aws().keys(USER).into_iter().map(|key| key.id).collect()
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    pub(crate) fn calls(&self) -> usize {
        self.cloud.journal().len()
    }

    /// The same for a resource that has only a pending key.
    pub(crate) fn keeps_secrets_of_pending(&self, saved: &Saved) {
        let pending = saved.outputs["pending"].as_object().expect("a pending key");
        let secret = text(pending, "secretAccessKey");
        assert!(pending["secretAccessKey"].contains_secret() && free_of(&saved.outputs, &[secret.as_str()]));
    }

    /// No secret that AWS ever gave stands in clear in what is saved or was logged.
    pub(crate) fn keeps_secrets(&self, saved: &Saved) {
        let secret = text(&saved.outputs, "secretAccessKey");
        assert!(free_of(&saved.outputs, &[secret.as_str()]), "a secret stands in clear in the outputs");
        for line in self.harness.logged() {
            assert!(self.cloud.aws().leaks(&format!("{line:?}")).is_empty(), "a secret in the log: {line:?}");
        }
        assert!(self.cloud.aws().leaks(&format!("{:?}", saved.outputs)).is_empty(), "Debug shows a secret");
    }
}

/// Inputs with one keeper, an overlap of a day, and whatever else.
pub(crate) fn inputs<const N: usize>(keeper: &str, more: [(&str, Value); N]) -> Object {
    let mut inputs = object([
        ("user", USER.into()),
        ("keepers", object([("release", keeper.into())]).into()),
        ("overlap", "1d".into()),
    ]);
    inputs.extend(object(more));
    inputs
}

pub(crate) fn saved(key: &Managed) -> Saved {
    key.saved.clone().expect("the resource is in the state")
}

pub(crate) fn number(object: &Object, name: &str) -> f64 {
    object.get(name).and_then(Value::as_number).unwrap_or_else(|| panic!("no number at {name}"))
}
