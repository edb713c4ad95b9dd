use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use super::Service;
use super::answers::preview;
use super::check::{diff_on_wire, read_or_empty};
use super::failures::{failed, on_wire};
use crate::diff::{self, Diff, PropertyChange};
use crate::provider::{ConfigureError, MissingKey};
use crate::redact::Redactor;
use crate::schema::ObjectSchema;
use crate::status;
use crate::value::{Object, Value};

/// Keys that the engine puts among a provider's inputs, and that are none of its configuration.
const ENGINE_KEYS: [&str; 2] = ["version", "pluginDownloadURL"];

impl Service {
    /// The inputs go back as they came, so that nothing is added to the state; what the schema marks secret is
    /// wrapped, and so is all of a JSON text that holds a secret.
    pub(super) fn do_check_config(&self, request: rpc::CheckRequest) -> Result<rpc::CheckResponse, Status> {
        let mut inputs = read_or_empty(request.news)?;
        let config = self.typed_config(&inputs);
        for (key, value) in &mut inputs {
            if config.get(key).is_some_and(Value::contains_secret) && !value.contains_secret() {
                *value = Value::secret(std::mem::replace(value, Value::Null));
            }
        }
        let failures = on_wire(self.provider().check_config(&config), &config);
        Ok(rpc::CheckResponse { inputs: Some(preview(inputs)?), failures })
    }

    /// Any known change is an update, so that new credentials are taken; only what decides identity replaces.
    pub(super) fn do_diff_config(&self, request: rpc::DiffRequest) -> Result<rpc::DiffResponse, Status> {
        let applied = read_or_empty(request.olds.or(request.old_inputs))?;
        let old = self.typed_config(&applied);
        let new = self.typed_config(&read_or_empty(request.news)?);
        let top = |change: PropertyChange| {
            let name = change.path.top().unwrap_or_default().to_owned();
            let known = !new.get(&name).is_some_and(Value::contains_unknown);
            let replace = change.replace && known;
            PropertyChange { path: name.as_str().into(), kind: change.kind, replace, input: true }
        };
        let changes = diff::inputs(&old, &new, self.config_schema());
        Ok(diff_on_wire(&Diff::of(changes.into_iter().map(top).collect())))
    }

    pub(super) fn do_configure(&self, request: rpc::ConfigureRequest) -> Result<rpc::ConfigureResponse, Status> {
        self.session().begin(None);
        let config = self.typed_config(&read_or_empty(request.args)?);
        let secrets = Redactor::of([&config]);
        let missing = missing_keys(self.config_schema(), &config);
        let configured = match missing.is_empty() {
            true => self.provider().configure(config),
            false => Err(ConfigureError::MissingKeys(missing)),
        };
        match configured {
            Ok(()) => Ok(rpc::ConfigureResponse {
                accept_secrets: true,
                supports_preview: true,
                accept_resources: true,
                accept_outputs: true,
                supports_autonaming_configuration: self.provider().obeys_autonaming(),
            }),
            Err(ConfigureError::MissingKeys(keys)) => Err(status::missing_keys(self.provider().name(), &keys)),
            Err(ConfigureError::Failed(error)) => Err(failed(&error, &secrets)),
        }
    }

    fn config_schema(&self) -> &ObjectSchema {
        self.registry().config(self.provider())
    }

    /// The configuration with JSON texts read, secrets wrapped and the engine's own keys left out.
    fn typed_config(&self, inputs: &Object) -> Object {
        let schema = self.config_schema();
        let mut config = inputs.clone();
        config.retain(|key, _| !ENGINE_KEYS.contains(&key.as_str()) || schema.root().has(key));
        schema.read_json_texts(&mut config);
        schema.wrap_secrets(&mut config);
        config
    }
}

fn missing_keys(schema: &ObjectSchema, config: &Object) -> Vec<MissingKey> {
    let absent = |name: &str| config.get(name).is_none_or(Value::is_null);
    let missing = schema.root().fields.iter().filter(|(name, field)| field.required && absent(name));
    missing.map(|(name, field)| MissingKey { name: name.clone(), description: field.description.clone() }).collect()
}
