//! The report that reviews ask for: the keys of many principals of any system, in one answer.

use std::sync::Arc;

use async_trait::async_trait;
use pulumi_provider::{
    CheckFailure, Code, Context, Error, Function, FunctionSpec, InvokeFailure, InvokeRequest, Object, ObjectSchema,
    Value, to_object,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::audit::{AuditedKey, Audits, OlderThan};

/// The function `keyrotation:index:report`.
pub(crate) struct Report(pub(crate) Vec<Arc<dyn Audits>>);

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made: arguments are read one by one")]
struct Arguments {
    /// The principals to report on.
    principals: Vec<Principal>,
    /// Only keys that are older than this, as a duration such as `"90d"`. Default: every key.
    older_than: Option<String>,
}

/// One principal: the resource that would manage its keys, and the inputs that name it there.
#[derive(JsonSchema)]
#[schemars(rename = "ReportedPrincipal", rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
struct Principal {
    /// The type of the resource, such as `"aws:RotatingApiKey"`.
    resource: String,
    /// The inputs of that resource that name the principal, such as `{"user": "deployer"}`.
    identity: std::collections::BTreeMap<String, serde_json::Value>,
}

/// The keys of all principals, and what could not be asked.
#[derive(Serialize, JsonSchema)]
struct Reported {
    /// The keys, by principal in the order of the arguments, the oldest first.
    keys: Vec<ReportedKey>,
    /// The principals whose keys could not be listed; empty when all were.
    failures: Vec<Failed>,
}

/// One key of a principal.
#[derive(Serialize, JsonSchema)]
struct ReportedKey {
    /// The type of the resource, such as `aws:RotatingApiKey`.
    resource: &'static str,
    /// The principal, as its resource's id names it.
    principal: String,
    #[serde(flatten)]
    key: AuditedKey,
}

/// A principal whose keys could not be listed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportFailure")]
struct Failed {
    /// The type of the resource, such as `aws:RotatingApiKey`.
    resource: &'static str,
    /// The principal, as its resource's id names it.
    principal: String,
    /// Why.
    reason: String,
}

struct Asked<'a> {
    kind: &'a dyn Audits,
    identity: Object,
    principal: String,
}

impl Report {
    fn asked(&self, arguments: &Object) -> Result<Vec<Asked<'_>>, Vec<CheckFailure>> {
        let listed = arguments.get("principals").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| {
            vec![CheckFailure::new("principals", "is required: a list of principals [KR-PLUGIN-027]")]
        })?;
        listed.iter().enumerate().map(|(at, principal)| self.one(at, principal)).collect()
    }

    fn one(&self, at: usize, principal: &Value) -> Result<Asked<'_>, Vec<CheckFailure>> {
        let field = |name: &str| principal.as_object().and_then(|principal| principal.get(name));
        let property = |name: &str| format!("principals[{at}].{name}");
        let named = field("resource").and_then(Value::as_str).unwrap_or_default();
        let named = named.strip_prefix("keyrotation:").unwrap_or(named);
        let kind = self.0.iter().find(|kind| kind.token() == named).ok_or_else(|| {
            let known: Vec<_> = self.0.iter().map(|kind| kind.token()).collect();
            let reason = format!(
                "must be the type of a resource whose keys can be listed: one of {} [KR-PLUGIN-028]",
                known.join(", ")
            );
            vec![CheckFailure::new(property("resource"), reason)]
        })?;
        let identity = field("identity").and_then(Value::as_object).cloned().unwrap_or_default();
        let below = |failure: CheckFailure| {
            CheckFailure::new(property(&format!("identity.{}", failure.property)), failure.reason)
        };
        let principal = kind.principal(&identity);
        let principal = principal.map_err(|failures| failures.into_iter().map(below).collect::<Vec<_>>())?;
        Ok(Asked { kind: &**kind, identity, principal })
    }
}

#[async_trait]
impl Function for Report {
    fn spec(&self) -> FunctionSpec {
        let description = "The keys of many principals: the age, status, last use and manager of each. It changes nothing. A principal that cannot be asked is among `failures`.";
        FunctionSpec::new("report", description, ObjectSchema::of::<Arguments>(), ObjectSchema::of::<Reported>())
    }

    async fn invoke(&self, request: InvokeRequest, context: &Context) -> Result<Object, InvokeFailure> {
        let older = OlderThan::read(request.arguments.get("olderThan"));
        let older = older.map_err(|failure| InvokeFailure::Arguments(vec![failure]))?;
        let mut reported = Reported { keys: Vec::new(), failures: Vec::new() };
        for Asked { kind, identity, principal } in self.asked(&request.arguments).map_err(InvokeFailure::Arguments)? {
            let resource = kind.token();
            match kind.keys(&identity, context.urn()).await {
                Ok(keys) => {
                    let keys = keys.into_iter().filter(|key| older.takes(key));
                    let keys = keys.map(|key| ReportedKey { resource, principal: principal.clone(), key });
                    reported.keys.extend(keys);
                }
                Err(Error { message: reason, .. }) => reported.failures.push(Failed { resource, principal, reason }),
            }
        }
        Ok(to_object(&reported).map_err(|error| Error::new(Code::Internal, error.to_string()))?)
    }
}
