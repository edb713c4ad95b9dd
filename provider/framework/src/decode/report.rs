//! What decoding reports beside the struct.

use crate::path::{PropertyPath, Segment};
use crate::value::Value;

/// The value at a path, if there is one.
pub(super) fn value_at<'a>(root: &'a Value, path: &PropertyPath) -> Option<&'a Value> {
    path.segments().iter().try_fold(root, |value, segment| match segment {
        Segment::Key(key) => value.as_object()?.get(key),
        Segment::Index(index) => value.as_array()?.get(*index),
    })
}

/// Collects the paths of unknown values.
pub(super) fn unknown_paths(value: &Value, path: &PropertyPath, found: &mut Vec<PropertyPath>) {
    match value.unwrapped() {
        Value::Unknown => found.push(path.clone()),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| unknown_paths(value, &path.index(index), found));
        }
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| unknown_paths(value, &path.key(key.as_str()), found));
        }
        _ => {}
    }
}

/// A failure for a name that a type does not have, with the name that was probably meant.
pub(super) fn unknown_name(path: &PropertyPath, names: &[&str]) -> String {
    let Some(Segment::Key(given)) = path.segments().last() else {
        return "is not a property".to_owned();
    };
    let bare = |name: &str| name.replace(['_', '-'], "").to_lowercase();
    let near = |name: &&&str| bare(name) == bare(given) || strsim::damerau_levenshtein(name, given) <= 2;
    match names.iter().filter(near).min_by_key(|name| strsim::damerau_levenshtein(name, given)) {
        Some(name) => format!("is not a property; did you mean {name}?"),
        None => "is not a property".to_owned(),
    }
}
