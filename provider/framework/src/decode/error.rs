use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use crate::path::PropertyPath;

/// Why a value does not fit its type. Texts that serde would fill with the value are made without it.
#[derive(Debug)]
pub(super) struct Error {
    /// Where; set once, by the innermost access that the error passes.
    pub(super) path: Option<PropertyPath>,
    pub(super) problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    /// A field that must be there is not.
    Missing(&'static str),
    /// A name that the type does not have, and those it has.
    UnknownName(&'static [&'static str]),
    /// In words of this crate: no value is in them.
    Unfit(String),
    /// In words of the type's author, who may have quoted the value.
    Custom(String),
}

impl Error {
    pub(super) fn unfit(problem: impl Into<String>) -> Self {
        Self { path: None, problem: Problem::Unfit(problem.into()) }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Missing(_) => f.write_str("is required"),
            Problem::UnknownName(_) => f.write_str("is not a property"),
            Problem::Unfit(text) | Problem::Custom(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self { path: None, problem: Problem::Custom(message.to_string()) }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unfit(format!("expected {expected}, got {}", kind(&unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Signed(_) | Unexpected::Unsigned(_) | Unexpected::Float(_) => {
                Self::unfit(format!("is out of range: expected {expected}"))
            }
            _ => Self::unfit(format!("expected {expected}")),
        }
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::unfit(format!("has {length} elements, expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::unfit(one_of(expected))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self { path: None, problem: Problem::UnknownName(expected) }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: None, problem: Problem::Missing(field) }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::unfit(format!("gives {field} twice"))
    }
}

/// "expected one of …", for a closed set.
pub(super) fn one_of(expected: &[&str]) -> String {
    match expected {
        [only] => format!("expected \"{only}\""),
        _ => format!("expected one of \"{}\"", expected.join("\", \"")),
    }
}

fn kind(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}
