//! Paths to properties, in the form that the engine parses.
//!
//! Check failures, detailed diffs and decoding errors name a property by its path. Build a path
//! with [`PropertyPath::key`] and [`PropertyPath::index`] instead of formatting a string: keys with
//! dots, brackets or spaces need quotes, and one path that the engine cannot parse fails the whole
//! update.

use std::fmt;

/// One step of a [`PropertyPath`].
///
/// The enum is exhaustive, because Pulumi's paths have exactly these two kinds of steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// An entry of an object or map.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// The path of a property, such as `keepers["a.b"]` or `stores[0].name`.
///
/// `Display` writes the form that the engine's parser reads. The engine's grammar cannot
/// express a key that both needs quotes and ends with a backslash; the written path ends
/// before such a key.
///
/// ```
/// use pulumi_provider::PropertyPath;
///
/// let name = PropertyPath::from("stores").index(0).key("name");
/// assert_eq!(name.to_string(), "stores[0].name");
/// assert_eq!(PropertyPath::from("keepers").key("a.b").to_string(), r#"keepers["a.b"]"#);
/// assert_eq!(name.top(), Some("stores"));
/// assert!(name.starts_with(&PropertyPath::from("stores")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PropertyPath(Vec<Segment>);

impl PropertyPath {
    /// The path of the whole object. It has no segments, and `Display` writes nothing for it.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// A new path that leads one entry further. The key is taken as it is; it is not parsed.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.with(Segment::Key(key.into()))
    }

    /// A new path that leads to one element of a list. The first element has the index 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// The steps from the root to the property, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The name of the top-level property; `None` at the root. The engine shows changes by this
    /// name.
    pub fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The path without its last step; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, rest)| Self(rest.to_vec()))
    }

    /// Whether this path is `prefix` or is below it. Whole steps are compared: `ab` does not
    /// start with `a`.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl From<&str> for PropertyPath {
    /// The path of a top-level property; the name is taken as it is, not parsed.
    fn from(key: &str) -> Self {
        Self::root().key(key)
    }
}

impl FromIterator<Segment> for PropertyPath {
    fn from_iter<T: IntoIterator<Item = Segment>>(segments: T) -> Self {
        Self(segments.into_iter().collect())
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if !needs_quotes(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    write!(f, "{dot}{key}")?;
                }
                Segment::Key(key) if key.ends_with('\\') => return Ok(()),
                Segment::Key(key) => write!(f, "[\"{}\"]", key.replace('"', "\\\""))?,
            }
        }
        Ok(())
    }
}

fn needs_quotes(key: &str) -> bool {
    let special = |c: char| matches!(c, '.' | '[' | ']' | '"' | '*') || c.is_whitespace() || c.is_control();
    key.is_empty() || key.contains(special)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_plain_keys_indexes_and_quoted_keys() {
        let path = PropertyPath::from("stores").index(0).key("name");
        assert_eq!(path.to_string(), "stores[0].name");
        assert_eq!(PropertyPath::from("keepers").key("a.b").to_string(), "keepers[\"a.b\"]");
        assert_eq!(PropertyPath::from("a b").key("c").to_string(), "[\"a b\"].c");
        assert_eq!(PropertyPath::from("k").key("").to_string(), "k[\"\"]");
        assert_eq!(PropertyPath::from("k").key("say \"x\"").to_string(), "k[\"say \\\"x\\\"\"]");
    }

    #[test]
    fn a_backslash_needs_no_quotes_and_one_that_cannot_be_quoted_ends_the_path() {
        assert_eq!(PropertyPath::from("k").key("a\\").to_string(), "k.a\\");
        assert_eq!(PropertyPath::from("k").key("a.\\").key("deeper").to_string(), "k");
    }
}
