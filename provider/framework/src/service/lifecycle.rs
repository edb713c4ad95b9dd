use std::sync::Arc;

use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use super::Service;
use super::answers::{
    complete, complete_all, failure, keep_secrets, keep_wrappers, no_id, preview, preview_outputs, real, saved_without,
};
use super::check::{read, read_or_empty, stored};
use super::failures::{cleaned, failed};
use super::registry::Entry;
use super::session::Call;
use crate::redact::Redactor;
use crate::resource::{CreateRequest, Created, DeleteRequest, Failure, Found, ReadRequest, UpdateRequest, Urn};
use crate::status;
use crate::value::Object;

impl Service {
    pub(super) async fn do_create(&self, request: rpc::CreateRequest) -> Result<rpc::CreateResponse, Status> {
        let (entry, call) = self.begin("Create", &request.urn, request.timeout)?;
        let inputs = read_or_empty(request.properties)?;
        let (preview, sent) = (request.preview, inputs.clone());
        let call = call.hiding([&inputs]);
        let create = CreateRequest { urn: call.urn.clone(), inputs, preview, timeout: call.timeout };
        let resource = Arc::clone(&entry.resource);
        let created = self.run(call, |context| async move { resource.create(create, &context).await }).await?;
        match created {
            Ok(created) if preview => foretold(&entry, created, &sent),
            Ok(created) => made(&entry, created, &sent),
            Err(stopped) => Err(left_behind(&entry, without_inputs(stopped), &sent, &[&sent])),
        }
    }

    pub(super) async fn do_update(&self, request: rpc::UpdateRequest) -> Result<rpc::UpdateResponse, Status> {
        let (entry, call) = self.begin("Update", &request.urn, request.timeout)?;
        let (id, preview_only) = (request.id.clone(), request.preview);
        let update = update_request(request, &entry, &call)?;
        let (sent, state) = (update.inputs.clone(), update.state.clone());
        let call = call.hiding([&sent, &state]);
        let resource = Arc::clone(&entry.resource);
        let updated = self.run(call, |context| async move { resource.update(update, &context).await }).await?;
        let mut outputs = updated.map_err(|stopped| {
            left_behind(&entry, of_resource(without_inputs(stopped), &id), &sent, &[&sent, &state])
        })?;
        keep_wrappers(&mut outputs, &state);
        let refresh_before_update = entry.resource.refreshes_before_update();
        if preview_only {
            complete(&entry, &mut outputs, &sent);
            preview_outputs(&entry, &mut outputs, false);
            return Ok(rpc::UpdateResponse { properties: Some(preview(outputs)?), refresh_before_update });
        }
        complete_all(&entry, &mut outputs, &sent);
        let (properties, stripped) = real(outputs)?;
        if !stripped.is_empty() {
            return Err(saved_without(&stripped, id, properties));
        }
        Ok(rpc::UpdateResponse { properties: Some(properties), refresh_before_update })
    }

    /// Three answers: it exists (id, inputs and outputs), it is gone (the empty response), or an error.
    pub(super) async fn do_read(&self, request: rpc::ReadRequest) -> Result<rpc::ReadResponse, Status> {
        let (entry, call) = self.begin("Read", &request.urn, request.timeout)?;
        let read = ReadRequest {
            urn: call.urn.clone(),
            id: request.id,
            inputs: request.inputs.map(read).transpose()?,
            state: request.properties.map(|properties| stored(&entry, Some(properties))).transpose()?,
            timeout: call.timeout,
        };
        let (inputs, state) = (read.inputs.clone().unwrap_or_default(), read.state.clone().unwrap_or_default());
        let call = call.hiding([&inputs, &state]);
        let resource = Arc::clone(&entry.resource);
        let found = self.run(call, |context| async move { resource.read(read, &context).await }).await?;
        match found {
            Ok(None) => Ok(rpc::ReadResponse::default()),
            Ok(Some(found)) => exists(&entry, found, &inputs, &state),
            Err(stopped) => Err(left_behind(&entry, stopped, &inputs, &[&inputs, &state])),
        }
    }

    /// The engine saves nothing of a Delete that fails, so nothing but the error is told.
    pub(super) async fn do_delete(&self, request: rpc::DeleteRequest) -> Result<(), Status> {
        let (entry, call) = self.begin("Delete", &request.urn, request.timeout)?;
        let state = stored(&entry, request.properties)?;
        let old_inputs = request.old_inputs.map(read).transpose()?;
        let secrets = Redactor::of([&state]);
        let call = call.hiding([&state]);
        let delete = DeleteRequest {
            urn: call.urn.clone(),
            id: request.id,
            old_inputs: old_inputs.unwrap_or_else(|| state.clone()),
            state,
            timeout: call.timeout,
        };
        let resource = Arc::clone(&entry.resource);
        let deleted = self.run(call, |context| async move { resource.delete(delete, &context).await }).await?;
        deleted.map_err(|stopped| failed(stopped.error(), &secrets))
    }

    fn begin(&self, name: &'static str, urn: &str, timeout: f64) -> Result<(Arc<Entry>, Call), Status> {
        let urn = Urn::new(urn);
        let entry = self.registry().resource(self.provider(), &urn)?;
        Ok((Arc::clone(entry), Call::new(name, urn).limited_to(timeout)))
    }
}

/// Only Read may change what the inputs are.
fn without_inputs(mut stopped: Failure) -> Failure {
    if let Failure::Partial(partial) = &mut stopped {
        partial.inputs = None;
    }
    stopped
}

/// A resource keeps its id for life.
fn of_resource(mut stopped: Failure, id: &str) -> Failure {
    if let Failure::Partial(partial) = &mut stopped {
        id.clone_into(&mut partial.id);
    }
    stopped
}

fn update_request(request: rpc::UpdateRequest, entry: &Entry, call: &Call) -> Result<UpdateRequest, Status> {
    let state = stored(entry, request.olds)?;
    let old_inputs = request.old_inputs.map(read).transpose()?;
    Ok(UpdateRequest {
        urn: call.urn.clone(),
        id: request.id,
        old_inputs: old_inputs.unwrap_or_else(|| state.clone()),
        state,
        inputs: read_or_empty(request.news)?,
        preview: request.preview,
        timeout: call.timeout,
        ignore_changes: request.ignore_changes,
    })
}

fn foretold(entry: &Entry, created: Created, inputs: &Object) -> Result<rpc::CreateResponse, Status> {
    let mut outputs = created.outputs;
    complete(entry, &mut outputs, inputs);
    preview_outputs(entry, &mut outputs, true);
    Ok(rpc::CreateResponse { properties: Some(preview(outputs)?), ..Default::default() })
}

fn made(entry: &Entry, created: Created, inputs: &Object) -> Result<rpc::CreateResponse, Status> {
    if created.id.is_empty() {
        return Err(status::error(&no_id()));
    }
    let mut outputs = created.outputs;
    complete_all(entry, &mut outputs, inputs);
    let (properties, stripped) = real(outputs)?;
    if !stripped.is_empty() {
        return Err(saved_without(&stripped, created.id, properties));
    }
    let refresh_before_update = created.refresh_before_update || entry.resource.refreshes_before_update();
    Ok(rpc::CreateResponse { id: created.id, properties: Some(properties), refresh_before_update })
}

fn exists(entry: &Entry, found: Found, inputs: &Object, state: &Object) -> Result<rpc::ReadResponse, Status> {
    if found.id.is_empty() {
        return Err(status::error(&no_id()));
    }
    let mut read_inputs = found.inputs;
    keep_secrets(&mut read_inputs, inputs);
    entry.inputs.wrap_secrets(&mut read_inputs);
    let mut outputs = found.outputs;
    keep_wrappers(&mut outputs, state);
    complete_all(entry, &mut outputs, &read_inputs);
    let (properties, mut stripped) = real(outputs)?;
    let (written_inputs, more) = real(read_inputs)?;
    stripped.extend(more);
    if !stripped.is_empty() {
        return Err(saved_without(&stripped, found.id, properties));
    }
    Ok(rpc::ReadResponse {
        id: found.id,
        properties: Some(properties),
        inputs: Some(written_inputs),
        refresh_before_update: found.refresh_before_update || entry.resource.refreshes_before_update(),
    })
}

/// The status of a call that failed. What it leaves behind is completed as an answer would be.
fn left_behind(entry: &Entry, stopped: Failure, inputs: &Object, secrets: &[&Object]) -> Status {
    let mut redactor = Redactor::of(secrets.iter().copied());
    let mut stopped = stopped;
    if let Failure::Partial(partial) = &mut stopped {
        partial.refresh_before_update |= entry.resource.refreshes_before_update();
        for known in secrets {
            keep_wrappers(&mut partial.outputs, known);
        }
        complete_all(entry, &mut partial.outputs, inputs);
        if let Some(read_inputs) = &mut partial.inputs {
            keep_secrets(read_inputs, inputs);
            entry.inputs.wrap_secrets(read_inputs);
        }
    }
    failure(cleaned(stopped, &entry.outputs, &mut redactor), &entry.outputs)
}
