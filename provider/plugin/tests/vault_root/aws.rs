//! The root of an AWS engine: whose keys it may rotate, and what goes wrong.

use std::sync::Arc;

use jiff::SignedDuration;
use libtest_mimic::Trial;
use localcloud::Credentials;
use plugin::KeyRotation;
use pulumi_provider::testing::{Action, Harness, object};
use pulumi_provider::{Object, Value};
use vault_servers::Ground;

use crate::engine::{Engine, USER};
use crate::stack::{Stack, inputs};
use crate::trial;

/// What a trial proves.
type Prove = fn(&Engine);

/// Those that a real engine can show as well.
const ALL: &[(&str, Prove)] = &[
    ("a_root_key_turns_once_per_trigger", lives),
    ("a_root_key_may_stay_until_the_first_trigger", keeps_the_present_key),
    ("an_import_rotates_nothing", imports),
    ("a_user_that_another_resource_manages_is_refused", refuses_a_managed_user),
    ("a_user_with_two_keys_has_no_room", lacks_room),
    ("where_aws_may_not_be_asked_it_warns_and_goes_on", goes_on_unasked),
    ("where_aws_does_not_answer_nothing_is_ordered", waits_for_aws),
];
/// Those for which the stand-in must fail on demand.
const STAND_IN: &[(&str, Prove)] = &[
    ("an_old_key_that_was_not_deleted_is_named", names_the_old_key),
    ("an_engine_without_a_key_of_its_own_is_refused", has_no_key),
    ("a_mount_of_it_has_no_paths_below", has_nothing_below),
];

/// On the stand-in of the engine.
pub(crate) fn trials() -> Vec<Trial> {
    let all = ALL.iter().chain(STAND_IN);
    let trial = |&(name, prove): &(&str, Prove)| {
        Trial::test(format!("aws_stand_in::{name}"), move || {
            prove(&Engine::stand_in());
            Ok(())
        })
    };
    all.map(trial).collect()
}

/// On a real one.
pub(crate) fn real(ground: &Arc<Ground>) -> Vec<Trial> {
    let all = ALL
        .iter()
        .map(|&(name, prove)| trial(ground, format!("aws::{name}"), &[], move |ground| prove(&Engine::real(ground))));
    all.collect()
}

fn release(engine: &Engine, release: &str) -> Object {
    inputs(&engine.path, release, [("rotationPeriod", "30d".into())])
}

fn lives(engine: &Engine) {
    let mut stack = engine.stack();
    stack.preview(&release(engine, "1"));
    assert_eq!(engine.turns(), 0);
    stack.does(&release(engine, "1"), Action::Create);
    assert_eq!((engine.turns(), stack.output("accessKeyId")), (1, Some(engine.key().as_str().into())));
    engine.only_vault_knows();
    stack.does(&release(engine, "1"), Action::Same);
    let saved = stack.saved.clone();
    stack.refresh().unwrap().unwrap();
    assert_eq!(stack.saved, saved);
    stack.does(&release(engine, "2"), Action::Update);
    stack.does(&release(engine, "2"), Action::Same);
    assert_eq!((engine.turns(), stack.generation()), (2, 2.0));
    engine.only_vault_knows();
    let warnings: Vec<_> = stack.logged.iter().filter(|line| line.starts_with("WARNING")).collect();
    assert!(matches!(warnings[..], [line] if line.contains("rotateOnCreate: false")), "{:?}", stack.logged);
    stack.destroy();
    assert_eq!(engine.turns(), 2);
    engine.only_vault_knows();
}

fn keeps_the_present_key(engine: &Engine) {
    let mut stack = engine.stack();
    let kept = |value: &str| {
        let mut inputs = release(engine, value);
        inputs.insert("rotateOnCreate".to_owned(), false.into());
        inputs
    };
    stack.preview(&kept("1"));
    assert!(stack.logged.iter().any(|line| line.contains("the present secret stays in use")), "{:?}", stack.logged);
    stack.does(&kept("1"), Action::Create);
    assert_eq!((engine.turns(), stack.output("accessKeyId")), (0, Some(engine.first.access_key_id.as_str().into())));
    stack.does(&kept("1"), Action::Same);
    stack.does(&kept("2"), Action::Update);
    assert_eq!(engine.turns(), 1);
    assert!(!stack.logged.iter().any(|line| line.starts_with("WARNING")), "{:?}", stack.logged);
}

fn imports(engine: &Engine) {
    let mut stack = engine.stack();
    stack.import(&engine.path).unwrap().unwrap();
    stack.up(&release(engine, "1")).unwrap().unwrap();
    stack.does(&release(engine, "1"), Action::Same);
    assert_eq!((engine.turns(), stack.generation()), (0, 0.0));
    assert_eq!(stack.output("accessKeyId"), Some(engine.first.access_key_id.as_str().into()));
    stack.does(&release(engine, "2"), Action::Update);
    assert_eq!(engine.turns(), 1);
}

fn refuses_a_managed_user(engine: &Engine) {
    let mut stack = engine.stack();
    let before = engine.cloud.journal().len();
    let user = object([("user", USER.into())]);
    let manage = |inputs: Option<&Object>| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let harness = Harness::start(KeyRotation::new(Arc::new(engine.clock.clone()))).await.unwrap();
            harness.configure(stack.config.clone()).await.unwrap();
            let mut key = harness.resource("keyrotation:aws:RotatingApiKey", "rotating-key");
            match inputs {
                Some(inputs) => key.up(inputs).await.map(|_| key.saved).unwrap(),
                None => None,
            }
        })
    };
    assert!(manage(Some(&user)).is_some());
    let managed_key =
        engine.cloud.aws().keys(USER).into_iter().find(|key| key.id != engine.first.access_key_id).unwrap();
    let made = engine.turns();
    let told = stack.fails(&release(engine, "1"));
    for words in [USER, "rotating-key", "aws:RotatingApiKey", "No rotation was requested"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!((engine.turns(), stack.orders()), (made, 0), "something was ordered");
    assert!(stack.saved.is_none() && engine.cloud.journal().len() > before);
    assert!(engine.cloud.aws().works(&managed_key.id) && engine.cloud.aws().works(&engine.first.access_key_id));
    // Once nobody manages the user any more.
    engine.cloud.aws().delete_key(&managed_key.id).unwrap();
    engine.cloud.aws().set_tags(USER, &std::collections::BTreeMap::new()).unwrap();
    stack.does(&release(engine, "1"), Action::Create);
    engine.only_vault_knows();
}

fn lacks_room(engine: &Engine) {
    let mut stack = engine.stack();
    let other = engine.cloud.aws().mint_key(USER).unwrap().access_key_id;
    let told = stack.fails(&release(engine, "1"));
    assert!(told.contains("two access keys") && told.contains(&engine.first.access_key_id), "{told}");
    assert!(!told.contains(&other), "only the one that must stay is named");
    assert!(stack.saved.is_none() && engine.key() == engine.first.access_key_id);
    engine.cloud.aws().delete_key(&other).unwrap();
    stack.does(&release(engine, "1"), Action::Create);
    engine.only_vault_knows();
}

fn goes_on_unasked(engine: &Engine) {
    let aws = engine.cloud.aws();
    aws.create_user("plugin").unwrap();
    let plugin = aws.mint_key("plugin").unwrap();
    let wrong = Credentials { secret_access_key: "x".repeat(40), ..plugin.clone() };
    for (denied, given) in [("iam:GetAccessKeyLastUsed", &plugin), ("iam:ListUserTags", &plugin), ("", &wrong)] {
        aws.deny("plugin", &[denied]).unwrap();
        let mut stack = engine.stack();
        stack.config.insert("aws".to_owned(), engine.aws(given).into());
        let before = engine.turns();
        stack.does(&release(engine, "1"), Action::Create);
        assert_eq!(engine.turns() - before, 1, "{denied}");
        let warned = |line: &&String| line.starts_with("WARNING") && line.contains("aws:RotatingApiKey");
        assert_eq!(stack.logged.iter().filter(warned).count(), 1, "{denied}: {:?}", stack.logged);
    }
}

fn waits_for_aws(engine: &Engine) {
    let mut stack = engine.stack();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = Value::from(format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let mut aws = engine.aws(&engine.cloud.aws().admin_credentials());
    aws.insert("endpoints".to_owned(), object([("iam", nobody.clone()), ("sts", nobody)]).into());
    let reached = stack.config.insert("aws".to_owned(), aws.into()).unwrap();
    let told = stack.fails(&release(engine, "1"));
    assert!(told.contains("keyrotation:aws.endpoints.iam") && stack.orders() == 0, "{told}");
    stack.config.insert("aws".to_owned(), reached);
    stack.does(&release(engine, "1"), Action::Create);
    assert_eq!(engine.turns(), 1);
}

fn names_the_old_key(engine: &Engine) {
    let mut stack = engine.stack();
    engine.keep_old_keys();
    stack.does(&release(engine, "1"), Action::Create);
    assert_eq!((engine.turns(), stack.orders()), (1, 0), "it turned and said that it failed");
    let warned = |line: &String| line.starts_with("WARNING") && line.contains(&engine.first.access_key_id);
    assert!(stack.logged.iter().any(warned), "{:?}", stack.logged);
    stack.later(SignedDuration::from_mins(2));
    stack.does(&release(engine, "1"), Action::Same);
}

fn has_no_key(engine: &Engine) {
    let mut stack: Stack = engine.stack();
    engine.forget_key();
    let told = stack.fails(&release(engine, "1"));
    assert!(told.contains("no access key of its own") && told.contains("\"aws/config/root\""), "{told}");
    assert_eq!(engine.turns(), 0);
}

fn has_nothing_below(engine: &Engine) {
    let mut stack = engine.stack();
    let told = stack.fails(&inputs("aws/roles/app", "1", []));
    assert!(told.contains("`path`"), "{told}");
    assert_eq!(engine.turns(), 0);
}
