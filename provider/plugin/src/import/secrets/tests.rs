use secrecy::ExposeSecret;

use super::*;

const HIDDEN: &str = "hunter2-hunter2";

/// What is found with these variables for the key `AKIA1`, which `deployer/AKIA1` imports.
fn find_with(one: Option<&str>, many: Option<&str>) -> Result<Option<(String, String)>, String> {
    let variable = |name: &str| {
        let text = if name == ONE { one } else { many.filter(|_| name == MANY) };
        text.map(str::to_owned)
    };
    let found = find(&variable, "deployer/AKIA1", &KeyId("AKIA1".to_owned()));
    found.map(|given| given.map(opened)).map_err(|error| error.message)
}

#[expect(clippy::disallowed_methods, reason = "a test compares it")]
fn opened(given: Given) -> (String, String) {
    (given.secret.expose_secret().to_owned(), given.from)
}

fn file(text: &str) -> tempfile::TempPath {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file.into_temp_path()
}

fn find_in(text: &str) -> Result<Option<(String, String)>, String> {
    find_with(None, Some(file(text).to_str().unwrap()))
}

#[test]
fn official_a1_a_secret_is_found_in_its_variable_or_in_the_file_by_key() {
    assert_eq!(find_with(None, None), Ok(None));
    assert_eq!(find_with(Some(""), Some("")), Ok(None), "empty counts as unset");
    let (secret, from) = find_with(Some("one"), None).unwrap().unwrap();
    assert_eq!((secret.as_str(), from.contains(ONE)), ("one", true));
    let (secret, from) = find_in(r#"{"AKIA2": "two", "AKIA1": "a\nb"}"#).unwrap().unwrap();
    assert_eq!(secret, "a\nb");
    assert!(from.contains(MANY) && from.contains("AKIA1"), "{from}");
    let (secret, _) = find_in(r#"{"AKIA1": "by key", "deployer/AKIA1": "by import id"}"#).unwrap().unwrap();
    assert_eq!(secret, "by import id", "key ids may repeat, import ids do not");
    assert_eq!(find_in(r#"{"AKIA2": "two"}"#), Ok(None));
    assert_eq!(find_in(r#"{"AKIA1": ""}"#), Ok(None), "an empty secret is none");
}

#[test]
fn official_a1_both_variables_at_once_are_refused() {
    let error = find_with(Some(HIDDEN), Some("secrets.json")).unwrap_err();
    assert!(error.contains(ONE) && error.contains(MANY) && error.contains("unset one"), "{error}");
    assert!(!error.contains(HIDDEN), "{error}");
}

#[test]
fn official_a1_a_file_that_is_not_right_is_named_and_not_shown() {
    let error = find_with(None, Some("/no/such/file.json")).unwrap_err();
    assert!(
        error.contains(MANY) && error.contains("/no/such/file.json") && error.contains("cannot be read"),
        "{error}"
    );
    let wrong = [
        (format!(r#"{{"AKIA1": "{HIDDEN}""#), "not valid JSON"),
        (HIDDEN.to_owned(), "not valid JSON"),
        (format!(r#""{HIDDEN}""#), "not a JSON object"),
        (format!(r#"["{HIDDEN}"]"#), "not a JSON object"),
        (format!(r#"{{"AKIA1": {{"secret": "{HIDDEN}"}}}}"#), "not a JSON object"),
        (r#"{"AKIA1": 1234567890}"#.to_owned(), "not a JSON object"),
        (r#"{"AKIA1": null}"#.to_owned(), "not a JSON object"),
        (String::new(), "not valid JSON"),
    ];
    for (text, words) in wrong {
        let path = file(&text);
        let error = find_with(None, Some(path.to_str().unwrap())).unwrap_err();
        assert!(error.contains(MANY) && error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains(words) && error.contains("line"), "{text}: {error}");
        assert!(!error.contains("hunter2") && !error.contains("1234567890"), "{error}");
    }
}

#[test]
fn official_a1_docs_import_md_says_what_is_read() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/import.md")).unwrap();
    let table = page.lines().skip_while(|line| !line.contains("| read in this order |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let names: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(names, [ONE, MANY]);
}
