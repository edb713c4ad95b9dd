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
    bench.later(DAY * 100);
    assert_eq!(key.up(&plan).await.unwrap().action, Action::Same);
    let warned = bench.harness.logged().iter().any(|line| format!("{line:?}").contains("maxAge"));
    assert!(warned, "a key past maxAge is told");
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
    let cases: [(&str, Value, &str); 10] = [
        ("rotationPeriod", "often".into(), "rotationPeriod"),
        ("rotationPeriod", "1mo".into(), "rotationPeriod"),
        ("overlap", "0s".into(), "overlap"),
        ("maxAge", "90d".into(), "maxAge"),
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
