//! The RPCs of a provider. Every rule of the protocol that a resource could break is
//! enforced here.

mod answers;
mod check;
mod config;
mod failures;
mod functions;
mod lifecycle;
mod registry;
mod running;
mod session;

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use pulumi_proto::pulumirpc as rpc;
use pulumi_proto::pulumirpc::resource_provider_server::ResourceProvider;
use tonic::{Request, Response, Status, async_trait};

use crate::provider::Provider;
use crate::resource::Urn;
use registry::Registry;
use session::Session;

/// A provider behind the protocol. It is cheap to clone, and all clones share one session.
///
/// A plugin does not need it: [`run`](crate::run) makes one. Use it with
/// [`serve_on`](crate::serve::serve_on) to serve several providers in one process.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    provider: Box<dyn Provider>,
    registry: Registry,
    session: Session,
}

impl Service {
    /// Wraps a provider. Nothing is called on it yet.
    pub fn new(provider: impl Provider) -> Self {
        let provider: Box<dyn Provider> = Box::new(provider);
        Self(Arc::new(Inner { provider, registry: Registry::default(), session: Session::default() }))
    }

    /// Sends messages to the engine at this address from now on, and begins a session. Call it
    /// inside a tokio runtime.
    pub fn attach_to(&self, address: &str) {
        self.0.session.begin(Some(address));
    }

    /// Tells all running calls to stop. It does not wait for them; see
    /// [`finished`](Self::finished).
    pub fn stop(&self) {
        self.0.session.cancel();
    }

    /// Waits until no call is running. Calls that begin afterwards are not waited for.
    pub async fn finished(&self) {
        self.0.session.finished().await;
    }

    pub(crate) async fn close(&self) {
        self.0.provider.close().await;
    }

    fn provider(&self) -> &dyn Provider {
        self.0.provider.as_ref()
    }

    fn registry(&self) -> &Registry {
        &self.0.registry
    }

    fn session(&self) -> &Session {
        &self.0.session
    }
}

type Answer<T> = Result<Response<T>, Status>;
type ListStream = Pin<Box<dyn Stream<Item = Result<rpc::ListResponse, Status>> + Send>>;

#[async_trait]
impl ResourceProvider for Service {
    type ListStream = ListStream;

    async fn handshake(
        &self,
        request: Request<rpc::ProviderHandshakeRequest>,
    ) -> Answer<rpc::ProviderHandshakeResponse> {
        self.attach_to(&request.into_inner().engine_address);
        Ok(Response::new(rpc::ProviderHandshakeResponse {
            accept_secrets: true,
            accept_resources: true,
            accept_outputs: true,
            supports_autonaming_configuration: self.provider().obeys_autonaming(),
            accepts_byte_string: true,
            ..Default::default()
        }))
    }

    async fn attach(&self, request: Request<rpc::PluginAttach>) -> Answer<()> {
        self.attach_to(&request.into_inner().address);
        Ok(Response::new(()))
    }

    async fn get_plugin_info(&self, _: Request<()>) -> Answer<rpc::PluginInfo> {
        Ok(Response::new(rpc::PluginInfo { version: self.provider().version().to_owned() }))
    }

    async fn get_schema(&self, request: Request<rpc::GetSchemaRequest>) -> Answer<rpc::GetSchemaResponse> {
        match request.into_inner().version {
            0 => Ok(Response::new(rpc::GetSchemaResponse { schema: self.provider().schema().into_owned() })),
            other => Err(Status::invalid_argument(format!("there is no schema of version {other}; ask for version 0"))),
        }
    }

    async fn check_config(&self, request: Request<rpc::CheckRequest>) -> Answer<rpc::CheckResponse> {
        self.guarded(|| self.do_check_config(request.into_inner()))
    }

    async fn diff_config(&self, request: Request<rpc::DiffRequest>) -> Answer<rpc::DiffResponse> {
        self.guarded(|| self.do_diff_config(request.into_inner()))
    }

    async fn configure(&self, request: Request<rpc::ConfigureRequest>) -> Answer<rpc::ConfigureResponse> {
        self.guarded(|| self.do_configure(request.into_inner()))
    }

    async fn check(&self, request: Request<rpc::CheckRequest>) -> Answer<rpc::CheckResponse> {
        let request = request.into_inner();
        let urn = Urn::new(request.urn.clone());
        let (answer, warnings) = self.guarded(|| self.do_check(request))?.into_inner();
        self.session().warn(&urn, warnings).await;
        Ok(Response::new(answer))
    }

    async fn diff(&self, request: Request<rpc::DiffRequest>) -> Answer<rpc::DiffResponse> {
        let request = request.into_inner();
        let urn = Urn::new(request.urn.clone());
        let (answer, warnings) = self.guarded(|| self.do_diff(request))?.into_inner();
        self.session().warn(&urn, warnings).await;
        Ok(Response::new(answer))
    }

    async fn create(&self, request: Request<rpc::CreateRequest>) -> Answer<rpc::CreateResponse> {
        self.do_create(request.into_inner()).await.map(Response::new)
    }

    async fn read(&self, request: Request<rpc::ReadRequest>) -> Answer<rpc::ReadResponse> {
        self.do_read(request.into_inner()).await.map(Response::new)
    }

    async fn update(&self, request: Request<rpc::UpdateRequest>) -> Answer<rpc::UpdateResponse> {
        self.do_update(request.into_inner()).await.map(Response::new)
    }

    async fn delete(&self, request: Request<rpc::DeleteRequest>) -> Answer<()> {
        self.do_delete(request.into_inner()).await.map(Response::new)
    }

    async fn invoke(&self, request: Request<rpc::InvokeRequest>) -> Answer<rpc::InvokeResponse> {
        self.do_invoke(request.into_inner()).await.map(Response::new)
    }

    async fn list(&self, request: Request<rpc::ListRequest>) -> Answer<Self::ListStream> {
        self.do_list(request.into_inner()).await.map(Response::new)
    }

    async fn cancel(&self, _: Request<()>) -> Answer<()> {
        self.stop();
        Ok(Response::new(()))
    }

    async fn parameterize(&self, _: Request<rpc::ParameterizeRequest>) -> Answer<rpc::ParameterizeResponse> {
        Err(Status::unimplemented("this provider takes no parameters"))
    }

    async fn construct(&self, _: Request<rpc::ConstructRequest>) -> Answer<rpc::ConstructResponse> {
        Err(Status::unimplemented("this provider has no components"))
    }

    async fn call(&self, _: Request<rpc::CallRequest>) -> Answer<rpc::CallResponse> {
        Err(Status::unimplemented("this provider has no methods"))
    }

    async fn get_mapping(&self, _: Request<rpc::GetMappingRequest>) -> Answer<rpc::GetMappingResponse> {
        Ok(Response::new(rpc::GetMappingResponse::default()))
    }

    async fn get_mappings(&self, _: Request<rpc::GetMappingsRequest>) -> Answer<rpc::GetMappingsResponse> {
        Ok(Response::new(rpc::GetMappingsResponse::default()))
    }
}
