//! From properties to typed structs, with every failure at once.
//!
//! A user who mistyped three inputs should see three errors in one run. Serde stops at the
//! first error, so this module decodes again and again, each time past the failures that it
//! already knows, until nothing else fails.
//!
//! No failure contains a value, because a value may be secret and the engine prints
//! failures in clear text. The exception is text that the struct's own `Deserialize` puts
//! into a custom error; keep values out of it.

mod access;
mod error;
mod names;
mod node;
mod place;
mod report;
mod synth;

use serde::de::DeserializeOwned;

use crate::path::{PropertyPath, Segment};
use crate::resource::CheckFailure;
use crate::value::{Object, Value};
use error::{Error, Problem};
pub use names::field_names;
use place::Node;
use place::{Place, Session};
use report::{unknown_name, unknown_paths, value_at};

/// More failures than anyone reads in one go.
const ENOUGH: usize = 100;

/// More attempts than sensible inputs need; what is still undecided then counts as not decodable.
const ATTEMPTS: usize = 250;

/// The result of decoding: a struct, or what is wrong, or what is not known yet.
///
/// The three can be combined in these ways:
///
/// | `value` | `failures` | `unknowns` | meaning |
/// | --- | --- | --- | --- |
/// | some | empty | empty | everything is known and valid |
/// | some | empty | some | unknown values stand where the struct has an `Option` |
/// | none | empty | some | the struct requires a value that is not known yet: only in previews |
/// | none | some | any | the inputs are wrong |
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<T> {
    /// The struct; none if anything failed, or if a value that the struct needs is not known yet.
    pub value: Option<T>,
    /// Everything that is wrong, without any value.
    pub failures: Vec<CheckFailure>,
    /// Where values stand that are not known yet.
    pub unknowns: Vec<PropertyPath>,
}

impl<T> Decoded<T> {
    /// Whether nothing is wrong. Values may still be unknown.
    pub fn is_sound(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Reads properties into a struct, and collects every failure instead of the first one.
///
/// - Wrappers are looked through, and null counts as unset.
/// - Nothing is converted: `"5"` is not a number.
/// - A value that is not known yet is `None` in an `Option`. If the struct requires it,
///   there is neither a struct nor a failure.
/// - A name that the struct does not have is a failure, which suggests the name that was
///   probably meant.
/// - A resource reference is read as the resource's id.
///
/// The struct must not use serde's `flatten`, which hides names and paths. Use
/// [`decode_both`] to read two structs from one object.
///
/// ```
/// use pulumi_provider::{Object, Value, decode};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Args {
///     user: String,
///     key_bits: Option<u32>,
/// }
///
/// let inputs: Object =
///     [("usr".into(), Value::from("deployer")), ("keyBits".into(), Value::from("many"))].into();
/// let found = decode::<Args>(&inputs);
/// assert!(found.value.is_none());
///
/// let failures: Vec<&str> = found.failures.iter().map(|one| one.property.as_str()).collect();
/// assert!(failures.contains(&"usr"), "a name that was mistyped");
/// assert!(failures.contains(&"keyBits"), "a text where a number is required");
/// ```
///
/// In a preview, an input may come from a resource that does not exist yet:
///
/// ```
/// use pulumi_provider::{Object, Value, decode};
///
/// #[derive(serde::Deserialize)]
/// struct Args {
///     user: String,
///     path: Option<String>,
/// }
///
/// let inputs: Object = [("user".into(), Value::from("deployer")), ("path".into(), Value::Unknown)].into();
/// let found = decode::<Args>(&inputs);
/// assert!(found.is_sound());
/// let args = found.value.unwrap();
/// assert_eq!((args.user.as_str(), args.path), ("deployer", None));
/// assert_eq!(found.unknowns[0].to_string(), "path");
/// ```
pub fn decode<T: DeserializeOwned>(object: &Object) -> Decoded<T> {
    decode_beside(object, &[])
}

/// Reads properties into a struct that shares its object with other code.
///
/// `others` are the names that the other code reads. They cause no failure, and the
/// suggestion for a mistyped name may be one of them.
///
/// ```
/// use pulumi_provider::{Object, Value, decode_beside};
///
/// #[derive(serde::Deserialize)]
/// struct Own {
///     user: String,
/// }
///
/// let inputs: Object =
///     [("user".into(), Value::from("deployer")), ("overlap".into(), Value::from("1d"))].into();
/// assert!(decode_beside::<Own>(&inputs, &["overlap"]).is_sound());
/// assert!(!decode_beside::<Own>(&inputs, &[]).is_sound());
/// ```
pub fn decode_beside<T: DeserializeOwned>(object: &Object, others: &[&'static str]) -> Decoded<T> {
    let mut found = gather::<T>(object);
    let strangers = std::mem::take(&mut found.strangers);
    for (path, mut names) in strangers {
        if let [Segment::Key(name)] = path.segments() {
            if others.contains(&name.as_str()) {
                continue;
            }
            names.extend(others);
        }
        let reason = unknown_name(&path, &names);
        found.failures.push(CheckFailure::new(path, reason));
    }
    found.finish(object)
}

/// Reads one object into two structs that share its entries. A name is a failure only if
/// neither struct has it, so neither may use serde's `deny_unknown_fields`.
///
/// ```
/// use pulumi_provider::{Object, Value, decode_both};
///
/// #[derive(serde::Deserialize)]
/// struct Own {
///     user: String,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Shared {
///     overlap: Option<String>,
/// }
///
/// let inputs: Object =
///     [("user".into(), Value::from("deployer")), ("overlap".into(), Value::from("1d"))].into();
/// let (own, shared) = decode_both::<Own, Shared>(&inputs).value.unwrap();
/// assert_eq!((own.user.as_str(), shared.overlap.as_deref()), ("deployer", Some("1d")));
/// ```
pub fn decode_both<A: DeserializeOwned, B: DeserializeOwned>(object: &Object) -> Decoded<(A, B)> {
    let left = gather::<A>(object);
    let right = gather::<B>(object);
    let mut failures = left.failures;
    failures.extend(right.failures);
    for (path, names) in unknown_to_both(left.strangers, right.strangers) {
        let reason = unknown_name(&path, &names);
        failures.push(CheckFailure::new(path, reason));
    }
    let value = left.value.zip(right.value);
    Gathered { value, failures, strangers: Strangers::new() }.finish(object)
}

/// At the top a name is a stranger if both say so; below, only one of the two looks at all.
fn unknown_to_both(left: Strangers, right: Strangers) -> Strangers {
    let is_top = |path: &PropertyPath| path.segments().len() == 1;
    let (tops, mut all): (Strangers, Strangers) = left.into_iter().partition(|(path, _)| is_top(path));
    let (others, nested): (Strangers, Strangers) = right.into_iter().partition(|(path, _)| is_top(path));
    for (path, mut names) in tops {
        if let Some((_, more)) = others.iter().find(|(other, _)| *other == path) {
            names.extend(more);
            all.push((path, names));
        }
    }
    all.extend(nested);
    all
}

/// Names that a type does not have, each with the names that it has.
type Strangers = Vec<(PropertyPath, Vec<&'static str>)>;

struct Gathered<T> {
    value: Option<T>,
    failures: Vec<CheckFailure>,
    strangers: Strangers,
}

impl<T> Gathered<T> {
    fn finish(self, object: &Object) -> Decoded<T> {
        let mut unknowns = Vec::new();
        object
            .iter()
            .for_each(|(key, value)| unknown_paths(value, &PropertyPath::root().key(key.as_str()), &mut unknowns));
        let value = self.value.filter(|_| self.failures.is_empty());
        Decoded { value, failures: self.failures, unknowns }
    }
}

/// Decodes again and again, each time with one more failing place filled in or left out, until
/// nothing else fails.
fn gather<T: DeserializeOwned>(object: &Object) -> Gathered<T> {
    let root = Value::Object(object.clone());
    let mut session = Session::default();
    let mut failures: Vec<CheckFailure> = Vec::new();
    for _ in 0..ATTEMPTS {
        session.strangers.borrow_mut().clear();
        session.needs_unknown.set(false);
        let node = Node { value: &root, place: &Place::Root, session: &session, siblings: None };
        let error = match T::deserialize(node) {
            Ok(value) => {
                let whole = session.holes.is_empty() && !session.needs_unknown.get();
                return Gathered { value: whole.then_some(value), failures, strangers: strangers(&session) };
            }
            Err(error) => error,
        };
        if !note(error, &root, &mut session, &mut failures) || failures.len() == ENOUGH {
            break;
        }
    }
    Gathered { value: None, failures, strangers: strangers(&session) }
}

fn strangers(session: &Session) -> Strangers {
    let taken = session.strangers.take();
    taken.into_iter().map(|(path, names)| (path, names.to_vec())).collect()
}

/// Notes one error and arranges for the next attempt to get past it; false if there is no way past.
fn note(error: Error, root: &Value, session: &mut Session, failures: &mut Vec<CheckFailure>) -> bool {
    let mut path = error.path.clone().unwrap_or_default();
    if let Problem::Missing(name) = error.problem {
        let field = path.key(name);
        if !session.holes.contains(&field) && !session.skipped.contains(&field) {
            failures.push(CheckFailure::new(&field, error.to_string()));
            session.holes.push(field);
            return true;
        }
    } else if let Problem::UnknownName(names) = error.problem {
        failures.push(CheckFailure::new(&path, unknown_name(&path, names)));
        session.skipped.push(path);
        return true;
    } else if !is_filled(session, &path) && !is_unknown(root, &path) {
        failures.push(CheckFailure::new(&path, error.to_string()));
    }
    loop {
        if path.segments().is_empty() {
            return false;
        }
        if !session.holes.contains(&path) {
            session.holes.push(path);
            return true;
        }
        if !session.skipped.contains(&path) {
            session.skipped.push(path);
            return true;
        }
        path = path.parent().unwrap_or_default();
    }
}

fn is_filled(session: &Session, path: &PropertyPath) -> bool {
    session.holes.iter().any(|hole| path.starts_with(hole))
}

fn is_unknown(root: &Value, path: &PropertyPath) -> bool {
    value_at(root, path).is_some_and(Value::is_unknown)
}

#[cfg(test)]
mod tests;
