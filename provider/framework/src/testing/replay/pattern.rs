use std::collections::BTreeMap;

use serde_json::Value as Json;

/// What names in a log stand for. `${*key}` is a name: in an answer it takes whatever text stands in its place
/// the first time, and is that text from then on, in answers and requests, also inside longer texts.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Gives a name its text.
    pub(super) fn set(&mut self, name: &str, text: &str) {
        self.0.insert(format!("${{*{name}}}"), text.to_owned());
    }

    /// Puts the texts of all known names into their places.
    pub(super) fn fill(&self, json: &mut Json) {
        match json {
            Json::String(text) if text.contains("${*") => *text = self.filled(text),
            Json::Array(elements) => elements.iter_mut().for_each(|element| self.fill(element)),
            Json::Object(entries) => entries.values_mut().for_each(|entry| self.fill(entry)),
            _ => {}
        }
    }

    /// Takes the texts of names that have none yet from an answer.
    pub(super) fn learn(&mut self, expected: &Json, found: &Json) {
        match (expected, found) {
            (Json::String(name), Json::String(text)) if is_name(name) => {
                self.0.entry(name.clone()).or_insert_with(|| text.clone());
            }
            (Json::Array(expected), Json::Array(found)) => {
                expected.iter().zip(found).for_each(|(expected, found)| self.learn(expected, found));
            }
            (Json::Object(expected), Json::Object(found)) => {
                let both = expected.iter().filter_map(|(key, value)| Some((value, found.get(key)?)));
                both.for_each(|(expected, found)| self.learn(expected, found));
            }
            _ => {}
        }
    }

    fn filled(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

fn is_name(text: &str) -> bool {
    let name = text.strip_prefix("${*").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.contains('}'))
}

/// Compares an answer with what was recorded, and says where they differ.
pub(super) fn matches(expected: &Json, found: &Json, path: &str) -> Result<(), String> {
    match (expected, found) {
        (Json::String(any), _) if any == "*" => Ok(()),
        (Json::Object(literal), _) if literal.len() == 1 && literal.contains_key("\\") => {
            same(&literal["\\"], found, path)
        }
        (Json::Object(expected), Json::Object(found)) => {
            let open = expected.contains_key("*");
            if let Some(more) = found.keys().find(|key| !open && !expected.contains_key(*key)) {
                return Err(format!("{path}: has an entry {more} that was not recorded"));
            }
            let mut each = expected.iter().filter(|(key, _)| key.as_str() != "*");
            each.try_for_each(|(key, value)| match found.get(key) {
                Some(own) => matches(value, own, &format!("{path}.{key}")),
                None => Err(format!("{path}: lacks the entry {key}")),
            })
        }
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.try_for_each(|(index, (expected, found))| matches(expected, found, &format!("{path}[{index}]")))
        }
        _ => same(expected, found, path),
    }
}

fn same(expected: &Json, found: &Json, path: &str) -> Result<(), String> {
    let equal = match (expected.as_f64(), found.as_f64()) {
        (Some(expected), Some(found)) => expected == found,
        _ => expected == found,
    };
    if equal { Ok(()) } else { Err(format!("{path}: recorded {expected}, answered {found}")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_take_what_they_say_and_nothing_else() {
        let good = [
            (json!("*"), json!({ "a": 1 })),
            (json!({ "a": "*", "b": 1 }), json!({ "a": [], "b": 1.0 })),
            (json!({ "a": 1, "*": "*" }), json!({ "a": 1, "b": 2 })),
            (json!({ "\\": "*" }), json!("*")),
            (json!(["*", 2]), json!([1, 2])),
        ];
        for (expected, found) in good {
            assert_eq!(matches(&expected, &found, "x"), Ok(()), "{expected}");
        }
        let bad = [
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
            (json!({ "a": 1, "*": "*" }), json!({ "b": 2 })),
            (json!({ "\\": "*" }), json!("other")),
            (json!(["*"]), json!([1, 2])),
            (json!({ "a": [{ "b": true }] }), json!({ "a": [{ "b": false }] })),
        ];
        for (expected, found) in bad {
            assert!(matches(&expected, &found, "x").is_err(), "{expected}");
        }
    }

    #[test]
    fn a_name_is_what_it_was_the_first_time_also_inside_a_text() {
        let expected = json!({ "about": "made ${*key} for ${*user}", "id": "${*key}", "again": ["${*key}"] });
        let mut names = Names::default();
        names.set("user", "ada");
        let agrees = |names: &mut Names, found: Json| {
            names.learn(&expected, &found);
            let mut filled = expected.clone();
            names.fill(&mut filled);
            matches(&filled, &found, "x")
        };
        let found = json!({ "about": "made k1 for ada", "id": "k1", "again": ["k1"] });
        assert_eq!(agrees(&mut names, found.clone()), Ok(()));
        assert_eq!(agrees(&mut names, found), Ok(()));
        let other = json!({ "about": "made k1 for ada", "id": "k2", "again": ["k1"] });
        assert_eq!(agrees(&mut names, other), Err(r#"x.id: recorded "k1", answered "k2""#.to_owned()));
    }
}
