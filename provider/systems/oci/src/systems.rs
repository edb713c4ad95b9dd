use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use cloud::{ImportedInputs, RotatingResource};
use rotation::{Capability, Error, ErrorKind, KeyId, KeyIssuer, Known, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;

use crate::Oci;
use crate::args::{ApiKey, ApiKeyArgs, AuthToken, CredentialArgs, CustomerSecretKey};
use crate::credential::{self, AUTH_TOKEN, CUSTOMER_SECRET_KEY, CredentialIssuer, Kind};
use crate::issuer::{self, ApiKeyIssuer};
use crate::ocid::{fingerprint_problem, ocid_problem};

/// The system behind `oci:RotatingApiKey`.
pub struct OciApiKey(pub Arc<Oci>);

/// The system behind `oci:RotatingAuthToken`.
pub type OciAuthToken = OciCredential<AuthToken>;

/// The system behind `oci:RotatingCustomerSecretKey`.
pub type OciCustomerSecretKey = OciCredential<CustomerSecretKey>;

/// The system behind a resource whose secret OCI makes, and whose keys have these fields.
pub struct OciCredential<K>(Arc<Oci>, PhantomData<fn() -> K>);

impl<K> OciCredential<K> {
    /// The credentials that are reached by this.
    pub fn new(oci: Arc<Oci>) -> Self {
        Self(oci, PhantomData)
    }
}

/// The fields of a key whose secret OCI makes, and what is said of its resource.
trait Issued: JsonSchema + 'static {
    const KIND: &'static Kind;
    const TOKEN: &'static str;
    const LIST_TOKEN: &'static str;
    const DOCS: &'static str;
}

impl Issued for AuthToken {
    const KIND: &'static Kind = &AUTH_TOKEN;
    const TOKEN: &'static str = "oci:RotatingAuthToken";
    const LIST_TOKEN: &'static str = "oci:listAuthTokens";
    const DOCS: &'static str = include_str!("docs_auth_token.md");
}

impl Issued for CustomerSecretKey {
    const KIND: &'static Kind = &CUSTOMER_SECRET_KEY;
    const TOKEN: &'static str = "oci:RotatingCustomerSecretKey";
    const LIST_TOKEN: &'static str = "oci:listCustomerSecretKeys";
    const DOCS: &'static str = include_str!("docs_customer_secret_key.md");
}

impl RotatingResource for OciApiKey {
    type Args = ApiKeyArgs;
    type Key = ApiKey;
    const TOKEN: &'static str = "oci:RotatingApiKey";
    const LIST_TOKEN: &'static str = "oci:listApiKeys";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "OCI tenancy";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
        issuer::capability()
    }

    fn principal(&self, args: &ApiKeyArgs) -> String {
        args.user_id.clone()
    }

    fn identity(&self, args: &ApiKeyArgs) -> String {
        one_spelling(&args.user_id)
    }

    fn check(&self, args: &ApiKeyArgs) -> Vec<Problem> {
        args.problems()
    }

    fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
        let (user, key) = id.split_once('/').map_or((id, None), |(user, key)| (user, Some(key)));
        if ocid_problem(user, "user").is_some() || key.is_some_and(|key| fingerprint_problem(key).is_some()) {
            let message = "an import id is a user's OCID, or that and a fingerprint, such as \"ocid1.user.oc1..aaaa\" or \"ocid1.user.oc1..aaaa/12:34:…\" [KR-OCI-060]";
            return Err(Error::new(ErrorKind::Invalid, "", message));
        }
        let inputs = BTreeMap::from([("userId".to_owned(), user.to_owned())]);
        Ok((inputs, key.map(|key| KeyId(key.to_owned()))))
    }

    fn imported(&self, args: &ApiKeyArgs, key: &KeyId, secret: Option<SecretString>) -> Material {
        let args = ApiKeyArgs { user_id: one_spelling(&args.user_id), ..args.clone() };
        args.imported(&self.0.session().place(), key, secret)
    }

    fn issuer(&self, args: &ApiKeyArgs, _: Known<'_>) -> Box<dyn KeyIssuer> {
        let args = ApiKeyArgs { user_id: one_spelling(&args.user_id), ..args.clone() };
        Box::new(ApiKeyIssuer::new(self.0.session(), args))
    }
}

impl<K: Issued> RotatingResource for OciCredential<K> {
    type Args = CredentialArgs;
    type Key = K;
    const TOKEN: &'static str = K::TOKEN;
    const LIST_TOKEN: &'static str = K::LIST_TOKEN;
    const DOCS: &'static str = K::DOCS;
    const ACCOUNT: &'static str = "OCI tenancy";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
        credential::capability()
    }

    fn principal(&self, args: &CredentialArgs) -> String {
        Kind::principal(args)
    }

    fn identity(&self, args: &CredentialArgs) -> String {
        format!("{}#{}", one_spelling(&args.user_id), args.name)
    }

    fn check(&self, args: &CredentialArgs) -> Vec<Problem> {
        args.problems()
    }

    fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
        let ([user, name], key) = K::KIND.import(id)?;
        Ok((BTreeMap::from([("userId".to_owned(), user), ("name".to_owned(), name)]), key))
    }

    fn imported(&self, _: &CredentialArgs, key: &KeyId, secret: Option<SecretString>) -> Material {
        K::KIND.material(key, secret)
    }

    fn issuer(&self, args: &CredentialArgs, _: Known<'_>) -> Box<dyn KeyIssuer> {
        let args = CredentialArgs { user_id: one_spelling(&args.user_id), ..args.clone() };
        Box::new(CredentialIssuer::new(self.0.session(), K::KIND, args))
    }
}

/// An OCID as OCI writes it, for calls too: OCI does not find a user whose OCID is written otherwise, and no two differ by case alone.
fn one_spelling(ocid: &str) -> String {
    ocid.to_ascii_lowercase()
}
