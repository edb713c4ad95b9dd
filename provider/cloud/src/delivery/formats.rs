//! The formats: what each needs, and how each is written.

use rotation::{Error, ErrorKind, Problem};
use secrecy::SecretString;

use super::pick::{Entries, shown};
use super::shape::{Deliverable, DeliveryFormat, DeliveryShape};
use crate::problem;

/// What AWS's credentials file calls the two halves of a key.
const AWS_NAMES: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];
/// What systems call the halves of an AWS key, and the session token with it.
const AWS_FIELDS: [(&str, &str); 7] = [
    ("accessKeyId", "aws_access_key_id"),
    ("access_key", "aws_access_key_id"),
    ("accessKey", "aws_access_key_id"),
    ("secretAccessKey", "aws_secret_access_key"),
    ("secret_key", "aws_secret_access_key"),
    ("secretKey", "aws_secret_access_key"),
    ("security_token", "aws_session_token"),
];
/// The field of an OCI key that is a profile already.
const OCI_PROFILE: &str = "configProfile";

pub(super) fn problems(shape: &DeliveryShape, of: &Deliverable) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |property: &str, reason: String| problems.push(problem(property, reason));
    let count = shape.fields.as_ref().map_or(of.ordinary.len(), std::collections::BTreeMap::len);
    let has = |name: &str| of.names.iter().any(|known| known == name);
    match shape.format {
        DeliveryFormat::Json | DeliveryFormat::Properties => {}
        DeliveryFormat::Raw => {
            if count != 1 || (shape.fields.is_none() && of.open) {
                add("fields", "must name exactly one field where `format` is \"raw\" [KR-CLOUD-001]".to_owned());
            }
            if !shape.extra.is_empty() {
                add(
                    "extra",
                    "cannot be used where `format` is \"raw\": the value is one field alone [KR-CLOUD-002]".to_owned(),
                );
            }
        }
        DeliveryFormat::Dotenv => {
            let fields = shape.fields.iter().flatten().map(|(name, stored)| (format!("fields.{name}"), stored));
            let extra = shape.extra.keys().map(|name| (format!("extra.{name}"), name));
            for (property, name) in fields.chain(extra).filter(|(_, name)| !is_variable(name)) {
                let reason = format!(
                    "{name:?} is not the name of a variable, which `format` \"dotenv\" needs: use letters, digits and _ [KR-CLOUD-003]"
                );
                add(&property, reason);
            }
        }
        DeliveryFormat::AwsCredentials => {
            let known = AWS_FIELDS.iter().any(|(name, _)| has(name)) || of.open;
            if !known && shape.fields.is_none() {
                add(
                    "format",
                    "\"awsCredentials\" needs a key with an access key id and a secret access key [KR-CLOUD-004]"
                        .to_owned(),
                );
            }
        }
        DeliveryFormat::OciConfig => {
            if !has(OCI_PROFILE) {
                add("format", "\"ociConfig\" needs the key of an oci:RotatingApiKey [KR-CLOUD-005]".to_owned());
            }
            if shape.fields.is_some() {
                add(
                    "fields",
                    "cannot be used where `format` is \"ociConfig\": its names are fixed [KR-CLOUD-006]".to_owned(),
                );
            }
        }
    }
    problems
}

pub(super) fn write(shape: &DeliveryShape, entries: &Entries) -> Result<SecretString, Error> {
    let text = match shape.format {
        DeliveryFormat::Json => json(entries),
        DeliveryFormat::Raw => match entries.iter().next() {
            Some((_, text)) if entries.len() == 1 => return Ok(text.clone()),
            _ => return Err(unfit("\"raw\" takes exactly one field [KR-CLOUD-001]")),
        },
        DeliveryFormat::Dotenv => dotenv(entries)?,
        DeliveryFormat::Properties => properties(entries),
        DeliveryFormat::AwsCredentials => aws_credentials(entries)?,
        DeliveryFormat::OciConfig => oci_config(shape, entries)?,
    };
    Ok(text.into())
}

fn json(entries: &Entries) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        entries.iter().map(|(name, text)| (name.clone(), shown(text).into())).collect();
    serde_json::Value::Object(object).to_string()
}

fn dotenv(entries: &Entries) -> Result<String, Error> {
    let mut lines = String::new();
    for (name, text) in entries {
        if !is_variable(name) {
            return Err(unfit(
                "\"dotenv\" needs names of letters, digits and _: choose them by `fields` [KR-CLOUD-007]",
            ));
        }
        lines.push_str(&format!("{name}={}\n", quoted(shown(text))));
    }
    Ok(lines)
}

/// As it is, where no reader of such files could take it for something else; else in quotes that keep it as it is.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@+=,-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.contains(['\'', '\n', '\r']) {
        return format!("'{text}'");
    }
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\\' | '"' | '$' | '`' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// `java.util.Properties`, which reads Latin-1.
fn properties(entries: &Entries) -> String {
    let mut lines = String::new();
    for (name, text) in entries {
        lines.push_str(&format!("{}={}\n", escaped(name, true), escaped(shown(text), false)));
    }
    lines
}

fn escaped(text: &str, is_key: bool) -> String {
    let mut escaped = String::new();
    for (index, c) in text.chars().enumerate() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            ' ' if is_key || index == 0 => escaped.push_str("\\ "),
            '\\' | '=' | ':' | '#' | '!' => escaped.extend(['\\', c]),
            ' '..='~' => escaped.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
}

fn aws_credentials(entries: &Entries) -> Result<String, Error> {
    let mut lines = "[default]\n".to_owned();
    let named = |name: &str| AWS_FIELDS.iter().find(|(field, _)| *field == name).map(|(_, stored)| *stored);
    let named: Vec<(&str, &str)> =
        entries.iter().map(|(name, text)| (named(name).unwrap_or(name), shown(text))).collect();
    if AWS_NAMES.iter().any(|needed| !named.iter().any(|(name, _)| name == needed)) {
        return Err(unfit(
            "\"awsCredentials\" needs aws_access_key_id and aws_secret_access_key: name them by `fields` [KR-CLOUD-008]",
        ));
    }
    for (name, text) in named.into_iter().filter(|(name, _)| name.starts_with("aws_") || *name == "region") {
        if text.contains(['\n', '\r']) {
            return Err(unfit(
                "\"awsCredentials\" needs values without line breaks: use another `format` [KR-CLOUD-009]",
            ));
        }
        lines.push_str(&format!("{name} = {text}\n"));
    }
    Ok(lines)
}

/// The profile that the key brings, and the constants as lines after it.
fn oci_config(shape: &DeliveryShape, entries: &Entries) -> Result<String, Error> {
    let profile = entries
        .get(OCI_PROFILE)
        .ok_or_else(|| unfit("\"ociConfig\" needs the key of an oci:RotatingApiKey [KR-CLOUD-005]"))?;
    let mut text = shown(profile).trim_end().to_owned();
    text.push('\n');
    for (name, value) in &shape.extra {
        text.push_str(&format!("{name}={value}\n"));
    }
    Ok(text)
}

/// A name that shells and readers of `.env` files take.
fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unfit(why: &str) -> Error {
    Error::new(ErrorKind::Blocked, "", format!("the key cannot be written as `deliveries[].format` says: {why}"))
}
