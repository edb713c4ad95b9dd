use std::fmt;

/// A resource's URN: `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`.
///
/// Any text is accepted. The parts of a text that is not a URN are empty.
///
/// ```
/// use pulumi_provider::Urn;
///
/// let urn = Urn::new("urn:pulumi:dev::shop::p:index:Parent$p:index:Type::name");
/// assert_eq!((urn.stack(), urn.project()), ("dev", "shop"));
/// assert_eq!((urn.resource_type(), urn.name()), ("p:index:Type", "name"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Urn(String);

impl Urn {
    /// Stores the text as it is, without validation.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The whole URN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the stack.
    pub fn stack(&self) -> &str {
        self.part(0).strip_prefix("urn:pulumi:").unwrap_or("")
    }

    /// The name of the project.
    pub fn project(&self) -> &str {
        self.part(1)
    }

    /// The type token of the resource itself, without its parents.
    pub fn resource_type(&self) -> &str {
        let types = self.part(2);
        types.rsplit_once('$').map_or(types, |(_, own)| own)
    }

    /// The name of the resource in the program. It may contain `::`.
    pub fn name(&self) -> &str {
        self.part(3)
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(4, "::").nth(index).unwrap_or("")
    }
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Urn {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Urn {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_urn_apart() {
        let urn = Urn::new("urn:pulumi:dev::shop::a:b:Parent$p:m:Type::my::name");
        assert_eq!((urn.stack(), urn.project()), ("dev", "shop"));
        assert_eq!((urn.resource_type(), urn.name()), ("p:m:Type", "my::name"));
    }

    #[test]
    fn any_text_is_taken() {
        let urn = Urn::new("::::nonsense");
        assert_eq!((urn.stack(), urn.project(), urn.name()), ("", "", ""));
    }
}
