//! A root from its creation to its end, on each database.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;
use libtest_mimic::Trial;
use pulumi_provider::Value;
use pulumi_provider::testing::{Action, object};
use rotation::testing::Fault;
use serde_json::json;
use vault_servers::Ground;

use crate::database::{Kind, Make, Place};
use crate::stack::{DAY, MINUTE, inputs};
use crate::trial;

/// What a trial proves.
type Prove = fn(&Place<'_>);

pub(crate) fn trials(ground: &Arc<Ground>) -> Vec<Trial> {
    let connection: &[(&str, Prove)] = &[
        ("a_root_password_turns_once_per_trigger", lives),
        ("an_import_rotates_nothing", imports),
        ("time_can_be_suspended", suspended),
    ];
    let role: &[(&str, Prove)] = &[
        ("a_static_password_turns_once_per_trigger", lives),
        ("an_import_rotates_nothing", imports),
        ("what_vault_turned_by_itself_is_no_drift_and_serves_a_period", turns_by_itself),
        ("an_order_that_was_answered_counts_although_nothing_can_be_asked_after_it", counts_unasked),
    ];
    let mut all = Vec::new();
    for make in Make::ALL {
        for (kind, claims) in [(Kind::Connection, connection), (Kind::StaticRole, role)] {
            for (name, prove) in claims {
                let name = format!(
                    "{}::{}::{name}",
                    make.name(),
                    if kind == Kind::Connection { "connection" } else { "static_role" }
                );
                all.push(trial(ground, name, make.needs(), move |ground| prove(&Place::new(ground, make, kind))));
            }
        }
    }
    all
}

fn lives(place: &Place<'_>) {
    let mut stack = place.stack(Timestamp::now());
    let plan = |keeper| inputs(&place.path, keeper, [("rotationPeriod", "30d".into())]);
    let (one, two, begun) = (plan("1"), plan("2"), place.turns());
    assert!(place.database.lets_in(&place.first).unwrap(), "the first password is accepted");
    assert_eq!(stack.preview(&one).action, Action::Create);
    assert!(stack.proxy.calls().is_empty(), "a preview asks nobody");
    stack.does(&one, Action::Create);
    assert_eq!(place.turns() - begun, 1);
    place.only_vault_knows();
    let saved = stack.saved.clone().unwrap();
    assert_eq!((saved.id.as_str(), stack.generation()), (place.path.as_str(), 1.0));
    assert!(!saved.outputs["rotatedAt"].is_null() && !saved.outputs["nextRotationAt"].is_null());
    assert_eq!(!saved.outputs["lastVaultRotation"].is_null(), place.kind == Kind::StaticRole);

    let calls = stack.proxy.calls().len();
    stack.later(MINUTE * 90);
    stack.does(&one, Action::Same);
    assert_eq!(stack.proxy.calls().len(), calls, "a run that finds nothing due asks nobody");
    stack.refresh().unwrap().unwrap();
    assert_eq!(stack.saved.as_ref().map(|now| &now.outputs), Some(&saved.outputs));

    let preview = stack.preview(&two);
    assert_eq!(
        (preview.action, preview.changed),
        (Action::Update, ["keepers.release", "schedule.rotatedAt"].map(str::to_owned).to_vec())
    );
    assert!(preview.outputs["rotatedAt"].is_unknown());
    stack.does(&two, Action::Update);
    stack.does(&two, Action::Same);
    assert_eq!((place.turns() - begun, stack.generation()), (2, 2.0));
    stack.later(DAY * 95);
    assert_eq!(stack.preview(&two).changed, ["schedule.rotatedAt", "schedule.window"]);
    stack.does(&two, Action::Update);
    stack.does(&two, Action::Same);
    assert_eq!((place.turns() - begun, stack.generation()), (3, 3.0), "three periods late is one rotation");
    place.only_vault_knows();

    stack.destroy();
    assert_eq!(place.turns() - begun, 3, "a deletion orders nothing");
    place.only_vault_knows();
    assert!(stack.logged.iter().any(|line| line.contains("nothing was changed in Vault")), "{:?}", stack.logged);
}

fn imports(place: &Place<'_>) {
    let mut stack = place.stack(Timestamp::now());
    let begun = place.turns();
    stack.import(&place.path).unwrap().unwrap();
    assert_eq!(stack.saved.as_ref().unwrap().id, place.path);
    assert_eq!(stack.generation(), 0.0);
    let one = inputs(&place.path, "1", [("rotationPeriod", "30d".into())]);
    stack.up(&one).unwrap().unwrap();
    stack.does(&one, Action::Same);
    assert_eq!(place.turns(), begun, "neither the import nor the first run after it orders anything");
    assert!(place.database.lets_in(&place.first).unwrap());
    stack.does(&inputs(&place.path, "2", [("rotationPeriod", "30d".into())]), Action::Update);
    assert_eq!(place.turns() - begun, 1);
    place.only_vault_knows();
}

fn suspended(place: &Place<'_>) {
    let mut stack = place.stack(Timestamp::now());
    let plan = |keeper: &str, schedule: Option<Value>| {
        let mut inputs = inputs(&place.path, keeper, [("rotationPeriod", "30d".into())]);
        inputs.extend(schedule.map(|schedule| ("schedule".to_owned(), schedule)));
        inputs
    };
    stack.does(&plan("1", None), Action::Create);
    let begun = place.turns();
    // What the engine sends with `ignoreChanges: ["schedule"]`.
    let kept = stack.saved.as_ref().unwrap().inputs["schedule"].clone();
    stack.later(DAY * 95);
    stack.does(&plan("1", Some(kept)), Action::Update);
    assert!(
        stack.saved.as_ref().unwrap().outputs.get("nextRotationAt").is_none_or(Value::is_null),
        "time will not ask"
    );
    let kept = stack.saved.as_ref().unwrap().inputs["schedule"].clone();
    stack.does(&plan("1", Some(kept.clone())), Action::Same);
    assert_eq!(place.turns(), begun);
    stack.does(&plan("2", Some(kept)), Action::Update);
    assert_eq!(place.turns() - begun, 1, "keepers still rotate");
}

fn counts_unasked(place: &Place<'_>) {
    let mut stack = place.stack(Timestamp::now());
    let (one, begun) = (inputs(&place.path, "1", []), place.turns());
    for call in 4..8 {
        stack.inject(call, Fault::Before);
    }
    stack.does(&one, Action::Create);
    stack.proxy.faults().clear();
    assert!(stack.logged.iter().any(|line| line.starts_with("WARNING") && line.contains("could not be read")));
    assert!(stack.output("rotatedAt").is_some() && stack.output("lastVaultRotation").is_none());
    stack.does(&one, Action::Same);
    stack.refresh().unwrap().unwrap();
    assert!(stack.output("lastVaultRotation").is_some(), "a refresh takes it in");
    stack.does(&one, Action::Same);
    assert_eq!((place.turns() - begun, stack.generation()), (1, 1.0));
}

fn turns_by_itself(place: &Place<'_>) {
    // A period that begins between two real moments.
    let boundary = Timestamp::now() + Duration::from_secs(1);
    let mut stack = place.stack(boundary - DAY);
    let anchor = (boundary - DAY * 30).to_string();
    let plan = inputs(&place.path, "1", [("rotationPeriod", "30d".into()), ("rotationAnchor", anchor.into())]);
    stack.does(&plan, Action::Create);
    let (begun, before) = (place.turns(), stack.output("lastVaultRotation").unwrap());
    sleep(Duration::from_millis(1100));
    place.admin.post(&format!("{}/rotate-role/kept", place.mount), &json!({})).unwrap();
    stack.refresh().unwrap().unwrap();
    assert_ne!(stack.output("lastVaultRotation"), Some(before), "a refresh takes it in");
    stack.does(&plan, Action::Same);
    stack.later(DAY + MINUTE * 2);
    stack.does(&plan, Action::Update);
    stack.does(&plan, Action::Same);
    assert_eq!(place.turns() - begun, 1, "the period is served by the turn that Vault made in it");
    assert_eq!(stack.generation(), 1.0);
    assert_eq!(stack.output("rotatedAt"), stack.output("lastVaultRotation"));
    let mut other = plan.clone();
    other.extend(object([("keepers", object([("release", "2".into())]).into())]));
    stack.does(&other, Action::Update);
    assert_eq!(place.turns() - begun, 2, "keepers want a turn of their own");
}
