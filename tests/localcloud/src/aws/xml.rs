//! Just enough XML to write the answers of the query protocol.

/// An element with text or with elements in it.
#[derive(Debug)]
pub(super) struct Element {
    name: String,
    attributes: String,
    inside: Inside,
}

#[derive(Debug)]
enum Inside {
    Text(String),
    Elements(Vec<Element>),
}

impl Element {
    pub(super) fn text(name: &str, text: impl Into<String>) -> Self {
        Self::new(name, Inside::Text(text.into()))
    }

    pub(super) fn of(name: &str, elements: Vec<Element>) -> Self {
        Self::new(name, Inside::Elements(elements))
    }

    /// A list in the query protocol's form: each item in an element called `member`.
    pub(super) fn list(name: &str, items: impl IntoIterator<Item = Vec<Element>>) -> Self {
        let members = items.into_iter().map(|item| Self::of("member", item));
        Self::of(name, members.collect())
    }

    /// Puts the element, and with it everything inside, into a namespace.
    pub(super) fn in_namespace(mut self, namespace: &str) -> Self {
        self.attributes = format!(" xmlns=\"{}\"", escape(namespace));
        self
    }

    pub(super) fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn new(name: &str, inside: Inside) -> Self {
        Self { name: name.to_owned(), attributes: String::new(), inside }
    }

    fn write(&self, out: &mut String) {
        let Self { name, attributes, inside } = self;
        out.push_str(&format!("<{name}{attributes}>"));
        match inside {
            Inside::Text(text) => out.push_str(&escape(text)),
            Inside::Elements(elements) => elements.iter().for_each(|element| element.write(out)),
        }
        out.push_str(&format!("</{name}>"));
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // A reader turns a bare carriage return into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(character),
            // XML 1.0 has no way to write these.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_have_members() {
        let tag = |key: &str| vec![Element::text("Key", key)];
        let list = Element::of("A", vec![Element::list("Tags", [tag("<&\">"), tag("\u{1}")])]);
        assert_eq!(
            list.in_namespace("urn:x").render(),
            "<A xmlns=\"urn:x\"><Tags><member><Key>&lt;&amp;&quot;&gt;</Key></member>\
             <member><Key>\u{fffd}</Key></member></Tags></A>"
        );
    }
}
