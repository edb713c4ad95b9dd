//! Which public types may hold a secret and can be formatted, read from the sources as rustfmt lays them out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What encloses a secret; whatever has one of these in a field, at any depth, may hold one.
const SECRET: [&str; 4] = ["SecretString", "SecretBox", "Zeroizing", "Sensitive"];

/// The public types with `Debug` that may hold a secret, as `crate::Type`. `folders` are a crate's name and its sources.
pub(crate) fn secret_bearing(folders: &[(&str, &Path)]) -> BTreeSet<String> {
    let mut all = Types::default();
    for (name, folder) in folders {
        read(name, folder, &mut all);
    }
    all.shown()
}

type Key = (String, String);

#[derive(Default)]
struct Types {
    items: BTreeMap<Key, Item>,
    /// Types whose `Debug` is written by hand.
    by_hand: BTreeSet<Key>,
}

/// A type: whether it is public and derives `Debug`, and the types that its fields name.
#[derive(Default)]
struct Item {
    is_public: bool,
    derives: bool,
    fields: BTreeSet<String>,
}

impl Types {
    fn shown(&self) -> BTreeSet<String> {
        let bearing = self.bearing();
        let shown =
            self.items.iter().filter(|(key, item)| item.is_public && self.has_debug(key) && bearing.contains(*key));
        shown.map(|((krate, name), _)| format!("{krate}::{name}")).collect()
    }

    fn has_debug(&self, key: &Key) -> bool {
        self.items[key].derives || self.by_hand.contains(key)
    }

    fn bearing(&self) -> BTreeSet<Key> {
        let mut bearing = BTreeSet::new();
        loop {
            let before = bearing.len();
            for (key, item) in &self.items {
                if SECRET.contains(&key.1.as_str()) || item.fields.iter().any(|name| self.bears(key, name, &bearing)) {
                    bearing.insert(key.clone());
                }
            }
            if bearing.len() == before {
                return bearing;
            }
        }
    }

    /// Whether a name in a field of `of` is that of a type which bears a secret: of the same crate if that has one, else of any.
    fn bears(&self, of: &Key, name: &str, bearing: &BTreeSet<Key>) -> bool {
        let own = (of.0.clone(), name.to_owned());
        if self.items.contains_key(&own) {
            return bearing.contains(&own);
        }
        SECRET.contains(&name) || bearing.iter().any(|(_, bearer)| bearer == name)
    }
}

fn read(krate: &str, folder: &Path, all: &mut Types) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(krate, &path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            items(krate, text, all);
        }
    }
}

fn items(krate: &str, text: &str, all: &mut Types) {
    let mut attributes = String::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if let Some(name) = line.split("fmt::Debug for ").nth(1).map(first_word) {
            all.by_hand.insert((krate.to_owned(), name.to_owned()));
        }
        if let Some((is_public, kind, name)) = heading(line) {
            let mut body = vec![line];
            if !line.ends_with([';', '}']) {
                body.extend(lines.by_ref().take_while(|line| !line.starts_with(['}', ')'])));
            }
            let item = all.items.entry((krate.to_owned(), name.to_owned())).or_default();
            item.is_public |= is_public;
            item.derives |= attributes.contains("derive(") && attributes.contains("Debug");
            item.fields.extend(
                body.iter().flat_map(|line| types_in(line, kind)).filter(|found| *found != name).map(str::to_owned),
            );
        }
        // A derive may take several lines.
        match line.starts_with("#[") || line.starts_with(['}', ')', ' ']) && !attributes.is_empty() {
            true => attributes.push_str(line),
            false => attributes.clear(),
        }
    }
}

/// Whether it is public, `struct`, `enum` or `type`, and its name, if this line begins a type.
fn heading(line: &str) -> Option<(bool, &str, &str)> {
    let (before, rest) = match line.strip_prefix("pub") {
        Some(rest) => (rest.split_whitespace().next()?, rest),
        None => ("", line),
    };
    let rest = if before.starts_with('(') { rest.split_once(' ')?.1 } else { rest.trim_start() };
    let (kind, rest) = rest.split_once(' ')?;
    let is_public = line.starts_with("pub ");
    ["struct", "enum", "type"].contains(&kind).then(|| (is_public, kind, first_word(rest)))
}

/// The names of types in a line of a type's body; a variant's own name is none.
fn types_in<'a>(line: &'a str, kind: &str) -> impl Iterator<Item = &'a str> {
    let is_variant = kind == "enum" && line.starts_with("    ") && !line.starts_with("     ");
    let skipped = usize::from(is_variant);
    let words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    words.skip(skipped).filter(|word| word.starts_with(char::is_uppercase))
}

fn first_word(text: &str) -> &str {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
}

#[test]
fn a_type_is_found_however_deep_its_secret_lies_and_however_it_gets_its_debug() {
    let mut all = Types::default();
    items("one", SOURCES, &mut all);
    items("two", "#[derive(Debug)]\npub struct Other(Vec<Found>);\n", &mut all);
    let found: Vec<_> = all.shown().into_iter().collect();
    assert_eq!(found, ["one::ByHand", "one::Deep", "one::Found", "two::Other"]);
}

const SOURCES: &str = r#"
#[derive(
    Clone,
    Debug,
)]
pub struct Found {
    /// It.
    pub key: Option<SecretString>,
}
#[derive(Debug)]
pub enum Deep {
    One {
        new: Hidden,
    },
}
#[derive(Debug)]
#[serde(rename_all = "camelCase")]
pub enum OnlyANameLikeIt {
    Plain(String),
    SecretString,
}
pub struct WithoutDebug(pub Found);
#[derive(Debug)]
pub(crate) struct Hidden(WithoutDebug);
pub struct ByHand(SecretString);
impl fmt::Debug for ByHand {
}
#[derive(Debug)]
pub struct Innocent(pub String);
"#;
