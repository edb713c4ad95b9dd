//! What the schema says of a rotating resource.

use std::borrow::Cow;

use cloud::RotatingResource;
use pulumi_provider::{ObjectSchema, ResourceSpec};
use rotation::{Capability, HistoryEvent, KeyStatus, RotationInputs, Schedule};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::shared_outputs::SharedOutputs;
use crate::delivery::{DeliveryInputs, DeliveryOutputs};

/// The specification of the resource of one system.
pub(super) fn of<S: RotatingResource>(capability: &Capability) -> ResourceSpec {
    let inputs = ObjectSchema::of::<S::Args>().merge(offered(capability)).merge(ObjectSchema::of::<DeliveryInputs>());
    let fields = ObjectSchema::of::<S::Key>();
    let secrets: Vec<_> = fields.names().filter(|name| fields.is_secret(name)).map(str::to_owned).collect();
    let fields = fields.with_note(NULL_SECRET, |name| secrets.iter().any(|secret| secret == name));
    let mut outputs = fields.merge(ObjectSchema::of::<Outputs<S::Key>>()).merge(ObjectSchema::of::<DeliveryOutputs>());
    if capability.tags.is_some() {
        outputs = outputs.merge(ObjectSchema::of::<Tagged>());
    }
    let mut spec = ResourceSpec::new(S::TOKEN, S::DOCS, inputs, outputs);
    spec.list_inputs = Some(identity::<S>());
    spec
}

const NULL_SECRET: &str = "Null with `keepSecretInState: false`, and while it is not known, as after an import without it, until the next rotation.";

/// The inputs that name the principal: those whose change replaces the resource, but for what the system says itself.
pub(super) fn identity<S: RotatingResource>() -> ObjectSchema {
    let all = ObjectSchema::of::<S::Args>();
    let names = all.clone();
    all.only(|name| names.replaces(name) && !S::REPLACE_ON.contains(&name))
}

/// The inputs of every rotating resource, and of `retirement` only what the system can do. Check tells whoever asks for more
/// which part the system cannot do.
fn offered(capability: &Capability) -> ObjectSchema {
    let all = ObjectSchema::of::<RotationInputs>();
    let all = if capability.lists_all { all } else { all.only(|name| name != "adopt") };
    let all = if capability.quota.is_none() { all.only(|name| name != "whenQuotaReached") } else { all };
    match capability {
        Capability { tells_last_use: true, .. } => all,
        Capability { disables: true, .. } => all.merge(ObjectSchema::of::<Soaking>()),
        _ => all.merge(ObjectSchema::of::<Confirming>()),
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made: inputs are read as those of every system")]
struct Soaking {
    /// What must be true before a superseded key is removed, beyond its overlap.
    retirement: Option<RetirementBySoak>,
}

/// What must be true before a superseded key is removed, beyond its overlap, where nobody tells when a key was last used.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
struct RetirementBySoak {
    /// Disable the key first, which can be undone, and remove it this much later, as a duration. Default: no time between the two.
    soak: Option<String>,
    /// The `generation` that every consumer is known to use. With it, previous keys are deleted only once it equals the output `generation`.
    /// Default: the overlap alone decides.
    confirmed_generation: Option<u64>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made: inputs are read as those of every system")]
struct Confirming {
    /// What must be true before a superseded key is removed, beyond its overlap.
    retirement: Option<RetirementByConfirmation>,
}

/// What must be true before a superseded key is removed, beyond its overlap, where keys can only be deleted.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
struct RetirementByConfirmation {
    /// The `generation` that every consumer is known to use. With it, previous keys are deleted only once it equals the output `generation`.
    /// Default: the overlap alone decides.
    confirmed_generation: Option<u64>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made: outputs are written by outputs.rs")]
struct Outputs<K> {
    /// Counts the keys of this resource: 1 for the first.
    generation: u64,
    /// The key to use. Its fields also stand at the top level of the resource.
    current: Generation<K>,
    /// The previous key, until it is deleted. All fields are null when there is none.
    previous: Previous<K>,
    /// The id of the previous key in the system; null when there is none.
    previous_key_id: Option<String>,
    /// When things are due, as the plugin computed it from inputs and time. `ignoreChanges: ["schedule"]` stops rotation by time.
    schedule: Schedule,
    /// When a new period will ask for a rotation, in RFC 3339; null without `rotationPeriod`.
    next_rotation_at: Option<String>,
    /// The first time at which `pulumi up` deletes the previous key, in RFC 3339; null when there is none.
    previous_retires_at: Option<String>,
    /// Keys on the same principal that this resource does not manage, as of the last `pulumi up` or refresh.
    foreign_keys: Vec<ForeignKey>,
    /// Warnings that need attention; empty when there are none.
    warnings: Vec<String>,
    /// The id of the account that holds the keys: AWS account, OCI tenancy, Confluent organization, or Vault cluster with its namespace.
    /// Null until the plugin found a key of this resource there.
    account: Option<String>,
    /// The last 20 events of this resource's keys, the oldest first.
    history: Vec<HistoryEvent>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made: outputs are written by rotating/mod.rs")]
struct Tagged {
    /// The names of the two tags that mark the principal as managed by this resource. Whatever else manages its tags must leave these alone.
    ownership_tags: Vec<String>,
}

/// What a retirement or a rotation changes beside the keys' own fields.
pub(super) const PREVIOUS: [&str; 3] = ["previous", "previousKeyId", "previousRetiresAt"];

/// A key on the same principal that this resource does not manage.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
struct ForeignKey {
    /// The key's id in its system.
    id: String,
    /// When the system says that it was made, in RFC 3339.
    created_at: String,
    /// Whether it works.
    status: KeyStatus,
}

/// What every key has beside the fields of its system.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
struct Common {
    /// The key's id in its system.
    id: String,
    /// Which key of this resource it is, from 1.
    generation: u64,
    /// When the system says that it was made, in RFC 3339.
    created_at: String,
    /// When it had been accepted as often as `verification` asks, in RFC 3339; null if it was not verified.
    verified_at: Option<String>,
    /// Whether it works, as last seen.
    status: KeyStatus,
    /// When another key took its place, in RFC 3339; null for the current key.
    superseded_at: Option<String>,
}

/// One key: what every key has, and the fields of its system. It carries the name of the system's type.
struct Generation<K>(std::marker::PhantomData<K>);

impl<K: JsonSchema> JsonSchema for Generation<K> {
    fn schema_name() -> Cow<'static, str> {
        K::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("generation of {}", K::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = K::json_schema(generator);
        let shared_outputs = SharedOutputs::in_schema(&schema);
        leave_out(&mut schema, shared_outputs.names());
        do_not_require_secrets(&mut schema);
        let common = Common::json_schema(generator);
        merge(&mut schema, &common, "properties");
        merge(&mut schema, &common, "required");
        schema
    }
}

/// The same for a key that may not be there, with a name of its own: none of its fields is required.
struct Previous<K>(std::marker::PhantomData<K>);

impl<K: JsonSchema> JsonSchema for Previous<K> {
    fn schema_name() -> Cow<'static, str> {
        format!("Previous{}", K::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("previous of {}", K::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Generation::<K>::json_schema(generator);
        let name = schema.get("x-name").and_then(Value::as_str).map(|name| format!("Previous{name}"));
        if let Some(name) = name {
            schema.insert("x-name".to_owned(), name.into());
        }
        let description = "The key before the current one, while it lives. All fields are null when there is none.";
        schema.insert("description".to_owned(), description.into());
        schema.remove("required");
        schema
    }
}

/// Secrets are not always known, so that the type of a key does not promise them: they are null after an import without the secret, until
/// the next rotation.
fn do_not_require_secrets(schema: &mut Schema) {
    let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let is_secret = |name: &str| fields.get(name).is_some_and(|field| field.get("x-secret").is_some());
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !name.as_str().is_some_and(is_secret));
    }
}

fn leave_out(schema: &mut Schema, names: &[String]) {
    let is_kept = |name: &str| !names.iter().any(|left_out| left_out == name);
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        fields.retain(|name, _| is_kept(name));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str().is_none_or(is_kept));
    }
}

fn merge(into: &mut Schema, from: &Schema, name: &str) {
    let added = from.get(name).cloned().unwrap_or_default();
    match (into.ensure_object().get_mut(name), added) {
        (Some(Value::Object(own)), Value::Object(added)) => own.extend(added),
        (Some(Value::Array(own)), Value::Array(added)) => own.extend(added),
        _ => {}
    }
}
