//! Logging in without an API key: as an instance, a resource, a pod, or in a session.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::Server;
use rotation::testing::Rig;
use rotation::{Error, ErrorKind, KeyIssuer};
use serde_json::{Value, json};

use super::OciTrial;
use crate::oci::{LocalOci, OciResource};
use crate::orders::mint;
use crate::suite::trials;

pub(super) const TRIALS: &[OciTrial] = trials!("oci::login::", OciResource::ApiKey =>
    an_instance_exchanges_its_certificate,
    a_token_is_replaced_before_it_ends_in_a_run,
    a_token_that_oci_refuses_is_replaced_and_nothing_is_made_twice,
    a_certificate_that_ended_is_told,
    a_certificate_of_another_tenancy_is_told,
    a_principal_without_a_policy_is_told,
    a_machine_that_is_no_instance_is_told,
    an_instance_acts_on_behalf_of_a_user,
    a_resource_principal_in_variables_signs,
    files_of_a_resource_principal_are_read_again,
    an_ended_resource_principal_is_told,
    a_resource_principal_that_is_not_whole_is_told,
    a_pod_exchanges_the_token_of_its_service_account,
    an_ended_token_of_a_service_account_is_told_and_replaced,
    a_basic_cluster_is_told,
    a_cluster_with_an_unknown_authority_is_not_trusted,
    a_session_that_ends_is_read_again_and_then_told,
    a_missing_and_an_empty_session_are_named,
    destroy_works_an_hour_later_with_the_old_state_and_a_new_session,
    two_providers_sign_as_different_principals,
    no_token_key_or_certificate_is_shown,
);

/// A machine: its files and variables.
struct Machine<'a> {
    oci: &'a LocalOci,
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl<'a> Machine<'a> {
    fn new(oci: &'a LocalOci) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let endpoint = oci.cloud().endpoint();
        let variables = [
            ("HOME", folder.path().display().to_string()),
            ("OCI_METADATA_BASE_URL", format!("{endpoint}/opc/v2")),
            ("OCI_SDK_AUTH_CLIENT_REGION_URL", endpoint.to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Self { oci, folder, variables })
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    fn write(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    fn config(&self, auth: &str) -> Value {
        json!({"auth": auth, "endpoints": {"identity": format!("{}/oci/{{region}}", self.oci.cloud().endpoint())}})
    }

    fn issuer(&self, auth: &str) -> Box<dyn KeyIssuer> {
        self.oci.issuer_in(self.variables.clone(), self.config(auth))
    }

    async fn refused(&self, auth: &str) -> Result<Error> {
        let error = self.issuer(auth).list().await.err().context("it was let in")?;
        ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
        Ok(error)
    }

    /// What a function of OCI finds in its environment, for so many minutes.
    fn as_function(&mut self, minutes: i64) -> Result<()> {
        let made = self.oci.cloud().oci().resource_session(SignedDuration::from_mins(minutes));
        let (token, key) = made.context("no session")?;
        self.set("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2");
        self.set("OCI_RESOURCE_PRINCIPAL_REGION", "us-ashburn-1");
        self.set("OCI_RESOURCE_PRINCIPAL_RPST", token);
        self.set("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", key);
        Ok(())
    }

    /// The same in files, which stand where they stood.
    fn as_function_by_files(&mut self, minutes: i64) -> Result<()> {
        self.as_function(minutes)?;
        for (name, file) in [("OCI_RESOURCE_PRINCIPAL_RPST", "rpst"), ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "key.pem")]
        {
            let path = self.write(file, &self.variables[name].clone())?;
            self.set(name, path);
        }
        Ok(())
    }

    /// What a pod of OKE finds: a service of the cluster, its authority, and a token for so many minutes.
    fn as_pod(&mut self, minutes: i64) -> Result<Server> {
        // The service's port is the same everywhere, so each trial has an address of loopback of its own.
        let mut last = None;
        for host in (2..=254).map(|number| format!("127.0.{}.{number}", 1 + std::process::id() % 250)) {
            let (pem, tls) = localcloud::authority(&host).context("no authority")?;
            let address: SocketAddr = format!("{host}:12250").parse()?;
            match self.oci.cloud().by_tls(address, tls) {
                Ok(server) => {
                    self.set("KUBERNETES_SERVICE_HOST", host);
                    self.set("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2");
                    self.set("OCI_RESOURCE_PRINCIPAL_REGION", "us-ashburn-1");
                    let authority = self.write("ca.crt", &pem)?;
                    self.set("OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH", authority);
                    self.account(minutes)?;
                    return Ok(server);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| anyhow::anyhow!("no address"), Into::into))
    }

    fn account(&mut self, minutes: i64) -> Result<()> {
        let token = self.oci.cloud().oci().service_account_token(SignedDuration::from_mins(minutes));
        let path = self.write("sa-token", &format!("{token}\n"))?;
        self.set("KEYROTATION_OCI_SERVICE_ACCOUNT_TOKEN_FILE", path);
        Ok(())
    }

    /// A session of the administrator in a profile, for so many minutes.
    fn as_session(&self, minutes: i64) -> Result<()> {
        let pair =
            self.oci.cloud().oci().user_session("admin", SignedDuration::from_mins(minutes)).context("no session")?;
        let (token, key) = (self.write("token", &pair.0)?, self.write("session.pem", &pair.1)?);
        let tenancy = self.oci.cloud().oci().config().tenancy;
        std::fs::create_dir_all(self.folder.path().join(".oci"))?;
        let file =
            format!("[CI]\ntenancy={tenancy}\nregion=us-phoenix-1\nsecurity_token_file={token}\nkey_file={key}\n");
        self.write(".oci/config", &file)?;
        Ok(())
    }

    fn in_session(&self) -> Box<dyn KeyIssuer> {
        self.oci.issuer_in(self.variables.clone(), self.session())
    }

    fn session(&self) -> Value {
        let mut config = self.config("SecurityToken");
        config["configFileProfile"] = "CI".into();
        config
    }
}

fn count(oci: &LocalOci, action: &str) -> usize {
    oci.calls().iter().filter(|call| *call == action).count()
}

async fn an_instance_exchanges_its_certificate(oci: &LocalOci) -> Result<()> {
    let issuer = Machine::new(oci)?.issuer("InstancePrincipal");
    ensure!(oci.calls().is_empty(), "nobody is contacted before the first call");
    issuer.list().await?;
    mint(&*issuer).await?;
    ensure!(count(oci, "FederateX509") == 1 && oci.keys().len() == 1, "{:?}", oci.calls());
    ensure!(issuer.account().await?.as_ref() == Some(&oci.cloud().oci().config().tenancy));
    ensure!(issuer.configured_key().await?.is_none(), "a principal stands on no user");
    let signer = oci.cloud().journal().into_iter().rev().find_map(|entry| entry.signer);
    ensure!(signer.as_deref() == Some("principal"), "{signer:?}");
    Ok(())
}

async fn a_token_is_replaced_before_it_ends_in_a_run(oci: &LocalOci) -> Result<()> {
    let issuer = Machine::new(oci)?.issuer("InstancePrincipal");
    for (minutes, exchanges) in [(0, 1), (10, 1), (6, 2), (30, 3)] {
        oci.clock().advance(SignedDuration::from_mins(minutes));
        issuer.list().await?;
        ensure!(count(oci, "FederateX509") == exchanges, "{:?}", oci.calls());
    }
    let refused = oci.cloud().journal().iter().filter(|entry| entry.answered == Some(401)).count();
    ensure!(refused == 0, "a token was used to its end");
    Ok(())
}

async fn a_token_that_oci_refuses_is_replaced_and_nothing_is_made_twice(oci: &LocalOci) -> Result<()> {
    let issuer = Machine::new(oci)?.issuer("InstancePrincipal");
    issuer.list().await?;
    oci.cloud().oci().end_principals();
    mint(&*issuer).await?;
    ensure!(count(oci, "FederateX509") == 2 && oci.keys().len() == 1, "{:?}", oci.calls());
    Ok(())
}

async fn a_certificate_that_ended_is_told(oci: &LocalOci) -> Result<()> {
    let issuer = Machine::new(oci)?.issuer("InstancePrincipal");
    issuer.list().await?;
    oci.clock().advance(SignedDuration::from_hours(25));
    let error = mint(&*issuer).await.err().context("a key was made")?;
    ensure!(error.kind == ErrorKind::Unauthenticated && error.effect == rotation::Effect::None, "{error:?}");
    ensure!(error.message.contains("certificate") && error.message.contains("has ended"), "{error}");
    ensure!(oci.keys().is_empty());
    oci.cloud().oci().renew_certificate(None);
    mint(&*issuer).await?;
    Ok(())
}

async fn a_certificate_of_another_tenancy_is_told(oci: &LocalOci) -> Result<()> {
    oci.cloud().oci().renew_certificate(Some("ocid1.tenancy.oc1..aaaaother"));
    let error = Machine::new(oci)?.refused("InstancePrincipal").await?;
    ensure!(error.message.contains("did not accept the certificate"), "{error}");
    Ok(())
}

async fn a_principal_without_a_policy_is_told(oci: &LocalOci) -> Result<()> {
    oci.cloud().oci().set_policy(&["ListRegionSubscriptions"]);
    let issuer = Machine::new(oci)?.issuer("InstancePrincipal");
    let error = mint(&*issuer).await.err().context("it was permitted")?;
    ensure!(error.kind == ErrorKind::NotFound && error.message.contains("policy"), "{error:?}");
    ensure!(oci.keys().is_empty());
    Ok(())
}

async fn a_machine_that_is_no_instance_is_told(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    machine.set("OCI_METADATA_BASE_URL", format!("{}/opc/v1", oci.cloud().endpoint()));
    let error = machine.refused("InstancePrincipal").await?;
    ensure!(error.message.contains("compute instances of OCI"), "{error}");
    machine.set("OCI_METADATA_BASE_URL", crate::rig::nowhere().context("no address")?);
    let error = machine.issuer("InstancePrincipal").list().await.err().context("nobody listens there")?;
    ensure!(error.kind == ErrorKind::Unreachable && error.message.contains("metadata service"), "{error:?}");
    Ok(())
}

async fn an_instance_acts_on_behalf_of_a_user(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let token = oci.cloud().oci().delegation_token("admin")?;
    let file = machine.write("delegation", &format!("{token}\n"))?;
    machine.set("OCI_CLI_DELEGATION_TOKEN_FILE", file.clone());
    // The instance itself may do nothing.
    oci.cloud().oci().set_policy(&[]);
    mint(&*machine.issuer("InstancePrincipal")).await?;
    let signer = oci.cloud().journal().into_iter().rev().find_map(|entry| entry.signer);
    ensure!(signer.as_deref() == Some("delegation"), "{signer:?}");
    std::fs::write(&file, "another")?;
    let error = machine.refused("InstancePrincipal").await?;
    ensure!(error.message.contains("delegation token") && error.message.contains(&file), "{error}");
    std::fs::write(&file, "")?;
    let error = machine.refused("InstancePrincipal").await?;
    ensure!(error.message.contains(&file) && error.message.contains("empty"), "{error}");
    Ok(())
}

async fn a_resource_principal_in_variables_signs(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    machine.as_function(20)?;
    let issuer = machine.issuer("ResourcePrincipal");
    mint(&*issuer).await?;
    ensure!(issuer.account().await?.as_ref() == Some(&oci.cloud().oci().config().tenancy));
    ensure!(count(oci, "GetInstanceMetadata") == 0, "{:?}", oci.calls());
    Ok(())
}

async fn files_of_a_resource_principal_are_read_again(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    machine.as_function_by_files(20)?;
    let issuer = machine.issuer("ResourcePrincipal");
    issuer.list().await?;
    oci.clock().advance(SignedDuration::from_mins(25));
    machine.as_function_by_files(20)?;
    mint(&*issuer).await?;
    let refused = oci.cloud().journal().iter().filter(|entry| entry.answered == Some(401)).count();
    ensure!(refused == 0 && oci.keys().len() == 1, "an old token was used");
    Ok(())
}

async fn an_ended_resource_principal_is_told(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    machine.as_function(20)?;
    let issuer = machine.issuer("ResourcePrincipal");
    issuer.list().await?;
    oci.clock().advance(SignedDuration::from_mins(25));
    let error = mint(&*issuer).await.err().context("a key was made")?;
    for part in ["resource principal", "OCI_RESOURCE_PRINCIPAL_RPST", "ended at 2026-03-01T12:20:00Z"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    ensure!(error.kind == ErrorKind::Unauthenticated && oci.keys().is_empty(), "{error:?}");
    Ok(())
}

async fn a_resource_principal_that_is_not_whole_is_told(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let error = machine.issuer("ResourcePrincipal").list().await.err().context("there is nothing")?;
    ensure!(error.message.contains("OCI_RESOURCE_PRINCIPAL"), "{error}");
    machine.as_function(20)?;
    machine.variables.remove("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM");
    let error = machine.issuer("ResourcePrincipal").list().await.err().context("there is no key")?;
    ensure!(error.message.contains("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"), "{error}");
    machine.set("OCI_RESOURCE_PRINCIPAL_VERSION", "3.0");
    let error = machine.issuer("ResourcePrincipal").list().await.err().context("an unknown version")?;
    ensure!(error.message.contains("OCI_RESOURCE_PRINCIPAL_VERSION") && error.message.contains("2.2"), "{error}");
    ensure!(oci.calls().is_empty(), "{:?}", oci.calls());
    Ok(())
}

async fn a_pod_exchanges_the_token_of_its_service_account(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let _service = machine.as_pod(60)?;
    let issuer = machine.issuer("OKEWorkloadIdentity");
    mint(&*issuer).await?;
    ensure!(count(oci, "ExchangeServiceAccountToken") == 1, "{:?}", oci.calls());
    oci.clock().advance(SignedDuration::from_mins(16));
    issuer.list().await?;
    ensure!(count(oci, "ExchangeServiceAccountToken") == 2, "{:?}", oci.calls());
    Ok(())
}

async fn an_ended_token_of_a_service_account_is_told_and_replaced(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let _service = machine.as_pod(0)?;
    let error = machine.refused("OKEWorkloadIdentity").await?;
    ensure!(error.message.contains("service account") && error.message.contains("sa-token"), "{error}");
    machine.account(60)?;
    machine.issuer("OKEWorkloadIdentity").list().await?;
    machine.write("sa-token", "")?;
    let error = machine.refused("OKEWorkloadIdentity").await?;
    ensure!(error.message.contains("sa-token") && error.message.contains("empty"), "{error}");
    Ok(())
}

async fn a_basic_cluster_is_told(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let _service = machine.as_pod(60)?;
    oci.cloud().oci().set_enhanced(false);
    let error = machine.refused("OKEWorkloadIdentity").await?;
    ensure!(error.message.contains("enhanced cluster"), "{error}");
    Ok(())
}

async fn a_cluster_with_an_unknown_authority_is_not_trusted(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let _service = machine.as_pod(60)?;
    let (other, _) = localcloud::authority("127.0.0.1").context("no authority")?;
    machine.write("ca.crt", &other)?;
    let error = machine.issuer("OKEWorkloadIdentity").list().await.err().context("it was trusted")?;
    ensure!(
        error.kind == ErrorKind::Unreachable && error.message.contains("OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"),
        "{error:?}"
    );
    ensure!(count(oci, "ExchangeServiceAccountToken") == 0, "the token was sent");
    Ok(())
}

async fn a_session_that_ends_is_read_again_and_then_told(oci: &LocalOci) -> Result<()> {
    let machine = Machine::new(oci)?;
    machine.as_session(60)?;
    let issuer = machine.in_session();
    issuer.list().await?;
    oci.clock().advance(SignedDuration::from_mins(61));
    machine.as_session(60)?;
    mint(&*issuer).await?;
    oci.clock().advance(SignedDuration::from_mins(61));
    let error = issuer.list().await.err().context("the session has ended")?;
    for part in ["security_token_file", "ended at", "oci session refresh --profile CI"] {
        ensure!(error.message.contains(part), "{part}: {error}");
    }
    ensure!(error.kind == ErrorKind::Unauthenticated, "{error:?}");
    Ok(())
}

async fn a_missing_and_an_empty_session_are_named(oci: &LocalOci) -> Result<()> {
    let machine = Machine::new(oci)?;
    machine.as_session(60)?;
    machine.write("token", " \n")?;
    let error = machine.in_session().list().await.err().context("there is no token")?;
    ensure!(error.message.contains("security_token_file") && error.message.contains("empty"), "{error}");
    std::fs::remove_file(machine.folder.path().join("token"))?;
    let error = machine.in_session().list().await.err().context("there is no file")?;
    ensure!(error.message.contains("security_token_file") && error.message.contains("no such file"), "{error}");
    let file = std::fs::read_to_string(machine.folder.path().join(".oci/config"))?;
    let file: String =
        file.lines().filter(|line| !line.contains("security_token")).map(|line| format!("{line}\n")).collect();
    machine.write(".oci/config", &file)?;
    let error = machine.in_session().list().await.err().context("there is no session")?;
    ensure!(error.message.contains("file of the session token") && oci.calls().is_empty(), "{error}");
    Ok(())
}

async fn destroy_works_an_hour_later_with_the_old_state_and_a_new_session(oci: &LocalOci) -> Result<()> {
    let machine = Machine::new(oci)?;
    machine.as_session(30)?;
    let made = mint(&*machine.in_session()).await?;
    oci.clock().advance(SignedDuration::from_hours(1));
    machine.as_session(30)?;
    // `refresh` and `destroy` have the provider's inputs from the state: the same configuration.
    let later = machine.in_session();
    ensure!(later.list().await?.is_some_and(|keys| keys.iter().any(|key| key.id == made.id)));
    later.retire(&made.id).await?;
    ensure!(oci.keys().is_empty());
    Ok(())
}

async fn two_providers_sign_as_different_principals(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    let function = {
        machine.as_function(20)?;
        machine.issuer("ResourcePrincipal")
    };
    let (one, other) = (oci.issuer(), function);
    let (first, second) = futures::join!(one.list(), other.list());
    first?;
    second?;
    let signers: Vec<_> = oci
        .cloud()
        .journal()
        .into_iter()
        .filter(|entry| entry.action == "ListApiKeys")
        .filter_map(|entry| entry.signer)
        .collect();
    ensure!(signers.len() == 2 && signers[0] != signers[1], "{signers:?}");
    Ok(())
}

async fn no_token_key_or_certificate_is_shown(oci: &LocalOci) -> Result<()> {
    let mut machine = Machine::new(oci)?;
    machine.as_function(20)?;
    let _service = machine.as_pod(60)?;
    machine.as_session(60)?;
    let mut shown = String::new();
    for auth in ["InstancePrincipal", "ResourcePrincipal", "OKEWorkloadIdentity"] {
        let issuer = machine.issuer(auth);
        shown.push_str(&format!("{:?}", mint(&*issuer).await.err()));
        oci.cloud().oci().end_principals();
        oci.cloud().oci().set_enhanced(false);
        oci.clock().advance(SignedDuration::from_hours(30));
        shown.push_str(&format!("{:?}", issuer.list().await.err()));
        oci.cloud().oci().set_enhanced(true);
        oci.cloud().oci().renew_certificate(None);
        machine.as_function(20)?;
        machine.account(60)?;
    }
    shown.push_str(&format!("{:?} {:?}", machine.in_session().list().await.err(), oci.cloud().journal()));
    ensure!(shown.len() > 1000 && shown.contains("ended"), "{shown}");
    ensure!(oci.cloud().oci().leaks(&shown).is_empty(), "a token or a key is shown");
    Ok(())
}
