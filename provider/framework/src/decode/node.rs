use serde::de::{self, Deserializer, IntoDeserializer, Visitor};

use super::access::{Elements, Entries, EnumEntry};
use super::error::{Error, one_of};
use super::place::Node;
use super::synth::Synth;
use crate::value::{Archive, Asset, ResourceRef, Value};

/// The largest whole number that a property holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'a> Node<'a> {
    fn known(&self) -> Option<&'a Value> {
        let value = self.value.unwrapped();
        if matches!(value, Value::Unknown) {
            self.session.needs_unknown.set(true);
            return None;
        }
        Some(value)
    }

    fn expected<T>(&self, what: &str) -> Result<T, Error> {
        Err(Error::unfit(format!("expected {what}, got {}", self.value.kind())))
    }

    fn whole(&self) -> Result<i64, Error> {
        match self.value.unwrapped() {
            Value::Number(number) if number.fract() != 0.0 || !number.is_finite() => {
                Err(Error::unfit("expected a whole number"))
            }
            Value::Number(number) if number.abs() > EXACT => Err(Error::unfit("is too large to be exact as a number")),
            Value::Number(number) => Ok(*number as i64),
            _ => self.expected("a whole number"),
        }
    }

    fn entries(&self, names: Option<&'static [&'static str]>) -> Option<Entries<'a>> {
        let object = self.value.as_object()?;
        Some(Entries::new(object, self.place, self.session, names))
    }
}

macro_rules! whole_numbers {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if self.known().is_none() {
                return Synth.$method(visitor);
            }
            match self.whole()? {
                number if number >= 0 => visitor.visit_u64(number.unsigned_abs()),
                number => visitor.visit_i64(number),
            }
        })*
    };
}

macro_rules! floats {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.known() {
                None => Synth.$method(visitor),
                Some(Value::Number(number)) => visitor.visit_f64(*number),
                Some(_) => self.expected("a number"),
            }
        })*
    };
}

macro_rules! texts {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.known() {
                None => Synth.$method(visitor),
                Some(Value::String(text)) => visitor.visit_str(text),
                Some(Value::ResourceRef(ResourceRef { id: Some(value), .. })) => {
                    Node { value, ..self }.$method(visitor)
                }
                Some(_) => self.expected("a string"),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Error;

    whole_numbers!(
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64
    );
    floats!(deserialize_f32, deserialize_f64);
    texts!(deserialize_char, deserialize_str, deserialize_string, deserialize_identifier);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.unwrapped() {
            Value::Null | Value::Unknown => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match self.whole() {
                Ok(whole) if whole >= 0 => visitor.visit_u64(whole.unsigned_abs()),
                Ok(whole) => visitor.visit_i64(whole),
                Err(_) => visitor.visit_f64(*number),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
            Value::Bytes(bytes) => visitor.visit_bytes(bytes),
            Value::ResourceRef(ResourceRef { id: Some(_), .. }) => self.deserialize_str(visitor),
            Value::Asset(Asset { .. }) | Value::Archive(Archive { .. }) | Value::ResourceRef(_) => {
                self.expected("a plain value")
            }
            Value::Secret(_) | Value::Output(_) => self.expected("a plain value"),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.known() {
            None => Synth.deserialize_bool(visitor),
            Some(Value::Bool(value)) => visitor.visit_bool(*value),
            Some(_) => self.expected("true or false"),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.known() {
            None => Synth.deserialize_bytes(visitor),
            Some(Value::Bytes(bytes)) => visitor.visit_bytes(bytes),
            Some(Value::Array(_)) => self.deserialize_seq(visitor),
            Some(_) => self.expected("bytes"),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.unwrapped() {
            Value::Null | Value::Unknown => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.known() {
            None | Some(Value::Null) => visitor.visit_unit(),
            Some(_) => self.expected("nothing"),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.known() {
            None => Synth.deserialize_seq(visitor),
            Some(Value::Array(elements)) => visitor.visit_seq(Elements::new(elements, self.place, self.session)),
            Some(_) => self.expected("a list"),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        if self.known().is_none() {
            return Synth.deserialize_tuple(length, visitor);
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.known().is_none() {
            return Synth.deserialize_map(visitor);
        }
        match self.entries(None) {
            Some(entries) => visitor.visit_map(entries),
            None => self.expected("an object"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.known().is_none() {
            return Synth.deserialize_struct(name, fields, visitor);
        }
        match self.entries(Some(fields)) {
            Some(entries) => visitor.visit_map(entries),
            None => self.expected("an object"),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.known() {
            None => Synth.deserialize_enum(name, variants, visitor),
            Some(Value::String(variant)) => visitor.visit_enum(variant.as_str().into_deserializer()),
            Some(Value::Object(object)) if object.len() == 1 => match object.iter().next() {
                Some((variant, value)) => visitor.visit_enum(EnumEntry { variant, content: Node { value, ..self } }),
                None => Err(Error::unfit(one_of(variants))),
            },
            Some(_) => Err(Error::unfit(one_of(variants))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(names) = self.siblings {
            self.session.strangers.borrow_mut().push((self.place.path(), names));
        }
        visitor.visit_unit()
    }
}

impl<'de> IntoDeserializer<'de, Error> for Node<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl From<de::value::Error> for Error {
    fn from(error: de::value::Error) -> Self {
        Self::unfit(error.to_string())
    }
}
