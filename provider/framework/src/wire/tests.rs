use proptest::prelude::*;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};

use super::*;
use crate::value::{Asset, AssetContent, ResourceRef, Sensitive};

/// Any value the wire can hold, in its canonical form.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let text = "[a-zäß .\\[\\]\"*0-9]{0,8}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop::num::f64::NORMAL.prop_map(Value::Number),
        text.prop_map(Value::String),
        Just(Value::Unknown),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        text.prop_map(|text| Value::Asset(Asset { hash: None, content: AssetContent::Text(text) })),
        Just(Value::Asset(Asset { hash: Some("ab".into()), content: AssetContent::Elided })),
        Just(Value::Archive(Archive { hash: None, content: ArchiveContent::Path("dist".into()) })),
        text.prop_map(|urn| {
            let id = Some(Box::new(Value::Unknown));
            Value::ResourceRef(ResourceRef { urn, id, name: Some("n".into()), ..ResourceRef::default() })
        }),
    ];
    leaf.prop_recursive(4, 48, 5, move |inner| {
        let known = inner.clone().prop_filter("known", |value| *value != Value::Unknown);
        let output = (prop::option::of(known), any::<bool>()).prop_map(|(value, secret)| {
            let dependencies = vec!["urn:a".to_owned()];
            Value::Output(Output { value: value.map(Box::new), secret, dependencies })
        });
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(text, inner.clone(), 0..4).prop_map(Value::Object),
            inner.prop_map(|value| Value::Secret(Sensitive::new(value))),
            output,
        ]
    })
}

/// Any protobuf struct, with and without signatures.
pub(crate) fn any_struct() -> impl Strategy<Value = Struct> {
    let key = prop_oneof![
        Just(SIGNATURE.to_owned()),
        prop::sample::select(vec!["value", "secret", "text", "assets", "hash", "urn", "id"]).prop_map(str::to_owned),
        ".{0,6}",
    ];
    let text = prop_oneof![
        prop::sample::select(vec![SECRET, OUTPUT, RESOURCE, ASSET, ARCHIVE, BYTES, UNKNOWN_STRING])
            .prop_map(str::to_owned),
        ".{0,6}",
    ];
    let leaf = prop_oneof![
        Just(None),
        Just(Some(Kind::NullValue(0))),
        any::<bool>().prop_map(|value| Some(Kind::BoolValue(value))),
        any::<f64>().prop_map(|value| Some(Kind::NumberValue(value))),
        text.prop_map(|value| Some(Kind::StringValue(value))),
    ];
    let value = leaf.prop_map(|kind| Wire { kind }).prop_recursive(4, 48, 5, {
        let key = key.clone();
        move |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4);
            let fields = prop::collection::btree_map(key.clone(), inner, 0..4);
            prop_oneof![
                list.prop_map(|values| Wire { kind: Some(Kind::ListValue(ListValue { values })) }),
                fields.prop_map(|fields| Wire { kind: Some(Kind::StructValue(Struct { fields })) }),
            ]
        }
    });
    prop::collection::btree_map(key, value, 0..4).prop_map(|fields| Struct { fields })
}

fn sealed(signature: &str, parts: &[(&str, Kind)]) -> Struct {
    let part = |(key, kind): &(&str, Kind)| ((*key).to_owned(), Wire { kind: Some(kind.clone()) });
    let mut fields: std::collections::BTreeMap<_, _> = parts.iter().map(part).collect();
    fields.insert(SIGNATURE.into(), Wire { kind: Some(Kind::StringValue(signature.into())) });
    let inner = Wire { kind: Some(Kind::StructValue(Struct { fields })) };
    Struct { fields: [("p".to_owned(), inner)].into() }
}

fn one(value: Value) -> Object {
    [("p".to_owned(), value)].into()
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same(value in any_value()) {
        let object = one(value);
        let wire = to_struct(object.clone(), Unknowns::Allowed).unwrap();
        prop_assert_eq!(from_struct(wire).unwrap(), object);
    }

    #[test]
    fn any_struct_is_read_or_refused(wire in any_struct()) {
        if let Ok(object) = from_struct(wire) {
            let _ = to_struct(object, Unknowns::Refused);
        }
    }

    #[test]
    fn what_was_stripped_can_be_saved(value in any_value()) {
        let mut object = one(value);
        let refused = to_struct(object.clone(), Unknowns::Refused).is_err();
        prop_assert_eq!(refused, !strip(&mut object).is_empty());
        prop_assert!(to_struct(object, Unknowns::Refused).is_ok());
    }
}

#[test]
fn every_unknown_text_is_an_unknown_at_any_depth() {
    for text in UNKNOWNS {
        let wire = sealed(SECRET, &[("value", Kind::StringValue(text.into()))]);
        assert_eq!(from_struct(wire).unwrap()["p"].unwrapped(), &Value::Unknown);
    }
}

#[test]
fn an_output_without_a_value_is_unknown_and_an_empty_id_too() {
    let output = from_struct(sealed(OUTPUT, &[("secret", Kind::BoolValue(true))])).unwrap();
    assert!(output["p"].is_unknown() && output["p"].contains_secret());
    let text = |text: &str| Kind::StringValue(text.into());
    let resource = from_struct(sealed(RESOURCE, &[("urn", text("urn:x")), ("id", text(""))])).unwrap();
    assert!(matches!(&resource["p"], Value::ResourceRef(r) if r.id.as_deref() == Some(&Value::Unknown)));
}

#[test]
fn signatures_that_promise_and_do_not_hold_are_refused() {
    let text = |text: &str| Kind::StringValue(text.into());
    for wire in [
        sealed("feedface", &[]),
        sealed(SECRET, &[]),
        sealed(BYTES, &[("value", text("!!"))]),
        sealed(ASSET, &[]),
        sealed(ARCHIVE, &[("assets", text("x"))]),
        sealed(RESOURCE, &[("id", text("x"))]),
    ] {
        let error = from_struct(wire).unwrap_err();
        assert_eq!(error.path.to_string(), "p");
    }
}

#[test]
fn no_answer_passes_for_a_signature_an_unknown_or_a_number_that_is_none() {
    let forged: Object = [(SIGNATURE.to_owned(), SECRET.into())].into();
    assert!(to_struct(one(Value::Object(forged)), Unknowns::Allowed).is_err());
    assert!(to_struct(one(UNKNOWN_STRING.into()), Unknowns::Allowed).is_err());
    assert!(to_struct(one(f64::NAN.into()), Unknowns::Allowed).is_err());
    assert!(to_struct(one(Value::secret(f64::INFINITY)), Unknowns::Allowed).is_err());
}

#[test]
fn what_is_wrong_is_told_with_its_path_and_without_its_value() {
    let inner: Object = [("a.b".to_owned(), vec![Value::secret(Value::Unknown)].into())].into();
    let error = to_struct(one(inner.into()), Unknowns::Refused).unwrap_err();
    assert_eq!(error.to_string(), "p[\"a.b\"][0]: is not known, which only a preview may answer");
}

#[test]
fn numbers_that_are_none_and_properties_that_are_a_signature_are_refused() {
    for number in [f64::NAN, f64::INFINITY] {
        let list = ListValue { values: vec![Wire { kind: Some(Kind::NumberValue(number)) }] };
        let fields = [("p".to_owned(), Wire { kind: Some(Kind::ListValue(list)) })].into();
        assert_eq!(from_struct(Struct { fields }).unwrap_err().path.to_string(), "p[0]");
    }
    let Some(Kind::StructValue(whole)) = sealed(SECRET, &[]).fields["p"].kind.clone() else {
        panic!("a sealed value is a struct");
    };
    assert!(from_struct(whole).is_err());
}
