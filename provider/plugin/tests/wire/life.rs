//! Create, Read, Update, Delete, Invoke and List against the stand-in of AWS.

use crate::support::{credentials, text};
use libtest_mimic::Trial;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::testing::{Action, Managed, Problem, Saved, free_of, object};
use pulumi_provider::{Object, Value};
use rpc::list_response::Response;
use tonic::Code;

use crate::scene::{LIST_KEYS, PASSWORD, Scene, TOKEN, USER, inputs, read, wire};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("Create: in a preview every output is there, unknown, and nothing is made", preview),
        trial("Create: the secret is wrapped, and all inputs are outputs", create),
        trial("Create: nothing is left of a refusal", create_refused),
        trial("Create: a second one beside the first takes nothing from it", create_twice),
        trial("Create: the secret of a wrong adoption is not told", wrong_adoption),
        trial("Read: a refresh of what did not change", refresh),
        trial("Read: gone is the empty response", gone),
        trial("Read: refused credentials are an error", read_refused),
        trial("Read: an import, and no change after it", import),
        trial("Read: an import of what there is not", import_nothing),
        trial("Update: a rotation keeps the old key in its overlap", rotate),
        trial("Update: in a preview nothing is made", rotate_preview),
        trial("Update: a plain change keeps the key", change),
        trial("State: of an older version it is read, and written as this version's", older_state),
        trial("State: of a newer version it is refused by every call, and nothing is changed", newer_state),
        trial("Delete: every key goes", delete),
        trial("Delete: what is gone already is deleted", delete_gone),
        trial("Delete: refused credentials are an error", delete_refused),
        trial("Invoke: the keys of a user", invoke),
        trial("Invoke: a wrong argument is a failure that names it", invoke_wrong),
        trial("Invoke: a user that there is not", invoke_nobody),
        trial("List: the ids that import", list),
        trial("List: no more than was asked for", list_limited),
        trial("List: an unknown query is answered as such", list_unknown),
    ]
}

async fn made() -> (Scene, Managed) {
    let scene = Scene::start().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    key.up(&inputs([])).await.unwrap();
    (scene, key)
}

fn saved(key: &Managed) -> Saved {
    key.saved.clone().expect("the resource is in the state")
}

async fn refuse(scene: &Scene) {
    let admin = scene.cloud.aws().admin_credentials();
    let wrong = crate::support::aws(scene.cloud.endpoint(), &credentials(&admin.access_key_id, PASSWORD));
    scene.harness.configure(object([("aws", wrong.into())])).await.unwrap();
}

fn other_keepers() -> Object {
    inputs([("keepers", object([("release", "2".into())]).into())])
}

async fn preview() {
    let scene = Scene::start().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    let step = key.preview(&inputs([])).await.unwrap();
    assert_eq!(step.action, Action::Create);
    for name in ["accessKeyId", "secretAccessKey", "generation"] {
        assert!(step.outputs[name].contains_unknown(), "{name}");
    }
    assert!(step.outputs["secretAccessKey"].contains_secret());
    assert_eq!((scene.calls(), scene.keys().len()), (0, 0));
}

async fn create() {
    let (scene, key) = made().await;
    let Saved { id, inputs, outputs, .. } = saved(&key);
    assert_eq!(id, USER);
    assert_eq!(scene.keys(), [text(&outputs, "accessKeyId")]);
    let secret = text(&outputs, "secretAccessKey");
    assert!(scene.cloud.aws().secret_is_right(&scene.keys()[0], &secret));
    assert!(free_of(&outputs, &[&secret]));
    assert!(inputs.iter().all(|(name, value)| outputs[name].same(value)));
}

async fn create_refused() {
    let scene = Scene::start().await;
    refuse(&scene).await;
    let mut key = scene.harness.resource(TOKEN, "k");
    let Err(problem @ Problem::Failed(_)) = key.up(&inputs([])).await else {
        panic!("nothing began, so nothing is saved")
    };
    assert!(!problem.texts().concat().contains(PASSWORD));
    assert!(key.saved.is_none() && scene.keys().is_empty());
}

async fn create_twice() {
    let (scene, first) = made().await;
    let mut second = scene.harness.resource(TOKEN, "other");
    let _ = second.up(&inputs([])).await;
    assert!(scene.cloud.aws().works(&text(&saved(&first).outputs, "accessKeyId")));
}

async fn wrong_adoption() {
    let scene = Scene::start().await;
    let minted = scene.cloud.aws().mint_key(USER).unwrap().access_key_id;
    let adopt = object([("id", minted.as_str().into()), ("secret", Value::secret(PASSWORD))]);
    let mut key = scene.harness.resource(TOKEN, "k");
    let problem = key.up(&inputs([("adopt", adopt.into())])).await.err().expect("the secret does not fit");
    let told = problem.texts().concat();
    assert!(told.contains("adopt.secret") && !told.contains(PASSWORD), "{told}");
    assert!(key.saved.is_none());
    assert_eq!(scene.keys(), [minted]);
}

async fn refresh() {
    let (_scene, mut key) = made().await;
    let before = saved(&key);
    key.refresh().await.unwrap();
    assert_eq!(saved(&key), before);
}

async fn gone() {
    let (scene, mut key) = made().await;
    scene.cloud.aws().delete_key(&scene.keys()[0]).unwrap();
    scene.cloud.aws().delete_user(USER).unwrap();
    key.refresh().await.unwrap();
    assert!(key.saved.is_none());
}

async fn read_refused() {
    let (scene, mut key) = made().await;
    let before = saved(&key);
    refuse(&scene).await;
    let problem = key.refresh().await.expect_err("refused is not gone");
    assert!(!problem.texts().concat().contains(PASSWORD));
    assert_eq!(saved(&key), before);
}

async fn import() {
    let scene = Scene::start().await;
    let minted = scene.cloud.aws().mint_key(USER).unwrap().access_key_id;
    let mut key = scene.harness.resource(TOKEN, "k");
    key.import(&format!("{USER}/{minted}")).await.unwrap();
    assert_eq!(text(&saved(&key).outputs, "accessKeyId"), minted);
    let imported = saved(&key).inputs;
    assert_eq!(key.preview(&imported).await.unwrap().action, Action::Same);
}

async fn import_nothing() {
    let scene = Scene::start().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    let _ = key.import(&format!("{USER}/AKIAIOSFODNN7EXAMPLE")).await;
    assert!(key.saved.is_none());
}

async fn rotate() {
    let (scene, mut key) = made().await;
    let first = text(&saved(&key).outputs, "accessKeyId");
    assert_eq!(key.up(&other_keepers()).await.unwrap().action, Action::Update);
    let second = text(&saved(&key).outputs, "accessKeyId");
    assert_ne!(first, second);
    assert!(scene.cloud.aws().works(&first) && scene.cloud.aws().works(&second));
    assert_eq!(key.preview(&other_keepers()).await.unwrap().action, Action::Same);
}

async fn rotate_preview() {
    let (scene, mut key) = made().await;
    let step = key.preview(&other_keepers()).await.unwrap();
    assert!(step.outputs["secretAccessKey"].contains_unknown() && step.outputs["secretAccessKey"].contains_secret());
    assert_eq!(scene.keys().len(), 1);
}

async fn change() {
    let (scene, mut key) = made().await;
    let before = scene.keys();
    let step = key.up(&inputs([("overlap", "2d".into())])).await.unwrap();
    assert_eq!((step.action, scene.keys()), (Action::Update, before));
}

/// Version 0 never was: it stands for whatever a later version finds. Version 1 had no wrapper around whole keys.
async fn older_state() {
    for version in [Some(Value::from(1)), Some(Value::from(0)), None] {
        let (scene, mut key) = made().await;
        let mut old = saved(&key);
        let first = text(&old.outputs, "accessKeyId");
        match version {
            Some(version) => old.outputs.insert("stateVersion".to_owned(), version),
            None => old.outputs.remove("stateVersion"),
        };
        key.saved = Some(old);
        assert_eq!(key.preview(&inputs([])).await.unwrap().action, Action::Same, "an upgrade is no change");
        assert_eq!(key.up(&other_keepers()).await.unwrap().action, Action::Update);
        let migrated = saved(&key).outputs;
        assert_eq!(migrated["stateVersion"].as_number(), Some(2.0));
        assert_eq!(text(migrated["previous"].as_object().unwrap(), "id"), first);
        assert_eq!(scene.keys().len(), 2);
    }
}

async fn newer_state() {
    let (scene, mut key) = made().await;
    let mut newer = saved(&key);
    newer.outputs.insert("stateVersion".to_owned(), 99.into());
    key.saved = Some(newer.clone());
    let (calls, keys) = (scene.calls(), scene.keys());
    let problems = [
        key.preview(&inputs([])).await.err(),
        key.up(&other_keepers()).await.err(),
        update(&scene, &newer).await.err().map(Problem::Failed),
        key.refresh().await.err(),
        key.destroy().await.err(),
    ];
    for problem in problems {
        let told = problem.expect("an unknown version is refused").texts().concat();
        assert!(told.contains("version 99") && told.contains("Nothing was changed"), "{told}");
    }
    assert_eq!((key.saved, scene.keys()), (Some(newer), keys));
    assert!(scene.calls() <= calls + 2, "a Read may look and nothing else may call");
}

/// An Update without the Diff that refuses first.
async fn update(scene: &Scene, saved: &Saved) -> Result<rpc::UpdateResponse, tonic::Status> {
    let request = rpc::UpdateRequest {
        id: saved.id.clone(),
        urn: crate::scene::URN.into(),
        olds: wire(&saved.outputs),
        news: wire(&saved.inputs),
        old_inputs: wire(&saved.inputs),
        ..Default::default()
    };
    scene.harness.client().update(request).await.map(tonic::Response::into_inner)
}

async fn delete() {
    let (scene, mut key) = made().await;
    key.up(&other_keepers()).await.unwrap();
    assert_eq!(scene.keys().len(), 2);
    key.destroy().await.unwrap();
    assert!(scene.keys().is_empty());
}

async fn delete_gone() {
    let (scene, mut key) = made().await;
    scene.cloud.aws().delete_key(&scene.keys()[0]).unwrap();
    key.destroy().await.unwrap();
    assert!(key.saved.is_none());
}

async fn delete_refused() {
    let (scene, mut key) = made().await;
    refuse(&scene).await;
    let problem = key.destroy().await.expect_err("refused is not deleted");
    assert!(!problem.texts().concat().contains(PASSWORD));
    assert_eq!(scene.keys().len(), 1);
}

async fn listed_keys(scene: &Scene, user: &str) -> Result<rpc::InvokeResponse, tonic::Status> {
    let args = wire(&object([("user", user.into())]));
    let request = rpc::InvokeRequest { tok: LIST_KEYS.to_owned(), args, ..Default::default() };
    scene.harness.client().invoke(request).await.map(tonic::Response::into_inner)
}

async fn invoke() {
    let (scene, _key) = made().await;
    let answer = read(listed_keys(&scene, USER).await.unwrap().r#return);
    let keys = answer["keys"].as_array().unwrap();
    assert_eq!(text(keys[0].as_object().unwrap(), "id"), scene.keys()[0]);
}

async fn invoke_wrong() {
    let scene = Scene::start().await;
    let failures = listed_keys(&scene, "").await.unwrap().failures;
    assert_eq!(failures.iter().map(|failure| &*failure.property).collect::<Vec<_>>(), ["user"]);
    assert_eq!(scene.calls(), 0);
}

async fn invoke_nobody() {
    let scene = Scene::start().await;
    assert_eq!(listed_keys(&scene, "nobody").await.err().unwrap().code(), Code::NotFound);
}

async fn listed(scene: &Scene, user: Value, limit: i64) -> Vec<Response> {
    let query = wire(&object([("user", user)]));
    let request = rpc::ListRequest { token: TOKEN.to_owned(), query, limit, ..Default::default() };
    let mut stream = scene.harness.client().list(request).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(answer) = stream.message().await.unwrap() {
        all.extend(answer.response);
    }
    all
}

async fn list() {
    let scene = Scene::start().await;
    let minted = scene.cloud.aws().mint_key(USER).unwrap().access_key_id;
    let all = listed(&scene, USER.into(), 0).await;
    let [Response::Result(found)] = &all[..] else { panic!("one result, not {}", all.len()) };
    assert_eq!(found.id, format!("{USER}/{minted}"));
}

async fn list_limited() {
    let scene = Scene::start().await;
    for _ in 0..2 {
        scene.cloud.aws().mint_key(USER).unwrap();
    }
    assert_eq!(listed(&scene, USER.into(), 0).await.len(), 2);
    assert_eq!(listed(&scene, USER.into(), 1).await.len(), 1);
}

async fn list_unknown() {
    let scene = Scene::start().await;
    assert!(matches!(&listed(&scene, Value::Unknown, 0).await[..], [Response::Computed(_)]));
    assert_eq!(scene.calls(), 0);
}
