use std::collections::BTreeMap;

use proptest::prelude::*;
use schemars::JsonSchema;

use super::*;
use crate::schema::ObjectSchema;
use crate::testing::object;
use crate::value::{Object, Value};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Args {
    #[schemars(extend("x-replace" = true))]
    user: String,
    keepers: BTreeMap<String, String>,
    place: Place,
    stores: Vec<Place>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Place {
    #[schemars(extend("x-replace" = true))]
    account: String,
    label: String,
    #[schemars(extend("x-ignored" = true))]
    kind: Option<String>,
}

fn place(account: &str, label: &str) -> Value {
    object([("account", account.into()), ("label", label.into())]).into()
}

fn changes(old: Object, new: Object) -> Vec<String> {
    let tell = |change: PropertyChange| {
        format!("{:?} {} {}", change.kind, change.path, if change.replace { "replace" } else { "in place" })
    };
    inputs(&old, &new, &ObjectSchema::of::<Args>()).into_iter().map(tell).collect()
}

#[test]
fn marks_decide_what_replaces_at_every_depth() {
    let old = object([("user", "a".into()), ("place", place("1", "x")), ("stores", vec![place("1", "x")].into())]);
    let new = object([
        ("user", "b".into()),
        ("place", place("2", "y")),
        ("stores", vec![place("1", "y"), place("2", "x")].into()),
    ]);
    assert_eq!(
        changes(old, new),
        [
            "Update place.account replace",
            "Update place.label in place",
            "Update stores[0].label in place",
            "Add stores[1] in place",
            "Update user replace",
        ]
    );
}

#[test]
fn what_is_ignored_is_no_change_even_where_a_change_replaces() {
    let of_kind = |kind: &str| object([("account", "1".into()), ("kind", kind.into())]);
    let with = |place: Object| object([("place", place.into()), ("stores", vec![Value::Null].into())]);
    assert!(changes(with(of_kind("a")), with(of_kind("b"))).is_empty());
    assert!(changes(with(object([("account", "1".into())])), with(of_kind("b"))).is_empty());
}

#[test]
fn maps_are_compared_by_entry_with_escaped_paths() {
    let old = object([("keepers", object([("a.b", "1".into()), ("gone", "1".into())]).into())]);
    let new = object([("keepers", object([("a.b", "2".into()), ("new", "1".into())]).into())]);
    assert_eq!(
        changes(old, new),
        ["Update keepers[\"a.b\"] in place", "Delete keepers.gone in place", "Add keepers.new in place"]
    );
}

#[test]
fn an_unknown_counts_as_changed_and_replaces_where_a_change_would() {
    let old = object([("user", "a".into()), ("keepers", object([("k", "1".into())]).into())]);
    let new = object([("user", Value::Unknown), ("keepers", Value::secret(Value::Unknown))]);
    assert_eq!(changes(old, new), ["Update keepers in place", "Update user replace"]);
    assert_eq!(changes(object([]), object([("user", Value::Unknown)])), ["Add user replace"]);
}

#[test]
fn a_secret_around_a_map_hides_no_entry_that_changed() {
    let map = |value: &str| Value::Object(object([("k", value.into()), ("l", "1".into())]));
    let old = object([("keepers", map("1")), ("stores", vec![Value::secret(map("1"))].into())]);
    let new = object([("keepers", Value::secret(map("2"))), ("stores", Value::secret(vec![map("2")]))]);
    assert_eq!(changes(old, new), ["Update keepers.k in place", "Update stores[0].k in place"]);
}

#[test]
fn null_is_absence() {
    assert_eq!(changes(object([("user", Value::Null)]), object([])), Vec::<String>::new());
    assert_eq!(changes(object([("user", "a".into())]), object([("user", Value::Null)])), ["Delete user replace"]);
}

/// The same value with a secret around every part of it, or around none.
fn rewrapped(value: &Value, wrap: bool) -> Value {
    let inner = match value.unwrapped() {
        Value::Array(elements) => Value::Array(elements.iter().map(|element| rewrapped(element, wrap)).collect()),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, entry)| (key.clone(), rewrapped(entry, wrap))).collect())
        }
        other => other.clone(),
    };
    if wrap { Value::secret(inner) } else { inner }
}

proptest! {
    #[test]
    fn the_same_inputs_differ_in_nothing_however_they_are_wrapped(
        value in crate::wire::tests::any_value(),
        name in prop::sample::select(vec!["user", "keepers", "place", "stores", "other"]),
        wrap in any::<bool>(),
    ) {
        prop_assume!(!value.contains_unknown());
        let old = object([(name, rewrapped(&value, !wrap))]);
        let new = object([(name, rewrapped(&value, wrap))]);
        prop_assert_eq!(changes(old, new), Vec::<String>::new());
    }
}
