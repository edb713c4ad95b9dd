//! Diff: what is a change, of what kind, by what path.

use libtest_mimic::Trial;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::{Action, Saved, object};
use pulumi_provider::{Object, Value};

use crate::scene::{PASSWORD, Scene, TOKEN, USER, inputs, read, wire};
use crate::trial;

type Changed = (&'static str, Vec<(&'static str, Value)>, Action, &'static [&'static str]);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("Diff: an unknown user would replace", unknown_user),
        trial("Diff: the diff of a refresh is quiet", quiet_after_read),
        trial("Diff: it calls nobody", without_calls),
        trial("Diff: an engine that sends no old inputs", without_old_inputs),
    ];
    trials.extend(
        differences()
            .map(|(what, more, action, paths)| trial(format!("Diff: {what}"), move || differs(more, action, paths))),
    );
    trials
}

fn keepers<const N: usize>(entries: [(&'static str, Value); N]) -> Vec<(&'static str, Value)> {
    vec![("keepers", object(entries).into())]
}

/// What differs from inputs with two keepers and nothing else, and what comes of it.
fn differences() -> [Changed; 14] {
    let (same, update, replace) = (Action::Same, Action::Update, Action::Replace);
    let rotated = &["keepers.release"][..];
    let odd = "a.b";
    [
        ("nothing", vec![], same, &[]),
        ("a secret around a keeper", keepers([("release", Value::secret("1")), (odd, "1".into())]), same, &[]),
        ("a secret around all keepers", secret_keepers(), same, &[]),
        ("a null keeper", keepers([("release", "1".into()), (odd, "1".into()), ("x", Value::Null)]), same, &[]),
        ("a null property", vec![("overlap", Value::Null)], same, &[]),
        ("a keeper's value", keepers([("release", "2".into()), (odd, "1".into())]), update, rotated),
        (
            "a keeper whose name needs quotes",
            keepers([("release", "1".into()), (odd, "2".into())]),
            update,
            &["keepers[\"a.b\"]"],
        ),
        ("a keeper less", keepers([("release", "1".into())]), update, &["keepers[\"a.b\"]"]),
        (
            "a keeper more",
            keepers([("release", "1".into()), (odd, "1".into()), ("more", PASSWORD.into())]),
            update,
            &["keepers.more"],
        ),
        ("an unknown keeper", keepers([("release", Value::Unknown), (odd, "1".into())]), update, &["keepers.release"]),
        ("all keepers unknown", vec![("keepers", Value::Unknown)], update, &["keepers"]),
        ("an overlap rotates nothing", vec![("overlap", "2d".into())], update, &["overlap"]),
        ("a flag rotates nothing", vec![("allowOutage", true.into())], update, &["allowOutage"]),
        ("another user", vec![("user", "other".into())], replace, &["user"]),
    ]
}

fn secret_keepers() -> Vec<(&'static str, Value)> {
    vec![("keepers", Value::secret(object([("release", "1".into()), ("a.b", "1".into())])))]
}

fn first() -> Object {
    let mut first = inputs([("verification", object([("enabled", false.into())]).into())]);
    first.extend(keepers([("release", "1".into()), ("a.b", "1".into())]).into_iter().map(|(k, v)| (k.to_owned(), v)));
    first
}

async fn made() -> (Scene, Saved) {
    let scene = Scene::start().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    key.up(&first()).await.unwrap();
    let saved = key.saved.clone().unwrap();
    (scene, saved)
}

async fn differs(more: Vec<(&'static str, Value)>, action: Action, paths: &[&str]) {
    let (scene, saved) = made().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    key.saved = Some(saved);
    let mut next = first();
    next.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let step = key.preview(&next).await.unwrap();
    assert_eq!(step.action, action);
    assert!(paths.iter().all(|path| step.changed.iter().any(|own| own == path)), "{:?} lacks {paths:?}", step.changed);
    let others = step.changed.iter().filter(|path| !paths.contains(&path.as_str()) && !path.starts_with("schedule"));
    assert_eq!(others.collect::<Vec<_>>(), [] as [&String; 0], "nothing else differs");
    assert!(!step.changed.concat().contains(PASSWORD));
    assert_eq!(scene.keys().len(), 1, "a preview makes nothing");
}

async fn diff(scene: &Scene, saved: &Saved, news: &Object, old_inputs: bool) -> rpc::DiffResponse {
    let request = rpc::DiffRequest {
        id: saved.id.clone(),
        urn: "urn:pulumi:test::project::keyrotation:aws:RotatingApiKey::k".into(),
        olds: wire(&saved.outputs),
        old_inputs: if old_inputs { wire(&saved.inputs) } else { None },
        news: wire(news),
        ..Default::default()
    };
    scene.harness.client().diff(request).await.unwrap().into_inner()
}

fn changes(answer: &rpc::DiffResponse) -> &'static str {
    answer.changes().as_str_name()
}

async fn unknown_user() {
    let (scene, saved) = made().await;
    let mut news = saved.inputs.clone();
    news.insert("user".to_owned(), Value::Unknown);
    let answer = diff(&scene, &saved, &news, true).await;
    assert_eq!((changes(&answer), answer.replaces), ("DIFF_SOME", vec!["user".to_owned()]));
}

async fn quiet_after_read() {
    let (scene, saved) = made().await;
    let request = rpc::ReadRequest {
        id: USER.into(),
        urn: "urn:pulumi:test::project::keyrotation:aws:RotatingApiKey::k".into(),
        inputs: wire(&saved.inputs),
        properties: wire(&saved.outputs),
        ..Default::default()
    };
    let found = scene.harness.client().read(request).await.unwrap().into_inner();
    let after = Saved { outputs: read(found.properties), inputs: read(found.inputs), ..saved.clone() };
    let answer = diff(&scene, &after, &saved.inputs, true).await;
    assert_eq!((changes(&answer), answer.detailed_diff.len()), ("DIFF_NONE", 0));
}

async fn without_calls() {
    let (scene, saved) = made().await;
    let calls = scene.calls();
    let mut news = saved.inputs.clone();
    news.insert("keepers".to_owned(), object([("release", "9".into())]).into());
    assert_eq!(changes(&diff(&scene, &saved, &news, true).await), "DIFF_SOME");
    assert_eq!(scene.calls(), calls);
}

async fn without_old_inputs() {
    let (scene, saved) = made().await;
    assert_eq!(changes(&diff(&scene, &saved, &saved.inputs, false).await), "DIFF_NONE");
}
