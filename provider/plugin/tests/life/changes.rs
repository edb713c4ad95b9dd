use pulumi_provider::Value;
use pulumi_provider::testing::{Action, Problem, object};

use crate::bench::{Bench, DAY, HOUR, inputs, number, saved};

#[tokio::test]
async fn nothing_but_keepers_and_time_rotates() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [("rotationPeriod", "90d".into())])).await.unwrap();
    let changes = [
        inputs("1", [("rotationPeriod", "60d".into())]),
        inputs("1", [("rotationPeriod", "60d".into()), ("overlap", "2d".into())]),
        inputs("1", [("verification", object([("successes", 2.into())]).into())]),
        inputs("1", [("sesRegion", "eu-central-1".into())]),
        inputs("1", [("keepers", object([("release", Value::secret("1"))]).into())]),
        inputs("1", [("keepers", object([("release", "1".into()), ("gone", Value::Null)]).into())]),
    ];
    for changed in changes {
        key.up(&changed).await.unwrap();
        assert_eq!(number(&saved(&key).outputs, "generation"), 1.0, "{changed:?}");
        assert_eq!(bench.keys().len(), 1);
    }
}

#[tokio::test]
async fn a_secret_keeper_stays_secret() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let secret = |text: &str| inputs("", [("keepers", object([("token", Value::secret(text))]).into())]);
    key.up(&secret("hunter2")).await.unwrap();
    assert!(saved(&key).outputs["keepers"].contains_secret());
    assert!(!format!("{:?}", saved(&key)).contains("hunter2"));
    assert_eq!(key.up(&secret("hunter2")).await.unwrap().action, Action::Same);
    key.up(&secret("hunter3")).await.unwrap();
    assert_eq!(number(&saved(&key).outputs, "generation"), 2.0);
}

#[tokio::test]
async fn ignored_time_stands_still_and_keepers_still_rotate() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let plan = inputs("1", [("rotationPeriod", "30d".into()), ("maxAge", "40d".into())]);
    key.up(&plan).await.unwrap();
    key.ignore_changes = vec!["schedule".to_owned()];
    let suspended = key.up(&plan).await.unwrap();
    assert_eq!(
        (suspended.action, suspended.changed.as_slice()),
        (Action::Update, ["schedule.suspended".to_owned()].as_slice())
    );
    assert!(saved(&key).outputs["nextRotationAt"].is_null(), "time will not ask");
    bench.later(DAY * 100);
    assert_eq!(key.up(&plan).await.unwrap().action, Action::Same);
    let warned =
        || bench.harness.logged().iter().filter(|line| line.message.contains("older than `maxAge` (40d)")).count();
    assert_eq!(warned(), 1, "a key past maxAge is told");
    key.up(&plan).await.unwrap();
    assert_eq!(warned(), 2, "in every run");
    key.up(&inputs("2", [("rotationPeriod", "30d".into())])).await.unwrap();
    assert_eq!(number(&saved(&key).outputs, "generation"), 2.0);
}

#[tokio::test]
async fn the_schedule_cannot_be_set() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let schedule = object([("anchor", "2026-01-01T00:00:00Z".into())]);
    let Err(Problem::Refused(failures)) = key.up(&inputs("1", [("schedule", schedule.into())])).await else {
        panic!("a schedule of the user's is refused")
    };
    assert_eq!(failures[0].property, "schedule");
}

#[tokio::test]
async fn every_wrong_input_is_named_and_nothing_is_made() {
    let bench = Bench::start().await;
    let cases: [(&str, Value, &str); 14] = [
        ("rotationPeriod", "often".into(), "rotationPeriod"),
        ("rotationPeriod", "1mo".into(), "rotationPeriod"),
        ("overlap", "0s".into(), "overlap"),
        ("maxAge", "4d".into(), "maxAge"),
        ("maxAge", "1y".into(), "maxAge"),
        ("runEvery", "daily".into(), "runEvery"),
        ("rotationWindow", object([("start", "25:00".into()), ("end", "05:00".into())]).into(), "rotationWindow.start"),
        ("rotationWindow", object([("start", "02:00".into()), ("end", "02:00".into())]).into(), "rotationWindow.end"),
        ("user", "".into(), "user"),
        ("user", 5.into(), "user"),
        ("keepers", "all".into(), "keepers"),
        ("rotationPerod", "90d".into(), "rotationPerod"),
        ("verification", object([("sucesses", 3.into())]).into(), "verification.sucesses"),
        ("verification", object([("timeout", "2h".into())]).into(), "verification.timeout"),
    ];
    for (name, value, property) in cases {
        let mut key = bench.key();
        let Err(Problem::Refused(failures)) = key.up(&inputs("1", [(name, value)])).await else {
            panic!("{property} is refused")
        };
        let named: Vec<_> = failures.iter().map(|failure| failure.property.as_str()).collect();
        assert_eq!(named, [property]);
    }
    assert_eq!(bench.calls(), 0);
}

#[tokio::test]
async fn state_of_a_newer_version_is_refused_and_left_alone() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    let mut state = saved(&key);
    state.outputs.insert("stateVersion".to_owned(), 99.into());
    key.saved = Some(state.clone());
    bench.later(HOUR);
    let problem = key.up(&inputs("2", [])).await.err().expect("an unknown version is refused");
    assert!(problem.texts().join(" ").contains("version 99"), "{problem:?}");
    assert_eq!(key.saved, Some(state));
    assert_eq!(bench.keys().len(), 1);
}

#[tokio::test]
async fn time_1_a_period_that_max_age_does_not_allow_is_refused_and_a_recorded_one_is_a_warning() {
    let bench = Bench::start().await;
    let plan = inputs("1", [("rotationPeriod", "30d".into()), ("maxAge", "32d".into()), ("runEvery", "7d".into())]);
    let Err(Problem::Refused(failures)) = bench.key().up(&plan).await else { panic!("it is refused") };
    assert_eq!(failures[0].property, "maxAge");
    for words in ["an age of 46d", "`maxAge` to \"46d\"", "`rotationPeriod` to \"16d\""] {
        assert!(failures[0].reason.contains(words), "{words}: {}", failures[0].reason);
    }
    // An earlier version took it: what is recorded and unchanged goes on, with a warning.
    let mut key = bench.key();
    key.up(&inputs("1", [("rotationPeriod", "30d".into()), ("runEvery", "7d".into())])).await.unwrap();
    let mut recorded = saved(&key);
    recorded.inputs.insert("maxAge".to_owned(), "32d".into());
    recorded.outputs.insert("maxAge".to_owned(), "32d".into());
    key.saved = Some(recorded);
    assert_eq!(key.up(&plan).await.unwrap().action, Action::Same);
    assert!(bench.harness.logged().iter().any(|line| line.severity == "WARNING" && line.message.contains("46d")));
    let shorter = inputs("1", [("rotationPeriod", "29d".into()), ("maxAge", "32d".into()), ("runEvery", "7d".into())]);
    assert!(matches!(key.up(&shorter).await, Err(Problem::Refused(_))), "a changed plan must fit");
}

#[tokio::test]
async fn time_4_another_spelling_of_the_same_is_no_update() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    let spelled = |period: &str, anchor: &str, overlap: &str| {
        inputs("1", [("rotationPeriod", period.into()), ("rotationAnchor", anchor.into()), ("overlap", overlap.into())])
    };
    key.up(&spelled("90d", "2026-01-01T00:00:00Z", "1d")).await.unwrap();
    let respelled = spelled("P90D", "2026-01-01T02:00:00+02:00", "24h");
    assert_eq!(key.up(&respelled).await.unwrap().action, Action::Same);
    assert_eq!(key.up(&spelled("91d", "2026-01-01T00:00:00Z", "1d")).await.unwrap().action, Action::Update);
}

#[tokio::test]
async fn time_6_a_keeper_that_was_taken_back_is_told_before_its_key_goes() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    key.up(&inputs("1", [])).await.unwrap();
    bench.later(HOUR);
    let hasty = inputs("2", [("verification", object([("timeout", "1s".into())]).into())]);
    key.up(&hasty).await.err().expect("AWS accepts no key within a second");
    let made = bench.keys()[1].clone();
    bench.later(HOUR);
    key.preview(&inputs("1", [])).await.unwrap();
    let expected = format!("the new key {made} will be deleted: it is no longer wanted");
    assert!(
        bench.harness.logged().iter().any(|line| line.message.ends_with(&expected)),
        "{:?}",
        bench.harness.logged()
    );
    assert!(
        bench
            .harness
            .logged()
            .iter()
            .any(|line| line.message.contains("deployer") && line.message.ends_with(&expected))
    );
    key.up(&inputs("1", [])).await.unwrap();
    assert_eq!(bench.keys().len(), 1);
}
