use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use super::*;
use crate::SecretString;
use crate::encode::to_object;
use crate::testing::object;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Args {
    user: String,
    region: String,
    #[serde(default)]
    keepers: BTreeMap<String, String>,
    password: Option<SecretString>,
    overlap: Option<Span>,
    retries: Option<u8>,
    check: Option<Check>,
    #[serde(default)]
    kinds: Vec<Kind>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Check {
    enabled: bool,
    share: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Short,
    Long,
}

/// A text that must be digits and a `d`.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Span(String);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_suffix('d').map(str::parse::<u32>) {
            Some(Ok(_)) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom(format!("\"{text}\" is not a duration such as 90d"))),
        }
    }
}

fn told(decoded: &Decoded<Args>) -> Vec<String> {
    decoded.failures.iter().map(|failure| format!("{}: {}", failure.property, failure.reason)).collect()
}

#[test]
fn all_failures_are_told_at_once_with_their_paths() {
    let decoded = decode::<Args>(&object([
        ("keepers", object([("a.b", 5.into()), ("c", "fine".into()), ("d", true.into())]).into()),
        ("overlap", "soon enough".into()),
        ("retries", 300.into()),
        ("check", object([("enabled", "yes".into())]).into()),
        ("kinds", vec!["short", "tall", "wide"].into()),
        ("keeperz", "x".into()),
    ]));
    let mut told = told(&decoded);
    told.sort();
    assert_eq!(
        told,
        [
            "check.enabled: expected true or false, got a string",
            "check.share: is required",
            "keepers.d: expected a string, got a boolean",
            "keepers[\"a.b\"]: expected a string, got a number",
            "keeperz: is not a property; did you mean keepers?",
            "kinds[1]: expected one of \"short\", \"long\"",
            "kinds[2]: expected one of \"short\", \"long\"",
            "overlap: … is not a duration such as 90d".replace('…', "\"…\"").as_str(),
            "region: is required",
            "retries: is out of range: expected u8",
            "user: is required",
        ]
    );
    assert_eq!(decoded.value, None);
}

#[test]
fn no_failure_shows_a_secret() {
    let secret = "hunter2";
    for field in ["user", "overlap", "retries", "check", "kinds", "keepers", "password"] {
        for value in
            [Value::secret(secret), Value::secret(vec![secret]), Value::secret(object([("enabled", secret.into())]))]
        {
            let decoded = decode::<Args>(&object([(field, value)]));
            assert!(!format!("{:?}", decoded.failures).contains(secret));
        }
    }
}

#[test]
fn unknowns_are_none_where_they_may_and_no_failure_where_they_may_not() {
    let required = object([("user", Value::Unknown), ("region", "r".into()), ("overlap", "1d".into())]);
    let decoded = decode::<Args>(&required);
    assert_eq!((decoded.value.is_none(), decoded.failures.len()), (true, 0));
    assert_eq!(decoded.unknowns, [PropertyPath::from("user")]);

    let optional = object([("user", "u".into()), ("region", "r".into()), ("overlap", Value::secret(Value::Unknown))]);
    let decoded = decode::<Args>(&optional);
    assert_eq!(decoded.value.unwrap().overlap, None);
    assert_eq!(decoded.unknowns, [PropertyPath::from("overlap")]);
}

#[test]
fn an_unknown_hides_no_failure_beside_it() {
    let decoded = decode::<Args>(&object([("user", Value::Unknown), ("region", 5.into())]));
    assert_eq!(told(&decoded), ["region: expected a string, got a number"]);
}

#[test]
fn an_unknown_that_nothing_can_stand_in_for_is_no_failure() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Strict {
        overlap: Span,
        name: String,
    }
    let decoded = decode::<Strict>(&object([("overlap", Value::Unknown), ("name", 3.into())]));
    assert_eq!(decoded.failures.len(), 1);
    assert_eq!(decoded.failures[0].property, "name");
    let decoded = decode::<Strict>(&object([("overlap", "x".into()), ("name", 3.into())]));
    assert_eq!(decoded.failures.len(), 2);
}

#[test]
fn a_flood_of_failures_or_unknowns_comes_to_an_end() {
    let many = |value: Value| object([("kinds", Value::Array(vec![value; 2000]))]);
    assert_eq!(decode::<Args>(&many(5.into())).failures.len(), ENOUGH);
    let unknown = decode::<Args>(&many(Value::Unknown));
    assert_eq!((unknown.value, unknown.unknowns.len()), (None, 2000));
}

#[test]
fn nothing_is_converted() {
    let base = || object([("user", "u".into()), ("region", "r".into())]);
    for (field, value) in
        [("retries", Value::from("5")), ("user", 5.into()), ("kinds", "short".into()), ("retries", 1.5.into())]
    {
        let mut given = base();
        given.insert(field.to_owned(), value);
        assert_eq!(decode::<Args>(&given).failures.len(), 1, "{field}");
    }
    let mut null = base();
    null.insert("retries".into(), Value::Null);
    assert!(decode::<Args>(&null).value.is_some());
}

#[test]
fn a_whole_number_past_what_a_number_holds_exactly_is_refused() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Counted {
        count: u64,
    }
    let counted = |count: f64| decode::<Counted>(&object([("count", count.into())]));
    assert_eq!(counted(9_007_199_254_740_992.0).value.unwrap().count, 1 << 53);
    assert_eq!(counted(9_007_199_254_740_994.0).failures[0].reason, "is too large to be exact as a number");
}

#[test]
fn null_is_absence_also_in_maps_and_where_a_value_is_required() {
    let nulls =
        object([("user", Value::Null), ("region", "r".into()), ("keepers", object([("a", Value::Null)]).into())]);
    assert_eq!(told(&decode::<Args>(&nulls)), ["user: is required"]);
    let mut given = nulls;
    given.insert("user".into(), "u".into());
    assert_eq!(decode::<Args>(&given).value.unwrap().keepers.len(), 0);
}

#[test]
fn words_of_a_types_author_about_what_holds_a_secret_are_not_passed_on() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(try_from = "BTreeMap<String, String>")]
    struct Pair(String);

    impl TryFrom<BTreeMap<String, String>> for Pair {
        type Error = String;

        fn try_from(map: BTreeMap<String, String>) -> Result<Self, String> {
            Err(format!("{map:?} is no pair"))
        }
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Holder {
        pair: Pair,
    }
    let holding = |value: Value| object([("pair", object([("a", value)]).into())]);
    let open = decode::<Holder>(&holding("public".into())).failures;
    assert_eq!(open[0].reason, r#"{"a": "public"} is no pair"#);
    let secret = decode::<Holder>(&holding(Value::secret("hunter2"))).failures;
    assert_eq!((secret[0].property.as_str(), secret[0].reason.as_str()), ("pair", "is not valid"));
}

#[test]
fn denied_names_are_told_too() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        owner: Option<String>,
    }
    let decoded = decode::<Closed>(&object([("ownr", "x".into()), ("zzz", "y".into())]));
    let reasons: Vec<_> = decoded.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(reasons, ["is not a property; did you mean owner?", "is not a property"]);
}

#[test]
fn two_structs_share_one_object() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Own {
        bits: u32,
    }
    let mut given = object([("user", "u".into()), ("region", "r".into()), ("bits", 2048.into())]);
    let decoded = decode_both::<Args, Own>(&given);
    assert_eq!(decoded.value.unwrap().1, Own { bits: 2048 });
    given.insert("bitz".into(), 1.into());
    given.insert("check".into(), object([("enabled", true.into()), ("share", 1.into()), ("sharp", 1.into())]).into());
    let failures = decode_both::<Args, Own>(&given).failures;
    let properties: Vec<_> = failures.iter().map(|failure| failure.property.as_str()).collect();
    assert_eq!(properties, ["check.sharp", "bitz"]);
}

fn args() -> impl Strategy<Value = Args> {
    let text = "[ -~]{0,8}";
    let kinds = prop::collection::vec(prop_oneof![Just(Kind::Short), Just(Kind::Long)], 0..3);
    let check =
        prop::option::of((any::<bool>(), prop::num::f64::NORMAL).prop_map(|(enabled, share)| Check { enabled, share }));
    let span = prop::option::of((0_u32..999).prop_map(|days| Span(format!("{days}d"))));
    let keepers = prop::collection::btree_map(text, text, 0..3);
    let password = prop::option::of(text.prop_map(SecretString::new));
    (text, text, keepers, password, span, any::<Option<u8>>(), check, kinds).prop_map(
        |(user, region, keepers, password, overlap, retries, check, kinds)| Args {
            user,
            region,
            keepers,
            password,
            overlap,
            retries,
            check,
            kinds,
        },
    )
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_same(args in args()) {
        let decoded = decode::<Args>(&to_object(&args).unwrap());
        prop_assert_eq!(decoded.failures, vec![]);
        prop_assert_eq!(decoded.value.unwrap(), args);
    }

    #[test]
    fn any_object_is_decoded_or_refused(
        value in crate::wire::tests::any_value(),
        field in prop::sample::select(vec!["user", "keepers", "overlap", "check", "kinds", "password", "x"]),
    ) {
        let decoded = decode::<Args>(&object([(field, value)]));
        prop_assert!(decoded.value.is_none());
    }
}

#[test]
fn what_somebody_else_reads_is_no_failure_and_may_be_what_was_meant() {
    let given = object([("enabled", true.into()), ("share", 0.5.into()), ("aws", "x".into()), ("asw", "x".into())]);
    let decoded = decode_beside::<Check>(&given, &["aws", "vault"]);
    let told: Vec<_> = decoded.failures.iter().map(|failure| (&*failure.property, &*failure.reason)).collect();
    assert_eq!(told, [("asw", "is not a property; did you mean aws?")]);
    assert_eq!(decode::<Check>(&given).failures.len(), 2, "alone it knows neither");
}
