//! A signed request of STS that somebody else sends, such as a Vault that wants to know who logs in.

use std::time::SystemTime;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use cloud::SignedRequest;
use outbound::Url;
use rotation::{Error, ErrorKind};

use crate::clients::CREDENTIALS;
use crate::error::no_credentials;

/// The call, as everybody who verifies it expects it.
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Signs it for this address and region.
///
/// # Errors
/// There are no credentials.
pub(crate) async fn signed(
    source: &SharedCredentialsProvider,
    (address, region): (&str, &str),
    header: Option<(&'static str, &str)>,
    now: SystemTime,
) -> Result<SignedRequest, Error> {
    let credentials = source.provide_credentials().await.map_err(|error| no_credentials(CREDENTIALS, &error))?;
    let identity: Identity = credentials.into();
    let unsigned =
        |_| Error::new(ErrorKind::Unexpected, CREDENTIALS, "the request for STS could not be signed [KR-AWS-073]");
    let url: Url = address.parse().map_err(|_| unsigned(()))?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let mut headers = vec![
        ("Host".to_owned(), host),
        ("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned()),
    ];
    headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let params = SigningParams::builder().identity(&identity).region(region).name("sts").time(now);
    let params = params.settings(SigningSettings::default()).build().map_err(|_| unsigned(()))?.into();
    let shown = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let request = SignableRequest::new("POST", url.as_str(), shown, SignableBody::Bytes(BODY.as_bytes()));
    let (instructions, _) = sign(request.map_err(|_| unsigned(()))?, &params).map_err(|_| unsigned(()))?.into_parts();
    headers.extend(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    Ok(SignedRequest { method: "POST", url: url.to_string(), headers, body: BODY })
}

/// AWS's own address of STS, and the region that it takes signatures for: the global one unless a region is named.
pub(crate) fn address(region: Option<&str>) -> (String, String) {
    let Some(region) = region else { return ("https://sts.amazonaws.com/".to_owned(), "us-east-1".to_owned()) };
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    (format!("https://sts.{region}.{domain}/"), region.to_owned())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test looks at what is signed")]
mod tests {
    use aws_credential_types::Credentials;
    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn what_is_signed_names_its_receiver_and_carries_the_session() {
        let session = Credentials::new("ASIAEXAMPLE", "hidden", Some("token".to_owned()), None, "test");
        let source = SharedCredentialsProvider::new(session);
        let (address, region) = address(Some("eu-central-1"));
        let header = Some(("X-Vault-AWS-IAM-Server-ID", "vault.example"));
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_772_366_400);
        let request = signed(&source, (&address, &region), header, now).await.map_err(|error| error.message).unwrap();
        assert_eq!(request.url, "https://sts.eu-central-1.amazonaws.com/");
        let header = |wanted: &str| {
            let found = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.expose_secret().to_owned()).unwrap_or_default()
        };
        assert_eq!(header("host"), "sts.eu-central-1.amazonaws.com");
        assert_eq!(header("x-amz-security-token"), "token");
        let authorization = header("authorization");
        assert!(authorization.contains("x-vault-aws-iam-server-id"), "{authorization}");
        assert!(authorization.contains("/20260301/eu-central-1/sts/aws4_request"), "{authorization}");
        assert!(!authorization.contains("hidden"));
    }

    #[test]
    fn without_a_region_the_global_address_is_meant() {
        assert_eq!(address(None), ("https://sts.amazonaws.com/".to_owned(), "us-east-1".to_owned()));
        assert!(address(Some("cn-north-1")).0.ends_with(".amazonaws.com.cn/"));
    }
}
