//! The clients of one configuration: where credentials come from, and which addresses are called.

use std::sync::Arc;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use cloud::wrong_config;
use outbound::{Proxies, Skew};
use pulumi_provider::SecretString;
use rotation::{Error, ErrorKind};
use secrecy::ExposeSecret;

use crate::clients::{ATTEMPT, CREDENTIALS, Clients, limits, static_credentials};
use crate::config::AwsConfig;
use crate::files::{Files, SECRETS_MANAGER, endpoint_from, shared_files};
use crate::http::{Http, Peer, SOURCES};
use crate::time::Time;
use crate::web_identity::WebIdentity;

pub(crate) async fn connect(config: &AwsConfig, (time, skew): (&Time, &Arc<Skew>)) -> Result<Clients, Error> {
    if let Some(problem) = config.problems().into_iter().next() {
        return Err(wrong_config("aws", &problem));
    }
    let (env, fs) = (Env::real(), Fs::real());
    let files = Files::read(config, (&env, &fs)).await?;
    let peer = |service: &'static str, configured: Option<&str>| Peer {
        service: if service == SECRETS_MANAGER { "Secrets Manager" } else { service },
        named_by: endpoint_from(configured, service, &env),
        region: files.region_from(config, &env),
    };
    let (bundle, proxies) = (files.authorities(&env)?, Proxies::of_environment()?);
    let http = Http::new(bundle.as_deref(), proxies, peer(SOURCES, None), (time, skew))?;
    let sdk = load(config, time, http.clone()).await;
    let found = sdk.credentials_provider();
    let sdk = sdk.into_builder().retry_config(RetryConfig::disabled()).timeout_config(limits(ATTEMPT));
    let sdk = sdk.http_client(http.to(peer("STS", config.endpoint_sts()))).build();
    let by_token = web_identity(config, &sdk, &env)?;
    let base = found.filter(|_| by_token.is_none());
    let Some(source) = by_token.or_else(|| base.clone()) else {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            CREDENTIALS,
            "the AWS SDK found no source of credentials [KR-AWS-043]",
        ));
    };
    let signer = assume(config, &sdk, source).await;
    let sdk = sdk.into_builder().credentials_provider(signer.clone()).build();
    let region = sdk.region().map_or(DEFAULT_REGION, Region::as_ref);
    let mut iam = aws_sdk_iam::config::Builder::from(&sdk).region(iam_region(region));
    iam = iam.http_client(http.to(peer("IAM", config.endpoint_iam())));
    if let Some(url) = config.endpoint_iam() {
        iam = iam.endpoint_url(url);
    }
    let mut sts = aws_sdk_sts::config::Builder::from(&sdk);
    if let Some(url) = config.endpoint_sts() {
        sts = sts.endpoint_url(url);
    }
    let mut manager = aws_sdk_secretsmanager::config::Builder::from(&sdk);
    manager = manager.http_client(http.to(peer(SECRETS_MANAGER, config.endpoint_secrets_manager())));
    if let Some(url) = config.endpoint_secrets_manager() {
        manager = manager.endpoint_url(url);
    }
    let identity = aws_sdk_sts::Client::from_conf(sts.clone().build());
    let sts = aws_sdk_sts::Client::from_conf(sts.identity_cache(IdentityCache::no_cache()).build());
    let manager = aws_sdk_secretsmanager::Client::from_conf(manager.build());
    Ok(Clients::new((aws_sdk_iam::Client::from_conf(iam.build()), manager), (sts, identity), (signer, base)))
}

/// What the environment and AWS's files say, and the configuration above them. The instance is not asked for its region:
/// that would cost seconds wherever there is none.
async fn load(config: &AwsConfig, time: &Time, http: Http) -> SdkConfig {
    let mut profile_region = ProfileFileRegionProvider::builder();
    if let Some(profile) = &config.profile {
        profile_region = profile_region.profile_name(profile);
    }
    let files = shared_files(config);
    if let Some(files) = &files {
        profile_region = profile_region.profile_files(files.clone());
    }
    let region = RegionProviderChain::first_try(config.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile_region.build())
        .or_else(Region::from_static(DEFAULT_REGION));
    // The one clock signs; a correction by what answers say would be a second one.
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(SharedHttpClient::new(http))
        .time_source(time.clone())
        .sleep_impl(time.clone())
        .disable_clock_skew_correction(true)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .region(region);
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(files) = files {
        loader = loader.profile_files(files);
    }
    if let Some(is_on) = config.use_fips_endpoint {
        loader = loader.use_fips(is_on);
    }
    if let Some(is_on) = config.use_dualstack_endpoint {
        loader = loader.use_dual_stack(is_on);
    }
    if let (Some(id), Some(secret)) = (given(&config.access_key), given(&config.secret_key)) {
        let token = given(&config.token);
        loader = loader.credentials_provider(explicit(id, secret, token));
    }
    loader.load().await
}

/// Sessions of a role by a token, if the configuration asks for them. The call is not signed.
fn web_identity(config: &AwsConfig, sdk: &SdkConfig, env: &Env) -> Result<Option<SharedCredentialsProvider>, Error> {
    let Some(identity) = &config.assume_role_with_web_identity else { return Ok(None) };
    let mut sts = aws_sdk_sts::config::Builder::from(sdk);
    if let Some(url) = config.endpoint_sts() {
        sts = sts.endpoint_url(url);
    }
    let sts = aws_sdk_sts::Client::from_conf(sts.build());
    WebIdentity::new(identity, env, sts).map(|source| Some(SharedCredentialsProvider::new(source)))
}

/// The provider's credentials, or those of the last role that they lead to.
async fn assume(config: &AwsConfig, sdk: &SdkConfig, base: SharedCredentialsProvider) -> SharedCredentialsProvider {
    let mut signer = base;
    let mut sdk = sdk.clone();
    if let Some(url) = config.endpoint_sts() {
        sdk = sdk.into_builder().endpoint_url(url).build();
    }
    for role in config.roles() {
        let mut provider = AssumeRoleProvider::builder(&role.role_arn)
            .configure(&sdk)
            .session_name(role.session_name.as_deref().unwrap_or("keyrotation"));
        if let Some(external_id) = &role.external_id {
            provider = provider.external_id(external_id);
        }
        signer = SharedCredentialsProvider::new(provider.build_from_provider(signer).await);
    }
    signer
}

const DEFAULT_REGION: &str = "us-east-1";

/// IAM has one region in each partition, and takes signatures for that one only, whatever address it is reached at
/// (AWS General Reference, "IAM endpoints and quotas").
fn iam_region(region: &str) -> Region {
    let partitions = [
        ("cn-", "cn-north-1"),
        ("us-gov-", "us-gov-west-1"),
        ("us-iso-", "us-iso-east-1"),
        ("us-isob-", "us-isob-east-1"),
    ];
    let other = partitions.into_iter().find(|(prefix, _)| region.starts_with(prefix));
    if other.is_none() && ["eu-iso", "eusc-", "us-iso"].iter().any(|prefix| region.starts_with(prefix)) {
        return Region::new(region.to_owned());
    }
    Region::from_static(other.map_or(DEFAULT_REGION, |(_, home)| home))
}

fn given(secret: &Option<SecretString>) -> Option<&SecretString> {
    secret.as_ref().filter(|secret| !secret.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the SDK signs with them; it wipes and hides them itself")]
fn explicit(id: &SecretString, secret: &SecretString, token: Option<&SecretString>) -> Credentials {
    let id = id.as_secrecy().expose_secret();
    static_credentials(id, secret.as_secrecy(), token.map(SecretString::as_secrecy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_is_signed_for_in_the_home_region_of_the_partition() {
        let homes = [
            ("eu-central-1", "us-east-1"),
            ("us-east-1", "us-east-1"),
            ("cn-northwest-1", "cn-north-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
        ];
        for (region, home) in homes {
            assert_eq!(iam_region(region).as_ref(), home, "{region}");
        }
    }
}
