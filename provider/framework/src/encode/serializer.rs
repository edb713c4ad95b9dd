use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple};

use super::error::EncodeError;
use crate::path::{PropertyPath, Segment};
use crate::value::{Object, SECRET_NEWTYPE, Value, expose_while};

/// The largest whole number that a property holds exactly.
const EXACT: u128 = 1 << 53;

/// A problem, and the steps to it from the innermost outwards.
#[derive(Debug)]
pub(super) struct Error {
    steps: Vec<Segment>,
    problem: String,
}

impl Error {
    fn at(mut self, step: Segment) -> Self {
        self.steps.push(step);
        self
    }
}

impl From<Error> for EncodeError {
    fn from(error: Error) -> Self {
        let path = error.steps.into_iter().rev().collect::<PropertyPath>();
        Self { path, problem: error.problem }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { steps: Vec::new(), problem: message.to_string() }
    }
}

/// Writes [`Value`]s.
#[derive(Clone, Copy)]
pub(super) struct Serializer;

macro_rules! whole_numbers {
    ($($method:ident $kind:ty),*) => {
        $(fn $method(self, value: $kind) -> Result<Value, Error> {
            whole(value.into())
        })*
    };
}

fn whole(value: i128) -> Result<Value, Error> {
    if value.unsigned_abs() > EXACT {
        return Err(ser::Error::custom("is too large to be exact as a number; make it a string"));
    }
    Ok(Value::Number(value as f64))
}

impl ser::Serializer for Serializer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Impossible<Value, Error>;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Variant;

    whole_numbers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        Ok(Value::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        if !value.is_finite() {
            return Err(ser::Error::custom("is not a finite number"));
        }
        Ok(Value::Number(value))
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        Ok(Value::String(value.into()))
    }

    fn serialize_str(self, value: &str) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, Error> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Value, Error> {
        if name == SECRET_NEWTYPE {
            return expose_while(|| value.serialize(self)).map(Value::secret);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        let mut entries = Entries::default();
        SerializeStruct::serialize_field(&mut entries, variant, value)?;
        SerializeStruct::end(entries)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List, Error> {
        Ok(List::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<List, Error> {
        Ok(List::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List, Error> {
        Ok(List::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(ser::Error::custom("is a variant of several values, which no schema can say"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, Error> {
        Ok(Entries::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries, Error> {
        Ok(Entries::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant, Error> {
        Ok(Variant { variant, entries: Entries::default() })
    }
}

/// A list in the making.
#[derive(Default)]
pub(super) struct List(Vec<Value>);

impl SerializeSeq for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let index = self.0.len();
        self.0.push(value.serialize(Serializer).map_err(|error| error.at(Segment::Index(index)))?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.0))
    }
}

impl SerializeTuple for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeSeq::end(self)
    }
}

/// An object in the making. Nulls are left out: they mean the same as absence.
#[derive(Default)]
pub(super) struct Entries {
    object: Object,
    key: String,
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = match key.serialize(Serializer)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return Err(ser::Error::custom("has a key that is not a text")),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        match value.serialize(Serializer) {
            Ok(Value::Null) => {}
            Ok(value) => drop(self.object.insert(key, value)),
            Err(error) => return Err(error.at(Segment::Key(key))),
        }
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Object(self.object))
    }
}

impl SerializeStruct for Entries {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.key = key.to_owned();
        self.serialize_value(value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeMap::end(self)
    }
}

/// A variant with named fields in the making: an object with one entry.
pub(super) struct Variant {
    variant: &'static str,
    entries: Entries,
}

impl ser::SerializeStructVariant for Variant {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        SerializeStruct::serialize_field(&mut self.entries, key, value)
    }

    fn end(self) -> Result<Value, Error> {
        let inner = SerializeStruct::end(self.entries)?;
        Ok(Value::Object([(self.variant.to_owned(), inner)].into()))
    }
}
