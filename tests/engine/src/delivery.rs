//! Deliveries to the stand-in's Secrets Manager: a program with an AWS key and a Confluent key, and who reads them.

use anyhow::{Context, Result, anyhow, ensure};
use localcloud::confluent::{Kind, Resource};
use localcloud::{Aws, Entry};
use serde_json::{Value, json};

use crate::scene::{Scene, TOKEN, USER};

/// A project whose keys go to secrets, and the stand-in that holds both.
pub struct DeliveryScene {
    /// The project, the clock and the stand-in.
    pub scene: Scene,
    owner: String,
    cluster: Resource,
}

/// The secret of the AWS key, which exists.
pub const AWS_SECRET: &str = "ci/aws";
/// The secret of the Confluent key, which the plugin creates.
pub const CONFLUENT_SECRET: &str = "ci/confluent";
/// What stood in [`AWS_SECRET`] before.
pub const BEFORE: &str = "what stood before";
const CONFLUENT: &str = "keyrotation:confluent:RotatingApiKey";

impl DeliveryScene {
    /// Starts a stand-in with an IAM user, a service account and a Kafka cluster, and a project without a program.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn start() -> Result<Self> {
        let scene = Scene::start()?;
        let confluent = scene.cloud.confluent();
        let owner = confluent.create_service_account("ci").map_err(|refusal| anyhow!("{refusal}"))?;
        let cluster = confluent.create_cluster(Kind::Kafka);
        let admin = confluent.admin_credentials();
        scene.keep_secret(&admin.api_secret);
        scene.work.set("AWS_ENDPOINT_URL_SECRETS_MANAGER", &scene.cloud.endpoint());
        scene.work.set("CONFLUENT_CLOUD_API_KEY", &admin.api_key);
        scene.work.set("CONFLUENT_CLOUD_API_SECRET", &admin.api_secret);
        let endpoint = scene.cloud.endpoint();
        let config = ["config", "set", "--path", "keyrotation:confluent.endpoint", &endpoint];
        scene.work.run(&config)?.expect_success()?;
        let made = scene.cloud.aws().create_secret(AWS_SECRET, Some(BEFORE));
        made.map_err(|refusal| anyhow!("{refusal:?}"))?;
        Ok(Self { scene, owner, cluster })
    }

    /// The account.
    pub fn aws(&self) -> &Aws {
        self.scene.cloud.aws()
    }

    /// The service account, and the cluster with its environment.
    pub fn confluent_names(&self) -> [(&'static str, String); 3] {
        let environment = self.cluster.environment.clone().unwrap_or_default();
        [("OWNER", self.owner.clone()), ("CLUSTER", self.cluster.id.clone()), ("ENVIRONMENT", environment)]
    }

    /// Writes a program in YAML with both keys, minted for this release.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn declare(&self, release: &str) -> Result<()> {
        let [(_, owner), (_, cluster), (_, environment)] = self.confluent_names();
        let keepers = json!({ "release": release });
        let to_existing = json!([{ "awsSecretsManager": {
            "secretId": AWS_SECRET,
            "fields": { "accessKeyId": "AWS_ACCESS_KEY_ID", "secretAccessKey": "AWS_SECRET_ACCESS_KEY" },
            "extra": { "AWS_REGION": "eu-central-1" },
        } }]);
        let to_new =
            json!([{ "awsSecretsManager": { "secretId": CONFLUENT_SECRET, "create": { "tags": { "team": "ci" } } } }]);
        let aws = json!({ "user": USER, "keepers": keepers, "deliveries": to_existing });
        let confluent = json!({
            "owner": { "id": owner },
            "managedResource": { "id": cluster, "environment": { "id": environment } },
            "keepers": keepers,
            "deliveries": to_new,
        });
        self.scene.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": {
                "key": { "type": TOKEN, "properties": aws },
                "kafka": { "type": CONFLUENT, "properties": confluent },
            },
            "outputs": { "delivered": "${key.deliveryStatus[0].versionId}" },
        }))
    }

    /// Writes a program with the AWS key alone, with these inputs beside its user.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn declare_aws(&self, inputs: Value) -> Result<()> {
        self.scene.declare(inputs)
    }

    /// `pulumi up`, which must succeed; one resource after the other, because each moves the clock.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<String> {
        Ok(self.scene.work.run(&["up", "--yes", "--parallel", "1"])?.expect_success()?.text)
    }

    /// What consumers of a secret read now.
    ///
    /// # Errors
    /// When they read nothing, or no JSON.
    pub fn read(&self, secret: &str) -> Result<Value> {
        let text = self.aws().secret_value(secret, "AWSCURRENT");
        let text = text.with_context(|| format!("consumers of {secret} read nothing"))?;
        serde_json::from_str(&text).with_context(|| format!("consumers of {secret} read no JSON"))
    }

    /// Uses what consumers read, with both secrets, as they do; gives the ids of the keys.
    ///
    /// # Errors
    /// When a key does not work.
    pub fn consume(&self) -> Result<[String; 2]> {
        Ok([self.consume_aws()?, self.consume_confluent()?])
    }

    /// The same of the AWS key's secret.
    ///
    /// # Errors
    /// When the key does not work.
    pub fn consume_aws(&self) -> Result<String> {
        let read = self.read(AWS_SECRET)?;
        let text = |name: &str| read[name].as_str().map(str::to_owned).with_context(|| format!("there is no {name}"));
        let (id, secret) = (text("AWS_ACCESS_KEY_ID")?, text("AWS_SECRET_ACCESS_KEY")?);
        self.scene.keep_secret(&secret);
        self.scene.cloud.expect_works(&id, &secret)?;
        ensure!(read["AWS_REGION"] == "eu-central-1", "the constant is missing");
        Ok(id)
    }

    fn consume_confluent(&self) -> Result<String> {
        let read = self.read(CONFLUENT_SECRET)?;
        let text = |name: &str| read[name].as_str().map(str::to_owned).with_context(|| format!("there is no {name}"));
        let (id, secret) = (text("apiKey")?, text("apiSecret")?);
        self.scene.keep_secret(&secret);
        ensure!(self.scene.cloud.confluent().secret_is_right(&id, &secret), "the secret of {id} is wrong");
        Ok(id)
    }

    /// Insists that consumers read the current keys, and that the state says so.
    ///
    /// # Errors
    /// When they do not.
    pub fn expect_delivered(&self, generation: u64) -> Result<[String; 2]> {
        let ids = self.consume()?;
        let state = self.scene.work.state()?;
        for (name, output, secret, id) in
            [("key", "/accessKeyId", AWS_SECRET, &ids[0]), ("kafka", "/apiKey", CONFLUENT_SECRET, &ids[1])]
        {
            let current = state.text_of(name, output)?;
            ensure!(current == *id, "consumers of {secret} read {id}, and {name} is {current}");
            let told = state.output_of(name, "/deliveryStatus/0")?;
            let there = self.aws().secret(secret).context("the secret is gone")?;
            let version = there.version_of("AWSCURRENT").map(str::to_owned);
            ensure!(told["versionId"].as_str().map(str::to_owned) == version, "{name}: {told} and {version:?}");
            ensure!(told["stage"] == "current" && told["generation"] == generation && told["keyId"] == **id, "{told}");
        }
        Ok(ids)
    }

    /// The calls of Secrets Manager since the journal had `before` entries.
    pub fn store_calls(&self, before: usize) -> Vec<String> {
        let calls = self.scene.cloud.calls();
        let of_secrets = |entry: &Entry| {
            let secret = entry.principal.as_deref().unwrap_or_default();
            secret.starts_with("ci/") || entry.action.contains("Secret")
        };
        calls.into_iter().skip(before).filter(of_secrets).map(|entry| entry.action).collect()
    }

    /// Destroys the stack: what the plugin made is gone, and in the other secret stands what stood before.
    ///
    /// # Errors
    /// When something is left.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.scene.work.run(&["destroy", "--yes", "--parallel", "1"])?.expect_success()?;
        let left = self.aws().secret(CONFLUENT_SECRET);
        ensure!(
            left.as_ref().is_none_or(|secret| secret.deleted_until.is_some()),
            "{CONFLUENT_SECRET} is left: {left:?}"
        );
        self.expect_given_back()?;
        self.scene.expect_nothing_left()
    }

    /// Insists that consumers of the secret that was there read what they read before.
    ///
    /// # Errors
    /// When they read something else.
    pub fn expect_before(&self) -> Result<()> {
        let value = self.aws().secret_value(AWS_SECRET, "AWSCURRENT");
        ensure!(value.as_deref() == Some(BEFORE), "{AWS_SECRET} does not hold what stood before");
        Ok(())
    }

    /// The same, and that no label of ours is left.
    ///
    /// # Errors
    /// When they read something else.
    pub fn expect_given_back(&self) -> Result<()> {
        self.expect_before()?;
        let secret = self.aws().secret(AWS_SECRET).context("the secret is gone")?;
        let labels: Vec<_> = secret.versions.iter().flat_map(|version| &version.stages).collect();
        ensure!(labels == ["AWSCURRENT"], "labels are left: {labels:?}");
        Ok(())
    }
}
