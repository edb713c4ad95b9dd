//! Check: what is refused and by what name, and what comes back.

use libtest_mimic::Trial;
use prost::Message;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::object;
use pulumi_provider::{Object, Value};

use crate::scene::{PASSWORD, URN, bare, inputs, read, told, wire};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("Check: several mistakes are told at once", several),
        trial("Check: the same inputs get the same schedule", stable),
        trial("Check: a fresh check after a replacement has no old inputs", fresh),
        trial("Check: an old schedule that is handed back is kept", kept),
        trial("Check: no old inputs is as empty old inputs", no_olds),
        trial("Check: a field that only a later engine knows is passed over", later_field),
    ];
    trials.extend(adopting().map(|(what, token, own, is_taken)| {
        trial(format!("Check: adopt: {what}"), move || adopts(token, own, is_taken))
    }));
    trials.extend(refusals().map(|(what, name, value, property)| {
        trial(format!("Check: refused: {what}"), move || refused(name, value, property))
    }));
    trials
}

/// What is wrong, the property, its value, and the property that is told; none where the engine would print a secret.
fn refusals() -> [(&'static str, &'static str, Value, &'static str); 15] {
    let verification = |name, value| Value::from(object([(name, value)]));
    [
        ("a period that is no duration", "rotationPeriod", "often".into(), "rotationPeriod"),
        ("a period under an hour", "rotationPeriod", "59m".into(), "rotationPeriod"),
        ("a number in place of a text", "rotationPeriod", 90.into(), "rotationPeriod"),
        ("an outage that nobody allowed", "overlap", "0s".into(), "overlap"),
        ("a user without a name", "user", "".into(), "user"),
        ("no user", "user", Value::Null, "user"),
        ("a secret of another type", "user", Value::secret(vec![PASSWORD]), ""),
        ("keepers that are a text", "keepers", "all".into(), "keepers"),
        ("a word that is no property", "rotationPerod", "90d".into(), "rotationPerod"),
        (
            "a word inside that is no property",
            "verification",
            verification("sucesses", 3.into()),
            "verification.sucesses",
        ),
        (
            "a fraction in place of a count",
            "verification",
            verification("successes", 1.5.into()),
            "verification.successes",
        ),
        (
            "a count that no number holds exactly",
            "verification",
            verification("successes", 9_007_199_254_740_994.0.into()),
            "verification.successes",
        ),
        ("a text in place of a flag", "allowOutage", "perhaps".into(), "allowOutage"),
        (
            "a schedule of the user's",
            "schedule",
            object([("anchor", "2026-01-01T00:00:00Z".into())]).into(),
            "schedule",
        ),
        ("an unknown word beside a secret", "sceret", Value::secret(PASSWORD), ""),
    ]
}

async fn check(olds: Option<&Object>, news: &Object) -> rpc::CheckResponse {
    let (_plugin, harness) = bare().await;
    let request = rpc::CheckRequest {
        urn: URN.into(),
        olds: olds.and_then(wire),
        news: wire(news),
        random_seed: vec![7; 32],
        ..Default::default()
    };
    harness.client().check(request).await.unwrap().into_inner()
}

async fn refused(name: &str, value: Value, property: &str) {
    let given = inputs([(name, value)]);
    let answer = check(None, &given).await;
    let named: Vec<_> = answer.failures.iter().map(|failure| failure.property.as_str()).collect();
    assert_eq!(named, [property], "{:?}", told(&answer.failures));
    let reason = &answer.failures[0].reason;
    assert!(!reason.is_empty() && !reason.contains(PASSWORD), "{reason}");
    assert!(!property.is_empty() || reason.contains(name), "what is hidden from the engine is told in the reason");
    assert!(pulumi_provider::value::same_objects(&read(answer.inputs), &given), "the inputs come back also now");
}

async fn several() {
    let given = inputs([("rotationPeriod", 5.into()), ("keepers", "all".into()), ("maxAge", Value::Bool(true))]);
    let mut named: Vec<_> = check(None, &given).await.failures.into_iter().map(|failure| failure.property).collect();
    named.sort();
    assert_eq!(named, ["keepers", "maxAge", "rotationPeriod"]);
}

async fn stable() {
    let given = inputs([("rotationPeriod", "90d".into())]);
    let first = read(check(None, &given).await.inputs);
    let second = read(check(Some(&first), &given).await.inputs);
    assert_eq!(first, second);
}

async fn fresh() {
    let given = inputs([("rotationPeriod", "90d".into())]);
    let answer = check(Some(&Object::new()), &given).await;
    assert_eq!(told(&answer.failures), []);
    assert!(read(answer.inputs)["schedule"].as_object().is_some());
}

async fn kept() {
    let first = read(check(None, &inputs([("rotationPeriod", "90d".into())])).await.inputs);
    let handed = inputs([("rotationPeriod", "60d".into()), ("schedule", first["schedule"].clone())]);
    let answer = check(Some(&first), &handed).await;
    assert_eq!(told(&answer.failures), []);
    assert!(
        read(answer.inputs)["schedule"].as_object().unwrap()["anchor"]
            .same(&first["schedule"].as_object().unwrap()["anchor"])
    );
}

async fn no_olds() {
    let given = inputs([]);
    let (absent, empty) = (check(None, &given).await, check(Some(&Object::new()), &given).await);
    assert_eq!((told(&absent.failures), told(&empty.failures)), (vec![], vec![]));
    let names = |inputs: Object| inputs.into_keys().collect::<Vec<_>>();
    assert_eq!(names(read(absent.inputs)), names(read(empty.inputs)));
}

/// What is adopted, its type, its own inputs, and whether it can be.
fn adopting() -> [(&'static str, &'static str, Object, bool); 4] {
    let key = object([("mount", "jwt".into()), ("name", "ci".into())]);
    let mut fetched = key.clone();
    fetched.insert("jwksUrl".to_owned(), "https://keys.example/jwks.json".into());
    let lease = object([("path", "database/creds/ci".into()), ("name", "ci".into())]);
    [
        ("a key of IAM", "aws:RotatingApiKey", object([("user", "ci".into())]), true),
        ("a key that a JWT mount holds", "vault:RotatingJwtKey", key, true),
        ("a key that a JWT mount fetches", "vault:RotatingJwtKey", fetched, false),
        ("a lease", "vault:RotatingLease", lease, false),
    ]
}

async fn adopts(token: &str, mut own: Object, is_taken: bool) {
    let (_plugin, harness) = bare().await;
    own.insert("adopt".to_owned(), object([("id", "a-key".into())]).into());
    let urn = format!("urn:pulumi:s::p::keyrotation:{token}::k");
    let request = rpc::CheckRequest { urn, news: wire(&own), ..Default::default() };
    let answer = harness.client().check(request).await.unwrap().into_inner();
    let named: Vec<_> = answer.failures.iter().map(|failure| failure.property.as_str()).collect();
    assert_eq!(named, if is_taken { vec![] } else { vec!["adopt"] }, "{:?}", told(&answer.failures));
}

async fn later_field() {
    let (_plugin, harness) = bare().await;
    let request = rpc::CheckRequest { urn: URN.into(), news: wire(&inputs([])), ..Default::default() };
    let mut bytes = request.encode_to_vec();
    // Field 1000, a number.
    bytes.extend([0xc0, 0x3e, 0x01]);
    let answer = harness.call("Check", bytes).await.unwrap().concat();
    let answer = rpc::CheckResponse::decode(answer.as_slice()).unwrap();
    assert_eq!(told(&answer.failures), []);
    assert!(read(answer.inputs).contains_key("schedule"));
}
