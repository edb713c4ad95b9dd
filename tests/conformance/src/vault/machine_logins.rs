//! Logins as machines and jobs of clouds. The tokens of Google Cloud and of Azure are JSON Web Tokens, which OpenBao's own method checks for them.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::{Cloud, RotatingResource};
use jiff::SignedDuration;
use localcloud::aws::{AUDIENCE, ISSUER, RoleTrust, TokenClaims};
use localcloud::{LocalCloud, Options};
use rotation::testing::Rig;
use rotation::{Clock, Error, ErrorKind, KeyIssuer, Known};
use serde_json::{Value, json};
use system_vault::VaultApiKey;
use vault_servers::{AwsRole, Machine, Proxy, Sign, aws_method};

use super::kv::VaultKv;
use super::logins::{everything, jwt_mount, token};
use super::trials::VaultTrial;
use crate::suite::trials;

pub(super) const TRIALS: &[VaultTrial] = trials!("login::", () =>
    an_aws_principal_logs_in_by_a_signed_request,
    an_aws_session_by_token_logs_in_and_its_end_is_told,
    an_aws_principal_of_another_role_is_told,
    a_request_for_another_server_is_told,
    refused_aws_credentials_are_told,
    a_machine_of_google_cloud_logs_in_each_time_anew,
    a_machine_of_google_cloud_without_an_identity_is_told,
    a_token_of_google_cloud_for_another_audience_is_told,
    a_token_of_google_cloud_in_a_file_is_read_at_each_login,
    a_machine_of_azure_logs_in_by_its_name,
    a_machine_of_azure_without_an_identity_is_told,
    a_token_of_azure_that_expired_is_told,
    two_machine_logins_of_one_program_are_two,
    no_proof_of_a_machine_is_shown,
);

/// AWS, and a server whose method asks it.
struct Aws {
    cloud: LocalCloud,
    proxy: Proxy,
    mount: String,
}

impl Aws {
    fn new(kv: &VaultKv, bound: &str, server_id: Option<&str>) -> Result<Self> {
        let cloud = LocalCloud::start(Options::default().immediate())?;
        let mount = "aws-login".to_owned();
        let role = AwsRole {
            mount: mount.clone(),
            bound: bound.to_owned(),
            server_id: server_id.map(str::to_owned),
            policy: everything(kv)?,
        };
        let hook = aws_method(kv.admin().clone(), cloud.endpoint().to_owned(), role);
        let proxy = Proxy::with(kv.server()?, kv.clock(), SignedDuration::from_secs(31), Some(hook))?;
        Ok(Self { cloud, proxy, mount })
    }

    fn config(&self, more: &Value) -> Value {
        let mut login = json!({"role": "ci", "mount": self.mount});
        for (name, value) in more.as_object().into_iter().flatten() {
            login[name] = value.clone();
        }
        json!({"address": self.proxy.endpoint(), "skipTlsVerify": true, "authLoginAws": login})
    }

    fn admin(&self) -> Value {
        let admin = self.cloud.aws().admin_credentials();
        let endpoint = self.cloud.endpoint();
        json!({"accessKey": admin.access_key_id, "secretKey": admin.secret_access_key, "endpoints": {"sts": endpoint, "iam": endpoint}})
    }

    fn issuer(&self, kv: &VaultKv, more: &Value, aws: Value) -> Result<Box<dyn KeyIssuer>> {
        issuer(kv, (self.config(more), aws), |_| None)
    }
}

fn issuer(
    kv: &VaultKv,
    configs: (Value, Value),
    variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<Box<dyn KeyIssuer>> {
    let vault = kv.vault_of_machine(configs, variables)?;
    Ok(VaultApiKey::new(vault).issuer(&serde_json::from_value(kv.inputs())?, Known::default()))
}

async fn refused(issuer: &dyn KeyIssuer) -> Result<Error> {
    let error = issuer.list().await.err().context("it was let in")?;
    ensure!(error.kind == ErrorKind::Unauthenticated && error.effect == rotation::Effect::None, "{error:?}");
    Ok(error)
}

const ADMIN: &str = "arn:aws:iam::123456789012:user/admin";

async fn an_aws_principal_logs_in_by_a_signed_request(kv: &VaultKv) -> Result<()> {
    let aws = Aws::new(kv, ADMIN, Some("vault.example"))?;
    let vault = kv.vault_of_machine((aws.config(&json!({"headerValue": "vault.example"})), aws.admin()), |_| None)?;
    let issuer = VaultApiKey::new(vault.clone()).issuer(&serde_json::from_value(kv.inputs())?, Known::default());
    ensure!(
        aws.proxy.calls().is_empty() && aws.cloud.journal().is_empty(),
        "nobody is contacted before the first call"
    );
    issuer.list().await?;
    issuer.list().await?;
    let asked: Vec<_> = aws.cloud.journal().into_iter().map(|entry| entry.action).collect();
    ensure!(asked == ["GetCallerIdentity"], "{asked:?}");
    vault.close().await;
    ensure!(aws.proxy.calls().last().is_some_and(|call| call.ends_with("revoke-self")), "{:?}", aws.proxy.calls());
    Ok(())
}

async fn an_aws_session_by_token_logs_in_and_its_end_is_told(kv: &VaultKv) -> Result<()> {
    let aws = Aws::new(kv, "arn:aws:sts::123456789012:assumed-role/ci/", None)?;
    aws.cloud.aws().trust("ci", RoleTrust { subject: "repo:acme/*".to_owned(), longest: 3_600 });
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    let signed = |lives: i64| {
        let exp = kv.clock().now().as_second() + lives;
        let claims =
            TokenClaims { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), sub: "repo:acme/keys".to_owned(), exp };
        aws.cloud.aws().identity_token(&claims).context("no token")
    };
    std::fs::write(&file, signed(600)?)?;
    let login = json!({"roleArn": "arn:aws:iam::123456789012:role/ci", "webIdentityTokenFile": file});
    let config = json!({"assumeRoleWithWebIdentity": login, "endpoints": {"sts": aws.cloud.endpoint()}});
    aws.issuer(kv, &json!({}), config.clone())?.list().await?;
    std::fs::write(&file, signed(-60)?)?;
    let error = refused(&*aws.issuer(kv, &json!({}), config.clone())?).await?;
    ensure!(error.message.contains("has expired") && error.message.contains("webIdentityTokenFile"), "{error}");
    // `destroy` has the same configuration from the state, and the job a new token.
    std::fs::write(&file, signed(600)?)?;
    aws.issuer(kv, &json!({}), config)?.list().await?;
    Ok(())
}

async fn an_aws_principal_of_another_role_is_told(kv: &VaultKv) -> Result<()> {
    let aws = Aws::new(kv, "arn:aws:iam::123456789012:user/others", None)?;
    let error = refused(&*aws.issuer(kv, &json!({}), aws.admin())?).await?;
    ensure!(error.message.contains("authLoginAws") && error.message.contains("auth/aws-login"), "{error}");
    let error = refused(&*aws.issuer(kv, &json!({"role": "nobody"}), aws.admin())?).await?;
    ensure!(error.message.contains("authLoginAws"), "{error}");
    Ok(())
}

async fn a_request_for_another_server_is_told(kv: &VaultKv) -> Result<()> {
    let aws = Aws::new(kv, ADMIN, Some("vault.example"))?;
    for more in [json!({}), json!({"headerValue": "other.example"})] {
        let error = refused(&*aws.issuer(kv, &more, aws.admin())?).await?;
        ensure!(error.message.contains("headerValue"), "{error}");
    }
    Ok(())
}

async fn refused_aws_credentials_are_told(kv: &VaultKv) -> Result<()> {
    let aws = Aws::new(kv, ADMIN, None)?;
    let mut wrong = aws.admin();
    wrong["secretKey"] = "wrongwrongwrongwrongwrongwrongwrongwrong".into();
    let error = refused(&*aws.issuer(kv, &json!({}), wrong)?).await?;
    ensure!(error.message.contains("authLoginAws") && error.message.contains("keyrotation:aws"), "{error}");
    Ok(())
}

/// A machine whose tokens live so long, and the mount that checks them for this audience.
fn machine(kv: &VaultKv, audience: &str, lives: SignedDuration) -> Result<(Machine, String)> {
    let (mount, pair) = jwt_mount(kv)?;
    let role = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": [audience], "token_policies": [everything(kv)?], "token_num_uses": 1});
    kv.admin().post(&format!("auth/{mount}/role/ci"), &role)?;
    let sign: Sign = Arc::new(move |audience| token(&pair, audience, lives).ok());
    Ok((Machine::start(sign)?, mount))
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn config(kv: &VaultKv, property: &str, login: Value) -> (Value, Value) {
    (json!({"address": kv.proxy().endpoint(), "skipTlsVerify": true, property: login}), json!({}))
}

/// The environment of a program on this machine.
fn on(machine: &Machine) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
    let host = machine.host();
    move |name| match name {
        "GCE_METADATA_HOST" => Some(host.clone()),
        "AZURE_POD_IDENTITY_AUTHORITY_HOST" => Some(format!("http://{host}")),
        _ => None,
    }
}

async fn a_machine_of_google_cloud_logs_in_each_time_anew(kv: &VaultKv) -> Result<()> {
    let (machine, mount) = machine(kv, "http://vault/ci", HOUR)?;
    let login = json!({"role": "ci", "mount": mount});
    let issuer = issuer(kv, config(kv, "authLoginGcp", login), on(&machine))?;
    // Each token is good for one call, so that the next one logs in again.
    issuer.list().await?;
    issuer.list().await?;
    let logins = kv.calls().iter().filter(|call| call.contains("/login")).count();
    ensure!(logins > 1, "{:?}", kv.calls());
    Ok(())
}

async fn a_machine_of_google_cloud_without_an_identity_is_told(kv: &VaultKv) -> Result<()> {
    let machine = Machine::start(Arc::new(|_| None))?;
    let configs = config(kv, "authLoginGcp", json!({"role": "ci"}));
    let error = refused(&*issuer(kv, configs.clone(), on(&machine))?).await?;
    ensure!(error.message.contains("metadata server of Google Cloud") && error.message.contains("404"), "{error}");
    drop(machine);
    let nobody = crate::rig::nowhere().context("no address")?;
    let host = nobody.trim_start_matches("http://").to_owned();
    let issuer = issuer(kv, configs, move |name| (name == "GCE_METADATA_HOST").then(|| host.clone()))?;
    let error = issuer.list().await.err().context("nobody listens there")?;
    ensure!(error.kind == ErrorKind::Unreachable && error.message.contains("Google Cloud"), "{error:?}");
    Ok(())
}

async fn a_token_of_google_cloud_for_another_audience_is_told(kv: &VaultKv) -> Result<()> {
    let (machine, mount) = machine(kv, "http://vault/others", HOUR)?;
    let login = json!({"role": "ci", "mount": mount});
    let error = refused(&*issuer(kv, config(kv, "authLoginGcp", login), on(&machine))?).await?;
    ensure!(error.message.contains("another audience") && error.message.contains("authLoginGcp"), "{error}");
    let login = json!({"role": "nobody", "mount": mount});
    let error = refused(&*issuer(kv, config(kv, "authLoginGcp", login), on(&machine))?).await?;
    ensure!(error.message.contains("no such role"), "{error}");
    Ok(())
}

async fn a_token_of_google_cloud_in_a_file_is_read_at_each_login(kv: &VaultKv) -> Result<()> {
    let (mount, pair) = jwt_mount(kv)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    let configs = config(kv, "authLoginGcp", json!({"role": "ci", "mount": mount, "jwtFile": file}));
    let new = || issuer(kv, configs.clone(), |_| None);
    let error = new()?.list().await.err().context("there is no file")?;
    ensure!(error.message.contains("authLoginGcp.jwtFile") && error.message.contains("cannot be read"), "{error}");
    std::fs::write(&file, "\n")?;
    let error = new()?.list().await.err().context("the file is empty")?;
    ensure!(error.message.contains("authLoginGcp.jwtFile") && error.message.contains("empty"), "{error}");
    std::fs::write(&file, token(&pair, "vault", -HOUR)?)?;
    let error = refused(&*new()?).await?;
    ensure!(error.message.contains("expired") && !error.message.contains("stack's state"), "{error}");
    std::fs::write(&file, token(&pair, "vault", HOUR)?)?;
    new()?.list().await?;
    Ok(())
}

async fn a_machine_of_azure_logs_in_by_its_name(kv: &VaultKv) -> Result<()> {
    let (machine, mount) = machine(kv, "https://management.azure.com/", HOUR)?;
    let login = json!({"role": "ci", "mount": mount});
    issuer(kv, config(kv, "authLoginAzure", login), on(&machine))?.list().await?;
    let named =
        json!({"role": "ci", "mount": mount, "subscriptionId": "s", "resourceGroupName": "g", "vmssName": "set"});
    issuer(kv, config(kv, "authLoginAzure", named), on(&machine))?.list().await?;
    let scoped = json!({"role": "ci", "mount": mount, "scope": "api://other"});
    let error = refused(&*issuer(kv, config(kv, "authLoginAzure", scoped), on(&machine))?).await?;
    ensure!(error.message.contains("another audience"), "{error}");
    Ok(())
}

async fn a_machine_of_azure_without_an_identity_is_told(kv: &VaultKv) -> Result<()> {
    let machine = Machine::start(Arc::new(|_| None))?;
    let configs = config(kv, "authLoginAzure", json!({"role": "ci"}));
    let error = refused(&*issuer(kv, configs, on(&machine))?).await?;
    ensure!(error.message.contains("metadata service of Azure") && error.message.contains("400"), "{error}");
    Ok(())
}

async fn a_token_of_azure_that_expired_is_told(kv: &VaultKv) -> Result<()> {
    let (machine, mount) = machine(kv, "https://management.azure.com/", -HOUR)?;
    let login = json!({"role": "ci", "mount": mount});
    let error = refused(&*issuer(kv, config(kv, "authLoginAzure", login), on(&machine))?).await?;
    ensure!(error.message.contains("expired") && error.message.contains("authLoginAzure"), "{error}");
    Ok(())
}

async fn two_machine_logins_of_one_program_are_two(kv: &VaultKv) -> Result<()> {
    let (google, one) = machine(kv, "http://vault/ci", HOUR)?;
    let (azure, other) = machine(kv, "https://management.azure.com/", HOUR)?;
    let first = issuer(kv, config(kv, "authLoginGcp", json!({"role": "ci", "mount": one})), on(&google))?;
    let second = issuer(kv, config(kv, "authLoginAzure", json!({"role": "ci", "mount": other})), on(&azure))?;
    let (first, second) = futures::join!(first.list(), second.list());
    first?;
    second?;
    for mount in [one, other] {
        ensure!(kv.calls().iter().any(|call| call.contains(&format!("auth/{mount}/login"))), "{:?}", kv.calls());
    }
    Ok(())
}

async fn no_proof_of_a_machine_is_shown(kv: &VaultKv) -> Result<()> {
    let (mount, pair) = jwt_mount(kv)?;
    let proof = token(&pair, "others", HOUR)?;
    let (own, sent) = (proof.clone(), proof.clone());
    let machine = Machine::start(Arc::new(move |_| Some(sent.clone())))?;
    let mut shown = String::new();
    for property in ["authLoginGcp", "authLoginAzure"] {
        let issuer = issuer(kv, config(kv, property, json!({"role": "ci", "mount": mount})), on(&machine))?;
        shown.push_str(&format!("{:?}", issuer.list().await.err()));
    }
    let aws = Aws::new(kv, "arn:aws:iam::123456789012:user/others", None)?;
    shown.push_str(&format!("{:?}", aws.issuer(kv, &json!({}), aws.admin())?.list().await.err()));
    shown.push_str(&format!("{:?} {:?}", kv.proxy().journal(), aws.cloud.journal()));
    ensure!(shown.len() > 500 && !shown.contains(&own), "a token is shown");
    ensure!(!shown.contains("AWS4-HMAC") && aws.cloud.aws().leaks(&shown).is_empty(), "a signature or a key is shown");
    Ok(())
}
