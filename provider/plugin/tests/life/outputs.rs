use crate::support::text;
use plugin::KeyRotation;
use pulumi_provider::testing::Action;
use pulumi_provider::{Object, Value, build_schema};
use serde_json::Value as Json;

use crate::bench::{Bench, DAY, HOUR, TOKEN, inputs, saved};

/// The outputs of the schema, with whether each is secret as a whole.
fn of_schema() -> Vec<(String, bool)> {
    let provider = KeyRotation::new(std::sync::Arc::new(rotation::testing::ManualClock::new(
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )));
    let schema: Json = serde_json::from_str(&build_schema(&provider).unwrap()).unwrap();
    let properties = schema["resources"][TOKEN]["properties"].as_object().unwrap();
    properties.iter().map(|(name, property)| (name.clone(), property["secret"] == true)).collect()
}

/// Every output is there, and what may hold a secret is wrapped once, as a whole.
fn is_whole(outputs: &Object) {
    for (name, secret) in of_schema() {
        let value = outputs.get(&name).unwrap_or_else(|| panic!("{name} is absent"));
        let inside =
            if let Value::Secret(inner) = value { inner.value().contains_secret() } else { value.contains_secret() };
        assert!(!inside, "{name} has a wrapper inside");
        assert!(!secret || value.is_null() || matches!(value, Value::Secret(_)), "{name} is not wrapped");
    }
}

fn nulls(outputs: &Object, name: &str) -> bool {
    outputs[name].as_object().is_some_and(|fields| !fields.is_empty() && fields.values().all(Value::is_null))
}

#[tokio::test]
async fn output_1_and_2_every_output_is_there_and_wrapped_as_a_whole_in_every_answer() {
    let bench = Bench::start().await;
    let mut key = bench.key();
    is_whole(&key.preview(&inputs("1", [])).await.unwrap().outputs);
    key.up(&inputs("1", [])).await.unwrap();
    let first = saved(&key).outputs;
    is_whole(&first);
    assert!(nulls(&first, "previous") && first["previousKeyId"].is_null() && first["previousRetiresAt"].is_null());

    let preview = key.preview(&inputs("1", [("overlap", "2d".into())])).await.unwrap();
    is_whole(&preview.outputs);
    let unknown = preview.outputs.iter().filter(|(_, value)| value.contains_unknown()).map(|(name, _)| name);
    let unknown: Vec<_> = unknown.collect();
    assert!(preview.action == Action::Update && unknown.is_empty(), "{unknown:?}");
    let preview = key.preview(&inputs("2", [])).await.unwrap().outputs;
    is_whole(&preview);
    for name in ["current", "previous", "previousKeyId", "previousRetiresAt", "history"] {
        assert!(preview[name].contains_unknown(), "{name}");
    }
    key.up(&inputs("2", [])).await.unwrap();
    let second = saved(&key).outputs;
    is_whole(&second);
    assert_eq!(text(&second, "previousKeyId"), text(&first, "accessKeyId"));
    assert!(second["previous"].as_object().unwrap()["secretAccessKey"].same(&first["secretAccessKey"]));
    key.refresh().await.unwrap();
    assert_eq!(saved(&key).outputs, second);

    bench.later(DAY + HOUR * 2);
    let preview = key.preview(&inputs("2", [])).await.unwrap().outputs;
    is_whole(&preview);
    assert!(preview["previous"].contains_unknown() && !preview["current"].contains_unknown());
    key.up(&inputs("2", [])).await.unwrap();
    is_whole(&saved(&key).outputs);
    assert!(nulls(&saved(&key).outputs, "previous"));
    key.destroy().await.unwrap();
}

#[tokio::test]
async fn output_2_a_key_that_is_imported_without_its_secret_has_null_for_it() {
    let bench = Bench::start().await;
    let minted = bench.cloud.aws().mint_key(crate::bench::USER).unwrap();
    let mut key = bench.key();
    key.import(&format!("{}/{}", crate::bench::USER, minted.access_key_id)).await.unwrap();
    let outputs = saved(&key).outputs;
    is_whole(&outputs);
    assert_eq!(text(&outputs, "accessKeyId"), minted.access_key_id);
    assert!(outputs["secretAccessKey"].is_null(), "a text without a letter would be taken for a secret");
    assert!(outputs["current"].as_object().unwrap()["secretAccessKey"].is_null());
}
