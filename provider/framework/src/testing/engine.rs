use std::sync::{Arc, Mutex, PoisonError};

use pulumi_proto::pulumirpc as rpc;
use pulumi_proto::pulumirpc::engine_server::Engine;
use tonic::{Request, Response, Status, async_trait};

/// A message that reached the engine, as the user would read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// `DEBUG`, `INFO`, `WARNING` or `ERROR`.
    pub severity: String,
    /// The URN of the resource; empty for a message about the provider.
    pub urn: String,
    /// The text.
    pub message: String,
}

/// An engine that only keeps what it is told.
#[derive(Clone, Default)]
pub(super) struct Listener(Arc<Mutex<Vec<Logged>>>);

impl Listener {
    pub(super) fn heard(&self) -> Vec<Logged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Engine for Listener {
    async fn log(&self, request: Request<rpc::LogRequest>) -> Result<Response<()>, Status> {
        let request = request.into_inner();
        let severity = request.severity().as_str_name().to_owned();
        let logged = Logged { severity, urn: request.urn, message: request.message };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(logged);
        Ok(Response::new(()))
    }

    async fn get_root_resource(
        &self,
        _: Request<rpc::GetRootResourceRequest>,
    ) -> Result<Response<rpc::GetRootResourceResponse>, Status> {
        Err(Status::unimplemented("only messages are listened to"))
    }

    async fn set_root_resource(
        &self,
        _: Request<rpc::SetRootResourceRequest>,
    ) -> Result<Response<rpc::SetRootResourceResponse>, Status> {
        Err(Status::unimplemented("only messages are listened to"))
    }

    async fn start_debugging(&self, _: Request<rpc::StartDebuggingRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented("only messages are listened to"))
    }

    async fn require_pulumi_version(
        &self,
        _: Request<rpc::RequirePulumiVersionRequest>,
    ) -> Result<Response<rpc::RequirePulumiVersionResponse>, Status> {
        Err(Status::unimplemented("only messages are listened to"))
    }
}
