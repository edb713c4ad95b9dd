use cloud::problem;
use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::keypair::{KeyBits, Pair};
use crate::ocid::ocid_problem;
use crate::place::Place;
use crate::signer::key_id;

/// What `oci:RotatingApiKey` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyArgs {
    /// The OCID of the user whose API signing keys are rotated. The user must exist. Another one replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub user_id: String,
    /// The size of the next key in bits: 2048, 3072 or 4096. Default: 2048. A change alone does not rotate.
    #[serde(default)]
    pub key_bits: Option<u32>,
}

/// An API signing key of a user.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "oci"))]
pub struct ApiKey {
    /// OCI's name of the key: the MD5 of its public half, as sixteen pairs of digits.
    pub fingerprint: String,
    /// What requests name: `TENANCY/USER/FINGERPRINT`.
    pub key_id: String,
    /// The public half in PEM.
    pub public_key_pem: String,
    /// The private half in PEM, PKCS#8, not encrypted. OCI never has it.
    pub private_key_pem: SecretProperty,
    /// The text for `~/.oci/config` that goes with the key. It expects the private key at `~/.oci/keyrotation.pem`.
    pub config_profile: SecretProperty,
}

/// What `oci:RotatingAuthToken` and `oci:RotatingCustomerSecretKey` take beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialArgs {
    /// The OCID of the user whose credentials are rotated. The user must exist. Another one replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub user_id: String,
    /// What the credential is for: 1 to 32 letters, digits, `-` and `_`. It tells the credentials of one resource from those of
    /// another one on the same user. Another one replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub name: String,
    /// The description that OCI shows for each credential, followed by the plugin's ownership mark; at most 100 characters. Default: `name`. A change takes effect at the next rotation.
    #[serde(default)]
    pub description: Option<String>,
}

/// An auth token of a user.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "oci"))]
pub struct AuthToken {
    /// The token's OCID.
    pub token_id: String,
    /// The token itself: the password for the container registry, Swift, and other services that take no signatures.
    pub token: SecretProperty,
}

/// A customer secret key of a user, for the Amazon S3 compatibility API.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "oci"))]
pub struct CustomerSecretKey {
    /// The access key.
    pub access_key: String,
    /// The secret key.
    pub secret_key: SecretProperty,
}

pub(crate) const FINGERPRINT: &str = "fingerprint";
pub(crate) const PRIVATE_KEY_PEM: &str = "privateKeyPem";
const LONGEST_DESCRIPTION: usize = 100;
const LONGEST_NAME: usize = 32;

impl ApiKeyArgs {
    pub(crate) fn bits(&self) -> KeyBits {
        self.key_bits.and_then(KeyBits::new).unwrap_or_default()
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        let bits = self.key_bits.filter(|bits| KeyBits::new(*bits).is_none());
        let bits = bits.map(|_| problem("keyBits", "must be 2048, 3072 or 4096 [KR-OCI-001]"));
        user_problem(&self.user_id).into_iter().chain(bits).collect()
    }

    /// The fields of a key whose pair is at hand.
    pub(crate) fn material(&self, place: &Place, pair: &Pair) -> Result<Material, rotation::Error> {
        let private = pair.private_pem()?;
        Ok(self.fields(place, pair.fingerprint(), pair.public_pem(), private))
    }

    /// The fields of a key that was taken over. A private key that is not this key's is as good as none.
    pub(crate) fn imported(&self, place: &Place, key: &KeyId, secret: Option<SecretString>) -> Material {
        let pair = secret.and_then(|secret| Pair::from_pem(&secret, None).ok());
        let pair = pair.filter(|pair| pair.fingerprint() == key.0);
        let known = pair.and_then(|pair| self.material(place, &pair).ok());
        known.unwrap_or_else(|| self.fields(place, &key.0, String::new(), SecretString::default()))
    }

    fn fields(&self, place: &Place, fingerprint: &str, public: String, private: SecretString) -> Material {
        let Place { tenancy, region } = place;
        let profile = format!(
            "[DEFAULT]\nuser={}\nfingerprint={fingerprint}\ntenancy={tenancy}\nregion={region}\nkey_file=~/.oci/keyrotation.pem\n",
            self.user_id
        );
        let plain = |text: String| Field::Plain(text);
        [
            (FINGERPRINT, plain(fingerprint.to_owned())),
            ("keyId", plain(key_id(tenancy, &self.user_id, fingerprint))),
            ("publicKeyPem", plain(public)),
            (PRIVATE_KEY_PEM, Field::Secret(private)),
            ("configProfile", Field::Secret(profile.into())),
        ]
        .map(|(name, field)| (name.to_owned(), field))
        .into()
    }
}

impl CredentialArgs {
    /// What OCI shows of it, without the mark.
    pub(crate) fn text(&self) -> &str {
        self.description.as_deref().filter(|text| !text.is_empty()).unwrap_or(&self.name)
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        let name = name_problem(&self.name).map(|reason| problem("name", reason));
        let text = self.description.as_deref().unwrap_or_default();
        let text = match text.chars().count() {
            count if count > LONGEST_DESCRIPTION => Some("must not be longer than 100 characters [KR-OCI-002]"),
            _ if text.chars().any(char::is_control) => Some("must be one line [KR-OCI-003]"),
            _ => None,
        };
        let text = text.map(|reason| problem("description", reason));
        user_problem(&self.user_id).into_iter().chain(name).chain(text).collect()
    }
}

/// What is wrong with a credential's name.
pub(crate) fn name_problem(name: &str) -> Option<&'static str> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_".contains(&c);
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed);
    (!fits).then_some("must have 1 to 32 letters, digits and the signs - and _ [KR-OCI-004]")
}

fn user_problem(user: &str) -> Option<Problem> {
    ocid_problem(user, "user").map(|reason| problem("userId", reason))
}

#[cfg(test)]
mod tests;
