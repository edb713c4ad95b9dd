//! The calls of OCI's secrets. All may be repeated: a version has its name, and a change names the state that it changes.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use outbound::{Call, Method, locked};
use rotation::{Effect, Error, ErrorKind, OwnerId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::args::{CreateOciSecret, OciVaultDelivery};
use super::described::{Described, MADE_BY, Secret, Version};
use crate::error::has_changed;
use crate::service::Service;
use crate::session::{Ask, Session};
use crate::user::pages;

pub(super) struct Calls {
    session: Arc<Session>,
    vault: String,
    secret: String,
    /// The property that names the delivery.
    at: String,
    pub(super) made_by: String,
    /// The secret's OCID, once it was found.
    id: Mutex<Option<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    secret_id: String,
    secret_bundle_content: Option<Content>,
}

#[derive(Deserialize)]
struct Content {
    content: Option<SecretString>,
}

/// What an entry holds that no key stands in.
pub(super) const NOTHING: &str = "{}";
/// How long OCI may take to settle a change, and how often it is asked.
const SETTLE: (u32, SignedDuration) = (60, SignedDuration::from_secs(1));
/// A version can be deleted a day ahead at the earliest; the rest is for clocks that differ ("Deleting a Secret Version").
const LEAVES_IN: SignedDuration = SignedDuration::from_hours(25);

impl Calls {
    pub(super) fn new(session: Arc<Session>, args: &OciVaultDelivery, at: &str, made_by: &OwnerId) -> Self {
        let (vault, secret) = (args.vault_id.clone(), args.secret_name.clone());
        Self { session, vault, secret, at: at.to_owned(), made_by: made_by.hash.clone(), id: Mutex::default() }
    }

    pub(super) fn label(&self) -> String {
        format!("OCI Vault secret {:?} (`{}`)", self.secret, self.at)
    }

    /// The secret and its versions, once OCI has settled it; none if it is not there. One that is scheduled for deletion is found in the compartment that
    /// it would be created in, for its name is taken.
    pub(super) async fn describe(&self, create: Option<&CreateOciSecret>) -> Result<Option<Described>, Error> {
        let known = locked(&self.id).clone();
        let id = match known {
            Some(id) => id,
            None => match self.find(create).await? {
                Some(id) => id,
                None => return Ok(None),
            },
        };
        *locked(&self.id) = Some(id.clone());
        let secret = self.get(&id).await?;
        let path = format!("secrets/{id}/versions?limit=100");
        let versions = pages::<Version>(&self.session, LIST_VERSIONS, &self.ask(Service::Vaults, path)).await;
        let versions = versions.map_err(|error| self.told(error, "SECRET_VERSION_INSPECT"))?;
        Ok(Some(Described { secret, versions }))
    }

    async fn find(&self, create: Option<&CreateOciSecret>) -> Result<Option<String>, Error> {
        let Self { vault, secret, .. } = self;
        let path = format!("secretbundles/actions/getByName?secretName={secret}&vaultId={vault}&stage=CURRENT");
        let ask = Ask { method: Method::POST, ..self.ask(Service::Secrets, path) };
        let call = call("secrets:GetSecretBundleByName");
        let error = match self.session.repeat(&call, &ask).await {
            Ok(answer) => return answer.json::<Bundle>(&call).map(|bundle| Some(bundle.secret_id)),
            Err(error) if error.kind == ErrorKind::NotFound => error,
            Err(error) => return Err(self.told(error, "SECRET_BUNDLE_READ")),
        };
        // OCI has one answer for what is not there and what may not be read. Whoever may list the compartment sees which.
        let Some(create) = create else { return Ok(None) };
        let compartment = &create.compartment_id;
        let path = format!("secrets?compartmentId={compartment}&vaultId={vault}&name={secret}&limit=100");
        let listed = pages::<Secret>(&self.session, "vaults:ListSecrets", &self.ask(Service::Vaults, path)).await;
        let listed = listed.map_err(|error| self.told(error, "SECRET_INSPECT"))?;
        match listed.into_iter().find(|known| known.lifecycle_state != "DELETED") {
            Some(known) if known.is_leaving() => Ok(Some(known.id)),
            Some(_) => Err(self.told(error, "SECRET_BUNDLE_READ")),
            None => Ok(None),
        }
    }

    /// The secret, once OCI has settled it.
    pub(super) async fn get(&self, id: &str) -> Result<Secret, Error> {
        let (tries, pause) = SETTLE;
        for _ in 0..tries {
            let call = call("vaults:GetSecret");
            let answer = self.session.repeat(&call, &self.ask(Service::Vaults, format!("secrets/{id}"))).await;
            let answer = answer.map_err(|error| self.told(error, "SECRET_READ"))?;
            let secret: Secret = answer.json(&call)?;
            if secret.is_settled() {
                return Ok(Secret { etag: answer.header("etag").map(str::to_owned), ..secret });
            }
            self.session.clock().wait(pause).await;
        }
        let message = format!(
            "{}: OCI has been changing the secret for a minute: run `pulumi up` again later [KR-OCI-095]",
            self.label()
        );
        Err(Error::new(ErrorKind::Conflict, "vaults:GetSecret", message))
    }

    /// Makes the secret with its first version, which is then current. False if somebody else made it meanwhile.
    pub(super) async fn create(
        &self,
        create: &CreateOciSecret,
        (name, text): (&str, &SecretString),
    ) -> Result<bool, Error> {
        let mut tags = create.freeform_tags.clone().unwrap_or_default();
        tags.insert(MADE_BY.to_owned(), self.made_by.clone());
        let body = json!({
            "compartmentId": create.compartment_id,
            "vaultId": self.vault,
            "keyId": create.key_id,
            "secretName": self.secret,
            "description": create.description,
            "freeformTags": tags,
            "secretContent": content(text, Some(name), None),
        });
        // Of this very request: the same key may go to several secrets.
        let retry_token = Some(hash(&body.to_string()));
        let ask = Ask {
            method: Method::POST,
            body: Some(body),
            retry_token,
            ..self.ask(Service::Vaults, "secrets".to_owned())
        };
        let call = call("vaults:CreateSecret");
        match self.session.repeat(&call, &ask).await {
            Ok(answer) => {
                let made: Secret = answer.json(&call)?;
                *locked(&self.id) = Some(made.id);
                Ok(true)
            }
            Err(error) if has_changed(&error) => Ok(false),
            Err(error) => Err(self.told(error, "SECRET_CREATE, and KEY_ENCRYPT and KEY_DECRYPT on `create.keyId`")),
        }
    }

    /// Adds a version, if the secret is still as it was described.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if it has changed, which a call whose answer was lost does as well.
    pub(super) async fn put(
        &self,
        secret: &Secret,
        (name, text): (Option<&str>, &SecretString),
        stage: &str,
    ) -> Result<(), Error> {
        self.update(secret, json!({ "secretContent": content(text, name, Some(stage)) })).await
    }

    /// Makes a version current, if the secret is still as it was described.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub(super) async fn make_current(&self, secret: &Secret, number: u64) -> Result<(), Error> {
        self.update(secret, json!({ "currentVersionNumber": number })).await
    }

    async fn update(&self, secret: &Secret, body: Value) -> Result<(), Error> {
        let path = format!("secrets/{}", secret.id);
        let ask = Ask {
            method: Method::PUT,
            body: Some(body),
            if_match: secret.etag.clone(),
            ..self.ask(Service::Vaults, path)
        };
        let updated = self.session.repeat(&call("vaults:UpdateSecret"), &ask).await;
        updated.map(drop).map_err(|error| self.told(error, "SECRET_UPDATE"))
    }

    /// What a version holds; none if it is not there.
    pub(super) async fn read(&self, number: &str) -> Result<Option<SecretString>, Error> {
        let known = locked(&self.id).clone();
        let Some(id) = known else { return Ok(None) };
        let path = format!("secretbundles/{id}?versionNumber={number}");
        let call = call("secrets:GetSecretBundle");
        match self.session.repeat(&call, &self.ask(Service::Secrets, path)).await {
            Ok(answer) => {
                let bundle: Bundle = answer.json(&call)?;
                Ok(bundle.secret_bundle_content.and_then(|content| content.content).and_then(|text| decoded(&text)))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.told(error, "SECRET_BUNDLE_READ")),
        }
    }

    /// Schedules the deletion of a deprecated version. One that is leaving already is success.
    pub(super) async fn drop_version(&self, id: &str, number: u64) -> Result<(), Error> {
        let at = self.session.clock().now() + self.session.ahead() + LEAVES_IN;
        let body = json!({ "timeOfDeletion": at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string() });
        let path = format!("secrets/{id}/version/{number}/actions/scheduleDeletion");
        self.post("vaults:ScheduleSecretVersionDeletion", path, Some(body), "SECRET_VERSION_DELETE").await
    }

    pub(super) async fn keep_version(&self, id: &str, number: u64) -> Result<(), Error> {
        let path = format!("secrets/{id}/version/{number}/actions/cancelDeletion");
        self.post("vaults:CancelSecretVersionDeletion", path, None, "SECRET_VERSION_DELETE").await
    }

    /// Schedules the deletion of the secret, after the time that OCI has for it.
    pub(super) async fn delete(&self, id: &str) -> Result<(), Error> {
        let path = format!("secrets/{id}/actions/scheduleDeletion");
        self.post("vaults:ScheduleSecretDeletion", path, Some(json!({})), "SECRET_DELETE").await?;
        if self.get(id).await?.is_leaving() {
            return Ok(());
        }
        let message =
            format!("{}: OCI did not schedule the deletion: run `pulumi up` again [KR-OCI-096]", self.label());
        Err(Error::new(ErrorKind::Conflict, "vaults:ScheduleSecretDeletion", message))
    }

    pub(super) async fn restore(&self, id: &str) -> Result<(), Error> {
        let path = format!("secrets/{id}/actions/cancelDeletion");
        self.post("vaults:CancelSecretDeletion", path, None, "SECRET_DELETE").await
    }

    /// Something that may be done twice: OCI refuses the second time, because it is done.
    async fn post(&self, operation: &'static str, path: String, body: Option<Value>, right: &str) -> Result<(), Error> {
        let ask = Ask { method: Method::POST, body, ..self.ask(Service::Vaults, path) };
        match self.session.repeat(&call(operation), &ask).await {
            Err(error) if error.kind != ErrorKind::Conflict => Err(self.told(error, right)),
            _ => Ok(()),
        }
    }

    fn ask(&self, service: Service, path: String) -> Ask<'_> {
        Ask { service, path, about: &self.secret, ..Ask::default() }
    }

    /// Another version became current than the one that was promoted.
    pub(super) fn overtaken(&self, version: &str, current: Option<u64>) -> Error {
        let current = current.map_or_else(|| "none".to_owned(), |current| current.to_string());
        let message = format!(
            "{}: version {version} was to become current, and meanwhile version {current} did, or the secret was changed otherwise, so nothing was overwritten. Consumers read version {current}. Check what else writes this secret, then run `pulumi up` again [KR-OCI-097]",
            self.label()
        );
        Error::new(ErrorKind::Conflict, "vaults:UpdateSecret", message)
    }

    pub(super) fn other_data(&self, version: u64, current: Option<u64>) -> Error {
        let current = current.map_or_else(|| "none".to_owned(), |current| current.to_string());
        let message = format!(
            "{}: version {version} is this very delivery and holds other data, so nothing was overwritten; the current version is {current}. The fields of this key changed after it was delivered: change `keepers` for a new key [KR-OCI-098]",
            self.label()
        );
        Error::new(ErrorKind::Conflict, "vaults:UpdateSecret", message).effect(Effect::None)
    }

    /// A failure in words for people. OCI does not say which permission is missing, so the message does.
    fn told(&self, error: Error, right: &str) -> Error {
        let (label, request) = (self.label(), request_of(&error.message));
        let why = match error.kind {
            ErrorKind::NotFound | ErrorKind::Denied => format!(
                "the secret or its vault does not exist, or the plugin's user lacks the permission {right}: OCI does not tell which. Check `vaultId` and `secretName`, and allow the user to manage secret-family in the secret's compartment{request} [KR-OCI-099]"
            ),
            ErrorKind::LimitReached => format!(
                "the secret has as many versions as OCI allows, 30 and 30 more that are scheduled for deletion: delete deprecated versions that nobody needs{request} [KR-OCI-100]"
            ),
            ErrorKind::Conflict => {
                format!("somebody else changed the secret at this moment: run `pulumi up` again{request} [KR-OCI-101]")
            }
            ErrorKind::Invalid => format!(
                "OCI refused the request: check `create`, and the rules of the secret, which may forbid a value that it had before{request} [KR-OCI-102]"
            ),
            _ => error.message.clone(),
        };
        Error { message: format!("{label}: {why}"), ..error }
    }
}

const LIST_VERSIONS: &str = "vaults:ListSecretVersions";

/// The request's id at the end of a message.
fn request_of(message: &str) -> String {
    message.rsplit_once(" [request ").map(|(_, id)| format!(" [request {id}")).unwrap_or_default()
}

fn call(operation: &'static str) -> Call {
    Call { service: "OCI Vault", ..crate::error::call(operation) }
}

fn content(text: &SecretString, name: Option<&str>, stage: Option<&str>) -> Value {
    let mut content = json!({ "contentType": "BASE64", "content": BASE64_STANDARD.encode(shown(text)) });
    for (field, value) in [("name", name), ("stage", stage)] {
        if let Some(value) = value {
            content[field] = value.into();
        }
    }
    content
}

fn decoded(text: &SecretString) -> Option<SecretString> {
    let bytes = zeroize::Zeroizing::new(BASE64_STANDARD.decode(shown(text)).ok()?);
    std::str::from_utf8(&bytes).ok().map(SecretString::from)
}

fn hash(text: &str) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Whether two values are the same.
pub(super) fn is_same(one: &SecretString, other: &SecretString) -> bool {
    shown(one) == shown(other)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the value is what consumers read; it is sent, or compared with what they read"
)]
fn shown(text: &SecretString) -> &str {
    text.expose_secret()
}
