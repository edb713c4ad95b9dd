use conformance::admin_config;
use localcloud::{Aws, LocalCloud, Oci};
use serde_json::{Value, json};

/// The system whose keys are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Access keys of an IAM user.
    Aws,
    /// API keys of an OCI user.
    Oci,
}

/// A key as its consumers have it.
#[derive(Clone, PartialEq, Eq)]
pub struct Used {
    /// Its name in the system.
    pub id: String,
    secret: String,
}

impl System {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Aws, Self::Oci];
    /// The principal, as the stand-in calls it.
    pub const USER: &str = "ci";
    /// The secret with OCI's administrator.
    pub const ADMIN: &str = "oci/admin";

    /// As titles of trials show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Oci => "oci",
        }
    }

    /// Creates the principal, and gives the JSON that names it.
    pub(crate) fn prepare(self, cloud: &LocalCloud) -> anyhow::Result<Value> {
        match self {
            Self::Aws => {
                cloud.aws().create_user(Self::USER)?;
                Ok(json!({"system": "aws", "user": Self::USER}))
            }
            Self::Oci => {
                let user = cloud.oci().create_user(Self::USER)?;
                cloud
                    .aws()
                    .create_secret(Self::ADMIN, Some(&admin_config(cloud.oci(), cloud.endpoint()).to_string()))?;
                Ok(json!({"system": "oci", "userId": user, "adminSecret": Self::ADMIN}))
            }
        }
    }

    /// The ids of the keys that exist.
    pub fn keys(self, cloud: &LocalCloud) -> Vec<String> {
        match self {
            Self::Aws => cloud.aws().keys(Self::USER).into_iter().map(|key| key.id).collect(),
            Self::Oci => cloud.oci().keys(Self::USER).into_iter().map(|key| key.fingerprint).collect(),
        }
    }

    /// The tags of the principal.
    pub fn tags(self, cloud: &LocalCloud) -> std::collections::BTreeMap<String, String> {
        match self {
            Self::Aws => cloud.aws().tags(Self::USER),
            Self::Oci => cloud.oci().tags(Self::USER),
        }
    }

    /// Somebody gives the principal exactly these tags.
    pub fn set_tags(self, cloud: &LocalCloud, tags: &std::collections::BTreeMap<String, String>) {
        match self {
            Self::Aws => drop(cloud.aws().set_tags(Self::USER, tags)),
            Self::Oci => drop(cloud.oci().set_tags(Self::USER, tags)),
        }
    }

    /// Somebody else makes a key; none if there is no place.
    pub fn mint(self, cloud: &LocalCloud) -> Option<String> {
        match self {
            Self::Aws => cloud.aws().mint_key(Self::USER).ok().map(|key| key.access_key_id),
            Self::Oci => cloud.oci().mint_key(Self::USER).ok(),
        }
    }

    /// Somebody deletes a key.
    pub fn delete(self, cloud: &LocalCloud, id: &str) {
        match self {
            Self::Aws => drop(cloud.aws().delete_key(id)),
            Self::Oci => drop(cloud.oci().delete_key(Self::USER, id)),
        }
    }

    /// The key that this JSON hands over; none if it hands over none.
    pub fn used(self, json: &str) -> Option<Used> {
        let fields: Value = serde_json::from_str(json).ok()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let (id, secret) = match self {
            Self::Aws => ("accessKeyId", "secretAccessKey"),
            Self::Oci => ("fingerprint", "privateKeyPem"),
        };
        Some(Used { id: text(id)?, secret: text(secret)? })
    }

    /// Whether the system accepts it, every time from now on.
    pub fn works(self, cloud: &LocalCloud, key: &Used) -> bool {
        self.works_in(cloud.aws(), cloud.oci(), key)
    }

    pub(crate) fn works_in(self, aws: &Aws, oci: &Oci, key: &Used) -> bool {
        match self {
            Self::Aws => aws.works(&key.id) && aws.secret_is_right(&key.id, &key.secret),
            Self::Oci => oci.works(Self::USER, &key.id) && oci.private_half_is_right(Self::USER, &key.id, &key.secret),
        }
    }

    /// The name of the call that makes a key.
    pub fn mint_call(self) -> &'static str {
        match self {
            Self::Aws => "CreateAccessKey",
            Self::Oci => "UploadApiKey",
        }
    }
}
