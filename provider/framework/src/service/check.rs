use std::collections::{BTreeSet, HashMap};

use prost_types::Struct;
use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use super::Service;
use super::answers::{keep_secrets, preview};
use super::failures::{failed, on_wire, unreadable};
use super::registry::Entry;
use crate::diff::{ChangeKind, Diff};
use crate::redact::Redactor;
use crate::resource::{Autonaming, AutonamingMode, CheckRequest, Checked, DiffRequest, Urn};
use crate::schema::ObjectSchema;
use crate::value::Object;
use crate::wire;

impl Service {
    /// Answers the inputs, and what the user should hear about them.
    pub(super) fn do_check(&self, request: rpc::CheckRequest) -> Result<(rpc::CheckResponse, Vec<String>), Status> {
        let urn = Urn::new(request.urn);
        let entry = self.registry().resource(self.provider(), &urn)?;
        let request = CheckRequest {
            urn,
            old_inputs: request.olds.filter(|olds| !olds.fields.is_empty()).map(read).transpose()?,
            state: request.old_outputs.map(read).transpose()?,
            inputs: read_or_empty(request.news)?,
            random_seed: request.random_seed,
            autonaming: request.autonaming.map(autonaming),
        };
        let checked =
            entry.resource.check(&request).map_err(|error| failed(&error, &Redactor::of([&request.inputs])))?;
        let Checked { mut inputs, failures, mut warnings } = checked;
        keep_secrets(&mut inputs, &request.inputs);
        entry.inputs.wrap_secrets(&mut inputs);
        let mut failing = Vec::new();
        if !failures.is_empty() || !warnings.is_empty() {
            let mut given = request.inputs;
            entry.inputs.wrap_secrets(&mut given);
            let redactor = Redactor::of([&given]);
            warnings.iter_mut().for_each(|warning| *warning = redactor.redact(warning));
            failing = on_wire(failures, &given);
        }
        let inputs = Some(preview(inputs)?);
        Ok((rpc::CheckResponse { inputs, failures: failing }, warnings))
    }

    /// Answers what changed, and what the user should hear about the state.
    pub(super) fn do_diff(&self, request: rpc::DiffRequest) -> Result<(rpc::DiffResponse, Vec<String>), Status> {
        let urn = Urn::new(request.urn);
        let entry = self.registry().resource(self.provider(), &urn)?;
        let state = stored(entry, request.olds)?;
        let old_inputs = request.old_inputs.map(read).transpose()?;
        let inputs = read_or_empty(request.news)?;
        let request = DiffRequest {
            urn,
            id: request.id,
            old_inputs: old_inputs.unwrap_or_else(|| echoed(&state, &inputs, &entry.inputs)),
            state,
            inputs,
            ignore_changes: request.ignore_changes,
        };
        let secrets = || Redactor::of([&request.old_inputs, &request.state, &request.inputs]);
        let mut diff = entry.resource.diff(&request).map_err(|error| failed(&error, &secrets()))?;
        let mut warnings = std::mem::take(&mut diff.warnings);
        if !warnings.is_empty() {
            let redactor = secrets();
            warnings.iter_mut().for_each(|warning| *warning = redactor.redact(warning));
        }
        Ok((diff_on_wire(&diff), warnings))
    }
}

/// The inputs among the outputs, for an engine that does not send them apart: those of the schema, and what Check adds.
fn echoed(state: &Object, inputs: &Object, schema: &ObjectSchema) -> Object {
    let own = state.iter().filter(|(name, _)| schema.root().has(name) || inputs.contains_key(*name));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(super) fn read(wire: Struct) -> Result<Object, Status> {
    wire::from_struct(wire).map_err(|error| unreadable(&error))
}

pub(super) fn read_or_empty(wire: Option<Struct>) -> Result<Object, Status> {
    wire.map(read).transpose().map(Option::unwrap_or_default)
}

/// Outputs as they were saved, with secrets where the types have them.
pub(super) fn stored(entry: &Entry, properties: Option<Struct>) -> Result<Object, Status> {
    let mut state = read_or_empty(properties)?;
    entry.outputs.unseal(&mut state);
    Ok(state)
}

/// A diff as the wire has it. Detail is left out where only outputs are the cause: the engine would
/// show them as deleted.
pub(super) fn diff_on_wire(diff: &Diff) -> rpc::DiffResponse {
    use rpc::diff_response::DiffChanges;
    let changes = if diff.is_empty() { DiffChanges::DiffNone } else { DiffChanges::DiffSome };
    let replacing = diff.changes.iter().filter(|change| change.replace);
    let tops: BTreeSet<&str> = diff.changes.iter().filter_map(|change| change.path.top()).collect();
    let mut replaces: BTreeSet<&str> = replacing.filter_map(|change| change.path.top()).collect();
    replaces.extend(diff.force_replace.iter().map(String::as_str));
    let detailed_diff = detail(diff);
    rpc::DiffResponse {
        changes: changes.into(),
        diffs: tops.union(&replaces).map(|&top| top.to_owned()).collect(),
        replaces: replaces.into_iter().map(str::to_owned).collect(),
        delete_before_replace: diff.delete_before_replace && diff.replaces(),
        has_detailed_diff: !detailed_diff.is_empty(),
        detailed_diff,
        ..Default::default()
    }
}

/// The changes by their paths; none if any cause of a replacement is not among them, or if a path
/// cannot be written.
fn detail(diff: &Diff) -> HashMap<String, rpc::PropertyDiff> {
    let mut detail: HashMap<String, rpc::PropertyDiff> = HashMap::new();
    if !diff.force_replace.is_empty() {
        return detail;
    }
    for change in &diff.changes {
        let path = change.path.to_string();
        if path.is_empty() {
            return HashMap::new();
        }
        let same_place = detail.get(&path).map(|before| replacing(before.kind()));
        let replace = change.replace || same_place.unwrap_or(false);
        let kind = if same_place.is_some() { ChangeKind::Update } else { change.kind };
        detail.insert(path, rpc::PropertyDiff { kind: kind_on_wire(kind, replace).into(), input_diff: change.input });
    }
    detail
}

fn kind_on_wire(kind: ChangeKind, replace: bool) -> rpc::property_diff::Kind {
    use rpc::property_diff::Kind;
    match (kind, replace) {
        (ChangeKind::Add, false) => Kind::Add,
        (ChangeKind::Add, true) => Kind::AddReplace,
        (ChangeKind::Update, false) => Kind::Update,
        (ChangeKind::Update, true) => Kind::UpdateReplace,
        (ChangeKind::Delete, false) => Kind::Delete,
        (ChangeKind::Delete, true) => Kind::DeleteReplace,
    }
}

fn replacing(kind: rpc::property_diff::Kind) -> bool {
    use rpc::property_diff::Kind;
    matches!(kind, Kind::AddReplace | Kind::UpdateReplace | Kind::DeleteReplace)
}

fn autonaming(options: rpc::check_request::AutonamingOptions) -> Autonaming {
    use rpc::check_request::autonaming_options::Mode;
    let mode = match options.mode() {
        Mode::Propose => AutonamingMode::Propose,
        Mode::Enforce => AutonamingMode::Enforce,
        Mode::Disable => AutonamingMode::Disable,
    };
    Autonaming { proposed_name: options.proposed_name, mode }
}

#[cfg(test)]
mod tests;
