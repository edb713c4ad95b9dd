use serde_json::Value as Json;

use super::*;

/// Files, and what Oracle's SDK for Python made of them. The lane `oci-python` asks the SDK again.
const TABLE: &str = include_str!("tests/oracle.json");

/// What this makes of a file, in the form of the table: without the name of a refusal, which is Python's own.
fn judged(file: &str, profile: &str) -> Json {
    match Profile::read(file, profile) {
        Ok(None) => serde_json::json!({"refused": "ProfileNotFound"}),
        Ok(Some(profile)) => {
            let values = profile.values.iter().map(|(name, value)| (name.clone(), exposed(&value.entry.text).into()));
            serde_json::json!({"values": values.collect::<serde_json::Map<_, _>>()})
        }
        Err(fault) if fault.reason.contains("`key_content`") => serde_json::json!({"refused": "ValueError"}),
        Err(Fault { line, reason }) => {
            let kinds = [
                ("repeats the section", "DuplicateSectionError"),
                ("repeats the option", "DuplicateOptionError"),
                ("before the first section", "MissingSectionHeaderError"),
                ("is neither", "ParsingError"),
            ];
            let kind = kinds.iter().find(|(words, _)| reason.contains(words)).map(|(_, kind)| *kind);
            serde_json::json!({"refused": kind, "line": line})
        }
    }
}

#[test]
fn official_b1_every_file_means_what_it_means_to_oracles_sdk() {
    let table: Vec<Json> = serde_json::from_str(TABLE).unwrap();
    assert!(table.len() >= 25, "{}", table.len());
    for case in table {
        let text = |name: &str| case[name].as_str().unwrap();
        assert_eq!(judged(text("file"), text("profile")), case["oracle"], "{}", text("name"));
    }
}

#[test]
fn official_b1_a_value_knows_where_it_stands() {
    let file = "[DEFAULT]\nuser=u\npass_phrase=p\n\n[OPS]\nuser=o\nregion=\n";
    let profile = Profile::read(file, "OPS").unwrap().unwrap();
    let place = |name| profile.get(name).map(|value| (value.inherited, value.entry.line));
    assert_eq!(place("user"), Some((false, 6)));
    assert_eq!(place("pass_phrase"), Some((true, 3)));
    assert_eq!((place("region"), place("tenancy")), (None, None));
}

#[test]
fn official_b1_a_session_of_default_is_not_that_of_a_profile_with_another_user_or_key() {
    let file = "[DEFAULT]\nkey_file=a\nsecurity_token_file=s\n[ALIKE]\nregion=r\n[USER]\nuser=u\n[KEY]\nkey_file=k\n\
                [OWN]\nkey_file=k\nsecurity_token_file=t\n";
    let owns = |name| Profile::read(file, name).unwrap().unwrap().owns_session();
    assert!(owns(DEFAULT) && owns("ALIKE") && owns("OWN"));
    assert!(!owns("USER") && !owns("KEY"));
}

#[test]
fn the_home_folder_is_put_in() {
    assert_eq!(expanded("~/.oci/key.pem", Some("/home/x")), Path::new("/home/x/.oci/key.pem"));
    assert_eq!(expanded("/etc/~/key.pem", Some("/home/x")), Path::new("/etc/~/key.pem"));
    assert_eq!(expanded("~/k", None), Path::new("~/k"));
}
