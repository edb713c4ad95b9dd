use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::types::RotationRulesType;
use aws_smithy_types::retry::RetryConfig;
use localcloud::{LocalCloud, Options, Rotated, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "ci/key";
const ADMIN: &str = "oci/admin";
const USER: &str = "ci";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotation";
const PATIENCE: Duration = Duration::from_secs(60);

/// Whose keys are rotated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Aws,
    Oci,
}

impl System {
    pub(super) const ALL: [Self; 2] = [Self::Aws, Self::Oci];

    pub(super) fn name(self) -> &'static str {
        if self == Self::Aws { "aws" } else { "oci" }
    }
}

/// The stand-in, the Runtime API, and the program that polls it.
pub(super) struct Bench {
    system: System,
    cloud: LocalCloud,
    processes: Vec<Child>,
    folder: TempDir,
    seen: AtomicUsize,
}

impl Bench {
    pub(super) fn start(system: System, cargo_lambda: &Path) -> Result<Self> {
        let cloud = LocalCloud::start(Options::new(SystemClock::new()).immediate())?;
        let aws = cloud.aws();
        let json = match system {
            System::Aws => {
                aws.create_user(USER)?;
                json!({"system": "aws", "user": USER})
            }
            System::Oci => {
                let user = cloud.oci().create_user(USER)?;
                aws.create_secret(ADMIN, Some(&oci_admin(&cloud).to_string()))?;
                json!({"system": "oci", "userId": user, "adminSecret": ADMIN})
            }
        };
        aws.create_secret(SECRET, Some(&json.to_string()))?;
        aws.create_user("role")?;
        let role = aws.mint_key("role")?;
        let (folder, api) = (tempfile::tempdir()?, free()?);
        fs::write(
            folder.path().join("Cargo.toml"),
            "[package]\nname = \"bootstrap\"\nversion = \"0.0.0\"\n[[bin]]\nname = \"bootstrap\"\npath = \"main.rs\"\n",
        )?;
        fs::write(folder.path().join("main.rs"), "fn main() {}\n")?;
        let log = |name: &str| fs::File::create(folder.path().join(name));
        let watch = Command::new(cargo_lambda.join("cargo-lambda"))
            .args(["lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", &api.port().to_string()])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log("api.out")?)
            .stderr(log("api.err")?)
            .spawn()
            .context("cargo-lambda does not start")?;
        let mut bench = Self { system, cloud, processes: vec![watch], folder, seen: AtomicUsize::new(0) };
        until("the Runtime API listens", || TcpStream::connect(api).ok())?;
        let log = |name: &str| fs::File::create(bench.folder.path().join(name));
        let program = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{api}/.rt/bootstrap"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "bootstrap")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", &role.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &role.secret_access_key)
            .env("AWS_ENDPOINT_URL", bench.cloud.endpoint())
            .stdin(Stdio::null())
            .stdout(log("program.out")?)
            .stderr(log("program.err")?)
            .spawn()
            .context("the program does not start")?;
        bench.processes.push(program);
        bench.cloud.aws().set_function(FUNCTION, api);
        Ok(bench)
    }

    /// Asks Secrets Manager for a rotation, or for the test of its configuration.
    pub(super) fn rotate(&self, at_once: bool) -> Result<()> {
        let admin = self.cloud.aws().admin_credentials();
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(self.cloud.endpoint())
            .retry_config(RetryConfig::disabled())
            .credentials_provider(Credentials::new(
                &admin.access_key_id,
                &admin.secret_access_key,
                None,
                None,
                "trial",
            ));
        let rules = RotationRulesType::builder().automatically_after_days(30).build();
        let call = Client::from_conf(config.build()).rotate_secret().secret_id(SECRET).rotation_lambda_arn(FUNCTION);
        let call = call.rotation_rules(rules).rotate_immediately(at_once);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sent = runtime.block_on(call.send());
        sent.map(drop).map_err(|error| anyhow!(error.message().unwrap_or("no message").to_owned()))
    }

    /// How the rotation ended that was begun last.
    pub(super) fn ended(&self) -> Result<Rotated> {
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        until("the rotation ends", || self.cloud.aws().rotated().get(number).cloned())
    }

    /// The key that consumers read.
    pub(super) fn current(&self) -> Result<String> {
        let (id, works) = read(self.system, &self.cloud.aws().clone(), &self.cloud.oci().clone()).context("no key")?;
        if works { Ok(id) } else { bail!("the key {id} does not work") }
    }

    /// The keys that exist.
    pub(super) fn keys(&self) -> Vec<String> {
        match self.system {
            System::Aws => self.cloud.aws().keys(USER).into_iter().map(|key| key.id).collect(),
            System::Oci => self.cloud.oci().keys(USER).into_iter().map(|key| key.fingerprint).collect(),
        }
    }

    /// Takes the right to write versions from the function's role, or gives it back.
    pub(super) fn forbid(&self, is_forbidden: bool) -> Result<()> {
        let denied: &[&str] = if is_forbidden { &["secretsmanager:PutSecretValue"] } else { &[] };
        Ok(self.cloud.aws().deny("role", denied)?)
    }

    /// A consumer that reads and uses what it reads until it is stopped.
    pub(super) fn reader(&self) -> Reader {
        Reader::start(self.system, self.cloud.aws().clone(), self.cloud.oci().clone())
    }

    /// What the processes said.
    pub(super) fn told(&self) -> String {
        ["program.err", "program.out", "api.err"].map(|name| self.log(name)).join("\n")
    }

    pub(super) fn must_be_silent_about_secrets(&self) -> Result<()> {
        let told = format!("{}\n{}", self.told(), self.log("api.out"));
        let lines = self.log("program.err");
        anyhow::ensure!(lines.contains("creating a new key"), "what is done is logged: {lines}");
        let leaks = [self.cloud.aws().leaks(&told), self.cloud.oci().leaks(&told)].concat();
        anyhow::ensure!(leaks.is_empty() && !told.contains("PRIVATE KEY"), "{leaks:?}");
        Ok(())
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub(super) struct Reader {
    stop: Arc<AtomicBool>,
    uses: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Reader {
    fn start(system: System, aws: localcloud::Aws, oci: localcloud::Oci) -> Self {
        let (stop, uses, failures): (Arc<AtomicBool>, Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>) = Default::default();
        let (stopped, used, failed) = (Arc::clone(&stop), Arc::clone(&uses), Arc::clone(&failures));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match read(system, &aws, &oci) {
                    Some((_, true)) => drop(used.fetch_add(1, Ordering::Relaxed)),
                    Some((id, false)) => failed.lock().unwrap().push(id),
                    None if used.load(Ordering::Relaxed) > 0 => failed.lock().unwrap().push("no key".to_owned()),
                    None => {}
                }
                sleep(Duration::from_millis(2));
            }
        });
        Self { stop, uses, failures, thread }
    }

    /// How often it used a key, and those that failed.
    pub(super) fn stop(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        (self.uses.load(Ordering::Relaxed), self.failures.lock().unwrap().clone())
    }
}

/// The key that consumers read, and whether it works; none before there is one.
fn read(system: System, aws: &localcloud::Aws, oci: &localcloud::Oci) -> Option<(String, bool)> {
    let held: Value = serde_json::from_str(&aws.secret_value(SECRET, "AWSCURRENT")?).ok()?;
    let text = |name: &str| held.get(name).and_then(Value::as_str);
    match system {
        System::Aws => {
            let (id, secret) = (text("accessKeyId")?, text("secretAccessKey")?);
            Some((id.to_owned(), aws.works(id) && aws.secret_is_right(id, secret)))
        }
        System::Oci => {
            let (id, pem) = (text("fingerprint")?, text("privateKeyPem")?);
            Some((id.to_owned(), oci.works(USER, id) && oci.private_half_is_right(USER, id, pem)))
        }
    }
}

fn oci_admin(cloud: &LocalCloud) -> Value {
    let admin = cloud.oci().config();
    json!({
        "tenancyOcid": admin.tenancy,
        "userOcid": admin.user,
        "fingerprint": admin.fingerprint,
        "privateKey": admin.key_content,
        "region": admin.region,
        "endpoints": {"identity": format!("{}/oci/{{region}}", cloud.endpoint())},
    })
}

fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            bail!("{what}: not within {} s", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(10));
    }
}
