//! The wrong place: another account, and a principal that is not there yet or lives elsewhere.

use crate::support::text;
use std::sync::Arc;

use jiff::Timestamp;
use localcloud::{Fault, LocalCloud, Options, Rule};
use plugin::KeyRotation;
use pulumi_provider::Object;
use pulumi_provider::testing::{Harness, Managed, Problem, object};
use rotation::testing::ManualClock;
use vault_servers::SharedClock;

use crate::support::config_of_all;

use crate::bench::{HOUR, TOKEN, USER, saved};

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
            let mut options = Options::new(SharedClock::new(&clock).shared()).immediate();
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
        let mut config = config_of_all(&self.clouds[number]);
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

pub(crate) fn told(problem: &Problem) -> String {
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
