//! What each system does with proxies, certificates and servers that cannot be reached: with its own client, in a process of its own.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Trial};
use network::{Authority, RecordingProxy, Said, Server, Validity, child, nowhere, say};
use serde_json::{Value, json};
use tempfile::TempDir;

fn main() -> ExitCode {
    if child() {
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    for system in SYSTEMS {
        for (name, run) in TRIALS {
            let name = match system.name.strip_suffix("-login") {
                Some(system) => format!("login_{system}_{name}"),
                None => format!("{name}_{}", system.name),
            };
            trials.push(trial(&name, move || run(system)));
        }
    }
    for (name, run) in OWN {
        trials.push(trial(name, *run));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, run: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || run().map_err(|error| format!("{error:#}").into()))
}

/// A system as its users configure it.
struct System {
    name: &'static str,
    config: fn(&str) -> Value,
    /// The setting that the address came from.
    setting: &'static str,
    /// What names a certificate file, beside `SSL_CERT_FILE`.
    trust: &'static str,
    /// What stands in a request that only its server may see.
    credential: &'static str,
    /// What its login reads beside the configuration.
    login: fn() -> Vec<(&'static str, String)>,
}

fn nothing() -> Vec<(&'static str, String)> {
    Vec::new()
}

const SYSTEMS: &[System] = &[
    System {
        name: "aws",
        config: |url| json!({"region": "us-east-1", "accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": SECRET, "endpoints": {"iam": url, "sts": url}}),
        setting: "`keyrotation:aws.endpoints.",
        trust: "AWS_CA_BUNDLE",
        credential: "Credential=AKIAIOSFODNN7EXAMPLE",
        login: nothing,
    },
    System {
        name: "confluent",
        config: |url| json!({"cloudApiKey": "KEY", "cloudApiSecret": SECRET, "endpoint": url}),
        setting: "`keyrotation:confluent.endpoint`",
        trust: "",
        credential: "Basic S0VZOnMzY3IzdC1vZi10aGUtcGx1Z2lu",
        login: nothing,
    },
    System {
        name: "oci",
        config: |url| json!({"tenancyOcid": "ocid1.tenancy.oc1..aaaa", "userOcid": "ocid1.user.oc1..bbbb", "region": "eu-frankfurt-1", "privateKey": *OCI_KEY, "endpoints": {"identity": url}}),
        setting: "`keyrotation:oci.endpoints.identity`",
        trust: "",
        credential: "Signature version",
        login: nothing,
    },
    System {
        name: "vault",
        config: |url| json!({"address": url, "token": SECRET}),
        setting: "`keyrotation:vault.address`",
        trust: "`keyrotation:vault.caCertFile`",
        credential: SECRET,
        login: nothing,
    },
    System {
        name: "aws-login",
        config: |url| json!({"region": "us-east-1", "assumeRoleWithWebIdentity": {"roleArn": "arn:aws:iam::123456789012:role/ci", "webIdentityTokenFile": *TOKEN}, "endpoints": {"iam": url, "sts": url}}),
        setting: "`keyrotation:aws.endpoints.",
        trust: "AWS_CA_BUNDLE",
        credential: "amz-sdk-request",
        login: nothing,
    },
    System {
        name: "oci-login",
        config: |url| json!({"auth": "ResourcePrincipal", "tenancyOcid": "ocid1.tenancy.oc1..aaaa", "endpoints": {"identity": url}}),
        setting: "`keyrotation:oci.endpoints.identity`",
        trust: "",
        credential: "Signature version",
        login: || {
            vec![
                ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2".to_owned()),
                ("OCI_RESOURCE_PRINCIPAL_REGION", "eu-frankfurt-1".to_owned()),
                ("OCI_RESOURCE_PRINCIPAL_RPST", format!("e30.e30.{SECRET}")),
                ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", OCI_KEY.clone()),
            ]
        },
    },
    System {
        name: "vault-login",
        config: |url| json!({"address": url, "authLoginGcp": {"role": "ci", "jwtFile": *TOKEN}}),
        setting: "`keyrotation:vault.address`",
        trust: "`keyrotation:vault.caCertFile`",
        credential: "POST /v1/auth/gcp/login",
        login: nothing,
    },
];

const SECRET: &str = "s3cr3t-of-the-plugin";
static OCI_KEY: LazyLock<String> = LazyLock::new(|| {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).map(|pair| pair.serialize_pem()).unwrap_or_default()
});
/// The file of a job's identity token.
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let file = std::env::temp_dir().join(format!("keyrotation-network-token-{}", std::process::id()));
    drop(std::fs::write(&file, SECRET));
    file.display().to_string()
});
const HOST: &str = "service.example.invalid";

type Run = fn(&'static System) -> Result<()>;

const TRIALS: &[(&str, Run)] = &[
    ("output_3_loopback_is_never_proxied", loopback),
    ("output_3_no_credential_goes_to_a_proxy_in_clear", in_clear),
    ("output_3_a_tunnel_is_taken_and_not_read", tunnel),
    ("output_3_no_proxy_is_kept_and_official_b6_a_name_that_is_not_found_is_told", no_proxy),
    ("official_b5_an_untrusted_certificate_is_told_at_once", untrusted),
    ("official_b5_an_expired_certificate_is_told_at_once", expired),
    ("official_b5_a_certificate_for_another_name_is_told_at_once", misnamed),
    ("official_b5_ssl_cert_file_is_trusted", ssl_cert_file),
    ("official_b6_a_refused_connection_names_address_and_source", refused),
    ("official_b6_a_server_without_tls_is_told", no_tls),
    ("official_c4_a_try_that_reaches_nobody_is_no_refusal", untried),
];

type OwnRun = fn() -> Result<()>;

const OWN: &[(&str, OwnRun)] = &[
    ("official_b6_the_region_that_an_address_follows_from_is_told_oci", oci_region),
    ("official_b5_aws_ca_bundle_is_trusted", aws_ca_bundle),
    ("official_b5_the_aws_profiles_ca_bundle_is_trusted", aws_profile),
    ("official_b5_vault_ca_cert_file_is_trusted", vault_ca),
];

impl System {
    /// Looks at keys at this address, in an environment of these variables alone.
    fn list(&self, url: &str, variables: &[(&str, String)]) -> Result<Said> {
        self.act("list", &(self.config)(url), variables)
    }

    fn act(&self, act: &str, config: &Value, variables: &[(&str, String)]) -> Result<Said> {
        let home = TempDir::new()?;
        let system = self.name.trim_end_matches("-login");
        let variables = [variables, &(self.login)()].concat();
        let said = say(system, act, config, home.path(), &variables)?;
        ensure!(!said.message.contains(SECRET), "{said:?}");
        ensure!(!said.message.contains("proxypass"), "{said:?}");
        Ok(said)
    }
}

fn proxied(proxy: &RecordingProxy) -> Vec<(&'static str, String)> {
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy.url())).to_vec()
}

fn holds(said: &Said, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(said.message.contains(part), "{part:?} is not in {said:?}");
    }
    Ok(())
}

/// Said at once, as what no repetition helps.
fn at_once(said: &Said) -> Result<()> {
    ensure!(said.retry == "Never" && said.effect == "None", "{said:?}");
    ensure!(said.seconds < 4.0, "{said:?}");
    Ok(())
}

fn loopback(system: &System) -> Result<()> {
    let server = Server::start(None, 403)?;
    let proxy = RecordingProxy::start(server.address())?;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}", server.address().port());
        system.list(&url, &proxied(&proxy))?;
    }
    ensure!(server.seen().matches(system.credential).count() >= 2, "the server was not asked: {}", server.seen());
    ensure!(proxy.seen().is_empty(), "{}", proxy.seen());
    Ok(())
}

fn in_clear(system: &System) -> Result<()> {
    let proxy = RecordingProxy::start(nowhere()?)?;
    let said = system.list(&format!("http://{HOST}:8200"), &proxied(&proxy))?;
    holds(&said, &[HOST, "HTTP_PROXY", "NO_PROXY", "https://", system.setting])?;
    ensure!(said.kind == "Invalid", "{said:?}");
    at_once(&said)?;
    ensure!(proxy.seen().is_empty(), "{}", proxy.seen());
    Ok(())
}

fn tunnel(system: &System) -> Result<()> {
    let authority = Authority::new()?;
    let server = Server::start(Some(authority.server(HOST, Validity::Now)?), 403)?;
    let proxy = RecordingProxy::start(server.address())?;
    let folder = TempDir::new()?;
    let mut variables = proxied(&proxy);
    variables.push(trusting("SSL_CERT_FILE", &authority, &folder)?);
    let said = system.list(&format!("https://{HOST}:8443"), &variables)?;
    ensure!(server.seen().contains(system.credential), "the server was not asked: {said:?}");
    let seen = proxy.seen();
    ensure!(seen.starts_with(&format!("CONNECT {HOST}:8443 ")), "{seen}");
    ensure!(seen.to_ascii_lowercase().contains("proxy-authorization: basic chjvehl1c2vyonbyb3h5cgfzcw=="), "{seen}");
    ensure!(!seen.contains(system.credential) && !seen.contains(SECRET), "{seen}");
    Ok(())
}

fn no_proxy(system: &System) -> Result<()> {
    let proxy = RecordingProxy::start(nowhere()?)?;
    for scheme in ["http", "https"] {
        let mut variables = proxied(&proxy);
        variables.push(("NO_PROXY", "10.0.0.0/8, .example.invalid".to_owned()));
        let said = system.list(&format!("{scheme}://{HOST}:8200"), &variables)?;
        holds(&said, &[&format!("{scheme}://{HOST}:8200"), system.setting, "the host name was not found"])?;
        ensure!(said.kind == "Unreachable" && said.effect == "None", "{said:?}");
    }
    ensure!(proxy.seen().is_empty(), "{}", proxy.seen());
    Ok(())
}

fn untrusted(system: &System) -> Result<()> {
    let said = at(system, "localhost", Validity::Now, false)?;
    at_once(&said)?;
    holds(&said, &["certificate is not trusted", "SSL_CERT_FILE", system.trust, system.setting, "https://localhost:"])
}

fn expired(system: &System) -> Result<()> {
    let said = at(system, "localhost", Validity::Over, true)?;
    at_once(&said)?;
    holds(&said, &["certificate has expired on 2020-01-01T00:00:00Z", system.setting])
}

fn misnamed(system: &System) -> Result<()> {
    let said = at(system, "other.example", Validity::Now, true)?;
    at_once(&said)?;
    holds(&said, &["certificate is for other host names (other.example)", system.setting])
}

/// What is said of a server at `localhost` that shows a certificate for this name.
fn at(system: &System, name: &str, validity: Validity, is_trusted: bool) -> Result<Said> {
    let authority = Authority::new()?;
    let server = Server::start(Some(authority.server(name, validity)?), 403)?;
    let folder = TempDir::new()?;
    let trust = if is_trusted { vec![trusting("SSL_CERT_FILE", &authority, &folder)?] } else { Vec::new() };
    let said = system.list(&format!("https://localhost:{}", server.address().port()), &trust)?;
    ensure!(server.seen().is_empty(), "the server was asked: {}", server.seen());
    Ok(said)
}

fn trusting(variable: &'static str, authority: &Authority, folder: &TempDir) -> Result<(&'static str, String)> {
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority.pem())?;
    Ok((variable, file.to_str().context("a strange folder")?.to_owned()))
}

fn ssl_cert_file(system: &System) -> Result<()> {
    trusted_by(system, |authority, folder, url| {
        Ok(((system.config)(url), vec![trusting("SSL_CERT_FILE", authority, folder)?]))
    })
}

type Setting = (Value, Vec<(&'static str, String)>);

fn trusted_by(system: &System, set: impl Fn(&Authority, &TempDir, &str) -> Result<Setting>) -> Result<()> {
    let authority = Authority::new()?;
    let server = Server::start(Some(authority.server("localhost", Validity::Now)?), 403)?;
    let (folder, url) = (TempDir::new()?, format!("https://localhost:{}", server.address().port()));
    let (config, variables) = set(&authority, &folder, &url)?;
    let said = system.act("list", &config, &variables)?;
    ensure!(server.seen().contains(system.credential), "the server was not asked: {said:?}");
    Ok(())
}

fn refused(system: &System) -> Result<()> {
    let url = url(nowhere()?);
    let said = system.list(&url, &[])?;
    ensure!(said.kind == "Unreachable" && said.effect == "None", "{said:?}");
    holds(&said, &[&url, system.setting, "the connection was refused"])
}

fn no_tls(system: &System) -> Result<()> {
    let server = Server::start(None, 403)?;
    let said = system.list(&format!("https://{}", server.address()), &[])?;
    at_once(&said)?;
    holds(&said, &["does not speak TLS", "http://", system.setting])
}

/// A new key whose service cannot be asked: not connected, and failing.
fn untried(system: &System) -> Result<()> {
    let variables = [("KEYROTATION_NETWORK_KEY", OCI_KEY.clone())];
    let failing = Server::start(None, 503)?;
    for address in [nowhere()?, failing.address()] {
        let said = system.act("verify", &(system.config)(&url(address)), &variables)?;
        ensure!(said.kind == "Unreachable" && said.retry == "Never", "{said:?}");
        ensure!(said.seconds < 30.0, "{said:?}");
        holds(&said, &["says nothing about the key", "it is kept"])?;
    }
    Ok(())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn named(name: &str) -> Result<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name).context("no such system")
}

/// Without an endpoint the address follows from the region, and the region from a variable.
fn oci_region() -> Result<()> {
    let mut config = (named("oci")?.config)("");
    let settings = config.as_object_mut().context("no object")?;
    settings.remove("endpoints");
    settings.remove("region");
    let proxy = url(nowhere()?);
    let variables = [("OCI_CLI_REGION", "eu-frankfurt-1".to_owned()), ("HTTPS_PROXY", proxy)];
    let said = named("oci")?.act("list", &config, &variables)?;
    ensure!(said.kind == "Unreachable", "{said:?}");
    holds(&said, &["https://identity.eu-frankfurt-1.oci.oraclecloud.com", "the region comes from", "OCI_CLI_REGION"])
}

fn aws_ca_bundle() -> Result<()> {
    let aws = named("aws")?;
    trusted_by(aws, |authority, folder, url| {
        Ok(((aws.config)(url), vec![trusting("AWS_CA_BUNDLE", authority, folder)?]))
    })
}

fn aws_profile() -> Result<()> {
    let aws = named("aws")?;
    trusted_by(aws, |authority, folder, url| {
        let (_, bundle) = trusting("", authority, folder)?;
        let file = folder.path().join("config");
        std::fs::write(&file, format!("[default]\nca_bundle = {bundle}\n"))?;
        Ok(((aws.config)(url), vec![("AWS_CONFIG_FILE", file.to_str().context("a strange folder")?.to_owned())]))
    })
}

fn vault_ca() -> Result<()> {
    let vault = named("vault")?;
    trusted_by(vault, |authority, folder, url| {
        let mut config = (vault.config)(url);
        config["caCertFile"] = trusting("", authority, folder)?.1.into();
        Ok((config, Vec::new()))
    })
}
