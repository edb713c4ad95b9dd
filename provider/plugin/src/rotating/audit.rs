//! The audit that people ask for: which keys stand on a principal, how old they are, who uses and who manages them.

use std::sync::Arc;

use async_trait::async_trait;
use cloud::RotatingResource;
use jiff::{SignedDuration, Timestamp};
use pulumi_provider::{
    CheckFailure, Code, Context, Error, Function, FunctionSpec, InvokeFailure, InvokeRequest, ListRequest, Listed,
    Object, ObjectSchema, Urn, decode, to_object,
};
use rotation::{Clock, KeyId, KeyIssuer, KeyStatus, Known, LastUse, Ledgers, ObservedKey, print_duration};
use schemars::JsonSchema;
use serde::Serialize;

use super::names::owner;
use super::{errors, spec};

/// The function that tells everything about the keys of a principal.
pub(crate) struct ListKeys<S> {
    system: Arc<S>,
    clock: Arc<dyn Clock>,
}

impl<S: RotatingResource> ListKeys<S> {
    pub(crate) fn new(system: Arc<S>, clock: Arc<dyn Clock>) -> Self {
        Self { system, clock }
    }

    async fn audit(&self, issuer: &dyn KeyIssuer, urn: &Urn) -> Result<Audit, Error> {
        let mut keys = all(issuer).await?;
        keys.sort_by_key(|key| key.created_at);
        let ledgers = issuer.read_ledgers(&owner(urn)).await.map_err(errors::public)?;
        let mut audit = Audit { keys: Vec::new() };
        for key in keys {
            let last_use = match issuer.capability().tells_last_use {
                true => issuer.last_use(&key.id).await.map_err(errors::public)?,
                false => LastUse::Unknown,
            };
            audit.keys.push(audited(&key, last_use, &ledgers, self.clock.now()));
        }
        Ok(audit)
    }
}

#[async_trait]
impl<S: RotatingResource> Function for ListKeys<S> {
    fn spec(&self) -> FunctionSpec {
        let description = "Every key of a principal: its age, its status, its last use, and the resource that manages it. It changes nothing.";
        FunctionSpec::new(S::LIST_TOKEN, description, spec::identity::<S>(), ObjectSchema::of::<Audit>())
    }

    async fn invoke(&self, request: InvokeRequest, context: &Context) -> Result<Object, InvokeFailure> {
        let args = args(&*self.system, &request.arguments).map_err(InvokeFailure::Arguments)?;
        let audit = self.audit(&*self.system.issuer(&args, Known::default()), context.urn()).await?;
        Ok(to_object(&audit).map_err(|error| Error::new(Code::Internal, error.to_string()))?)
    }
}

/// The keys of a principal, each with the id that imports it.
pub(super) async fn importable<S: RotatingResource>(system: &S, request: &ListRequest) -> Result<Listed, Error> {
    let args = args(system, &request.query).map_err(|failures| Error::new(Code::InvalidArgument, told(&failures)))?;
    let principal = system.principal(&args);
    let keys = all(&*system.issuer(&args, Known::default())).await?;
    let named = keys.into_iter().map(|key| (key.id.0.clone(), system.import_id(&principal, &key.id)));
    Ok(Listed { resources: named.collect(), continuation: None })
}

/// The keys of a principal.
#[derive(Serialize, JsonSchema)]
struct Audit {
    /// The oldest first.
    keys: Vec<AuditedKey>,
}

/// One key of a principal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AuditedKey {
    /// The key's id in its system.
    id: String,
    /// When the system says that it was made, in RFC 3339.
    created_at: String,
    /// How old it is, in days and hours, such as `"12d3h"`.
    age: String,
    /// Whether it works.
    status: KeyStatus,
    /// When it was last used, in RFC 3339. Unset if it never was, or if the system does not report it.
    last_used_at: Option<String>,
    /// The resource that manages it, as `stack/project/name`. Unset if no resource does.
    managed_by: Option<String>,
}

fn args<S: RotatingResource>(system: &S, query: &Object) -> Result<S::Args, Vec<CheckFailure>> {
    let decoded = decode::<S::Args>(query);
    let Some(args) = decoded.value else { return Err(decoded.failures) };
    let problems = system.check(&args);
    let failures = problems.into_iter().map(|problem| CheckFailure::new(problem.property, problem.reason));
    let failures: Vec<_> = failures.collect();
    if failures.is_empty() { Ok(args) } else { Err(failures) }
}

fn audited(key: &ObservedKey, last_use: LastUse, ledgers: &Ledgers, now: Timestamp) -> AuditedKey {
    let hours = now.duration_since(key.created_at).as_hours().max(0);
    AuditedKey {
        id: key.id.0.clone(),
        created_at: key.created_at.to_string(),
        age: print_duration(SignedDuration::from_hours(hours)),
        status: key.status,
        last_used_at: if let LastUse::At(time) = last_use { Some(time.to_string()) } else { None },
        managed_by: manager(ledgers, &key.id),
    }
}

fn manager(ledgers: &Ledgers, id: &KeyId) -> Option<String> {
    ledgers.owner_of(id).map(|owner| owner.label.clone())
}

fn told(failures: &[CheckFailure]) -> String {
    let lines: Vec<_> = failures.iter().map(|failure| format!("{} {}", failure.property, failure.reason)).collect();
    lines.join("; ")
}

async fn all(issuer: &dyn KeyIssuer) -> Result<Vec<ObservedKey>, Error> {
    let gone = || Error::new(Code::NotFound, format!("{} does not exist", issuer.principal()));
    issuer.list().await.map_err(errors::public)?.ok_or_else(gone)
}
