use std::collections::btree_map;
use std::iter::Peekable;
use std::slice;

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::error::Error;
use super::place::{Node, Place, Session, located};
use super::synth::Synth;
use crate::path::{PropertyPath, Segment};
use crate::value::{Object, Value};

/// The entries of an object: those that are there, then the places to be filled.
pub(super) struct Entries<'a> {
    present: Peekable<btree_map::Iter<'a, String, Value>>,
    filled: Vec<&'a str>,
    current: Option<(&'a str, Option<&'a Value>)>,
    place: &'a Place<'a>,
    session: &'a Session,
    names: Option<&'static [&'static str]>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(
        object: &'a Object,
        place: &'a Place<'a>,
        session: &'a Session,
        names: Option<&'static [&'static str]>,
    ) -> Self {
        let filled = absent_holes(object, place, session);
        Self { present: object.iter().peekable(), filled, current: None, place, session, names }
    }

    fn advance(&mut self) -> Option<(&'a str, Option<&'a Value>)> {
        for (key, value) in self.present.by_ref() {
            let here = Place::Key(self.place, key);
            if value.is_null() || is_one_of(&here, &self.session.skipped) {
                continue;
            }
            let hole = is_one_of(&here, &self.session.holes);
            return Some((key, (!hole).then_some(value)));
        }
        self.filled.pop().map(|key| (key, None))
    }
}

/// Names of places to be filled in this object that it has no entry for.
fn absent_holes<'a>(object: &Object, place: &Place<'_>, session: &'a Session) -> Vec<&'a str> {
    if session.holes.is_empty() {
        return Vec::new();
    }
    let here = place.path();
    let own = |hole: &'a PropertyPath| match hole.segments().split_last() {
        Some((Segment::Key(key), parent)) if parent == here.segments() => Some(key.as_str()),
        _ => None,
    };
    let absent = |key: &&str| object.get(*key).is_none_or(Value::is_null);
    let left_out = |key: &&str| session.skipped.contains(&here.key(*key));
    session.holes.iter().filter_map(own).filter(absent).filter(|key| !left_out(key)).collect()
}

fn is_one_of(place: &Place<'_>, paths: &[PropertyPath]) -> bool {
    !paths.is_empty() && paths.contains(&place.path())
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.current = self.advance();
        let Some((key, value)) = self.current else {
            return Ok(None);
        };
        let here = Place::Key(self.place, key);
        let key: StrDeserializer<'_, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some).map_err(|error| located(error, &here, value))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, value)) = self.current.take() else {
            return Err(Error::unfit("is read out of turn"));
        };
        let here = Place::Key(self.place, key);
        let result = match value {
            Some(value) => seed.deserialize(Node { value, place: &here, session: self.session, siblings: self.names }),
            None => seed.deserialize(Synth),
        };
        result.map_err(|error| located(error, &here, value))
    }
}

/// The elements of a list.
pub(super) struct Elements<'a> {
    elements: std::iter::Enumerate<slice::Iter<'a, Value>>,
    place: &'a Place<'a>,
    session: &'a Session,
}

impl<'a> Elements<'a> {
    pub(super) fn new(elements: &'a [Value], place: &'a Place<'a>, session: &'a Session) -> Self {
        Self { elements: elements.iter().enumerate(), place, session }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        for (index, value) in self.elements.by_ref() {
            let here = Place::Index(self.place, index);
            if is_one_of(&here, &self.session.skipped) {
                continue;
            }
            let result = if is_one_of(&here, &self.session.holes) {
                seed.deserialize(Synth)
            } else {
                seed.deserialize(Node { value, place: &here, session: self.session, siblings: None })
            };
            return result.map(Some).map_err(|error| located(error, &here, Some(value)));
        }
        Ok(None)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

/// A variant with content: the one entry of an object.
pub(super) struct EnumEntry<'a> {
    pub(super) variant: &'a str,
    pub(super) content: Node<'a>,
}

impl<'de, 'a> EnumAccess<'de> for EnumEntry<'a> {
    type Error = Error;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'a>), Error> {
        let variant: StrDeserializer<'_, Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(variant)?, Content { key: self.variant, node: self.content }))
    }
}

/// The content of a variant.
pub(super) struct Content<'a> {
    key: &'a str,
    node: Node<'a>,
}

impl Content<'_> {
    fn read<T>(self, read: impl FnOnce(Node<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let here = Place::Key(self.node.place, self.key);
        let value = self.node.value;
        read(Node { place: &here, siblings: None, ..self.node }).map_err(|error| located(error, &here, Some(value)))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.read(|_| Err(Error::unfit("takes no content")))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.read(|node| seed.deserialize(node))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.read(|node| node.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.read(|node| node.deserialize_struct("", fields, visitor))
    }
}
