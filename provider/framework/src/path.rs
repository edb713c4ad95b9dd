//! Paths to properties, in the form that the engine parses.

use std::fmt;

/// One step of a [`PropertyPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// An entry of an object or map.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// Where a property stands: `keepers["a.b"]`, `stores[0].name`.
///
/// `Display` writes what the engine's parser reads. A key that the engine's grammar cannot express
/// (one that needs quotes and ends with a backslash) ends the written path before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PropertyPath(Vec<Segment>);

impl PropertyPath {
    /// The path of the whole object.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// This path, and one entry further.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.with(Segment::Key(key.into()))
    }

    /// This path, and one element further.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// The steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The name of the top-level property; none at the root.
    pub fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The path without its last step; none at the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, rest)| Self(rest.to_vec()))
    }

    /// Whether this path is `prefix` or lies below it.
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
