//! Deliveries to stores of other systems than the key's: an OCI key goes to an OCI Vault, a Confluent key to a KV path of an OpenBao.

use anyhow::{Context, Result, anyhow, ensure};
use localcloud::Oci;
use localcloud::confluent::{Kind, Resource};
use serde_json::{Value, json};
use vault_servers::{Admin, Program, Vault};

use crate::oci::{OciScene, lead_to_oci};
use crate::scene::Scene;

/// A project whose keys go to both stores, the stand-in of both systems, and the server.
pub struct StoresScene {
    /// The project, the clock and the stand-in.
    pub scene: Scene,
    vault: Vault,
    user: String,
    owner: String,
    cluster: Resource,
}

/// The secret of the OCI key, which exists.
pub const SECRET: &str = "ci-oci";
/// The path of the Confluent key, which the plugin creates.
pub const PATH: &str = "apps/kafka";
/// What stood in [`SECRET`] before.
pub const BEFORE: &str = r#"{"theirs":"before"}"#;
const MOUNT: &str = "secret";
const REGION: &str = "us-phoenix-1";
const OCI_KEY: &str = "keyrotation:oci:RotatingApiKey";
const CONFLUENT_KEY: &str = "keyrotation:confluent:RotatingApiKey";

impl StoresScene {
    /// Starts everything, and a project without a program.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn start() -> Result<Self> {
        let vault = Vault::dev(&Program::OpenBao.find()?)?;
        let scene = Scene::without_environment()?;
        let (oci, confluent) = (scene.cloud.oci(), scene.cloud.confluent());
        let user = oci.create_user(OciScene::USER).map_err(|refusal| anyhow!("{refusal}"))?;
        let made = oci.create_vault_secret(REGION, SECRET, BEFORE);
        made.map_err(|refusal| anyhow!("{refusal}"))?;
        let owner = confluent.create_service_account("ci").map_err(|refusal| anyhow!("{refusal}"))?;
        let cluster = confluent.create_cluster(Kind::Kafka);
        let admin = confluent.admin_credentials();
        scene.keep_secret(&admin.api_secret);
        scene.keep_secret(vault.admin().token());
        for (name, value) in [
            ("CONFLUENT_CLOUD_API_KEY", &*admin.api_key),
            ("CONFLUENT_CLOUD_API_SECRET", &admin.api_secret),
            ("VAULT_ADDR", vault.endpoint()),
            ("VAULT_TOKEN", vault.admin().token()),
        ] {
            scene.work.set(name, value);
        }
        lead_to_oci(&scene)?;
        let (endpoint, regional) = (scene.cloud.endpoint(), format!("{}/oci/{{region}}", scene.cloud.endpoint()));
        for (property, url) in [
            ("confluent.endpoint", &endpoint),
            ("oci.endpoints.vaults", &regional),
            ("oci.endpoints.secrets", &regional),
        ] {
            let property = format!("keyrotation:{property}");
            // The CLI takes `secrets` in a name for a secret.
            scene.work.run(&["config", "set", "--plaintext", "--path", &property, url])?.expect_success()?;
        }
        Ok(Self { scene, vault, user, owner, cluster })
    }

    /// The tenancy.
    pub fn oci(&self) -> &Oci {
        self.scene.cloud.oci()
    }

    /// The administrator of the server.
    pub fn admin(&self) -> Admin {
        self.vault.admin()
    }

    /// The delivery of the OCI key.
    pub fn to_oci(&self) -> Value {
        let vault = self.oci().vault(REGION).map(|vault| vault.id).unwrap_or_default();
        let fields = json!({ "fingerprint": "fingerprint", "privateKeyPem": "key" });
        json!({ "ociVault": { "vaultId": vault, "secretName": SECRET, "fields": fields, "extra": { "region": REGION } } })
    }

    /// The delivery of the Confluent key.
    pub fn to_kv(&self) -> Value {
        let create = json!({ "maxVersions": 5, "casRequired": true, "customMetadata": { "team": "ci" } });
        json!({ "vaultKv": { "mount": MOUNT, "path": PATH, "create": create } })
    }

    /// Writes a program in YAML with both keys, minted for this release and delivered to these stores.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn declare(&self, release: &str, [oci, confluent]: [Value; 2]) -> Result<()> {
        let keepers = json!({ "release": release });
        let environment = self.cluster.environment.clone().unwrap_or_default();
        let oci = json!({ "userId": self.user, "keepers": keepers, "deliveries": oci });
        let confluent = json!({
            "owner": { "id": self.owner },
            "managedResource": { "id": self.cluster.id, "environment": { "id": environment } },
            "keepers": keepers,
            "deliveries": confluent,
        });
        let is_whole = oci["deliveries"].as_array().is_some_and(|deliveries| !deliveries.is_empty());
        let outputs = json!({
            "inOci": "${key.deliveryStatus[0].versionNumber}",
            "inKv": "${kafka.deliveryStatus[0].version}",
        });
        self.scene.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": {
                "key": { "type": OCI_KEY, "properties": oci },
                "kafka": { "type": CONFLUENT_KEY, "properties": confluent },
            },
            "outputs": if is_whole { outputs } else { json!({}) },
        }))
    }

    /// `pulumi up`, which must succeed; one resource after the other, because each moves the clock.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<String> {
        Ok(self.scene.work.run(&["up", "--yes", "--parallel", "1"])?.expect_success()?.text)
    }

    /// What consumers of the secret read.
    ///
    /// # Errors
    /// When they read nothing, or no JSON.
    pub fn read_oci(&self) -> Result<Value> {
        let text = self.oci().vault_secret_value(SECRET, "CURRENT").context("consumers of the secret read nothing")?;
        Ok(serde_json::from_str(&text)?)
    }

    /// What consumers of the path read.
    ///
    /// # Errors
    /// When they read nothing.
    pub fn read_kv(&self) -> Result<Value> {
        let answer = self.admin().get(&format!("{MOUNT}/data/{PATH}")).context("consumers of the path read nothing")?;
        Ok(answer["data"]["data"].clone())
    }

    /// The path's metadata; null if nothing was ever written.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn metadata(&self) -> Result<Value> {
        Ok(self.admin().call("GET", &format!("{MOUNT}/metadata/{PATH}"), None)?.body["data"].clone())
    }

    /// Uses what consumers of both stores read, as they do; gives the ids of the keys.
    ///
    /// # Errors
    /// When a key does not work.
    pub fn consume(&self) -> Result<[String; 2]> {
        let text = |read: &Value, name: &str| {
            read[name].as_str().map(str::to_owned).with_context(|| format!("there is no {name}"))
        };
        let read = self.read_oci()?;
        let (fingerprint, pem) = (text(&read, "fingerprint")?, text(&read, "key")?);
        self.scene.keep_secret(&pem);
        ensure!(self.oci().private_half_is_right(&self.user, &fingerprint, &pem), "the key {fingerprint} is wrong");
        ensure!(self.oci().works(&self.user, &fingerprint), "the key {fingerprint} does not work");
        ensure!(read["region"] == REGION, "the constant is missing");
        let read = self.read_kv()?;
        let (id, secret) = (text(&read, "apiKey")?, text(&read, "apiSecret")?);
        self.scene.keep_secret(&secret);
        ensure!(self.scene.cloud.confluent().secret_is_right(&id, &secret), "the secret of {id} is wrong");
        Ok([fingerprint, id])
    }

    /// Insists that consumers read the current keys, and that the state says so.
    ///
    /// # Errors
    /// When they do not.
    pub fn expect_delivered(&self, generation: u64) -> Result<[String; 2]> {
        let ids = self.consume()?;
        let state = self.scene.work.state()?;
        let in_oci = self.oci().vault_secret(SECRET).context("the secret is gone")?.version_of("CURRENT");
        let in_kv = self.metadata()?["current_version"].as_u64();
        for (name, output, property, version, id) in
            [("key", "/fingerprint", "versionNumber", in_oci, &ids[0]), ("kafka", "/apiKey", "version", in_kv, &ids[1])]
        {
            let current = state.text_of(name, output)?;
            ensure!(current == *id, "consumers read {id}, and {name} is {current}");
            let told = state.output_of(name, "/deliveryStatus/0")?;
            ensure!(told[property].as_u64() == version && version.is_some(), "{name}: {told} and {version:?}");
            ensure!(told["versionId"].is_null(), "{told}");
            ensure!(told["stage"] == "current" && told["generation"] == generation && told["keyId"] == **id, "{told}");
        }
        Ok(ids)
    }

    /// Whether keys of both systems exist no more, nothing of a delivery is left, and the secret holds what stood before.
    ///
    /// # Errors
    /// When something is left.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.scene.work.run(&["destroy", "--yes", "--parallel", "1"])?.expect_success()?;
        self.expect_given_back()?;
        ensure!(self.metadata()?.is_null(), "a path that the plugin made is left: {}", self.metadata()?);
        ensure!(self.oci().keys(OciScene::USER).is_empty(), "keys of OCI are left");
        Ok(())
    }

    /// Insists that consumers of the secret read what stood there before, and that no key can be read in any stage.
    ///
    /// # Errors
    /// When they read something else.
    pub fn expect_given_back(&self) -> Result<()> {
        for stage in ["CURRENT", "PREVIOUS", "PENDING", "LATEST", "DEPRECATED"] {
            let value = self.oci().vault_secret_value(SECRET, stage);
            let is_fine = value.as_ref().is_none_or(|value| !value.contains("PRIVATE KEY"));
            ensure!(is_fine && (stage != "CURRENT" || value.as_deref() == Some(BEFORE)), "{stage} holds another value");
        }
        Ok(())
    }
}
