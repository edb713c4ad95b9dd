//! State that released versions wrote must be read by every later one: previewed at the time it was written it is quiet, at the latest
//! after one refresh; and it refreshes, retires and rotates.
//!
//! `tests/recorded/<version>/<resource>.json` is a stack's export, with secrets that opened stand-ins which are long gone, and
//! `<resource>.world.json` is what the cloud held then: the stand-in gets those very keys. A new version adds its own with
//! `KEYROTATION_RECORD=<version>`; those that are there are never changed. Vault's are in `recorded_vault.rs`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use engine::{Credentials, OciResource, OciScene, Recording, Scene, TOKEN, USER, expect_settled, lead_to_oci};
use jiff::{SignedDuration, Timestamp};
use localcloud::oci::{Issued, Kind};
use serde_json::{Value, json};

#[test]
fn lesson_recorded_state_of_an_aws_api_key_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(Resource::AwsApiKey)
}

#[test]
fn lesson_recorded_state_of_a_confluent_api_key_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(Resource::ConfluentApiKey)
}

#[test]
fn lesson_recorded_state_of_an_oci_api_key_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(Resource::Oci(OciResource::ApiKey))
}

#[test]
fn lesson_recorded_state_of_an_oci_auth_token_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(Resource::Oci(OciResource::AuthToken))
}

#[test]
fn lesson_recorded_state_of_an_oci_customer_secret_key_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(Resource::Oci(OciResource::CustomerSecretKey))
}

fn every_version(resource: Resource) -> Result<()> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    if let Ok(version) = std::env::var("KEYROTATION_RECORD") {
        return record(resource, &all.join(version));
    }
    let mut read = 0;
    for entry in fs::read_dir(all)? {
        let folder = entry?.path();
        replay(resource, &folder).with_context(|| format!("the state in {}", folder.display()))?;
        read += 1;
    }
    ensure!(read > 0, "no recorded state");
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Resource {
    AwsApiKey,
    ConfluentApiKey,
    Oci(OciResource),
}

impl Resource {
    fn file(self) -> &'static str {
        match self {
            Self::AwsApiKey => "aws-api-key",
            Self::ConfluentApiKey => "confluent-api-key",
            Self::Oci(OciResource::ApiKey) => "oci-api-key",
            Self::Oci(OciResource::AuthToken) => "oci-auth-token",
            Self::Oci(OciResource::CustomerSecretKey) => "oci-customer-secret-key",
        }
    }

    fn token(self) -> &'static str {
        match self {
            Self::AwsApiKey => TOKEN,
            Self::ConfluentApiKey => "keyrotation:confluent:RotatingApiKey",
            Self::Oci(resource) => resource.token(),
        }
    }

    /// The outputs that are the id and the secret.
    fn pair(self) -> [&'static str; 2] {
        match self {
            Self::AwsApiKey => ["accessKeyId", "secretAccessKey"],
            Self::ConfluentApiKey => ["apiKey", "apiSecret"],
            Self::Oci(resource) => resource.outputs(),
        }
    }

    fn is_oci(self) -> bool {
        matches!(self, Self::Oci(_))
    }
}

/// A stand-in, a project, and whose keys rotate.
struct Place {
    resource: Resource,
    scene: Scene,
    principal: String,
}

/// The user, or service account.
const NAME: &str = OciScene::USER;

impl Place {
    fn fresh(resource: Resource) -> Result<Self> {
        let scene = Scene::without_environment()?;
        let principal = match resource {
            Resource::AwsApiKey => USER.to_owned(),
            Resource::ConfluentApiKey => {
                scene.cloud.confluent().create_service_account(NAME).map_err(|refusal| anyhow!("{refusal}"))?
            }
            _ => scene.cloud.oci().create_user(NAME).map_err(|refusal| anyhow!("{refusal}"))?,
        };
        Self { resource, scene, principal }.configured()
    }

    /// The same where the cloud holds what was recorded, at the time when it was.
    fn planted(resource: Resource, recording: &Recording) -> Result<Self> {
        let tenancy = resource.is_oci().then(|| recording.told("/oci/tenancy")).transpose()?;
        let scene = Scene::in_tenancy(tenancy)?;
        scene.clock.set(recording.superseded_at(resource.token())? + SignedDuration::from_mins(1))?;
        let principal = recording.told("/principal")?.to_owned();
        let place = Self { resource, scene, principal }.configured()?;
        match resource {
            Resource::AwsApiKey => place.plant_aws(recording)?,
            Resource::ConfluentApiKey => place.plant_confluent(recording)?,
            _ => place.plant_oci(recording)?,
        }
        Ok(place)
    }

    fn configured(self) -> Result<Self> {
        let (work, cloud) = (&self.scene.work, &self.scene.cloud);
        let endpoint = cloud.endpoint();
        let config = |property: &str, value: &str| work.run(&["config", "set", "--path", property, value]);
        match self.resource {
            Resource::AwsApiKey => cloud.environment().iter().for_each(|(name, value)| work.set(name, value)),
            Resource::ConfluentApiKey => {
                let admin = cloud.confluent().admin_credentials();
                work.set("CONFLUENT_CLOUD_API_KEY", &admin.api_key);
                work.set("CONFLUENT_CLOUD_API_SECRET", &admin.api_secret);
                config("keyrotation:confluent.endpoint", &endpoint)?.expect_success()?;
            }
            Resource::Oci(_) => lead_to_oci(&self.scene)?,
        }
        Ok(self)
    }

    fn plant_aws(&self, recording: &Recording) -> Result<()> {
        let aws = self.scene.cloud.aws();
        for key in list(&recording.world, "/aws/keys") {
            let access_key_id = text(key, "/id")?;
            let secret_access_key = self.secret(recording, &access_key_id)?;
            let key_pair = Credentials { access_key_id, secret_access_key };
            aws.plant_key(USER, key_pair, time(key)?).map_err(|refusal| anyhow!("{refusal:?}"))?;
        }
        let tags = serde_json::from_value(recording.world["aws"]["tags"].clone())?;
        aws.set_tags(USER, &tags).map_err(|refusal| anyhow!("{refusal:?}"))
    }

    fn plant_confluent(&self, recording: &Recording) -> Result<()> {
        let confluent = self.scene.cloud.confluent();
        confluent.plant_service_account(&self.principal, NAME);
        for key in list(&recording.world, "/confluent/keys") {
            let secret = self.secret(recording, &text(key, "/id")?)?;
            confluent.plant_key(serde_json::from_value(key.clone())?, &secret);
        }
        Ok(())
    }

    fn plant_oci(&self, recording: &Recording) -> Result<()> {
        let (oci, user) = (self.scene.cloud.oci(), &self.principal);
        let tags = serde_json::from_value(recording.world["oci"]["user"]["tags"].clone())?;
        oci.plant_user(user, NAME, &tags).map_err(|refusal| anyhow!("{refusal}"))?;
        for key in list(&recording.world, "/oci/user/keys") {
            oci.plant_api_key(user, &text(key, "/pem")?, time(key)?).map_err(|refusal| anyhow!("{refusal}"))?;
        }
        for known in list(&recording.world, "/oci/user/secrets") {
            let (id, kind) = (text(known, "/id")?, serde_json::from_value::<Kind>(known["kind"].clone())?);
            let issued = Issued { secret: self.secret(recording, &id)?, id };
            let planted = oci.plant_secret(user, kind, &text(known, "/name")?, issued, time(known)?);
            planted.map_err(|refusal| anyhow!("{refusal}"))?;
        }
        Ok(())
    }

    fn secret(&self, recording: &Recording, id: &str) -> Result<String> {
        let [id_field, secret_field] = self.resource.pair();
        recording.field_of(self.resource.token(), id_field, id, secret_field)
    }

    /// A key in its overlap: current, previous, keepers and a period.
    fn declare(&self, release: &str) -> Result<()> {
        let mut inputs = json!({ "keepers": { "release": release }, "rotationPeriod": "90d", "overlap": "2d" });
        match self.resource {
            Resource::AwsApiKey => {
                inputs["user"] = USER.into();
                inputs["sesRegion"] = "eu-central-1".into();
                inputs["verification"] = json!({ "successes": 2 });
                inputs["retirement"] = json!({ "soak": "1d", "quietPeriod": "6h" });
            }
            Resource::ConfluentApiKey => inputs["owner"] = json!({ "id": self.principal }),
            Resource::Oci(resource) => {
                inputs["userId"] = self.principal.as_str().into();
                if resource != OciResource::ApiKey {
                    inputs["name"] = "registry".into();
                }
            }
        }
        let outputs = self.resource.pair().map(|name| (name.to_owned(), format!("${{key.{name}}}").into()));
        self.scene.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": { "key": { "type": self.resource.token(), "properties": inputs } },
            "outputs": serde_json::Map::from_iter(outputs),
        }))
    }

    /// What the cloud holds, and where it was.
    fn world(&self) -> Result<Value> {
        let cloud = &self.scene.cloud;
        let mut world = json!({ "principal": self.principal, "endpoint": cloud.endpoint() });
        match self.resource {
            Resource::AwsApiKey => {
                let user = cloud.users().into_iter().find(|user| user.name == USER);
                world["aws"] = serde_json::to_value(user)?;
            }
            Resource::ConfluentApiKey => {
                let snapshot = cloud.confluent();
                let keys = snapshot.keys(&self.principal, "");
                world["confluent"] = json!({ "organization": snapshot.organization(), "keys": keys });
            }
            _ => {
                let snapshot = cloud.oci().snapshot();
                let user = snapshot.users.into_iter().find(|user| user.id == self.principal);
                world["oci"] = json!({ "tenancy": snapshot.tenancy, "user": user });
            }
        }
        Ok(world)
    }

    /// The ids of all keys that the principal has.
    fn ids(&self) -> Vec<String> {
        let cloud = &self.scene.cloud;
        let mut ids: Vec<String> = match self.resource {
            Resource::AwsApiKey => cloud.key_ids(USER),
            Resource::ConfluentApiKey => {
                cloud.confluent().keys(&self.principal, "").into_iter().map(|key| key.id).collect()
            }
            Resource::Oci(resource) => resource.ids(cloud.oci()),
        };
        ids.sort();
        ids
    }

    fn up(&self) -> Result<()> {
        self.scene.work.run(&["up", "--yes", "--skip-preview"])?.expect_success()?;
        Ok(())
    }

    fn output(&self, path: &str) -> Result<Value> {
        self.scene.work.state()?.output(self.resource.token(), path)
    }
}

fn record(resource: Resource, folder: &Path) -> Result<()> {
    let place = Place::fresh(resource)?;
    for release in ["1", "2"] {
        place.declare(release)?;
        place.up()?;
    }
    place.scene.work.expect_quiet()?;
    ensure!(place.ids().len() == 2, "there are no two keys in their overlap");
    Recording::write(&place.scene.work, &place.world()?, folder, resource.file())
}

fn replay(resource: Resource, folder: &Path) -> Result<()> {
    let recording = Recording::read(folder, resource.file())?;
    let place = Place::planted(resource, &recording)?;
    let [id, _] = resource.pair();
    let first = recording.text(resource.token(), &format!("/{id}"))?;
    place.declare("2")?;
    recording.import(&place.scene.work, recording.told("/endpoint")?, &place.scene.cloud.endpoint())?;
    let recorded = place.ids();
    ensure!(recorded.len() == 2, "the cloud does not hold what was recorded: {recorded:?}");
    expect_settled(&place.scene.work)?;
    ensure!(place.ids() == recorded, "reading a recorded state changed keys: {:?}", place.ids());
    ensure!(place.output(&format!("/previous/{id}"))?.is_string(), "the previous key was forgotten");

    // Past the overlap, and once more past what `soak` adds to it.
    for _ in 0..2 {
        place.scene.wait_hours(72)?;
        place.up()?;
    }
    ensure!(place.ids() == [first.as_str()], "the previous key was not retired: {:?}", place.ids());
    place.declare("3")?;
    place.up()?;
    let second = place.output(&format!("/{id}"))?;
    ensure!(second != first.as_str() && place.output("/generation")? == 3, "keepers did not rotate");
    ensure!(place.output(&format!("/previous/{id}"))? == first.as_str(), "the recorded key is not the previous one");
    ensure!(place.ids().len() == 2, "there are not two keys: {:?}", place.ids());
    let lacks = place.scene.work.state()?.lacks("key")?;
    ensure!(lacks.is_empty(), "{lacks:?}");
    place.scene.work.expect_quiet()?;
    place.scene.work.destroy()?.expect_success()?;
    ensure!(place.ids().is_empty(), "keys are left: {:?}", place.ids());
    place.scene.expect_clean()
}

fn list<'a>(world: &'a Value, path: &str) -> &'a [Value] {
    world.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value, path: &str) -> Result<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {path} was recorded"))
}

fn time(value: &Value) -> Result<Timestamp> {
    Ok(text(value, "/created")?.parse()?)
}
