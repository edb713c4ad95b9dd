//! Every kind of fault, as the AWS SDK for Rust sees it and as it leaves the account.

use std::time::Duration;

use aws_sdk_iam::error::SdkError;
use aws_sdk_iam::operation::create_access_key::{CreateAccessKeyError, CreateAccessKeyOutput};
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::SignedDuration;
use localcloud::{Clock, Fault, LocalCloud, ManualClock, Options, Rule};

use crate::common::{Rig, USER, code, tag};

type Minted = Result<CreateAccessKeyOutput, SdkError<CreateAccessKeyError>>;

async fn mint_under(rig: &Rig, fault: Fault) -> Minted {
    rig.cloud.faults().add(Rule::new(fault).on("CreateAccessKey"));
    let answer = rig.iam().create_access_key().user_name(USER).send().await;
    assert_eq!(rig.cloud.faults().unfired(), 0);
    answer
}

/// Retries on, as the SDK does by default, but without its pauses.
fn retrying(rig: &Rig) -> aws_sdk_iam::Client {
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = rig.iam_config(rig.admin()).retry_config(retries);
    aws_sdk_iam::Client::from_conf(config.build())
}

/// How many keys there are, and the status, fault and outcome that the journal has for the last request.
fn left(rig: &Rig) -> (usize, Option<u16>, Option<&'static str>, Option<String>) {
    let last = rig.cloud.journal().pop().unwrap();
    (rig.key_ids().len(), last.answered, last.fault, last.outcome)
}

fn ok() -> Option<String> {
    Some("OK".to_owned())
}

#[tokio::test]
async fn an_error_before_the_effect_leaves_nothing() {
    for (status, error) in [
        (400, "MalformedInput"),
        (409, "EntityTemporarilyUnmodifiable"),
        (500, "ServiceFailure"),
        (503, "ServiceUnavailable"),
    ] {
        let rig = Rig::new();
        let refused = mint_under(&rig, Fault::error_before(status, error)).await.unwrap_err();
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(code(&refused), error);
        assert_eq!(left(&rig), (0, Some(status), Some("error_before"), None));
    }
}

#[tokio::test]
async fn an_error_after_the_effect_leaves_a_key_whose_secret_nobody_has() {
    let rig = Rig::new();
    let refused = mint_under(&rig, Fault::error_after(500, "ServiceFailure")).await.unwrap_err();
    assert!(refused.into_service_error().is_service_failure_exception());
    assert_eq!(left(&rig), (1, Some(500), Some("error_after"), ok()));
}

#[tokio::test]
async fn throttling_is_told_as_aws_tells_it_and_the_sdk_retries_it() {
    let rig = Rig::new();
    let refused = mint_under(&rig, Fault::Throttle).await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(code(&refused), "Throttling");
    assert_eq!(left(&rig), (0, Some(400), Some("throttle"), None));

    rig.cloud.faults().add(Rule::new(Fault::Throttle).times(2));
    retrying(&rig).create_access_key().user_name(USER).send().await.unwrap();
    assert_eq!(rig.cloud.journal().len(), 1 + 3);
    assert_eq!(rig.key_ids().len(), 1);
}

#[tokio::test]
async fn a_connection_that_drops_before_the_effect_leaves_nothing() {
    let rig = Rig::new();
    let lost = mint_under(&rig, Fault::DropBefore).await.unwrap_err();
    assert!(matches!(lost, SdkError::DispatchFailure(_)), "{lost:?}");
    assert_eq!(left(&rig), (0, None, Some("drop_before"), None));
}

#[tokio::test]
async fn a_connection_that_drops_after_the_effect_leaves_a_key() {
    let rig = Rig::new();
    let lost = mint_under(&rig, Fault::DropAfter).await.unwrap_err();
    assert!(matches!(lost, SdkError::DispatchFailure(_)), "{lost:?}");
    assert_eq!(left(&rig), (1, None, Some("drop_after"), ok()));
}

/// The trap: by default the SDK repeats a call that is not idempotent, and nobody learns of the first key.
#[tokio::test]
async fn a_lost_answer_makes_two_keys_when_the_sdk_retries() {
    let rig = Rig::new();
    rig.cloud.faults().add(Rule::new(Fault::DropAfter).on("CreateAccessKey"));
    let answer = retrying(&rig).create_access_key().user_name(USER).send().await.unwrap();
    let known = answer.access_key().unwrap().access_key_id();
    let keys = rig.key_ids();
    assert_eq!(keys.len(), 2, "the quota is full");
    assert_eq!(keys.iter().filter(|id| *id == known).count(), 1);
}

#[tokio::test]
async fn a_body_that_ends_in_the_middle_is_no_answer_and_leaves_a_key() {
    let rig = Rig::new();
    let lost = mint_under(&rig, Fault::CutBody).await.unwrap_err();
    let SdkError::ResponseError(lost) = lost else {
        panic!("the status line arrived, so the SDK has a response: {lost:?}");
    };
    assert_eq!(lost.raw().status().as_u16(), 200);
    assert_eq!(left(&rig), (1, Some(200), Some("cut_body"), ok()));
}

#[tokio::test]
async fn a_connection_that_was_cut_does_not_hurt_the_next_request() {
    let rig = Rig::new();
    let iam = rig.iam();
    for fault in [Fault::CutBody, Fault::DropBefore, Fault::DropAfter] {
        rig.cloud.faults().add(Rule::new(fault));
        assert!(iam.list_users().send().await.is_err());
        iam.list_users().send().await.unwrap();
    }
}

/// A client whose waits end by the stand-in's clock.
#[derive(Debug)]
struct VirtualSleep(ManualClock);

impl AsyncSleep for VirtualSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.0.clone();
        let end = clock.now() + SignedDuration::try_from(duration).unwrap();
        Sleep::new(async move {
            while clock.now() < end {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    }
}

#[tokio::test]
async fn a_hang_ends_at_once_for_a_client_on_the_same_clock() {
    for (fault, keys, outcome) in [(Fault::Hang, 0, None), (Fault::HangAfter, 1, ok())] {
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let mut options = Options::new(clock.clone()).immediate();
        options.hang_advances = SignedDuration::from_mins(10);
        let cloud = LocalCloud::start(options).unwrap();
        cloud.aws().create_user(USER).unwrap();
        let rig = Rig { cloud, clock };
        let mut hangs = rig.cloud.faults().hangs();
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(300));
        let config =
            rig.iam_config(rig.admin()).sleep_impl(VirtualSleep(rig.clock.clone())).timeout_config(timeouts.build());
        let name = fault.name();
        rig.cloud.faults().add(Rule::new(fault));
        let iam = aws_sdk_iam::Client::from_conf(config.build());
        let lost = iam.create_access_key().user_name(USER).send().await.unwrap_err();
        assert!(matches!(lost, SdkError::TimeoutError(_)), "{lost:?}");
        assert_eq!(left(&rig), (keys, None, Some(name), outcome));
        assert_eq!(*hangs.borrow_and_update(), 1);
        assert_eq!(rig.clock.now().to_string(), "2026-03-01T12:10:00Z");
    }
}

#[tokio::test]
async fn a_held_request_goes_on_when_it_is_released() {
    for (fault, done) in [(Fault::HoldBefore, false), (Fault::HoldAfter, true)] {
        let rig = Rig::new();
        rig.cloud.faults().add(Rule::new(fault));
        let call = tokio::spawn(rig.iam().create_access_key().user_name(USER).send());
        let held = rig.cloud.faults().until_held().await.unwrap();
        assert_eq!((held.action.as_str(), held.done), ("CreateAccessKey", done));
        assert_eq!(rig.key_ids().len(), usize::from(done));
        // A held request may be held for long: its signature was in time when it arrived.
        rig.pass(3600);
        assert!(rig.cloud.faults().release(held.seq));
        assert!(!rig.cloud.faults().release(held.seq));
        call.await.unwrap().unwrap();
        assert_eq!(rig.key_ids().len(), 1);
        assert!(rig.cloud.faults().held().is_empty());
    }
}

#[tokio::test]
async fn a_client_that_dies_takes_its_held_request_with_it() {
    for (fault, keys) in [(Fault::HoldBefore, 0), (Fault::HoldAfter, 1)] {
        let rig = Rig::new();
        rig.cloud.faults().add(Rule::new(fault));
        let call = tokio::spawn(rig.iam().create_access_key().user_name(USER).send());
        rig.cloud.faults().until_held().await.unwrap();
        call.abort();
        while !rig.cloud.faults().held().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rig.iam().list_users().send().await.unwrap();
        assert_eq!(rig.key_ids().len(), keys);
    }
}

#[tokio::test]
async fn the_clock_moves_while_a_request_is_served() {
    let rig = Rig::new();
    let start = rig.clock.now();
    mint_under(&rig, Fault::MoveClockAfter { seconds: 7200 }).await.unwrap();
    mint_under(&rig, Fault::MoveClockBefore { seconds: 3600 }).await.unwrap();
    let keys = rig.cloud.aws().keys(USER);
    let made: Vec<i64> = keys.iter().map(|key| key.created.duration_since(start).as_secs()).collect();
    assert_eq!(made, [0, 7200 + 3600]);
}

#[tokio::test]
async fn a_stranger_comes_first() {
    let rig = Rig::new();
    rig.mint().await;
    let aws = rig.cloud.aws().clone();
    let refused = mint_under(&rig, Fault::stranger(move || drop(aws.mint_key(USER)))).await.unwrap_err();
    assert!(refused.into_service_error().is_limit_exceeded_exception());
    assert_eq!(left(&rig), (2, Some(409), Some("stranger"), Some("LimitExceeded".to_owned())));
}

#[tokio::test]
async fn faults_find_their_call_by_number() {
    let rig = Rig::new();
    let iam = rig.iam();
    iam.list_users().send().await.unwrap();
    rig.cloud.faults().restart_count();
    rig.cloud.faults().add(Rule::new(Fault::error_before(500, "ServiceFailure")).at_call(3));
    let mut failed = Vec::new();
    failed.push(iam.list_access_keys().user_name(USER).send().await.is_err());
    failed.push(iam.tag_user().user_name(USER).tags(tag("a", "b")).send().await.is_err());
    failed.push(iam.create_access_key().user_name(USER).send().await.is_err());
    failed.push(iam.list_access_keys().user_name(USER).send().await.is_err());
    assert_eq!(failed, [false, false, true, false]);
    let calls: Vec<u64> = rig.cloud.journal().iter().map(|entry| entry.call).collect();
    assert_eq!(calls, [1, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_stand_in_that_is_dropped_is_gone() {
    let rig = Rig::new();
    let iam = rig.iam();
    iam.list_users().send().await.unwrap();
    let address = rig.cloud.address();
    rig.cloud.faults().add(Rule::new(Fault::Hang).on("GetUser"));
    let hanging = tokio::spawn(iam.get_user().user_name(USER).send());
    let mut hangs = rig.cloud.faults().hangs();
    hangs.wait_for(|hangs| *hangs == 1).await.unwrap();
    drop(rig);
    let lost = hanging.await.unwrap().unwrap_err();
    assert!(matches!(lost, SdkError::DispatchFailure(_)), "{lost:?}");
    assert!(std::net::TcpStream::connect(address).is_err());
}
