use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use super::managed::{Action, Managed, Saved, Step};
use super::messages::{failures, send};
use super::problem::{Problem, left_behind};
use crate::value::{Object, Value};
use crate::wire;

/// The calls of a step, and the rules that their answers must keep.
impl Managed {
    pub(super) async fn check(&mut self, olds: Object, news: Object) -> Result<Object, Problem> {
        let request = rpc::CheckRequest {
            urn: self.urn.to_string(),
            olds: Some(send(olds)?),
            news: Some(send(news)?),
            random_seed: vec![7; 32],
            ..Default::default()
        };
        let checked = self.client.check(request).await?.into_inner();
        if !checked.failures.is_empty() {
            return Err(Problem::Refused(failures(checked.failures)));
        }
        received(checked.inputs, "Check answered no inputs")
    }

    pub(super) async fn diff(&mut self, saved: &Saved, checked: &Object) -> Result<rpc::DiffResponse, Problem> {
        let request = rpc::DiffRequest {
            id: saved.id.clone(),
            urn: self.urn.to_string(),
            olds: Some(send(saved.outputs.clone())?),
            old_inputs: Some(send(saved.inputs.clone())?),
            news: Some(send(checked.clone())?),
            ignore_changes: self.ignore_changes.clone(),
            ..Default::default()
        };
        Ok(self.client.diff(request).await?.into_inner())
    }

    pub(super) async fn create(
        &mut self,
        inputs: Object,
        preview: bool,
        action: Action,
        changed: Vec<String>,
    ) -> Result<Step, Problem> {
        let request = rpc::CreateRequest {
            urn: self.urn.to_string(),
            properties: Some(send(inputs.clone())?),
            timeout: self.timeout,
            preview,
            ..Default::default()
        };
        let created = match self.client.create(request).await {
            Ok(created) => created.into_inner(),
            Err(status) => return Err(self.partial(status, &inputs)),
        };
        let outputs = received(created.properties, "Create answered no properties")?;
        if !preview {
            known(&outputs)?;
            if created.id.is_empty() {
                return Problem::broken("Create answered no id");
            }
            let saved = Saved { id: created.id, inputs: inputs.clone(), outputs: outputs.clone(), init_errors: vec![] };
            self.saved = Some(saved);
        }
        Ok(Step { action, changed, inputs, outputs })
    }

    pub(super) async fn update(
        &mut self,
        saved: Saved,
        inputs: Object,
        preview: bool,
        changed: Vec<String>,
    ) -> Result<Step, Problem> {
        let request = rpc::UpdateRequest {
            id: saved.id.clone(),
            urn: self.urn.to_string(),
            olds: Some(send(saved.outputs)?),
            old_inputs: Some(send(saved.inputs.clone())?),
            news: Some(send(inputs.clone())?),
            timeout: self.timeout,
            ignore_changes: self.ignore_changes.clone(),
            preview,
            ..Default::default()
        };
        let updated = match self.client.update(request).await {
            Ok(updated) => updated.into_inner(),
            Err(status) => return Err(self.partial(status, &saved.inputs)),
        };
        let outputs = received(updated.properties, "Update answered no properties")?;
        if !preview {
            known(&outputs)?;
            let saved = Saved { id: saved.id, inputs: inputs.clone(), outputs: outputs.clone(), init_errors: vec![] };
            self.saved = Some(saved);
        }
        Ok(Step { action: Action::Update, changed, inputs, outputs })
    }

    pub(super) async fn read(
        &mut self,
        id: String,
        inputs: Option<prost_types::Struct>,
        properties: Option<prost_types::Struct>,
        old_inputs: Object,
    ) -> Result<(), Problem> {
        let urn = self.urn.to_string();
        let request = rpc::ReadRequest { id, urn, inputs, properties, timeout: self.timeout, ..Default::default() };
        let found = match self.client.read(request).await {
            Ok(found) => found.into_inner(),
            Err(status) => return Err(self.partial(status, &old_inputs)),
        };
        match (found.id.is_empty(), found.properties, found.inputs) {
            (true, None, None) => self.saved = None,
            (false, properties @ Some(_), inputs @ Some(_)) => {
                let (outputs, inputs) = (received(properties, "")?, received(inputs, "")?);
                known(&outputs)?;
                known(&inputs)?;
                self.saved = Some(Saved { id: found.id, inputs, outputs, init_errors: vec![] });
            }
            _ => return Problem::broken("Read answered neither a whole resource nor the empty response"),
        }
        Ok(())
    }

    pub(super) async fn delete(&mut self, saved: Saved) -> Result<(), Problem> {
        let request = rpc::DeleteRequest {
            id: saved.id,
            urn: self.urn.to_string(),
            properties: Some(send(saved.outputs)?),
            old_inputs: Some(send(saved.inputs)?),
            timeout: self.timeout,
            ..Default::default()
        };
        self.client.delete(request).await?;
        Ok(())
    }

    /// Saves what the engine would save of a partial failure: after an update the old inputs.
    fn partial(&mut self, status: Status, inputs: &Object) -> Problem {
        let save = |left: rpc::ErrorResourceInitFailed| {
            let outputs = received(left.properties, "a partial failure without properties")?;
            known(&outputs)?;
            let inputs = left.inputs.map(|read| received(Some(read), "")).transpose()?;
            Ok((left.id, outputs, inputs, left.reasons))
        };
        match left_behind(&status).and_then(|left| left.map(save).transpose()) {
            Err(problem) => problem,
            Ok(None) => Problem::Failed(status),
            Ok(Some((id, outputs, read_inputs, reasons))) => {
                let inputs = read_inputs.unwrap_or_else(|| inputs.clone());
                self.saved = Some(Saved { id, inputs, outputs, init_errors: reasons.clone() });
                Problem::Partial { status, reasons }
            }
        }
    }
}

fn received(wire: Option<prost_types::Struct>, missing: &str) -> Result<Object, Problem> {
    let Some(wire) = wire else {
        return Problem::broken(missing);
    };
    wire::from_struct(wire).map_err(|error| Problem::Protocol(error.to_string()))
}

fn known(object: &Object) -> Result<(), Problem> {
    match object.values().any(Value::contains_unknown) {
        true => Problem::broken("a real run answered an unknown value"),
        false => Ok(()),
    }
}
