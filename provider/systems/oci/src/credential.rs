//! Credentials that Oracle makes and shows once: auth tokens and customer secret keys.

mod issuer;
mod mark;

use pulumi_provider::SecretString as SecretProperty;
use rotation::{Error, ErrorKind, Field, KeyId, Material};
use secrecy::SecretString;
use serde::Deserialize;

use crate::args::{CredentialArgs, name_problem};
use crate::ocid::ocid_problem;

pub(crate) use issuer::{CredentialIssuer, capability};

/// What differs between the kinds.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The operations' common name, in the singular, for people.
    pub(crate) noun: &'static str,
    /// The part of the path.
    pub(crate) path: &'static str,
    pub(crate) create: &'static str,
    pub(crate) list: &'static str,
    pub(crate) update: &'static str,
    pub(crate) delete: &'static str,
    /// The field that holds what the user wrote, and our mark behind it.
    pub(crate) text_field: &'static str,
    /// The output that is the id.
    pub(crate) id_output: &'static str,
    /// The output that is the secret.
    pub(crate) secret_output: &'static str,
    /// An import id, for messages.
    pub(crate) example: &'static str,
}

pub(crate) static AUTH_TOKEN: Kind = Kind {
    noun: "auth token",
    path: "authTokens",
    create: "identity:CreateAuthToken",
    list: "identity:ListAuthTokens",
    update: "identity:UpdateAuthToken",
    delete: "identity:DeleteAuthToken",
    text_field: "description",
    id_output: "tokenId",
    secret_output: "token",
    example: "\"ocid1.user.oc1..aaaa#registry\" or \"ocid1.user.oc1..aaaa#registry/ocid1.credential.oc1..aaaa\"",
};

pub(crate) static CUSTOMER_SECRET_KEY: Kind = Kind {
    noun: "customer secret key",
    path: "customerSecretKeys",
    create: "identity:CreateCustomerSecretKey",
    list: "identity:ListCustomerSecretKeys",
    update: "identity:UpdateCustomerSecretKey",
    delete: "identity:DeleteCustomerSecretKey",
    text_field: "displayName",
    id_output: "accessKey",
    secret_output: "secretKey",
    example: "\"ocid1.user.oc1..aaaa#backup\" or \"ocid1.user.oc1..aaaa#backup/0123456789abcdef\"",
};

/// What a create answers; Oracle calls the secret by two names. It has no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) time_created: jiff::Timestamp,
    #[serde(alias = "key")]
    pub(crate) token: SecretProperty,
}

impl Kind {
    /// The fields as users read them. A secret that nobody knows is empty.
    pub(crate) fn material(&self, id: &KeyId, secret: Option<SecretString>) -> Material {
        let secret = Field::Secret(secret.unwrap_or_default());
        [(self.id_output.to_owned(), Field::Plain(id.0.clone())), (self.secret_output.to_owned(), secret)].into()
    }

    pub(crate) fn principal(args: &CredentialArgs) -> String {
        format!("{}#{}", args.user_id, args.name)
    }

    /// User, name and, if given, the credential that an import id stands for.
    pub(crate) fn import(&self, id: &str) -> Result<([String; 2], Option<KeyId>), Error> {
        let wrong = || {
            let text = format!(
                "an import id is a user's OCID and a name, or that and an id, such as {} [KR-OCI-007]",
                self.example
            );
            Error::new(ErrorKind::Invalid, "", text)
        };
        let (user, rest) = id.split_once('#').ok_or_else(wrong)?;
        let (name, key) = rest.split_once('/').map_or((rest, None), |(name, key)| (name, Some(key)));
        let is_id = |key: &str| {
            !key.is_empty() && key.len() <= 255 && key.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c))
        };
        if ocid_problem(user, "user").or(name_problem(name).map(str::to_owned)).is_some() || !key.is_none_or(is_id) {
            return Err(wrong());
        }
        Ok(([user.to_owned(), name.to_owned()], key.map(|key| KeyId(key.to_owned()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{AuthToken, CustomerSecretKey};

    #[test]
    fn credentials_have_the_fields_that_their_schemas_promise() {
        let schemas = [schemars::schema_for!(AuthToken), schemars::schema_for!(CustomerSecretKey)];
        for (kind, schema) in [&AUTH_TOKEN, &CUSTOMER_SECRET_KEY].into_iter().zip(schemas) {
            let fields = kind.material(&KeyId("x".to_owned()), Some("hidden".into()));
            let promised = schema.as_value()["properties"].as_object().unwrap();
            assert!(fields.keys().eq(promised.keys().collect::<std::collections::BTreeSet<_>>()));
            for (name, field) in &fields {
                assert_eq!(promised[name].get("x-secret").is_some(), matches!(field, Field::Secret(_)), "{name}");
            }
        }
    }

    #[test]
    fn an_import_id_names_user_name_and_credential() {
        let (user, name) = ("ocid1.user.oc1..aaaa".to_owned(), "ci-1".to_owned());
        let imported = AUTH_TOKEN.import("ocid1.user.oc1..aaaa#ci-1").unwrap();
        assert_eq!(imported, ([user.clone(), name.clone()], None));
        let imported = AUTH_TOKEN.import("ocid1.user.oc1..aaaa#ci-1/ocid1.credential.oc1..b").unwrap();
        assert_eq!(imported, ([user, name], Some(KeyId("ocid1.credential.oc1..b".to_owned()))));
        for wrong in [
            "",
            "ci#x",
            "ocid1.user.oc1..aaaa",
            "ocid1.user.oc1..aaaa#",
            "ocid1.user.oc1..aaaa#x/",
            "ocid1.user.oc1..aaaa#x/y z",
        ] {
            let error = AUTH_TOKEN.import(wrong).unwrap_err();
            assert!(error.message.contains("ocid1.user"), "{wrong}: {error}");
        }
    }
}
