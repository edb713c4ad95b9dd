//! OCI Identity in the same stand-in, and programs with credentials of one of its users.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use localcloud::Oci;
use localcloud::oci::Kind;
use serde_json::{Value, json};

use crate::confluent::KnownKey;
use crate::scene::Scene;

/// What a test of such a program needs.
pub struct OciScene {
    /// The project, the clock and the stand-in.
    pub scene: Scene,
    /// The OCID of the user whose credentials rotate.
    pub user: String,
}

/// One of OCI's resources, which programs call `key`, `registry` and `backup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OciResource {
    /// `oci:RotatingApiKey`.
    ApiKey,
    /// `oci:RotatingAuthToken`.
    AuthToken,
    /// `oci:RotatingCustomerSecretKey`.
    CustomerSecretKey,
}

impl OciResource {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::ApiKey, Self::AuthToken, Self::CustomerSecretKey];

    /// Its type.
    pub fn token(self) -> &'static str {
        match self {
            Self::ApiKey => "keyrotation:oci:RotatingApiKey",
            Self::AuthToken => "keyrotation:oci:RotatingAuthToken",
            Self::CustomerSecretKey => "keyrotation:oci:RotatingCustomerSecretKey",
        }
    }

    /// What programs call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "key",
            Self::AuthToken => "registry",
            Self::CustomerSecretKey => "backup",
        }
    }

    /// The outputs that are the id and the secret.
    pub fn outputs(self) -> [&'static str; 2] {
        match self {
            Self::ApiKey => ["fingerprint", "privateKeyPem"],
            Self::AuthToken => ["tokenId", "token"],
            Self::CustomerSecretKey => ["accessKey", "secretKey"],
        }
    }

    /// The ids of all that the user has of it.
    pub fn ids(self, oci: &Oci) -> Vec<String> {
        match self.kind() {
            None => oci.keys(OciScene::USER).into_iter().map(|key| key.fingerprint).collect(),
            Some(kind) => oci.secrets(OciScene::USER, kind).into_iter().map(|secret| secret.id).collect(),
        }
    }

    /// Its kind at the stand-in; none for API keys.
    fn kind(self) -> Option<Kind> {
        match self {
            Self::ApiKey => None,
            Self::AuthToken => Some(Kind::AuthToken),
            Self::CustomerSecretKey => Some(Kind::CustomerSecretKey),
        }
    }
}

/// Lets the plugin find OCI's key by the variables of Oracle's CLI. It is told of a region that is not the home region.
///
/// # Errors
/// When the CLI fails.
pub fn lead_to_oci(scene: &Scene) -> Result<()> {
    let admin = scene.cloud.oci().config();
    scene.keep_secret(&admin.key_content);
    for (name, value) in [
        ("OCI_CLI_TENANCY", &*admin.tenancy),
        ("OCI_CLI_USER", &admin.user),
        ("OCI_CLI_FINGERPRINT", &admin.fingerprint),
        ("OCI_CLI_KEY_CONTENT", &admin.key_content),
        ("OCI_CLI_REGION", "us-phoenix-1"),
    ] {
        scene.work.set(name, value);
    }
    let endpoint = format!("{}/oci/{{region}}", scene.cloud.endpoint());
    let arguments = ["config", "set", "--path", "keyrotation:oci.endpoints.identity", &endpoint];
    scene.work.run(&arguments)?.expect_success()?;
    Ok(())
}

impl OciScene {
    /// The user whose credentials rotate, as the stand-in calls it.
    pub const USER: &str = "ci";

    /// Starts a stand-in with a user, and a project with a stack and one resource with these inputs.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn start(resource: OciResource, inputs: Value) -> Result<Self> {
        let stage = Self::around(Scene::without_environment()?)?;
        stage.declare(resource, inputs)?;
        Ok(stage)
    }

    /// The same with the program that stands in a folder.
    ///
    /// # Errors
    /// When something cannot be started or copied.
    pub fn of_program(folder: &Path) -> Result<Self> {
        let stage = Self::around(Scene::of_program(folder)?)?;
        stage.config(&["userId", &stage.user])?;
        Ok(stage)
    }

    fn around(scene: Scene) -> Result<Self> {
        let user = scene.cloud.oci().create_user(Self::USER).map_err(|refusal| anyhow!("{refusal}"))?;
        lead_to_oci(&scene)?;
        Ok(Self { scene, user })
    }

    /// `pulumi config set` with these arguments.
    ///
    /// # Errors
    /// When the CLI fails.
    pub fn config(&self, arguments: &[&str]) -> Result<()> {
        self.scene.work.run(&[&["config", "set"], arguments].concat())?.expect_success()?;
        Ok(())
    }

    /// Declares one resource with these inputs, beside its user and, where it has one, its name.
    ///
    /// # Errors
    /// When the program cannot be written.
    pub fn declare(&self, resource: OciResource, mut inputs: Value) -> Result<()> {
        if inputs.get("userId").is_none() {
            inputs["userId"] = self.user.as_str().into();
        }
        if resource != OciResource::ApiKey && inputs.get("name").is_none() {
            inputs["name"] = resource.name().into();
        }
        let outputs = resource.outputs().map(|name| (name.to_owned(), format!("${{{}.{name}}}", resource.name())));
        self.scene.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": { resource.name(): { "type": resource.token(), "properties": inputs } },
            "outputs": serde_json::Map::from_iter(outputs.map(|(name, value)| (name, value.into()))),
        }))
    }

    /// `pulumi up`, which must succeed. One resource after the other: the clock of the test moves at each pause, and would make
    /// the calls of another resource seem late.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<String> {
        Ok(self.scene.work.run(&["up", "--yes", "--parallel", "1"])?.expect_success()?.text)
    }

    /// What the state knows of a resource, after proving that its secrets are right, and that the user has nothing else of the kind.
    ///
    /// # Errors
    /// When the state and OCI differ.
    pub fn expect_known(&self, resource: OciResource) -> Result<KnownKey> {
        let state = self.scene.work.state()?;
        self.scene.keep_secrets_of(&state);
        let read = |path: &str| state.output_of(resource.name(), path);
        let text = |path: &str| Ok::<_, anyhow::Error>(read(path)?.as_str().unwrap_or_default().to_owned());
        let pair = |place: &str| {
            let [id, secret] = resource.outputs();
            Ok::<_, anyhow::Error>((text(&format!("{place}/{id}"))?, text(&format!("{place}/{secret}"))?))
        };
        let mut pairs = vec![pair("")?];
        if read(&format!("/previous/{}", resource.outputs()[0]))? != Value::Null {
            pairs.push(pair("/previous")?);
        }
        for (id, secret) in &pairs {
            // A part of a private key must not be seen either.
            secret.lines().nth(12).into_iter().for_each(|line| self.scene.keep_secret(line));
            ensure!(self.is_right(resource, id, secret), "the secret of {id} is wrong, or it is gone");
        }
        let mut ours: Vec<_> = pairs.into_iter().map(|(id, _)| id).collect();
        let known = KnownKey {
            generation: read("/generation")?.as_u64().context("state holds no generation")?,
            current: ours[0].clone(),
            previous: ours.get(1).cloned(),
        };
        ours.sort();
        let mut there = self.ids(resource);
        there.sort();
        ensure!(there == ours, "state knows {ours:?}, OCI has {there:?}");
        if resource == OciResource::ApiKey {
            self.expect_profile(&known.current, &text("/keyId")?, &text("/configProfile")?)?;
        }
        Ok(known)
    }

    /// Insists that the outputs which are ready to use name the key, its user and its tenancy.
    fn expect_profile(&self, fingerprint: &str, key_id: &str, profile: &str) -> Result<()> {
        let tenancy = self.oci().config().tenancy;
        ensure!(key_id == format!("{tenancy}/{}/{fingerprint}", self.user), "keyId is {key_id}");
        let lines: Vec<&str> = profile.lines().collect();
        ensure!(lines.first() == Some(&"[DEFAULT]"), "the profile begins otherwise");
        for (name, value) in [
            ("user", &*self.user),
            ("fingerprint", fingerprint),
            ("tenancy", &tenancy),
            ("region", "us-phoenix-1"),
            ("key_file", "~/.oci/keyrotation.pem"),
        ] {
            let line = format!("{name}={value}");
            ensure!(lines.contains(&&*line), "the profile has no line {line}");
        }
        Ok(())
    }

    /// Whether this is the secret of something that the user has.
    pub fn is_right(&self, resource: OciResource, id: &str, secret: &str) -> bool {
        match resource {
            OciResource::ApiKey => self.oci().private_half_is_right(Self::USER, id, secret),
            _ => self.oci().secret_is_right(id, secret),
        }
    }

    /// The ids of all that the user has of one kind.
    pub fn ids(&self, resource: OciResource) -> Vec<String> {
        resource.ids(self.oci())
    }

    /// Destroys the stack and insists that nothing of ours is left, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.scene.work.run(&["destroy", "--yes", "--parallel", "1"])?.expect_success()?;
        for resource in OciResource::ALL {
            let left = self.ids(resource);
            ensure!(left.is_empty(), "{} is left: {left:?}", resource.token());
        }
        let tags = self.oci().tags(Self::USER);
        ensure!(tags.is_empty(), "tags are left: {tags:?}");
        self.scene.expect_clean()
    }

    /// The tenancy.
    pub fn oci(&self) -> &Oci {
        self.scene.cloud.oci()
    }
}
