//! What a principal and a resource are called: other spellings, another principal, another owner, another name.

use crate::support::text;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::Object;
use pulumi_provider::testing::{Action, object};
use pulumi_provider::wire::{Unknowns, to_struct};

use crate::bench::{Bench, DAY, TOKEN, USER, inputs, saved};
use crate::places::{Places, System, told};

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
