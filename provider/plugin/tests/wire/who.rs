//! What the plugin says of itself, and what it says it lacks.

use libtest_mimic::Trial;
use pulumi_proto::pulumirpc as rpc;
use tonic::Code;

use crate::scene::{ENGINE, bare};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("Handshake: secrets, references and outputs are taken", || {
            hands(rpc::ProviderHandshakeRequest { engine_address: ENGINE.into(), ..Default::default() })
        }),
        trial("Handshake: an old host that says nothing", || hands(rpc::ProviderHandshakeRequest::default())),
        trial("Handshake: a newer engine that offers everything", || hands(newest())),
        trial("Handshake: Configure answers the same", same_as_configure),
        trial("GetPluginInfo: the version is the package's", version),
        trial("GetSchema: before any configuration, the committed one", schema),
        trial("GetSchema: no other version", other_schema),
        trial("GetMapping: empty", mapping),
        trial("GetMappings: empty", mappings),
        trial("NoSuchMethod: Unimplemented", || lacking("NoSuchMethod")),
    ];
    trials.extend(
        ["Parameterize", "Construct", "Call"].map(|rpc| trial(format!("{rpc}: Unimplemented"), move || lacking(rpc))),
    );
    trials
}

fn newest() -> rpc::ProviderHandshakeRequest {
    rpc::ProviderHandshakeRequest {
        engine_address: ENGINE.into(),
        root_directory: Some("/".into()),
        program_directory: Some("/".into()),
        configure_with_urn: true,
        supports_views: true,
        supports_refresh_before_update: true,
        invoke_with_preview: true,
        mapper_target: Some(ENGINE.into()),
        loader_target: Some(ENGINE.into()),
        resolver_target: Some(ENGINE.into()),
        accepts_byte_string: true,
        sends_old_outputs_to_check: true,
        accepts_outputs_in_invoke: true,
        accepts_outputs_in_call: true,
        accepts_outputs_in_check: true,
    }
}

async fn hands(request: rpc::ProviderHandshakeRequest) {
    let (_plugin, harness) = bare().await;
    let hands = harness.client().handshake(request).await.unwrap().into_inner();
    assert!(hands.accept_secrets && hands.accept_resources && hands.accept_outputs);
    assert!(!hands.supports_autonaming_configuration, "no name is made");
}

async fn same_as_configure() {
    let (_plugin, harness) = bare().await;
    let mut client = harness.client();
    let hands = client.handshake(rpc::ProviderHandshakeRequest::default()).await.unwrap().into_inner();
    let configured = client.configure(rpc::ConfigureRequest::default()).await.unwrap().into_inner();
    assert!(configured.supports_preview);
    assert_eq!(
        (hands.accept_secrets, hands.accept_resources, hands.accept_outputs, hands.supports_autonaming_configuration),
        (
            configured.accept_secrets,
            configured.accept_resources,
            configured.accept_outputs,
            configured.supports_autonaming_configuration
        )
    );
}

async fn version() {
    let (_plugin, harness) = bare().await;
    assert_eq!(harness.client().get_plugin_info(()).await.unwrap().into_inner().version, env!("CARGO_PKG_VERSION"));
}

async fn schema() {
    let (_plugin, harness) = bare().await;
    let schema = harness.client().get_schema(rpc::GetSchemaRequest::default()).await.unwrap().into_inner().schema;
    assert!(schema == include_str!("../../../../schema.json"), "schema.json is stale: run `cargo xtask codegen`");
}

async fn other_schema() {
    let (_plugin, harness) = bare().await;
    let request = rpc::GetSchemaRequest { version: 1, ..Default::default() };
    assert_eq!(harness.client().get_schema(request).await.err().unwrap().code(), Code::InvalidArgument);
}

async fn mapping() {
    let (_plugin, harness) = bare().await;
    let request = rpc::GetMappingRequest { key: "terraform".into(), ..Default::default() };
    let mapping = harness.client().get_mapping(request).await.unwrap().into_inner();
    assert!(mapping.provider.is_empty() && mapping.data.is_empty());
}

async fn mappings() {
    let (_plugin, harness) = bare().await;
    let request = rpc::GetMappingsRequest { key: "terraform".into() };
    assert!(harness.client().get_mappings(request).await.unwrap().into_inner().providers.is_empty());
}

async fn lacking(rpc: &str) {
    let (_plugin, harness) = bare().await;
    assert_eq!(harness.call(rpc, Vec::new()).await.unwrap_err().code(), Code::Unimplemented);
}
