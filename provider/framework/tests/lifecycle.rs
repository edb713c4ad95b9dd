//! Whole lives of resources, as the engine leads them.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod support;
#[path = "../examples/random-token/token.rs"]
mod token;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::{Action, Harness, Managed, Problem, free_of};
use pulumi_provider::wire::{Unknowns, to_struct};
use pulumi_provider::{Autonaming, AutonamingMode, Object, Value};
use support::{PASSWORD, THING, TOKEN, Things, Traces, inputs, object};

const TOKENS: &str = "token:index:Token";

async fn things() -> (Harness, Managed, Arc<Traces>) {
    let provider = Things::default();
    let traces = Arc::clone(&provider.traces);
    let harness = Harness::start(provider).await.unwrap();
    let thing = harness.resource(THING, "mine");
    (harness, thing, traces)
}

async fn pause(milliseconds: u64) {
    let _ = tokio::time::timeout(Duration::from_millis(milliseconds), std::future::pending::<()>()).await;
}

/// What comes of a call that ends when it is told to; a call that is not told fails the test.
async fn told<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), call).await.expect("nobody told the call to end")
}

/// Fails if an error shows a secret.
fn without_secrets(problem: &Problem) {
    let shown = format!("{problem:?} {:?}", problem.texts());
    assert!(problem.texts().iter().all(|text| !text.is_empty()));
    for text in problem.texts() {
        assert!(!text.contains(PASSWORD) && !text.contains(TOKEN), "{shown}");
    }
}

#[tokio::test]
async fn a_token_lives_from_preview_to_destroy() {
    let harness = Harness::start(token::Tokens).await.unwrap();
    harness.configure(Object::new()).await.unwrap();
    let mut token = harness.resource(TOKENS, "mine");
    let keepers = |value: &str| object([("keepers", object([("a.b", value.into())]).into()), ("length", 20.into())]);

    let preview = token.preview(&keepers("1")).await.unwrap();
    assert_eq!(preview.action, Action::Create);
    assert!(preview.outputs["value"].is_unknown() && preview.outputs["value"].contains_secret());
    assert!(token.saved.is_none());

    let made = token.up(&keepers("1")).await.unwrap();
    assert_eq!(made.outputs["value"].as_str().unwrap().len(), 20);
    assert!(matches!(made.outputs["value"], Value::Secret(_)));
    assert_eq!(made.outputs["keepers"], keepers("1")["keepers"]);

    let before = token.saved.clone();
    assert_eq!(token.preview(&keepers("1")).await.unwrap().action, Action::Same);
    token.refresh().await.unwrap();
    assert_eq!(token.saved, before);

    let secret_keepers = object([("keepers", Value::secret(keepers("1")["keepers"].clone())), ("length", 20.into())]);
    assert_eq!(token.preview(&secret_keepers).await.unwrap().action, Action::Same);

    let changed = token.up(&keepers("2")).await.unwrap();
    assert_eq!((changed.action, changed.changed), (Action::Replace, vec!["keepers[\"a.b\"]".to_owned()]));
    assert!(!changed.outputs["value"].same(&made.outputs["value"]));
    token.destroy().await.unwrap();
    assert!(token.saved.is_none());
}

#[tokio::test]
async fn inputs_are_echoed_and_secret_as_a_whole_where_they_hold_a_secret() {
    let (_harness, mut thing, _) = things().await;
    let made = thing.up(&inputs("")).await.unwrap();
    assert_eq!(made.outputs["tags"], whole_tags());
    assert_eq!(made.outputs["password"], Value::secret(PASSWORD));
    assert!(free_of(&made.outputs, &[PASSWORD, TOKEN]));
    let mut whole = inputs("");
    whole.insert("tags".into(), Value::secret(object([("open", PASSWORD.into())])));
    let updated = thing.up(&whole).await.unwrap();
    assert_eq!(updated.outputs["tags"], whole["tags"], "secret although no schema says so");
}

/// The tags, one of which is secret, as outputs have them.
fn whole_tags() -> Value {
    Value::secret(inputs("")["tags"].clone().opened())
}

#[tokio::test]
async fn output_2_every_output_is_there_in_every_answer() {
    let (_harness, mut thing, _) = things().await;
    let given = object([("name", "a".into())]);
    let names = ["name", "act", "password", "tags", "token", "note"];
    let complete = |outputs: &Object| names.iter().all(|name| outputs.contains_key(*name));
    let nulls = |outputs: &Object| ["act", "password", "tags"].iter().all(|name| outputs[*name].is_null());
    let preview = thing.preview(&given).await.unwrap();
    assert!(complete(&preview.outputs) && nulls(&preview.outputs) && preview.outputs["note"].is_unknown());
    let made = thing.up(&given).await.unwrap();
    assert!(complete(&made.outputs) && nulls(&made.outputs) && made.outputs["note"].is_null());
    thing.refresh().await.unwrap();
    assert!(complete(&thing.saved.as_ref().unwrap().outputs));
    let other = object([("name", "a".into()), ("act", "other".into())]);
    let preview = thing.preview(&other).await.unwrap();
    assert!(
        complete(&preview.outputs) && preview.outputs["note"].is_null(),
        "a preview of an update knows it to be null"
    );
    assert!(complete(&thing.up(&other).await.unwrap().outputs));
    thing.up(&inputs("partial")).await.err().unwrap();
    assert!(complete(&thing.saved.as_ref().unwrap().outputs), "a partial failure");
    let (_harness, mut thing, _) = things().await;
    thing.import("thing-9").await.unwrap();
    assert!(complete(&thing.saved.as_ref().unwrap().outputs), "an import");
}

#[tokio::test]
async fn wrappers_that_a_resource_loses_are_put_back() {
    let (_harness, mut thing, _) = things().await;
    let made = thing.up(&inputs("strip")).await.unwrap();
    assert_eq!(made.inputs["tags"], inputs("")["tags"]);
    let mut plain = inputs("reread");
    plain.insert("password".into(), PASSWORD.into());
    let made = thing.up(&plain).await.unwrap();
    assert_eq!(made.inputs["password"], Value::secret(PASSWORD), "marked in the schema");
    thing.refresh().await.unwrap();
    let saved = thing.saved.unwrap();
    assert!(free_of(&saved.inputs, &[PASSWORD]) && free_of(&saved.outputs, &[PASSWORD]));
    assert_eq!(saved.inputs["tags"], inputs("")["tags"]);
}

#[tokio::test]
async fn a_preview_foretells_every_output_and_makes_nothing() {
    let (_harness, mut thing, traces) = things().await;
    let mut given = inputs("");
    given.insert("tags".into(), Value::Unknown);
    let preview = thing.preview(&given).await.unwrap();
    assert!(preview.outputs["token"].is_unknown() && preview.outputs["token"].contains_secret());
    assert!(preview.outputs["note"].is_unknown());
    assert!(preview.outputs["tags"].is_unknown());
    assert_eq!(traces.made.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_plain_error_saves_nothing_and_a_partial_one_everything() {
    let (_harness, mut thing, _) = things().await;
    let problem = thing.up(&inputs("error")).await.err().unwrap();
    assert!(matches!(problem, Problem::Failed(_)) && thing.saved.is_none());
    without_secrets(&problem);

    let problem = thing.up(&inputs("partial")).await.err().unwrap();
    without_secrets(&problem);
    assert!(matches!(problem, Problem::Partial { .. }), "{problem:?}");
    let saved = thing.saved.clone().unwrap();
    assert_eq!(saved.outputs["token"], Value::secret(TOKEN));
    assert_eq!(saved.outputs["tags"], whole_tags());
    assert!(!saved.init_errors.is_empty());

    let mut same = inputs("partial");
    same.insert("act".into(), "partial".into());
    let preview = thing.preview(&same).await.unwrap();
    assert_eq!(preview.action, Action::Update, "an update is forced after a partial failure");
}

#[tokio::test]
async fn a_failed_update_keeps_old_inputs_and_new_outputs() {
    let (_harness, mut thing, _) = things().await;
    thing.up(&inputs("")).await.unwrap();
    let before = thing.saved.clone().unwrap();
    let problem = thing.up(&inputs("error")).await.err().unwrap();
    without_secrets(&problem);
    assert_eq!(thing.saved, Some(before.clone()));

    let problem = thing.up(&inputs("partial")).await.err().unwrap();
    without_secrets(&problem);
    let after = thing.saved.clone().unwrap();
    assert_eq!(after.inputs, before.inputs);
    assert_eq!((after.id.as_str(), &after.outputs["note"]), ("thing-1", &"half".into()), "an id is for life");
    let done = thing.up(&inputs("")).await.unwrap();
    assert_eq!((done.action, &done.outputs["note"]), (Action::Update, &"updated".into()));
    assert!(thing.saved.unwrap().init_errors.is_empty());
}

#[tokio::test]
async fn what_cannot_be_saved_is_taken_out_and_the_rest_kept() {
    for act in ["unknown", "nan", "partial-spoiled"] {
        let (_harness, mut thing, _) = things().await;
        let problem = thing.up(&inputs(act)).await.err().unwrap();
        assert!(matches!(problem, Problem::Partial { .. }), "{act}: {problem:?}");
        assert!(problem.texts().concat().contains("note[1]"), "{problem:?}");
        let saved = thing.saved.clone().unwrap();
        assert_eq!(saved.outputs["note"], Value::Array(vec!["kept".into(), Value::Null]));
        assert_eq!(saved.outputs["token"], Value::secret(TOKEN));
    }
    let (_harness, mut thing, _) = things().await;
    thing.up(&inputs("")).await.unwrap();
    let problem = thing.up(&inputs("unknown")).await.err().unwrap();
    assert!(matches!(problem, Problem::Partial { .. }));
}

#[tokio::test]
async fn answers_that_cannot_be_saved_at_all_are_errors_that_say_so() {
    let (_harness, mut thing, _) = things().await;
    let problem = thing.up(&inputs("no-id")).await.err().unwrap();
    assert!(matches!(problem, Problem::Failed(_)) && problem.texts()[0].contains("no id"), "{problem:?}");
    let problem = thing.up(&inputs("panic")).await.err().unwrap();
    without_secrets(&problem);
    let Problem::Failed(status) = problem else { panic!("a panic saves nothing") };
    assert_eq!(status.code(), tonic::Code::Internal);
    let problem = thing.up(&inputs("check-panic")).await.err().unwrap();
    without_secrets(&problem);
    let problem = thing.up(&inputs("partial-silent")).await.err().unwrap();
    assert_eq!(problem.texts()[0], "too late");
}

#[tokio::test]
async fn reading_has_three_answers() {
    let (_harness, mut thing, _) = things().await;
    thing.up(&inputs("")).await.unwrap();
    let before = thing.saved.clone();
    thing.refresh().await.unwrap();
    assert_eq!(thing.saved, before, "what Check computed is read back with the rest");
    thing.up(&inputs("refused")).await.unwrap();
    let before = thing.saved.clone();
    let problem = thing.refresh().await.err().unwrap();
    without_secrets(&problem);
    assert_eq!(thing.saved, before, "an error drops nothing");

    thing.up(&inputs("partial-read")).await.unwrap();
    thing.up(&inputs("gone")).await.unwrap();
    thing.refresh().await.unwrap();
    assert!(thing.saved.is_none());
}

#[tokio::test]
async fn an_import_needs_only_an_id_and_leaves_no_diff() {
    let (_harness, mut thing, _) = things().await;
    thing.import("n").await.unwrap();
    assert_eq!(thing.saved.clone().unwrap().outputs["token"], Value::secret(TOKEN));
    let step = thing.preview(&object([("name", "n".into())])).await.unwrap();
    assert_eq!(step.action, Action::Same);
}

#[tokio::test]
async fn a_replaced_resource_is_checked_afresh_and_deleted_after_its_successor() {
    let (_harness, mut thing, traces) = things().await;
    thing.up(&inputs("")).await.unwrap();
    assert_eq!(thing.saved.clone().unwrap().inputs["fresh"], true.into());
    let mut other = inputs("");
    other.insert("name".into(), "m".into());
    let step = thing.up(&other).await.unwrap();
    assert_eq!((step.action, traces.made.load(Ordering::SeqCst)), (Action::Replace, 2));
    assert_eq!(step.inputs["fresh"], true.into());
    let mut unknown = other.clone();
    unknown.insert("name".into(), Value::Unknown);
    assert_eq!(thing.preview(&unknown).await.unwrap().action, Action::Replace);
    for act in ["stuck", "stuck-half"] {
        let mut stuck = other.clone();
        stuck.insert("act".into(), act.into());
        thing.up(&stuck).await.unwrap();
        let problem = thing.destroy().await.err().unwrap();
        without_secrets(&problem);
        let Problem::Failed(status) = problem else { panic!("{problem:?}") };
        assert!(status.details().is_empty() && thing.saved.is_some());
    }
}

#[tokio::test]
async fn nothing_is_remembered_of_a_run_whose_engine_died() {
    let (_harness, mut thing, traces) = things().await;
    thing.up_and_die(&inputs("")).await.unwrap();
    assert!(thing.saved.is_none());
    thing.up(&inputs("")).await.unwrap();
    assert_eq!(traces.made.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn ignored_changes_are_ignored() {
    let (_harness, mut thing, _) = things().await;
    thing.up(&inputs("")).await.unwrap();
    thing.ignore_changes = vec!["name".into()];
    let mut other = inputs("");
    other.insert("name".into(), "m".into());
    assert_eq!(thing.preview(&other).await.unwrap().action, Action::Same);
}

#[tokio::test]
async fn refused_inputs_are_told_without_their_secrets() {
    let (_harness, mut thing, _) = things().await;
    let mut bad = inputs("");
    bad.insert("tags".into(), object([("k", Value::secret(vec![PASSWORD]))]).into());
    bad.insert("act".into(), 5.into());
    bad.insert("nmae".into(), "x".into());
    bad.insert("password".into(), 5.into());
    let Some(Problem::Refused(failures)) = thing.up(&bad).await.err() else { panic!("accepted") };
    let told: Vec<(&str, &str)> = failures.iter().map(|f| (f.property.as_str(), f.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            ("act", "expected a string, got a number"),
            ("", "password: expected a string, got a number"),
            ("", "tags.k: expected a string, got a list"),
            ("nmae", "is not a property; did you mean name?"),
        ]
    );
}

#[tokio::test]
async fn messages_arrive_before_the_answer_and_warnings_hold_no_secret() {
    let (harness, mut thing, _) = things().await;
    thing.up(&inputs("log")).await.unwrap();
    let told: Vec<_> = harness.logged().into_iter().map(|entry| (entry.severity, entry.message)).collect();
    assert_eq!(
        told,
        [("INFO".to_owned(), "first".to_owned()), ("WARNING".to_owned(), "second, not [secret]".to_owned())]
    );
    thing.up(&inputs("warn")).await.unwrap();
    let warned = harness.logged().pop().unwrap();
    assert_eq!((warned.message.as_str(), warned.urn.as_str()), ("careful with [secret]", thing.urn().as_str()));
}

#[tokio::test]
async fn a_time_limit_and_cancel_are_told_to_the_call_and_it_finishes() {
    let (harness, mut thing, _) = things().await;
    thing.timeout = 0.05;
    let step = told(thing.up(&inputs("slow"))).await.unwrap();
    assert_eq!(step.outputs["note"], "TimedOut".into());

    let mut other = harness.resource(THING, "other");
    let slow = tokio::spawn(async move { other.up(&inputs("slow")).await });
    pause(1000).await;
    harness.cancel().await.unwrap();
    harness.cancel().await.unwrap();
    let step = told(slow).await.unwrap().unwrap();
    assert_eq!(step.outputs["note"], "Cancelled".into());

    let mut late = harness.resource(THING, "late");
    let Some(Problem::Failed(status)) = late.up(&inputs("")).await.err() else { panic!("began after Cancel") };
    assert_eq!(status.code(), tonic::Code::Cancelled);
    harness.configure(object([("region", "r".into())])).await.unwrap();
    late.up(&inputs("")).await.unwrap();
}

/// Calls every RPC that may take its time with something that goes on until it is told to end.
async fn lingering(harness: &Harness, urn: &str, timeout: f64) -> [Result<(), tonic::Status>; 6] {
    let (urn, id) = (urn.to_owned(), "thing-1".to_owned());
    let slow = || Some(to_struct(inputs("slow"), Unknowns::Allowed).unwrap());
    let create = rpc::CreateRequest { urn: urn.clone(), properties: slow(), timeout, ..Default::default() };
    let update = rpc::UpdateRequest {
        urn: urn.clone(),
        id: id.clone(),
        olds: slow(),
        news: slow(),
        timeout,
        ..Default::default()
    };
    let (inputs, properties) = (slow(), slow());
    let read = rpc::ReadRequest { urn: urn.clone(), id: id.clone(), inputs, properties, timeout, ..Default::default() };
    let delete = rpc::DeleteRequest { urn, id, old_inputs: slow(), timeout, ..Default::default() };
    let invoke = rpc::InvokeRequest { tok: "test:index:echo".into(), args: slow(), ..Default::default() };
    let list = rpc::ListRequest { token: THING.into(), query: slow(), ..Default::default() };
    let mut clients = [(); 6].map(|()| harness.client());
    let [one, two, three, four, five, six] = &mut clients;
    let (created, updated, found, deleted, invoked, listed) = tokio::join!(
        one.create(create),
        two.update(update),
        three.read(read),
        four.delete(delete),
        async { if timeout == 0.0 { five.invoke(invoke).await.map(drop) } else { Ok(()) } },
        async { if timeout == 0.0 { six.list(list).await.map(drop) } else { Ok(()) } },
    );
    [created.map(drop), updated.map(drop), found.map(drop), deleted.map(drop), invoked, listed]
}

#[tokio::test]
async fn every_call_hears_of_its_time_limit_and_of_cancel_and_is_answered() {
    let (harness, thing, traces) = things().await;
    let urn = thing.urn().as_str().to_owned();
    for answer in told(lingering(&harness, &urn, 0.05)).await {
        answer.unwrap();
    }
    assert_eq!(traces.finished.swap(0, Ordering::SeqCst), 4, "each that has a time limit");
    let cancel = async {
        pause(1000).await;
        assert_eq!(traces.finished.load(Ordering::SeqCst), 0, "no call ends by itself");
        harness.cancel().await.unwrap();
    };
    let (answers, ()) = tokio::join!(told(lingering(&harness, &urn, 0.0)), cancel);
    for answer in answers {
        answer.unwrap();
    }
    assert_eq!(traces.finished.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_call_finishes_though_nobody_waits_for_it_any_more() {
    let (harness, mut thing, traces) = things().await;
    let slow = tokio::spawn(async move { thing.up(&inputs("slow")).await });
    pause(1000).await;
    slow.abort();
    pause(1000).await;
    assert_eq!((traces.made.load(Ordering::SeqCst), traces.finished.load(Ordering::SeqCst)), (1, 0));
    harness.cancel().await.unwrap();
    pause(1000).await;
    assert_eq!(traces.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_newer_engines_send_is_passed_on_and_what_older_ones_leave_out_is_made_up_for() {
    let (harness, thing, traces) = things().await;
    let urn = thing.urn().to_string();
    let named = |name: &str| Some(to_struct(object([("name", name.into())]), Unknowns::Allowed).unwrap());
    let autonaming = rpc::check_request::AutonamingOptions { proposed_name: "x-1".into(), mode: 1 };
    let request = rpc::CheckRequest {
        urn: urn.clone(),
        olds: named("old"),
        news: named("new"),
        random_seed: vec![9; 32],
        autonaming: Some(autonaming),
        old_outputs: named("state"),
        ..Default::default()
    };
    harness.client().check(request).await.unwrap();
    let seen = traces.checked.lock().unwrap().take().unwrap();
    assert_eq!(seen.old_inputs.unwrap()["name"], "old".into());
    assert_eq!(seen.state.unwrap()["name"], "state".into());
    assert_eq!((seen.inputs["name"].as_str(), seen.random_seed), (Some("new"), vec![9; 32]));
    assert_eq!(seen.autonaming, Some(Autonaming { proposed_name: "x-1".into(), mode: AutonamingMode::Enforce }));

    let empty = Some(to_struct(Object::new(), Unknowns::Allowed).unwrap());
    let request = rpc::CheckRequest { urn: urn.clone(), olds: empty, ..Default::default() };
    harness.client().check(request).await.unwrap();
    assert!(traces.checked.lock().unwrap().take().unwrap().old_inputs.is_none());

    let request = rpc::DiffRequest {
        urn,
        olds: named("state"),
        news: named("state"),
        ignore_changes: vec!["name".into()],
        ..Default::default()
    };
    harness.client().diff(request).await.unwrap();
    let seen = traces.diffed.lock().unwrap().take().unwrap();
    assert_eq!((&seen.old_inputs["name"], seen.ignore_changes.as_slice()), (&"state".into(), &["name".to_owned()][..]));
}

#[tokio::test]
async fn the_wish_to_be_read_first_is_told_by_every_call() {
    let (harness, thing, traces) = things().await;
    let urn = thing.urn().to_string();
    for wish in [true, false] {
        traces.refreshes.store(wish, Ordering::SeqCst);
        let given = || Some(to_struct(inputs(""), Unknowns::Allowed).unwrap());
        let create = rpc::CreateRequest { urn: urn.clone(), properties: given(), ..Default::default() };
        let update = rpc::UpdateRequest { urn: urn.clone(), id: "i".into(), news: given(), ..Default::default() };
        let read = rpc::ReadRequest {
            urn: urn.clone(),
            id: "i".into(),
            inputs: given(),
            properties: given(),
            ..Default::default()
        };
        let mut client = harness.client();
        assert_eq!(client.create(create).await.unwrap().into_inner().refresh_before_update, wish);
        assert_eq!(client.update(update).await.unwrap().into_inner().refresh_before_update, wish);
        assert_eq!(client.read(read).await.unwrap().into_inner().refresh_before_update, wish);
    }
}
