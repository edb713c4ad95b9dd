//! CheckConfig, DiffConfig and Configure.

use crate::support::{aws, credentials};
use pulumi_provider::testing::object;
use std::process::Stdio;

use libtest_mimic::Trial;
use pulumi_proto::pulumirpc as rpc;
use pulumi_provider::{Object, Value};
use rpc::diff_response::DiffChanges;
use tonic::Code;

use crate::scene::{PASSWORD, Plugin, Scene, TOKEN, bare, command, config, inputs, read, told, wire};
use crate::trial;

const CLOSED: &str = "http://127.0.0.1:1";

pub(crate) fn trials() -> Vec<Trial> {
    let json = || format!(r#"{{"region":"us-east-1","accessKey":"AKIA","secretKey":"{PASSWORD}"}}"#);
    let mut trials = vec![
        trial("CheckConfig: an object", || sound(with(plain().into()))),
        trial("CheckConfig: JSON text, as stack configuration is sent", move || sound(with(json().as_str().into()))),
        trial("CheckConfig: secret JSON text", move || sound(with(Value::secret(json().as_str())))),
        trial("CheckConfig: what is wrapped stays so", || {
            sound(with(aws(CLOSED, &credentials("AKIA", PASSWORD)).into()))
        }),
        trial("CheckConfig: unknown as a whole", || sound(with(Value::Unknown))),
        trial("CheckConfig: an unknown credential", || sound(with(changed("secretKey", Value::Unknown).into()))),
        trial("CheckConfig: a flag as text", || sound(object([("refreshBeforeUpdate", "true".into())]))),
        trial("CheckConfig: the engine's own version", || sound(object([("version", "1.2.3".into())]))),
        trial("CheckConfig: nothing", || sound(Object::new())),
        trial("CheckConfig: credentials of the environment are not copied", environment_is_not_copied),
        trial("Configure: a word that is no property", || wrong(changed("regoin", "x".into()), "regoin")),
        trial("Configure: a secret of another type", || {
            wrong(changed("secretKey", vec![PASSWORD].into()), "secretKey")
        }),
        trial("Configure: a list in place of a text", || wrong(changed("region", vec!["x"].into()), "region")),
        trial("Configure: credentials are used", credentials_are_used),
        trial("Configure: new credentials take the place of old ones", new_credentials_are_used),
        trial("Configure: no call is made", configured_without_a_call),
        trial("Configure: a wish to be read first is answered by Create", || reads_first(Value::from(true), true)),
        trial("Configure: the same wish as text", || reads_first("true".into(), true)),
        trial("Configure: no such wish", || reads_first(Value::from(false), false)),
    ];
    trials.extend(
        diffs()
            .map(|(what, old, new, changes)| trial(format!("DiffConfig: {what}"), move || differs(old, new, changes))),
    );
    trials
}

fn plain() -> Object {
    object([("region", "us-east-1".into()), ("accessKey", "AKIA".into()), ("secretKey", PASSWORD.into())])
}

fn changed(name: &str, value: Value) -> Object {
    let mut config = plain();
    config.insert(name.to_owned(), value);
    config
}

fn with(aws: Value) -> Object {
    object([("aws", aws)])
}

type Difference = (&'static str, Object, Object, DiffChanges);

fn diffs() -> [Difference; 9] {
    let json = format!(r#"{{"region":"us-east-1","accessKey":"AKIA","secretKey":"{PASSWORD}"}}"#);
    let version = |text: &str| object([("version", text.into())]);
    let (none, some) = (DiffChanges::DiffNone, DiffChanges::DiffSome);
    [
        ("nothing new", with(plain().into()), with(plain().into()), none),
        ("another secret key", with(plain().into()), with(changed("secretKey", "other".into()).into()), some),
        ("another access key", with(plain().into()), with(changed("accessKey", "other".into()).into()), some),
        ("another region", with(plain().into()), with(changed("region", "eu-west-1".into()).into()), some),
        ("an unknown credential", with(plain().into()), with(changed("secretKey", Value::Unknown).into()), some),
        ("a secret around what was plain", with(plain().into()), with(Value::secret(plain())), none),
        ("JSON text for what was an object", with(plain().into()), with(json.as_str().into()), none),
        ("another version of the plugin", version("1.0.0"), version("2.0.0"), none),
        ("no configuration any more", with(plain().into()), Object::new(), some),
    ]
}

/// Nothing is refused, everything comes back as it was, and the secret key is wrapped.
async fn sound(given: Object) {
    let (_plugin, harness) = bare().await;
    let request = rpc::CheckRequest { news: wire(&given), ..Default::default() };
    let answer = harness.client().check_config(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.failures), []);
    let checked = read(answer.inputs);
    assert!(pulumi_provider::value::same_objects(&checked, &given), "{checked:?}");
    assert!(!format!("{checked:?}").contains(PASSWORD), "the secret key is in clear");
}

async fn environment_is_not_copied() {
    let mut plugin = command(&[]);
    plugin.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", PASSWORD);
    let plugin = Plugin::spawn(plugin.env("AWS_REGION", "us-east-1").stdin(Stdio::null()));
    let given = with(object([("endpoints", object([("iam", CLOSED.into())]).into())]).into());
    for given in [Object::new(), given] {
        let request = rpc::CheckRequest { news: wire(&given), ..Default::default() };
        let answer = plugin.harness().await.client().check_config(request).await.unwrap().into_inner();
        assert_eq!(read(answer.inputs), given);
    }
}

/// The property is told, and no value.
async fn wrong(aws: Object, property: &str) {
    let (_plugin, harness) = bare().await;
    let request = rpc::ConfigureRequest { args: wire(&with(aws.into())), ..Default::default() };
    let status = harness.client().configure(request).await.err().expect("it is refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains(property) && !status.message().contains(PASSWORD), "{}", status.message());
}

async fn differs(old: Object, new: Object, changes: DiffChanges) {
    let (_plugin, harness) = bare().await;
    let request = rpc::DiffRequest { olds: wire(&old), old_inputs: wire(&old), news: wire(&new), ..Default::default() };
    let answer = harness.client().diff_config(request).await.unwrap().into_inner();
    assert_eq!(answer.changes().as_str_name(), changes.as_str_name());
    assert!(answer.replaces.is_empty(), "a provider that is replaced replaces all of its resources");
    let paths: Vec<_> = answer.detailed_diff.keys().chain(&answer.diffs).collect();
    assert!(!paths.iter().any(|path| path.contains(PASSWORD)));
}

async fn credentials_are_used() {
    let scene = Scene::start().await;
    scene.harness.resource(TOKEN, "k").up(&inputs([])).await.unwrap();
    assert_eq!(scene.keys().len(), 1);
}

async fn new_credentials_are_used() {
    let scene = Scene::start().await;
    let mut key = scene.harness.resource(TOKEN, "k");
    let revoked = with(aws(scene.cloud.endpoint(), &credentials("AKIAIOSFODNN7EXAMPLE", PASSWORD)).into());
    scene.harness.configure(revoked).await.unwrap();
    let problem = key.up(&inputs([])).await.err().expect("unknown credentials are refused");
    assert!(!problem.texts().concat().contains(PASSWORD));
    scene.harness.configure(config(&scene.cloud)).await.unwrap();
    key.up(&inputs([])).await.unwrap();
}

async fn configured_without_a_call() {
    let scene = Scene::start().await;
    assert_eq!(scene.calls(), 0);
}

async fn reads_first(wish: Value, expected: bool) {
    let scene = Scene::start().await;
    let mut given = config(&scene.cloud);
    given.insert("refreshBeforeUpdate".to_owned(), wish);
    scene.harness.configure(given).await.unwrap();
    let check = rpc::CheckRequest { urn: crate::scene::URN.into(), news: wire(&inputs([])), ..Default::default() };
    let properties = scene.harness.client().check(check).await.unwrap().into_inner().inputs;
    let create = rpc::CreateRequest { urn: crate::scene::URN.into(), properties, ..Default::default() };
    let made = scene.harness.client().create(create).await.unwrap().into_inner();
    assert_eq!(made.refresh_before_update, expected);
}
