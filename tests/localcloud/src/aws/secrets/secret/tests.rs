use super::super::lifecycle::empty;
use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn secret() -> Secret {
    empty("ci".to_owned(), "arn".to_owned(), "us-east-1", at(0))
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn stages(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn labels(secret: &Secret) -> Vec<(String, Vec<String>)> {
    let versions = secret.versions.latest().iter();
    versions.map(|(id, version)| (id.clone(), version.stages.iter().cloned().collect())).collect()
}

fn code(result: Result<(), Refusal>) -> String {
    result.unwrap_err().code
}

#[test]
fn the_first_version_is_current_whatever_label_was_asked_for() {
    let mut secret = secret();
    secret.put("a", text("1"), stages(&["ours"]), at(1)).unwrap();
    assert_eq!(labels(&secret), [("a".to_owned(), vec![CURRENT.to_owned(), "ours".to_owned()])]);
    secret.put("b", text("2"), stages(&["ours"]), at(2)).unwrap();
    let expected = [("a".to_owned(), vec![CURRENT.to_owned()]), ("b".to_owned(), vec!["ours".to_owned()])];
    assert_eq!(labels(&secret), expected);
}

#[test]
fn the_same_token_and_value_is_once_and_moves_no_label() {
    let mut secret = secret();
    secret.put("a", text("1"), None, at(1)).unwrap();
    secret.put("b", text("2"), None, at(2)).unwrap();
    secret.put("a", text("1"), None, at(3)).unwrap();
    assert_eq!(holder(secret.versions.latest(), CURRENT).as_deref(), Some("b"));
    assert_eq!(code(secret.put("a", text("other"), None, at(4))), "ResourceExistsException");
}

#[test]
fn current_moves_only_from_the_version_that_has_it_and_previous_follows() {
    let mut secret = secret();
    secret.put("a", text("1"), None, at(1)).unwrap();
    secret.put("b", text("2"), stages(&["ours"]), at(2)).unwrap();
    assert_eq!(code(secret.move_stage(CURRENT, (None, Some("b")), at(3))), "InvalidParameterException");
    assert_eq!(code(secret.move_stage(CURRENT, (Some("b"), Some("b")), at(3))), "InvalidParameterException");
    assert_eq!(code(secret.move_stage(CURRENT, (Some("a"), None), at(3))), "InvalidParameterException");
    assert_eq!(code(secret.move_stage(CURRENT, (None, None), at(3))), "InvalidParameterException");
    assert_eq!(code(secret.move_stage(CURRENT, (Some("a"), Some("c")), at(3))), "ResourceNotFoundException");
    secret.move_stage(CURRENT, (Some("a"), Some("b")), at(3)).unwrap();
    assert_eq!(holder(secret.versions.latest(), PREVIOUS).as_deref(), Some("a"));
    assert_eq!(code(secret.move_stage(CURRENT, (Some("a"), Some("b")), at(4))), "InvalidParameterException");
    secret.move_stage("ours", (Some("b"), None), at(5)).unwrap();
    assert_eq!(holder(secret.versions.latest(), "ours"), None);
}

#[test]
fn readers_lag_and_an_empty_version_has_no_value() {
    let mut secret = secret();
    secret.put("a", text("1"), None, at(10)).unwrap();
    secret.put("b", text("2"), None, at(20)).unwrap();
    secret.begin_version("c", at(20)).unwrap();
    let lag = SignedDuration::from_secs(5);
    let read = |second, stage| {
        let wanted = Wanted { stage, ..Wanted::default() };
        secret.read(&wanted, at(second), lag).map(|(id, _)| id.clone()).map_err(|refusal| refusal.code)
    };
    assert_eq!(read(24, None).unwrap(), "a");
    assert_eq!(read(25, None).unwrap(), "b");
    assert_eq!(read(25, Some(PREVIOUS)).unwrap(), "a");
    assert_eq!(read(25, Some(PENDING)).unwrap_err(), "ResourceNotFoundException");
}

#[test]
fn versions_without_labels_go_beyond_a_hundred_but_not_on_the_day_they_were_made() {
    let mut secret = secret();
    let day = 24 * 3600;
    for n in 0..150 {
        secret.put(&format!("{n:03}"), text("x"), None, at(n)).unwrap();
    }
    assert_eq!(secret.versions.latest().len(), 150);
    secret.put("new", text("x"), None, at(2 * day)).unwrap();
    assert_eq!(secret.versions.latest().len(), 100);
    assert!(!secret.versions.latest().contains_key("000") && secret.versions.latest().contains_key("149"));
}
