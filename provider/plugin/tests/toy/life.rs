//! The toy in the plugin's provider, beside the clouds that are there: Check, Create, Update, Read and Delete over gRPC.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::Cloud;
use conformance::{check, run};
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::Trial;
use plugin::KeyRotation;
use pulumi_provider::testing::{Action, Harness, Problem, free_of};
use pulumi_provider::{Object, Provider, Value};
use rotation::testing::ManualClock;

use crate::issuer::Service;
use crate::rig::SHELF;
use crate::toy::Toy;

pub(crate) fn trials() -> Vec<Trial> {
    let tokens = || run(lives("keyrotation:toy:RotatingToken", "token"));
    let pins = || run(lives("keyrotation:toy:RotatingPin", "pin"));
    let trial = |name: &str, work: fn() -> Result<()>| Trial::test(format!("toy::{name}"), move || check(None, work));
    vec![
        trial("a_token_lives_in_the_plugin", tokens),
        trial("a_pin_lives_in_the_plugin", pins),
        trial("its_section_of_the_configuration_is_checked", || run(configured())),
        trial("what_is_wrong_is_told", || run(wrong())),
        trial("the_schema_has_it", schema),
    ]
}

fn provider() -> (KeyRotation, Service, ManualClock) {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let toy = Toy::new(Arc::new(clock.clone()));
    toy.service.add_shelf(SHELF);
    let service = toy.service.clone();
    (KeyRotation::new(Arc::new(clock.clone())).with(Arc::new(toy)), service, clock)
}

async fn lives(token: &str, secret: &str) -> Result<()> {
    let (provider, service, clock) = provider();
    let keys = || service.on(SHELF, |shelf| shelf.keys.keys().map(|id| id.0.clone()).collect::<Vec<_>>()).unwrap();
    let harness = Harness::start(provider).await?;
    harness.configure(section(object([("account", "toy-account".into())]).into())).await.unwrap();
    let mut key = harness.resource(token, "key");
    ensure!(key.preview(&inputs("1")).await.unwrap().action == Action::Create && keys().is_empty());
    key.up(&inputs("1")).await.unwrap();
    let first = key.saved.clone().context("nothing was saved")?;
    ensure!(first.id == SHELF && keys() == ["toy-1"] && first.outputs["account"].as_str() == Some("toy-account"));
    ensure!(first.outputs[secret].contains_secret() && free_of(&first.outputs, &["secret of toy-1"]));
    ensure!(key.up(&inputs("1")).await.unwrap().action == Action::Same);
    key.refresh().await.unwrap();
    ensure!(key.saved.as_ref() == Some(&first), "a refresh of what did not change changes nothing");

    ensure!(key.preview(&inputs("2")).await.unwrap().outputs[secret].is_unknown());
    ensure!(key.up(&inputs("2")).await.unwrap().action == Action::Update && keys() == ["toy-1", "toy-2"]);
    clock.advance(SignedDuration::from_hours(26));
    key.up(&inputs("2")).await.unwrap();
    ensure!(keys() == ["toy-2"], "the overlap is over: {:?}", keys());
    key.destroy().await.unwrap();
    ensure!(keys().is_empty() && service.on(SHELF, |shelf| shelf.marks.is_empty()) == Some(true));
    Ok(())
}

async fn configured() -> Result<()> {
    for (config, property) in [
        (section(object([("account", "".into())]).into()), Some("toy.account")),
        (section(object([("acount", "a".into())]).into()), Some("toy.acount")),
        (section("a".into()), Some("toy")),
        (object([("toi", Value::Null), ("tooy", "a".into())]), Some("tooy")),
        (section(Value::Unknown), None),
        (Object::new(), None),
    ] {
        let failed = provider().0.check_config(&config);
        ensure!(
            failed.iter().map(|failure| failure.property.to_string()).eq(property.map(str::to_owned)),
            "{failed:?}"
        );
    }
    let meant = provider().0.check_config(&object([("tooy", "a".into())]));
    ensure!(meant[0].reason.contains("did you mean toy?"), "{meant:?}");
    Ok(())
}

async fn wrong() -> Result<()> {
    let harness = Harness::start(provider().0).await?;
    harness.configure(Object::new()).await.unwrap();
    let mut key = harness.resource("keyrotation:toy:RotatingToken", "key");
    let soaking = object([("soak", "1d".into())]);
    for (name, value, property) in [
        ("shelf", Value::from(""), "shelf"),
        ("shelv", "x".into(), "shelv"),
        ("retirement", soaking.into(), "retirement.soak"),
    ] {
        let mut inputs = inputs("1");
        inputs.insert(name.to_owned(), value);
        let Err(Problem::Refused(failures)) = key.preview(&inputs).await else { anyhow::bail!("{name} was taken") };
        ensure!(failures.len() == 1 && failures[0].property == property, "{failures:?}");
    }
    Ok(())
}

fn schema() -> Result<()> {
    let schema: serde_json::Value = serde_json::from_str(&provider().0.schema())?;
    for token in ["keyrotation:toy:RotatingToken", "keyrotation:toy:RotatingPin"] {
        ensure!(schema["resources"][token].is_object(), "{token}");
    }
    ensure!(schema["functions"]["keyrotation:toy:listPins"].is_object());
    ensure!(schema["config"]["variables"]["toy"]["description"] == "How the toy is reached.");
    ensure!(schema["config"]["variables"]["aws"].is_object(), "the others are there too");
    Ok(())
}

fn section(value: Value) -> Object {
    object([("toy", value)])
}

fn inputs(keeper: &str) -> Object {
    object([
        ("shelf", SHELF.into()),
        ("keepers", object([("release", keeper.into())]).into()),
        ("overlap", "1d".into()),
    ])
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Object {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
