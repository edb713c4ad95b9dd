//! A key of AWS or of OCI, for what holds whichever system it is.

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::oci::{OciResource, OciScene};
use crate::scene::{Scene, USER};
use crate::workspace::Workspace;

/// The user of a [`SystemScene::DEPENDENT`].
const CONSUMER: &str = "consumer";

/// A project with one resource, called as programs of the system call it, and its stand-in.
pub enum SystemScene {
    /// `aws:RotatingApiKey`.
    Aws(Scene),
    /// One of OCI's.
    Oci(OciScene, OciResource),
}

/// The id and the secret of a key, as a consumer was given them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The id.
    pub id: String,
    secret: String,
}

impl SystemScene {
    /// A resource that a program may declare beside the one under test: it keeps the id of the current key, and so is updated with it.
    pub const DEPENDENT: &str = "dependent";

    /// A key of an IAM user.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn aws() -> Result<Self> {
        Ok(Self::Aws(Scene::start()?))
    }

    /// An API key of an OCI user.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn oci_api_key() -> Result<Self> {
        Ok(Self::Oci(OciScene::start(OciResource::ApiKey, json!({}))?, OciResource::ApiKey))
    }

    /// An auth token of an OCI user, who can have two.
    ///
    /// # Errors
    /// When something cannot be started.
    pub fn oci_auth_token() -> Result<Self> {
        Ok(Self::Oci(OciScene::start(OciResource::AuthToken, json!({}))?, OciResource::AuthToken))
    }

    /// The stand-in, the project and the clock.
    pub fn scene(&self) -> &Scene {
        match self {
            Self::Aws(scene) => scene,
            Self::Oci(stage, _) => &stage.scene,
        }
    }

    /// The project.
    pub fn work(&self) -> &Workspace {
        &self.scene().work
    }

    /// What the program calls the resource.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Aws(_) => "key",
            Self::Oci(_, resource) => resource.name(),
        }
    }

    /// The calls that make a key and that write the mark.
    pub fn calls(&self) -> [&'static str; 2] {
        match self {
            Self::Aws(_) => ["CreateAccessKey", "TagUser"],
            Self::Oci(_, OciResource::ApiKey) => ["UploadApiKey", "UpdateUser"],
            Self::Oci(_, OciResource::AuthToken) => ["CreateAuthToken", "UpdateUser"],
            Self::Oci(_, OciResource::CustomerSecretKey) => ["CreateCustomerSecretKey", "UpdateUser"],
        }
    }

    /// Declares the resource with these inputs, beside whose key it is.
    ///
    /// # Errors
    /// When the program cannot be written.
    pub fn declare(&self, inputs: Value) -> Result<()> {
        match self {
            Self::Aws(scene) => scene.declare(inputs),
            Self::Oci(stage, resource) => stage.declare(*resource, inputs),
        }
    }

    /// The same and a [`Self::DEPENDENT`], a key of another user, which is made if it is not there.
    ///
    /// # Errors
    /// When the program cannot be written or the user not made.
    pub fn declare_with_dependent(&self, inputs: Value) -> Result<()> {
        self.declare(inputs)?;
        let id = format!("${{{}.{}}}", self.name(), self.fields()[0]);
        let mut properties = json!({ "keepers": { "key": id } });
        let cloud = &self.scene().cloud;
        match self {
            Self::Aws(_) => {
                if cloud.aws().user(CONSUMER).is_none() {
                    cloud.add_user(CONSUMER)?;
                }
                properties["user"] = CONSUMER.into();
            }
            Self::Oci(..) => {
                let known = cloud.oci().user(CONSUMER).map(|user| user.id);
                let made = || cloud.oci().create_user(CONSUMER).map_err(|refusal| anyhow!("{refusal}"));
                properties["userId"] = known.map_or_else(made, Ok)?.into();
                properties["name"] = CONSUMER.into();
            }
        }
        if matches!(self, Self::Oci(_, OciResource::ApiKey)) {
            drop(properties.as_object_mut().and_then(|properties| properties.remove("name")));
        }
        self.work().edit_program(|program| {
            let token = program["resources"][self.name()]["type"].clone();
            program["resources"][Self::DEPENDENT] = json!({ "type": token, "properties": properties });
        })
    }

    /// The key's outputs that are the id and the secret.
    fn fields(&self) -> [&'static str; 2] {
        match self {
            Self::Aws(_) => ["accessKeyId", "secretAccessKey"],
            Self::Oci(_, resource) => resource.outputs(),
        }
    }

    /// What the stack gives out as the current key.
    ///
    /// # Errors
    /// When it gives out none.
    pub fn held(&self) -> Result<Pair> {
        let state = self.work().state()?;
        self.scene().keep_secrets_of(&state);
        let [id, secret] = self.fields().map(|field| {
            let output = state.output("pulumi:pulumi:Stack", &format!("/{field}"))?;
            output.as_str().map(str::to_owned).with_context(|| format!("the stack has no {field}"))
        });
        Ok(Pair { id: id?, secret: secret? })
    }

    /// An output of the resource; `path` is a JSON pointer.
    ///
    /// # Errors
    /// When there is no such resource.
    pub fn output(&self, path: &str) -> Result<Value> {
        self.work().state()?.output_of(self.name(), path)
    }

    /// The id of the key that the dependent was updated with.
    ///
    /// # Errors
    /// When there is no dependent.
    pub fn dependent_holds(&self) -> Result<String> {
        let key = self.work().state()?.input_of(Self::DEPENDENT, "/keepers/key")?;
        key.as_str().map(str::to_owned).context("the dependent was given no key")
    }

    /// Uses a key as its consumers do.
    ///
    /// # Errors
    /// When it does not work.
    pub fn consume(&self, key: &Pair) -> Result<()> {
        let Pair { id, secret } = key;
        match self {
            Self::Aws(scene) => {
                scene.cloud.expect_works(id, secret)?;
                scene.cloud.aws().use_key(id).map_err(|refusal| anyhow!("{id} cannot be used: {refusal:?}"))
            }
            Self::Oci(stage, resource) => {
                ensure!(stage.is_right(*resource, id, secret), "the secret of {id} is wrong, or it is gone");
                Ok(())
            }
        }
    }

    /// The ids of all that the principal has, oldest first.
    pub fn ids(&self) -> Vec<String> {
        match self {
            Self::Aws(scene) => scene.cloud.keys(USER).into_iter().map(|key| key.id).collect(),
            Self::Oci(stage, resource) => stage.ids(*resource),
        }
    }

    /// Insists that the principal has just these keys, given oldest first, and that its mark calls as many promoted.
    ///
    /// # Errors
    /// When it has others, or its mark says something else.
    pub fn expect_ids(&self, keys: &[&Pair]) -> Result<()> {
        let (ids, there) = (keys.iter().map(|key| &key.id).collect::<Vec<_>>(), self.ids());
        ensure!(there.iter().collect::<Vec<_>>() == ids, "the keys are {there:?}, not {ids:?}");
        let marks = self.marks();
        let promoted = [":ok:", " ok "].map(|word| marks.matches(word).count());
        ensure!(promoted.iter().sum::<usize>() == keys.len(), "of {ids:?} the marks say {marks}");
        Ok(())
    }

    /// What the marks say, on the principal or on its keys.
    pub fn marks(&self) -> String {
        let cloud = &self.scene().cloud;
        let tags = match self {
            Self::Aws(_) => cloud.tags(USER),
            Self::Oci(_, OciResource::ApiKey) => cloud.oci().tags(OciScene::USER),
            Self::Oci(..) => {
                let all = cloud.oci().user(OciScene::USER).map(|user| user.secrets).unwrap_or_default();
                let ids = self.ids();
                all.into_iter().filter(|known| ids.contains(&known.id)).map(|known| (known.id, known.name)).collect()
            }
        };
        tags.into_iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    /// Destroys the stack and insists that nothing of ours is left, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_destroyed(&self) -> Result<()> {
        self.work().destroy()?.expect_success()?;
        let (ids, marks) = (self.ids(), self.marks());
        ensure!(ids.is_empty() && marks.is_empty(), "left are {ids:?} and {marks}");
        self.scene().search().context("after the end")
    }
}
