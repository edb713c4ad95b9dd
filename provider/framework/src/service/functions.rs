use std::sync::Arc;

use futures::{StreamExt, stream};
use pulumi_proto::pulumirpc as rpc;
use rpc::list_response::{Computed, Continuation, Response, Result as Listing};
use tonic::Status;

use super::answers::real;
use super::check::read_or_empty;
use super::failures::{failed, on_wire};
use super::session::Call;
use super::{ListStream, Service};
use crate::redact::Redactor;
use crate::resource::{Code, Error, InvokeFailure, InvokeRequest, ListRequest, Listed, Urn};
use crate::status;
use crate::value::Value;

impl Service {
    pub(super) async fn do_invoke(&self, request: rpc::InvokeRequest) -> Result<rpc::InvokeResponse, Status> {
        let entry = Arc::clone(self.registry().function(self.provider(), &request.tok)?);
        let arguments = read_or_empty(request.args)?;
        let (given, call) = (arguments.clone(), Call::new("the function", Urn::default()).hiding([&arguments]));
        let invoke = InvokeRequest { arguments, preview: request.preview };
        let function = Arc::clone(&entry.function);
        let answer = self.run(call, |context| async move { function.invoke(invoke, &context).await }).await?;
        let mut outputs = match answer {
            Ok(outputs) => outputs,
            Err(InvokeFailure::Arguments(failures)) => {
                return Ok(rpc::InvokeResponse { failures: on_wire(failures, &given), ..Default::default() });
            }
            Err(InvokeFailure::Failed(error)) => return Err(failed(&error, &Redactor::of([&given]))),
        };
        entry.outputs.wrap_secrets(&mut outputs);
        let (answer, stripped) = real(outputs)?;
        match stripped.first() {
            None => Ok(rpc::InvokeResponse { r#return: Some(answer), failures: Vec::new() }),
            Some(error) => Err(Status::internal(format!("a defect of the provider: the answer's {error}"))),
        }
    }

    pub(super) async fn do_list(&self, request: rpc::ListRequest) -> Result<ListStream, Status> {
        let entry = Arc::clone(self.registry().resource_by_token(self.provider(), &request.token)?);
        if !entry.lists {
            return Err(status::error(&Error::new(Code::Unimplemented, "this resource cannot be listed")));
        }
        let query = read_or_empty(request.query)?;
        if query.values().any(Value::contains_unknown) {
            return Ok(streamed(vec![Response::Computed(Computed {})]));
        }
        let secrets = Redactor::of([&query]);
        let list = ListRequest {
            query,
            limit: u64::try_from(request.limit).ok().filter(|limit| *limit > 0),
            page_size: u64::try_from(request.page_size).ok().filter(|size| *size > 0),
            continuation: Some(request.continuation_token).filter(|token| !token.is_empty()),
        };
        let limit = list.limit.and_then(|limit| usize::try_from(limit).ok());
        let call = Call::new("List", Urn::default());
        let resource = Arc::clone(&entry.resource);
        let listed = self.run(call, |context| async move { resource.list(list, &context).await }).await?;
        let listed = listed.map_err(|error| failed(&error, &secrets))?;
        Ok(streamed(responses(listed, limit)))
    }
}

/// The resources, and then where to go on.
fn responses(listed: Listed, limit: Option<usize>) -> Vec<Response> {
    let each = listed.resources.into_iter().map(|(name, id)| Response::Result(Listing { id, name }));
    let rest = listed.continuation.filter(|token| !token.is_empty());
    let rest = rest.map(|continuation_token| Response::Continuation(Continuation { continuation_token }));
    each.take(limit.unwrap_or(usize::MAX)).chain(rest).collect()
}

fn streamed(responses: Vec<Response>) -> ListStream {
    let wrap = |response| Ok(rpc::ListResponse { response: Some(response) });
    stream::iter(responses).map(wrap).boxed()
}
