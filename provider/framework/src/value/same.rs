//! When two values are the same to the user.

use super::kinds::{Archive, ArchiveContent, Asset, Object, ResourceRef, Value};

impl Value {
    /// Whether two values are the same to the user: equal below the wrappers at every depth,
    /// where a null entry equals a missing one.
    ///
    /// Assets and archives are the same if their hashes are. References are the same if they
    /// name the same resource. NaN equals NaN, so that a broken value does not cause an endless
    /// diff.
    ///
    /// ```
    /// use pulumi_provider::{Object, Value};
    ///
    /// let with_null: Object = [("a".into(), Value::from(1)), ("b".into(), Value::Null)].into();
    /// let without: Object = [("a".into(), Value::secret(1))].into();
    /// assert!(Value::from(with_null).same(&Value::from(without)));
    /// ```
    pub fn same(&self, other: &Self) -> bool {
        match (self.unwrapped(), other.unwrapped()) {
            (Self::Array(left), Self::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.same(r))
            }
            (Self::Object(left), Self::Object(right)) => same_objects(left, right),
            (Self::Asset(left), Self::Asset(right)) => left.same(right),
            (Self::Archive(left), Self::Archive(right)) => left.same(right),
            (Self::ResourceRef(left), Self::ResourceRef(right)) => left.same(right),
            (Self::Number(left), Self::Number(right)) => left == right || (left.is_nan() && right.is_nan()),
            (left, right) => left == right,
        }
    }
}

/// Whether two objects are the same to the user, by the rules of [`Value::same`].
///
/// The names of the entries are compared as well, so a renamed property is a difference.
pub fn same_objects(left: &Object, right: &Object) -> bool {
    let present = |entries: &Object| entries.values().filter(|value| !value.is_null()).count();
    let found =
        |(key, value): (&String, &Value)| value.is_null() || right.get(key).is_some_and(|other| value.same(other));
    present(left) == present(right) && left.iter().all(found)
}

impl ResourceRef {
    fn same(&self, other: &Self) -> bool {
        let ids = match (&self.id, &other.id) {
            (Some(left), Some(right)) => left.same(right),
            (left, right) => left.is_none() && right.is_none(),
        };
        self.urn == other.urn && ids
    }
}

impl Asset {
    fn same(&self, other: &Self) -> bool {
        match (&self.hash, &other.hash) {
            (Some(left), Some(right)) => left == right,
            _ => self.content == other.content,
        }
    }
}

impl Archive {
    fn same(&self, other: &Self) -> bool {
        match (&self.hash, &other.hash, &self.content, &other.content) {
            (Some(left), Some(right), ..) => left == right,
            (_, _, ArchiveContent::Assets(left), ArchiveContent::Assets(right)) => same_objects(left, right),
            (.., left, right) => left == right,
        }
    }
}
