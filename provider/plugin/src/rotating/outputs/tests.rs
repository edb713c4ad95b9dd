use rotation::{KeyId, SecretPlace};
use serde::de::{self, DeserializeOwned, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::*;

/// A key with a secret, a map of secrets, and public fields.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Fields {
    name: String,
    password: pulumi_provider::SecretString,
    derived: Option<pulumi_provider::SecretString>,
    #[schemars(extend("x-secret" = true))]
    data: BTreeMap<String, String>,
    #[schemars(extend("x-shared-output" = true))]
    set: String,
}

fn shape() -> KeyShape {
    KeyShape::of::<Fields>(&SharedOutputs::of::<Fields>())
}

fn material(secret: &str) -> Material {
    let data =
        [("user".to_owned(), format!("{secret}-user").into()), ("pass".to_owned(), format!("{secret}-pass").into())];
    let fields = [
        ("name", Field::Plain("public".to_owned())),
        ("password", Field::Secret(secret.to_owned().into())),
        ("derived", Field::Secret(format!("{secret}-derived").into())),
        ("data", Field::SecretMap(data.into())),
    ];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}

/// A state in which every field of every type has a value, whatever fields there are.
fn full() -> KeyState {
    let key = |secret| Key { material: Some(material(secret)), secret_in: SecretPlace::Lost, ..sample() };
    let retiring = Retiring { key: key("retiring-secret"), ..sample() };
    KeyState {
        state_version: STATE_VERSION,
        current: Some(key("current-secret")),
        pending: Some(key("pending-secret")),
        retiring: vec![retiring],
        ..sample()
    }
}

/// What serde leaves out of a state is what outputs hold with its material, and nothing else.
#[test]
fn output_3_serde_leaves_out_only_what_outputs_write_themselves() {
    let all = format!("{:#?}", full());
    let fields = all.lines().filter_map(|line| line.strip_prefix("    ").filter(|line| !line.starts_with(' ')));
    let fields = fields.filter_map(|line| Some(line.split_once(':')?.0.replace('_', "")));
    // The input has the name of this one.
    let fields: Vec<_> = fields.map(|name| if name == "deliveries" { "delivered".to_owned() } else { name }).collect();
    let by_serde: Vec<_> = field_names::<KeyState>().iter().map(|name| name.to_lowercase()).collect();
    let left: Vec<_> = fields.iter().filter(|field| !by_serde.contains(*field)).collect();
    assert_eq!(
        (left, fields.len()),
        (vec![&"current".to_owned(), &"pending".to_owned(), &"retiring".to_owned()], by_serde.len() + 3)
    );
}

fn written(state: &KeyState) -> Object {
    to_outputs(&Object::new(), state, None).unwrap()
}

#[test]
fn output_3_every_field_of_the_state_is_written_and_read_back() {
    let state = full();
    let outputs = written(&state);
    let has = |object: &Object, names: &[&str], but: &str| {
        for name in names.iter().filter(|name| **name != but) {
            assert!(object.get(*name).is_some_and(|value| !value.is_null()), "{name} is not written");
        }
    };
    has(&outputs, field_names::<KeyState>(), "");
    has(outputs["current"].as_object().unwrap(), field_names::<Key>(), "");
    has(outputs["pending"].as_object().unwrap(), field_names::<Key>(), "");
    let retiring = outputs["retiring"].as_array().unwrap()[0].as_object().unwrap();
    has(retiring, field_names::<Key>(), "");
    has(retiring, field_names::<Retiring>(), "key");
    assert_eq!(from_outputs(&shape(), &outputs).unwrap(), state);
}

#[test]
fn output_1_what_is_secret_follows_from_the_type_and_not_from_how_it_was_stored() {
    let state = full();
    let outputs = written(&state);
    let whole: Object =
        outputs.iter().map(|(name, value)| (name.clone(), Value::secret(value.clone().opened()))).collect();
    let clear: Object = outputs.iter().map(|(name, value)| (name.clone(), value.clone().opened())).collect();
    for stored in [whole, clear] {
        let read = from_outputs(&shape(), &stored).unwrap();
        assert_eq!(read, state);
        assert_eq!(written(&read), outputs, "a secret is written in clear");
    }
    let public: BTreeMap<_, _> = outputs.iter().filter(|(_, value)| !value.contains_secret()).collect();
    assert!(!format!("{public:?}").contains("-secret"));
}

#[test]
fn output_2_an_object_of_nulls_is_none() {
    let mut state = full();
    (state.current, state.pending) = (None, None);
    let mut outputs = written(&state);
    for name in ["current", "pending", "previous"] {
        let nulls = field_names::<Key>().iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        outputs.insert(name.to_owned(), Value::secret(Value::Object(nulls)));
    }
    outputs.insert("account".to_owned(), Value::Null);
    let read = from_outputs(&shape(), &outputs).unwrap();
    assert!(read.current.is_none() && read.pending.is_none());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "that the text is empty reveals nothing")]
fn output_2_a_secret_that_nobody_knows_is_null_and_empty_again() {
    let mut state = full();
    let key = state.current.as_mut().unwrap();
    key.material = Some(Material::from([
        ("name".to_owned(), Field::Plain("public".to_owned())),
        ("password".to_owned(), Field::Secret(String::new().into())),
    ]));
    let outputs = written(&state);
    assert!(outputs["password"].is_null() && outputs["current"].as_object().unwrap()["password"].is_null());
    let read = from_outputs(&shape(), &outputs).unwrap();
    assert_eq!(written(&read), outputs);
    let password = &read.current.unwrap().material.unwrap()["password"];
    assert!(matches!(password, Field::Secret(secret) if secret.expose_secret().is_empty()));
}

#[test]
fn output_5_state_of_version_1_is_read_and_a_later_one_is_refused() {
    let state = full();
    let mut outputs = written(&state);
    outputs.insert("stateVersion".to_owned(), Value::Number(1.0));
    outputs.insert("retired".to_owned(), Value::Array(Vec::new()));
    outputs.insert("unheardOf".to_owned(), "by an older version".into());
    let read = from_outputs(&shape(), &outputs).unwrap();
    assert_eq!((read.state_version, &read.current), (STATE_VERSION, &state.current));
    outputs.insert("stateVersion".to_owned(), Value::Number(f64::from(STATE_VERSION) + 1.0));
    let refused = from_outputs(&shape(), &outputs).unwrap_err().message;
    assert!(refused.contains("use the plugin version that wrote it, or a later one"), "{refused}");
}

/// Earlier builds must not take a key whose secret stores have for one whose secret nobody knows.
#[test]
fn a_state_that_left_its_secrets_to_stores_holds_none_and_has_a_version_of_its_own() {
    let mut state = full();
    let all = [&mut state.current, &mut state.pending].into_iter().flatten();
    all.chain(state.retiring.iter_mut().map(|old| &mut old.key)).for_each(|key| key.secret_in = SecretPlace::State);
    assert_eq!(written(&state)["stateVersion"], Value::Number(2.0));
    let outputs = written(&state.without_secrets());
    assert_eq!(outputs["stateVersion"], Value::Number(3.0));
    let current = outputs["current"].as_object().unwrap();
    for name in ["password", "derived", "data"] {
        assert!(outputs[name].is_null() && current[name].is_null(), "{name}");
    }
    assert_eq!((&outputs["name"], &current["secretIn"]), (&Value::from("public"), &Value::from("stores")));
    assert!(!format!("{:?}", Value::Object(outputs.clone()).opened()).contains("-secret"));
    assert_eq!(written(&from_outputs(&shape(), &outputs).unwrap()), outputs);
}

/// Any value, with every field of every struct in it.
fn sample<T: DeserializeOwned>() -> T {
    T::deserialize(Sample).unwrap()
}

/// Reads as a text that is a time as well, a number, the first of an enum's values, or one element of a list.
#[derive(Clone, Copy)]
struct Sample;

type Failed = de::value::Error;

impl<'de> Deserializer<'de> for Sample {
    type Error = Failed;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_str("2026-01-02T03:04:05Z")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_bool(true)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_u64(7)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_u32(7)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_seq(Entries(&[""]))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_map(Entries(&["key"]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        visitor.visit_map(Entries(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        visitor.visit_enum(First(variants[0]))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Entries(&'static [&'static str]);

impl<'de> SeqAccess<'de> for Entries {
    type Error = Failed;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failed> {
        let Some((_, rest)) = self.0.split_first() else { return Ok(None) };
        self.0 = rest;
        seed.deserialize(Sample).map(Some)
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Failed;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failed> {
        let Some((name, rest)) = self.0.split_first() else { return Ok(None) };
        self.0 = rest;
        seed.deserialize((*name).into_deserializer()).map(Some)
    }

    fn next_value_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failed> {
        seed.deserialize(Sample)
    }
}

struct First(&'static str);

impl<'de> EnumAccess<'de> for First {
    type Error = Failed;
    type Variant = Sample;

    fn variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Sample), Failed> {
        Ok((seed.deserialize(self.0.into_deserializer())?, Sample))
    }
}

impl<'de> de::VariantAccess<'de> for Sample {
    type Error = Failed;

    fn unit_variant(self) -> Result<(), Failed> {
        Ok(())
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failed> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_seq(Entries(&[""]))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_map(Entries(fields))
    }
}

#[test]
fn the_sample_is_full() {
    let key: Key = sample();
    assert_eq!(key.id, KeyId("2026-01-02T03:04:05Z".to_owned()));
    assert!(key.verified_at.is_some() && key.renew_at.is_some() && key.trigger.is_some() && key.attempts == 7);
}
