use std::cell::{Cell, RefCell};

use super::error::{Error, Problem};
use crate::path::{PropertyPath, Segment};
use crate::value::Value;

/// What one attempt to decode knows from earlier ones, and finds out.
#[derive(Default)]
pub(super) struct Session {
    /// Places that failed before and are filled with whatever fits, so that the rest is looked at.
    pub(super) holes: Vec<PropertyPath>,
    /// Places where nothing fitted: they are left out.
    pub(super) skipped: Vec<PropertyPath>,
    /// Names that no type has, with the names that it has.
    pub(super) strangers: RefCell<Vec<(PropertyPath, &'static [&'static str])>>,
    /// Whether a value that is not known yet stands where the type needs one.
    pub(super) needs_unknown: Cell<bool>,
}

/// Where a node stands: a list that lives on the stack, so that the way of success allocates nothing.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

/// A value to decode, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) place: &'a Place<'a>,
    pub(super) session: &'a Session,
    /// The names that the struct around this value has, if it said so.
    pub(super) siblings: Option<&'static [&'static str]>,
}

impl Place<'_> {
    pub(super) fn path(&self) -> PropertyPath {
        let mut steps = Vec::new();
        let mut place = *self;
        loop {
            place = match place {
                Place::Root => break,
                Place::Key(parent, key) => {
                    steps.push(Segment::Key(key.to_owned()));
                    *parent
                }
                Place::Index(parent, index) => {
                    steps.push(Segment::Index(index));
                    *parent
                }
            };
        }
        steps.into_iter().rev().collect()
    }
}

/// Marks an error with the place it happened at, and takes the value out of an author's words.
pub(super) fn located(mut error: Error, place: &Place<'_>, value: Option<&Value>) -> Error {
    if error.path.is_some() {
        return error;
    }
    error.path = Some(place.path());
    if let (Problem::Custom(words), Some(value)) = (&error.problem, value) {
        error.problem = Problem::Unfit(without_value(words, value));
    }
    error
}

fn without_value(words: &str, value: &Value) -> String {
    if value.contains_secret() {
        return "is not valid".to_owned();
    }
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return words.to_owned();
    };
    if text.len() >= 3 {
        return words.replace(text, "…");
    }
    let quoted = [("\"", "\""), ("'", "'"), ("`", "`")];
    quoted.iter().fold(words.to_owned(), |words, (open, close)| words.replace(&format!("{open}{text}{close}"), "…"))
}
