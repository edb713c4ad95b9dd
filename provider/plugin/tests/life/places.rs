//! The wrong place: another account, a server that is not the system, a principal that is not there yet, another spelling, another owner.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

use jiff::Timestamp;
use localcloud::{Fault, LocalCloud, Options, Rule};
use plugin::KeyRotation;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::{Action, Harness, Managed, Problem, Saved};
use pulumi_provider::wire::{Unknowns, to_struct};
use pulumi_provider::{Object, Value};
use rotation::testing::ManualClock;

use crate::bench::{Bench, DAY, HOUR, Shared, TOKEN, USER, inputs, object, saved, text};

const ACCOUNTS: [&str; 2] = ["111111111111", "222222222222"];

/// A plugin, and two places for each system that have nothing in common but names.
pub(crate) struct Places {
    pub(crate) clock: ManualClock,
    pub(crate) clouds: [LocalCloud; 2],
    pub(crate) harness: Harness,
    pub(crate) oci_user: String,
    pub(crate) confluent_owner: String,
}

/// A system with a stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Aws,
    Oci,
    OciToken,
    Confluent,
}

pub(crate) const SYSTEMS: [System; 4] = [System::Aws, System::Oci, System::OciToken, System::Confluent];

impl Places {
    pub(crate) async fn start() -> Self {
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
        let cloud = |number: usize| {
            let mut options = Options::new(Arc::new(Shared(clock.clone())) as Arc<dyn localcloud::Clock>).immediate();
            options.seed = number as u64;
            options.aws.account = ACCOUNTS[number].to_owned();
            let cloud = LocalCloud::start(options).unwrap();
            cloud.aws().create_user(USER).unwrap();
            cloud
        };
        let clouds = [cloud(0), cloud(1)];
        let oci_user = clouds[0].oci().create_user("ci").unwrap();
        let confluent_owner = clouds[0].confluent().create_service_account("ci").unwrap();
        let harness = Harness::start(KeyRotation::new(Arc::new(clock.clone()))).await.unwrap();
        let places = Self { clock, clouds, harness, oci_user, confluent_owner };
        places.configure(0, None).await;
        places
    }

    pub(crate) async fn configure(&self, number: usize, accept: Option<&str>) {
        let mut config = config(&self.clouds[number], None);
        config.extend(accept.map(|id| ("acceptAccount".to_owned(), id.into())));
        self.harness.configure(config).await.unwrap();
    }

    pub(crate) fn key(&self, system: System) -> Managed {
        self.harness.resource(system.token(), "key")
    }

    pub(crate) fn inputs(&self, system: System, keeper: &str) -> Object {
        let own = match system {
            System::Aws => object([("user", USER.into())]),
            System::Oci => object([("userId", self.oci_user.as_str().into())]),
            System::OciToken => object([("userId", self.oci_user.as_str().into()), ("name", "ci".into())]),
            System::Confluent => object([("owner", object([("id", self.confluent_owner.as_str().into())]).into())]),
        };
        let mut inputs = object([("keepers", object([("release", keeper.into())]).into()), ("overlap", "1d".into())]);
        inputs.extend(own);
        inputs
    }

    pub(crate) fn account(&self, system: System, number: usize) -> String {
        let cloud = &self.clouds[number];
        match system {
            System::Aws => ACCOUNTS[number].to_owned(),
            System::Oci | System::OciToken => cloud.oci().config().tenancy,
            System::Confluent => cloud.confluent().organization(),
        }
    }

    /// How many keys there are.
    pub(crate) fn keys(&self, system: System, number: usize) -> usize {
        let cloud = &self.clouds[number];
        match system {
            System::Aws => cloud.aws().keys(USER).len(),
            System::Oci => cloud.oci().keys("ci").len(),
            System::OciToken => cloud.oci().secrets("ci", localcloud::oci::Kind::AuthToken).len(),
            System::Confluent => cloud.confluent().keys(&self.confluent_owner, "cloud").len(),
        }
    }

    /// The calls of a place that change something.
    pub(crate) fn changes(&self, number: usize) -> Vec<String> {
        let reads = ["List", "Get", "Read", "AssumeRole"];
        let calls = self.clouds[number].journal().into_iter().map(|entry| entry.action);
        calls.filter(|call| !reads.iter().any(|read| call.starts_with(read))).collect()
    }

    pub(crate) fn logged(&self, words: &str) -> bool {
        self.harness.logged().iter().any(|line| format!("{line:?}").contains(words))
    }
}

impl System {
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Aws => TOKEN,
            Self::Oci => "keyrotation:oci:RotatingApiKey",
            Self::OciToken => "keyrotation:oci:RotatingAuthToken",
            Self::Confluent => "keyrotation:confluent:RotatingApiKey",
        }
    }

    /// The call that tells whether the principal is there, and its refusal when it is not.
    pub(crate) fn missing(self) -> Rule {
        match self {
            Self::Aws => Rule::new(Fault::error_before(404, "NoSuchEntity")).on("ListAccessKeys"),
            Self::Oci => Rule::new(Fault::error_before(404, "NotAuthorizedOrNotFound")).on("ListApiKeys"),
            Self::OciToken => Rule::new(Fault::error_before(404, "NotAuthorizedOrNotFound")).on("ListAuthTokens"),
            Self::Confluent => {
                Rule::new(Fault::error_before(404, "service_account_not_found")).on("ReadServiceAccount")
            }
        }
    }
}

/// What reaches a cloud, or the same credentials at another address.
fn config(cloud: &LocalCloud, address: Option<&str>) -> Object {
    let endpoint = address.map_or_else(|| cloud.endpoint().to_owned(), str::to_owned);
    let (aws, oci, confluent) =
        (cloud.aws().admin_credentials(), cloud.oci().config(), cloud.confluent().admin_credentials());
    let both = object([("iam", endpoint.as_str().into()), ("sts", endpoint.as_str().into())]);
    let aws = object([
        ("region", "us-east-1".into()),
        ("accessKey", Value::secret(aws.access_key_id.as_str())),
        ("secretKey", Value::secret(aws.secret_access_key.as_str())),
        ("endpoints", both.into()),
    ]);
    let identity = format!("{endpoint}/oci/{{region}}");
    let oci = object([
        ("tenancyOcid", oci.tenancy.as_str().into()),
        ("userOcid", oci.user.as_str().into()),
        ("fingerprint", oci.fingerprint.as_str().into()),
        ("privateKey", Value::secret(oci.key_content.as_str())),
        ("region", oci.region.as_str().into()),
        ("endpoints", object([("identity", identity.as_str().into())]).into()),
    ]);
    let confluent = object([
        ("cloudApiKey", Value::secret(confluent.api_key.as_str())),
        ("cloudApiSecret", Value::secret(confluent.api_secret.as_str())),
        ("endpoint", endpoint.as_str().into()),
    ]);
    object([("aws", aws.into()), ("oci", oci.into()), ("confluent", confluent.into())])
}

fn told(problem: &Problem) -> String {
    match problem {
        Problem::Failed(status) => status.message().to_owned(),
        problem => format!("{problem:?}"),
    }
}

#[tokio::test]
async fn lesson_b1_another_account_is_refused_and_drops_nothing() {
    for system in SYSTEMS {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        let ids = [places.account(system, 0), places.account(system, 1)];
        assert_ne!(ids[0], ids[1], "{system:?}");
        assert_eq!(text(&saved(&key).outputs, "account"), ids[0], "{system:?}");
        let before = saved(&key);
        places.clock.advance(HOUR);
        places.configure(1, None).await;
        let refreshed = key.refresh().await.expect_err("another account");
        let updated = key.up(&places.inputs(system, "2")).await.map(|_| ()).expect_err("another account");
        let destroyed = key.destroy().await.expect_err("another account");
        for problem in [refreshed, updated, destroyed] {
            let text = told(&problem);
            let parts = [ids[0].as_str(), &ids[1], "KEYROTATION_ACCEPT_ACCOUNT", "Nothing was changed"];
            assert!(parts.iter().all(|part| text.contains(part)), "{system:?}: {text}");
        }
        assert_eq!(saved(&key), before, "{system:?}");
        assert!(places.changes(1).is_empty(), "{system:?}: {:?}", places.changes(1));
        assert_eq!((places.keys(system, 0), places.keys(system, 1)), (1, 0), "{system:?}");
        places.configure(0, None).await;
        key.destroy().await.unwrap();
        assert_eq!(places.keys(system, 0), 0, "{system:?}");
    }
}

#[tokio::test]
async fn lesson_b1_an_account_is_accepted_once_by_its_name() {
    let places = Places::start().await;
    let mut key = places.key(System::Aws);
    key.up(&places.inputs(System::Aws, "1")).await.unwrap();
    places.clock.advance(HOUR);
    places.configure(1, Some("333333333333")).await;
    key.refresh().await.expect_err("another account was accepted");
    places.configure(1, Some("333333333333, 222222222222")).await;
    key.refresh().await.unwrap();
    key.up(&places.inputs(System::Aws, "1")).await.unwrap();
    assert_eq!(text(&saved(&key).outputs, "account"), ACCOUNTS[1]);
    assert_eq!(places.keys(System::Aws, 1), 1);
    places.configure(1, None).await;
    key.refresh().await.unwrap();
    key.destroy().await.unwrap();
    assert_eq!((places.keys(System::Aws, 0), places.keys(System::Aws, 1)), (1, 0));
}

#[tokio::test]
async fn lesson_b1_our_own_mark_proves_the_place() {
    let places = Places::start().await;
    let mut key = places.key(System::Aws);
    key.up(&places.inputs(System::Aws, "1")).await.unwrap();
    places.clock.advance(HOUR);
    // What a restored copy of the place has: the mark with our instance in it.
    let tags = places.clouds[0].aws().tags(USER);
    places.clouds[1].aws().set_tags(USER, &tags).unwrap();
    places.configure(1, None).await;
    key.refresh().await.unwrap();
    assert_eq!(text(&saved(&key).outputs, "account"), ACCOUNTS[1]);
}

#[tokio::test]
async fn lesson_b1_a_state_without_an_account_is_filled_where_its_keys_are() {
    for system in SYSTEMS {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        // As an earlier version wrote it.
        key.saved.as_mut().unwrap().outputs.remove("account");
        places.clock.advance(HOUR);
        places.configure(1, None).await;
        let refreshed = key.refresh().await.expect_err("nothing proves that this is the place");
        let updated = key.up(&places.inputs(system, "2")).await.map(|_| ()).expect_err("the same");
        let destroyed = key.destroy().await.expect_err("the same");
        for problem in [refreshed, updated, destroyed] {
            assert!(told(&problem).contains("Nothing was changed"), "{system:?}: {}", told(&problem));
        }
        assert!(key.saved.is_some() && places.changes(1).is_empty(), "{system:?}");
        places.configure(0, None).await;
        key.refresh().await.unwrap();
        assert_eq!(text(&saved(&key).outputs, "account"), places.account(system, 0), "{system:?}");
    }
}

#[tokio::test]
async fn lesson_b1_an_account_that_cannot_be_learned_is_proven_by_the_mark() {
    let places = Places::start().await;
    let mut key = places.key(System::Aws);
    key.up(&places.inputs(System::Aws, "1")).await.unwrap();
    places.clock.advance(HOUR);
    let silent = || Rule::new(Fault::error_before(503, "ServiceUnavailable")).on("GetCallerIdentity").always();
    places.configure(0, None).await;
    places.clouds[0].faults().add(silent());
    key.refresh().await.unwrap();
    assert_eq!(text(&saved(&key).outputs, "account"), ACCOUNTS[0], "it is not forgotten either");
    places.configure(1, None).await;
    places.clouds[1].faults().add(silent());
    for problem in [key.refresh().await.expect_err("no mark"), key.destroy().await.expect_err("no mark")] {
        assert!(told(&problem).contains("sts:GetCallerIdentity"), "{}", told(&problem));
    }
    assert!(key.saved.is_some() && places.keys(System::Aws, 0) == 1);
}

#[tokio::test]
async fn lesson_b1_the_account_is_asked_for_once_in_a_process() {
    let places = Places::start().await;
    for system in SYSTEMS {
        let mut key = places.key(system);
        for keeper in ["1", "2"] {
            key.up(&places.inputs(system, keeper)).await.unwrap();
            key.refresh().await.unwrap();
        }
    }
    let admin = places.clouds[0].aws().admin_credentials().access_key_id;
    let asked = |action: &str, signer: Option<&str>| {
        let calls = places.clouds[0].journal().into_iter().filter(|entry| entry.action == action);
        calls.filter(|entry| signer.is_none() || entry.signer.as_deref() == signer).count()
    };
    assert_eq!(asked("GetCallerIdentity", Some(&admin)), 1);
    assert_eq!(asked("ListOrganizations", None), 1);
}

/// Answers every request with this, and never stops: a web server that is none of the systems.
fn web_server(head: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let length = body.len();
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

/// What stands at an address by mistake, and what a proxy says.
fn strangers() -> [String; 5] {
    [
        web_server("404 Not Found\r\ncontent-type: text/html", "<html><body>404 Not Found</body></html>"),
        web_server("200 OK\r\ncontent-type: text/html", "<html><body>It works!</body></html>"),
        web_server("403 Forbidden\r\ncontent-type: text/html", "<html><body>blocked by policy</body></html>"),
        web_server(
            "404 Not Found\r\ncontent-type: application/json",
            r#"{"message":"no Route matched with those values"}"#,
        ),
        web_server("200 OK\r\ncontent-type: application/json", "{}"),
    ]
}

#[tokio::test]
async fn lesson_b2_a_server_that_is_not_the_system_proves_nothing() {
    for system in SYSTEMS {
        for address in strangers() {
            let places = Places::start().await;
            let mut key = places.key(system);
            key.up(&places.inputs(system, "1")).await.unwrap();
            let before = saved(&key);
            places.clock.advance(HOUR);
            // Where the account is told without a call, or was accepted, the answers alone must not be believed either.
            for accept in [None, Some(places.account(system, 0))] {
                let mut config = config(&places.clouds[0], Some(&address));
                config.extend(accept.map(|id| ("acceptAccount".to_owned(), id.into())));
                places.harness.configure(config).await.unwrap();
                key.refresh().await.expect_err("it was believed");
                key.destroy().await.expect_err("it was believed");
                assert_eq!(saved(&key), before, "{system:?}");
            }
        }
    }
}

/// The state of a resource of Vault, as a run left it, without a server: none of these tests gets as far as one.
fn of_vault(harness: &Harness, token: &str, identity: Object, account: Option<&str>) -> Managed {
    let mut managed = harness.resource(token, "key");
    let at = "2026-01-01T00:00:00Z";
    let current =
        object([("id", "1".into()), ("generation", 1.into()), ("createdAt", at.into()), ("status", "active".into())]);
    let mut outputs = object([
        ("stateVersion", 1.into()),
        ("instance", "0123456789abcdef".into()),
        ("generation", 1.into()),
        ("current", current.into()),
    ]);
    outputs.extend(account.map(|id| ("account".to_owned(), id.into())));
    outputs.extend(identity.clone());
    managed.saved = Some(Saved { id: "x".to_owned(), inputs: identity, outputs, init_errors: Vec::new() });
    managed
}

fn vault_resources() -> [(&'static str, Object); 4] {
    let text = |name: &'static str, value: &str| (name, Value::from(value));
    [
        ("keyrotation:vault:RotatingApiKey", object([text("mount", "secret"), text("path", "app")])),
        ("keyrotation:vault:RotatingSecretId", object([text("mount", "approle"), text("role", "ci")])),
        ("keyrotation:vault:RotatingJwtKey", object([text("mount", "jwt"), text("name", "payments")])),
        ("keyrotation:vault:RotatingLease", object([text("path", "database/creds/a"), text("name", "b")])),
    ]
}

fn vault_at(address: &str) -> Object {
    let vault = object([("address", address.into()), ("token", Value::secret("t")), ("skipTlsVerify", true.into())]);
    object([("vault", vault.into())])
}

#[tokio::test]
async fn lesson_b2_a_web_server_is_not_taken_for_vault() {
    let harness = Harness::start(KeyRotation::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))).await.unwrap();
    for address in strangers() {
        harness.configure(vault_at(&address)).await.unwrap();
        for (token, identity) in vault_resources() {
            for account in [None, Some("cluster")] {
                let mut key = of_vault(&harness, token, identity.clone(), account);
                let before = saved(&key);
                key.refresh().await.expect_err("it was believed");
                key.destroy().await.expect_err("it was believed");
                assert_eq!(saved(&key), before, "{token}");
            }
        }
    }
}

/// Says that it is Vault's cluster of this id, and knows no path.
fn vault_without(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            let request = lines.next().and_then(Result::ok).unwrap_or_default();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let (status, body) = match request.contains("sys/health") {
                true => ("200 OK", r#"{"initialized":true,"sealed":false,"cluster_id":"cluster"}"#.to_owned()),
                false => ("404 Not Found", format!(r#"{{"errors":["{words}"]}}"#)),
            };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

#[tokio::test]
async fn lesson_b2_what_is_not_mounted_or_of_another_type_proves_nothing() {
    let harness = Harness::start(KeyRotation::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))).await.unwrap();
    for words in
        ["no handler for route x. route entry not found.", "1 error occurred: unsupported path", "namespace not found"]
    {
        harness.configure(vault_at(&vault_without(words))).await.unwrap();
        for (token, identity) in vault_resources() {
            let mut key = of_vault(&harness, token, identity, Some("cluster"));
            let before = saved(&key);
            let refreshed = key.refresh().await.expect_err("it was believed");
            key.destroy().await.expect_err("it was believed");
            assert_eq!(saved(&key), before, "{token}");
            if words.starts_with("no handler") {
                assert!(told(&refreshed).contains("keyrotation:vault.namespace"), "{}", told(&refreshed));
            }
        }
    }
    let address = vault_without("x");
    harness.configure(vault_at(&format!("{address}/v1"))).await.unwrap();
    let (token, identity) = vault_resources()[1].clone();
    let problem = of_vault(&harness, token, identity, None).refresh().await.expect_err("a path of the API");
    assert!(told(&problem).contains("/v1"), "{}", told(&problem));
}

#[tokio::test]
async fn lesson_b1_another_vault_cluster_is_refused() {
    let harness = Harness::start(KeyRotation::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))).await.unwrap();
    harness.configure(vault_at(&vault_without(""))).await.unwrap();
    for (token, identity) in vault_resources() {
        for recorded in ["elsewhere", "cluster/team"] {
            let mut key = of_vault(&harness, token, identity.clone(), Some(recorded));
            let problems = [key.refresh().await.expect_err("another"), key.destroy().await.expect_err("another")];
            for problem in problems {
                let text = told(&problem);
                assert!(text.contains(recorded) && text.contains("Vault cluster cluster"), "{token}: {text}");
            }
            assert!(key.saved.is_some());
        }
    }
}

#[tokio::test]
async fn lesson_b3_a_principal_that_is_not_there_yet_is_waited_for() {
    for system in SYSTEMS {
        let places = Places::start().await;
        places.clouds[0].faults().add(system.missing().times(3));
        let begun = rotation::Clock::now(&places.clock);
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        assert_eq!(places.keys(system, 0), 1, "{system:?}");
        assert!(places.logged("waiting up to") && places.logged("created just now"), "{system:?}: nobody was told");
        let took = rotation::Clock::now(&places.clock).duration_since(begun);
        assert!(took >= jiff::SignedDuration::from_secs(15), "{system:?}: {took:?}");

        let places = Places::start().await;
        places.clouds[0].faults().add(system.missing().always());
        let begun = rotation::Clock::now(&places.clock);
        places.key(system).up(&places.inputs(system, "1")).await.map(|_| ()).expect_err("it never came");
        let took = rotation::Clock::now(&places.clock).duration_since(begun);
        assert!(took <= jiff::SignedDuration::from_mins(2), "{system:?}: {took:?}");
    }
}

#[tokio::test]
async fn lesson_b3_a_delete_does_not_believe_a_list_that_lags() {
    for system in [System::Aws, System::Oci, System::OciToken] {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        places.clouds[0].faults().add(system.missing().times(2));
        key.destroy().await.unwrap();
        assert_eq!(places.keys(system, 0), 0, "{system:?}: the key lives");
    }
}

#[tokio::test]
async fn lesson_b2_an_oci_user_of_another_domain_is_never_called_deleted() {
    for system in [System::Oci, System::OciToken] {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        places.clock.advance(HOUR);
        places.clouds[0].oci().set_domain("ci", "partners").unwrap();
        places.clouds[0].faults().add(system.missing().always());
        let refreshed = key.refresh().await.expect_err("the user was called deleted");
        assert!(told(&refreshed).contains("default identity domain"), "{}", told(&refreshed));
        key.destroy().await.expect_err("the user was called deleted");
        assert!(key.saved.is_some() && places.keys(system, 0) == 1);
    }
}

#[tokio::test]
async fn lesson_b2_an_oci_user_that_is_gone_is_gone() {
    for system in [System::Oci, System::OciToken] {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        places.clock.advance(HOUR);
        places.clouds[0].oci().delete_user("ci").unwrap();
        key.refresh().await.unwrap();
        assert!(key.saved.is_none());
    }
}

#[tokio::test]
async fn lesson_a1_a_run_names_what_it_supersedes_with_the_current_key() {
    let places = Places::start().await;
    let mut key = places.key(System::Oci);
    key.up(&places.inputs(System::Oci, "1")).await.unwrap();
    places.clock.advance(HOUR);
    key.up_and_die(&places.inputs(System::Oci, "2")).await.unwrap();
    places.clock.advance(HOUR);
    let found = places.clouds[0].oci().keys("ci")[1].fingerprint.clone();
    assert!(!places.logged("the state did not contain"));
    key.up(&places.inputs(System::Oci, "2")).await.unwrap();
    assert!(
        places.logged(&format!("the state did not contain key {found}; it works until at least 2026-01-02T02:00:0"))
    );
}

#[tokio::test]
async fn lesson_a1_a_preview_counts_the_generation_of_a_key_that_the_state_does_not_contain() {
    let places = Places::start().await;
    let mut key = places.key(System::Oci);
    key.up(&places.inputs(System::Oci, "1")).await.unwrap();
    places.clock.advance(HOUR);
    key.up_and_die(&places.inputs(System::Oci, "2")).await.unwrap();
    places.clock.advance(HOUR);
    key.refresh().await.unwrap();
    let preview = key.preview(&places.inputs(System::Oci, "2")).await.unwrap();
    key.up(&places.inputs(System::Oci, "2")).await.unwrap();
    for outputs in [&preview.outputs, &saved(&key).outputs] {
        assert_eq!(outputs.get("generation"), Some(&Value::Number(3.0)));
    }
}

#[tokio::test]
async fn lesson_a9_a_preview_says_nothing_of_a_use_that_no_run_was_told() {
    for system in [System::Aws, System::OciToken] {
        let places = Places::start().await;
        let mut key = places.key(system);
        for release in ["1", "2"] {
            key.up(&places.inputs(system, release)).await.unwrap();
            places.clock.advance(HOUR);
        }
        key.preview(&places.inputs(system, "3")).await.unwrap();
        assert!(places.logged("waits because no key may be deleted"), "{system:?}");
        assert!(!places.logged("never used"), "{system:?}");
    }
}

#[tokio::test]
async fn lesson_a4_another_spelling_of_a_principal_changes_nothing() {
    let places = Places::start().await;
    let owner = || ("owner", object([("id", places.confluent_owner.as_str().into())]).into());
    let resource = |id: &str| ("managedResource", object([("id", id.into())]).into());
    let region = |id: &str, environment: Option<&str>| {
        let mut region = object([("id", id.into())]);
        region.extend(environment.map(|id| ("environment".to_owned(), object([("id", id.into())]).into())));
        ("managedResource", region.into())
    };
    let environment = places.clouds[0].confluent().environment().to_owned();
    let flink = format!("{environment}.aws.us-east-1");
    places.clouds[0].confluent().create_cluster(localcloud::confluent::Kind::Flink);
    let (head, last) = places.oci_user.rsplit_once('.').unwrap();
    let loud = format!("{head}.{}", last.to_ascii_uppercase());
    let spellings: Vec<(System, Vec<Object>)> = vec![
        (System::Aws, vec![object([("user", USER.into())]), object([("user", "Deployer".into())])]),
        (System::Oci, [&places.oci_user, &loud].map(|id| object([("userId", id.as_str().into())])).to_vec()),
        (
            System::Confluent,
            vec![object([owner()]), object([owner(), resource("cloud")]), object([owner(), resource("Cloud")])],
        ),
        (
            System::Confluent,
            vec![
                object([owner(), region("aws.us-east-1", Some(&environment))]),
                object([owner(), region(&flink, None)]),
            ],
        ),
    ];
    for (number, (system, spellings)) in spellings.into_iter().enumerate() {
        let mut key = places.harness.resource(system.token(), &format!("key-{number}"));
        key.up(&spellings[0]).await.unwrap();
        let before = saved(&key).outputs;
        for spelling in &spellings[1..] {
            let step = key.up(spelling).await.unwrap();
            assert_eq!(step.action, Action::Same, "{system:?}: {spelling:?}");
            assert_eq!(saved(&key).outputs.get("current"), before.get("current"), "{system:?}");
        }
        // What the last spelling says is found, and so removed.
        key.destroy().await.unwrap();
        assert_eq!(places.keys(system, 0), 0, "{system:?}");
    }
}

#[tokio::test]
async fn lesson_a4_another_principal_still_replaces() {
    let places = Places::start().await;
    places.clouds[0].aws().create_user("other").unwrap();
    let mut key = places.key(System::Aws);
    key.up(&object([("user", USER.into())])).await.unwrap();
    let step = key.up(&object([("user", "other".into())])).await.unwrap();
    assert_eq!(step.action, Action::Replace);
    assert!(!places.logged("without overlap"), "nothing about it is on the same principal");
}

#[tokio::test]
async fn lesson_a5_a_replacement_on_the_same_principal_is_warned_about_in_the_preview() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let logged = || bench.harness.logged().iter().any(|line| format!("{line:?}").contains("without overlap"));
    assert!(!logged());
    // The option replaceOnChanges, and `--replace`: the engine compares as ever, and then creates.
    let checked = key.preview(&inputs("2", [])).await.unwrap().inputs;
    let create = rpc::CreateRequest {
        urn: key.urn().as_str().to_owned(),
        properties: Some(to_struct(checked, Unknowns::Refused).unwrap()),
        preview: true,
        ..Default::default()
    };
    bench.harness.client().create(create).await.unwrap();
    assert!(logged());
}

#[tokio::test]
async fn lesson_c1_an_import_does_not_take_a_key_that_another_resource_manages() {
    for system in [System::Aws, System::Oci, System::OciToken, System::Confluent] {
        let places = Places::start().await;
        let mut key = places.key(system);
        key.up(&places.inputs(system, "1")).await.unwrap();
        let current = saved(&key).outputs["current"].as_object().unwrap().clone();
        let id = format!("{}/{}", saved(&key).id, text(&current, "id"));
        let mut thief = places.harness.resource(system.token(), "thief");
        let problem = thief.import(&id).await.expect_err("it was imported");
        assert!(
            told(&problem).contains("/key") && told(&problem).contains("Nothing was imported"),
            "{}",
            told(&problem)
        );
        assert!(thief.saved.is_none());
        // The same key may come back to the resource that made it.
        let mut again = places.key(system);
        again.import(&id).await.unwrap();
        assert!(again.saved.is_some(), "{system:?}");
    }
}

#[tokio::test]
async fn lesson_c9_a_key_of_a_renamed_user_is_not_forgotten() {
    let places = Places::start().await;
    let mut key = places.key(System::Aws);
    key.up(&places.inputs(System::Aws, "1")).await.unwrap();
    places.clock.advance(DAY);
    let id = text(&saved(&key).outputs, "accessKeyId");
    let aws = places.clouds[0].aws();
    aws.rename_user(USER, "renamed").unwrap();
    let refreshed = key.refresh().await.expect_err("it was forgotten");
    let updated = key.up(&places.inputs(System::Aws, "2")).await.map(|_| ()).expect_err("there is no such user");
    let destroyed = key.destroy().await.expect_err("the key was left behind in silence");
    for problem in [refreshed, updated, destroyed] {
        let text = told(&problem);
        assert!(text.contains(&id) && text.contains("\"renamed\"") && text.contains("still works"), "{text}");
    }
    assert!(key.saved.is_some() && aws.works(&id));
    aws.rename_user("renamed", USER).unwrap();
    key.destroy().await.unwrap();
    assert!(aws.keys(USER).is_empty());
}

#[tokio::test]
async fn lesson_c9_a_key_that_moved_to_another_stack_is_named_where_it_was() {
    let places = Places::start().await;
    let mut key = places.key(System::Aws);
    key.up(&places.inputs(System::Aws, "1")).await.unwrap();
    places.clock.advance(DAY);
    let id = text(&saved(&key).outputs, "accessKeyId");
    // `pulumi state move`, while the program that it came from still declares it.
    let mut moved = places.harness.resource(TOKEN, "moved");
    moved.saved = key.saved.take();
    let made = key.up(&places.inputs(System::Aws, "1")).await;
    let warned = key.saved.as_ref().map(|saved| format!("{:?}", saved.outputs["warnings"])).unwrap_or_default();
    assert!(made.is_err() || warned.contains(&id), "the old key is not named: {warned}");
    assert!(places.clouds[0].aws().works(&id), "the key that the other stack uses is gone");
}
