//! The audit that people ask for: which keys stand on a principal, how old they are, who uses and who manages them.

use std::sync::Arc;

use async_trait::async_trait;
use cloud::RotatingResource;
use jiff::{SignedDuration, Timestamp};
use pulumi_provider::{
    CheckFailure, Code, Context, Error, Function, FunctionSpec, InvokeFailure, InvokeRequest, ListRequest, Listed,
    Object, ObjectSchema, Urn, Value, decode, to_object,
};
use rotation::{
    Clock, KeyId, KeyIssuer, KeyStatus, Known, LastUse, Ledgers, ObservedKey, format_duration, parse_duration,
};
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

    async fn audit(&self, issuer: &dyn KeyIssuer, urn: &Urn) -> Result<Vec<AuditedKey>, Error> {
        let mut keys = all(issuer).await?;
        keys.sort_by_key(|key| key.created_at);
        let ledgers = issuer.read_ledgers(&owner(urn)).await.map_err(errors::public)?;
        let mut audited_keys = Vec::new();
        for key in keys {
            let last_use = match issuer.capability().tells_last_use {
                true => issuer.last_use(&key.id).await.map_err(errors::public)?,
                false => LastUse::Unknown,
            };
            audited_keys.push(audited(&key, last_use, &ledgers, self.clock.now()));
        }
        Ok(audited_keys)
    }
}

#[async_trait]
impl<S: RotatingResource> Function for ListKeys<S> {
    fn spec(&self) -> FunctionSpec {
        let description = "Every key of a principal: its age, its status, its last use, and the resource that manages it. It changes nothing.";
        let inputs = spec::identity::<S>().merge(ObjectSchema::of::<Filter>());
        FunctionSpec::new(S::LIST_TOKEN, description, inputs, ObjectSchema::of::<Audit>())
    }

    async fn invoke(&self, request: InvokeRequest, context: &Context) -> Result<Object, InvokeFailure> {
        let (filter, identity) = Filter::split(&request.arguments).map_err(InvokeFailure::Arguments)?;
        let args = args(&*self.system, &identity).map_err(InvokeFailure::Arguments)?;
        let mut keys = self.audit(&*self.system.issuer(&args, Known::default()), context.urn()).await?;
        keys.retain(|key| filter.takes(key));
        Ok(to_object(&Audit { keys }).map_err(|error| Error::new(Code::Internal, error.to_string()))?)
    }
}

/// The audit of any kind of key, for the report over all of them.
#[async_trait]
pub(crate) trait Audits: Send + Sync {
    /// The type token of the resource that such keys belong to.
    fn token(&self) -> &'static str;

    /// What identifies the principal, as text.
    fn principal(&self, identity: &Object) -> Result<String, Vec<CheckFailure>>;

    /// The keys of the principal that these inputs name, the oldest first.
    async fn keys(&self, identity: &Object, urn: &Urn) -> Result<Vec<AuditedKey>, Error>;
}

#[async_trait]
impl<S: RotatingResource> Audits for ListKeys<S> {
    fn token(&self) -> &'static str {
        S::TOKEN
    }

    fn principal(&self, identity: &Object) -> Result<String, Vec<CheckFailure>> {
        args(&*self.system, identity).map(|args| self.system.principal(&args))
    }

    async fn keys(&self, identity: &Object, urn: &Urn) -> Result<Vec<AuditedKey>, Error> {
        let args = args(&*self.system, identity);
        let args = args.map_err(|failures| Error::new(Code::InvalidArgument, told(&failures)))?;
        self.audit(&*self.system.issuer(&args, Known::default()), urn).await
    }
}

/// Which keys are listed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OlderThan(Option<SignedDuration>);

/// Which keys are listed.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
struct Filter {
    /// Only keys that are older than this, as a duration such as `"90d"`. Default: every key.
    older_than: Option<String>,
}

const OLDER_THAN: &str = "olderThan";

impl Filter {
    /// The filter, and the other arguments.
    fn split(arguments: &Object) -> Result<(OlderThan, Object), Vec<CheckFailure>> {
        let mut others = arguments.clone();
        let given = others.remove(OLDER_THAN);
        Ok((OlderThan::read(given.as_ref()).map_err(|failure| vec![failure])?, others))
    }
}

impl OlderThan {
    pub(crate) fn read(given: Option<&Value>) -> Result<Self, CheckFailure> {
        let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(Self(None)) };
        let text = given.as_str().ok_or_else(|| CheckFailure::new(OLDER_THAN, "must be a string [KR-PLUGIN-019]"))?;
        let limit = parse_duration(text).map_err(|reason| CheckFailure::new(OLDER_THAN, reason))?;
        Ok(Self(Some(limit)))
    }

    pub(crate) fn takes(self, key: &AuditedKey) -> bool {
        self.0.is_none_or(|limit| key.age_seconds > limit.as_secs())
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
pub(crate) struct AuditedKey {
    /// The key's id in its system.
    id: String,
    /// When the system says that it was made, in RFC 3339.
    created_at: String,
    /// How old it is, in days and hours, such as `"12d3h"`.
    age: String,
    /// How old it is, in whole seconds.
    age_seconds: i64,
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
    let age = now.duration_since(key.created_at).max(SignedDuration::ZERO);
    AuditedKey {
        id: key.id.0.clone(),
        created_at: key.created_at.to_string(),
        age: format_duration(SignedDuration::from_hours(age.as_hours())),
        age_seconds: age.as_secs(),
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
    let gone = || Error::new(Code::NotFound, format!("{} does not exist [KR-PLUGIN-020]", issuer.principal()));
    issuer.list().await.map_err(errors::public)?.ok_or_else(gone)
}
