//! Confluent Cloud in the same stand-in, and a program with a Kafka key and a Cloud key of one service account.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use localcloud::confluent::{ApiKey, Confluent, Kind, Resource};
use serde_json::Value;

use crate::scene::Scene;

/// What a test of such a program needs.
pub struct ConfluentScene {
    /// The project, the clock and the stand-in.
    pub scene: Scene,
    owner: String,
    cluster: Resource,
}

/// The current and the previous key of one resource, as the state of the stack knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// How many keys there have been.
    pub generation: u64,
    /// The id of the current key.
    pub current: String,
    /// The id of the key before, while it works.
    pub previous: Option<String>,
}

impl ConfluentScene {
    /// Starts a stand-in with a service account and a Kafka cluster, and the program that stands in a folder. The plugin finds
    /// its key by Confluent's own environment variables.
    ///
    /// # Errors
    /// When something cannot be started or copied.
    pub fn of_program(folder: &Path) -> Result<Self> {
        let scene = Scene::of_program(folder)?;
        let confluent = scene.cloud.confluent();
        let owner = confluent.create_service_account("ci").map_err(|refusal| anyhow!("{refusal}"))?;
        let cluster = confluent.create_cluster(Kind::Kafka);
        let admin = confluent.admin_credentials();
        scene.keep_secret(&admin.api_secret);
        scene.work.set("CONFLUENT_CLOUD_API_KEY", &admin.api_key);
        scene.work.set("CONFLUENT_CLOUD_API_SECRET", &admin.api_secret);
        let environment = cluster.environment.clone().context("a cluster without an environment")?;
        let endpoint = scene.cloud.endpoint();
        let config = |arguments: &[&str]| scene.work.run(&[&["config", "set"], arguments].concat())?.expect_success();
        config(&["--path", "keyrotation:confluent.endpoint", &endpoint])?;
        for (name, value) in [("owner", &owner), ("cluster", &cluster.id), ("environment", &environment)] {
            config(&[name, value])?;
        }
        Ok(Self { scene, owner, cluster })
    }

    /// `pulumi up`, which must succeed. One resource after the other: the clock of the test moves at each pause, and would make the
    /// calls of another resource seem late.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<()> {
        self.scene.work.run(&["up", "--yes", "--parallel", "1"])?.expect_success()?;
        Ok(())
    }

    /// What the state knows of the key with this name (`kafka` or `cloud`), after proving that the secret is right, and that
    /// Confluent has no other key for the same thing.
    ///
    /// # Errors
    /// When the state and Confluent differ.
    pub fn expect_known(&self, name: &str) -> Result<KnownKey> {
        let state = self.scene.work.state()?;
        let read = |path: &str| state.output_of(name, path);
        let text = |path: &str| Ok::<_, anyhow::Error>(read(path)?.as_str().unwrap_or_default().to_owned());
        let known = KnownKey {
            generation: read("/generation")?.as_u64().context("state holds no generation")?,
            current: text("/apiKey")?,
            previous: if read("/previous/apiKey")? == Value::Null { None } else { Some(text("/previous/apiKey")?) },
        };
        let secret = text("/apiSecret")?;
        ensure!(self.confluent().secret_is_right(&known.current, &secret), "the secret of {} is wrong", known.current);
        let mut ids: Vec<_> = self.keys(name).into_iter().map(|key| key.id).collect();
        let mut ours: Vec<_> = known.previous.iter().chain([&known.current]).cloned().collect();
        ids.sort();
        ours.sort();
        ensure!(ids == ours, "state knows {ours:?}, Confluent has {ids:?}");
        Ok(known)
    }

    /// Destroys the stack and insists that nothing of ours is left, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.scene.work.run(&["destroy", "--yes", "--parallel", "1"])?.expect_success()?;
        for name in ["kafka", "cloud"] {
            let left = self.keys(name);
            ensure!(left.is_empty(), "keys are left: {left:?}");
        }
        self.scene.expect_clean()
    }

    fn keys(&self, name: &str) -> Vec<ApiKey> {
        let resource = if name == "kafka" { &self.cluster.id } else { "cloud" };
        self.confluent().keys(&self.owner, resource)
    }

    fn confluent(&self) -> &Confluent {
        self.scene.cloud.confluent()
    }
}
