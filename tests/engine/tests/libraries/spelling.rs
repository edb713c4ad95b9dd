//! How the libraries spell names: in backticks each as its language does, and no name is lost.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::files;

/// A name of each of the two kinds of spelling beside the schema's.
struct Spelling {
    language: &'static str,
    spell: fn(&str) -> String,
}

const SPELLINGS: [Spelling; 5] = [
    Spelling { language: "python", spell: snake },
    Spelling { language: "nodejs", spell: str::to_owned },
    Spelling { language: "go", spell: capitalized },
    Spelling { language: "java", spell: str::to_owned },
    Spelling { language: "dotnet", spell: capitalized },
];

fn snake(name: &str) -> String {
    let parts = name.chars().map(|letter| match letter {
        letter if letter.is_ascii_uppercase() => format!("_{}", letter.to_ascii_lowercase()),
        letter => letter.to_string(),
    });
    parts.collect()
}

fn capitalized(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

fn schema() -> Result<Value> {
    serde_json::from_str(include_str!("../../../../schema.json")).context("schema.json is no JSON")
}

/// The properties with more than one word in their names, which no other word looks like.
fn names(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![&schema["types"], &schema["resources"], &schema["provider"], &schema["functions"]];
    while let Some(value) = open.pop() {
        for kind in ["properties", "inputProperties"] {
            let names = value[kind].as_object().into_iter().flatten().map(|(name, _)| name);
            found.extend(names.filter(|name| name.chars().any(char::is_uppercase)).cloned());
        }
        open.extend(value.as_object().into_iter().flatten().map(|(_, inner)| inner));
    }
    found
}

/// What stands in backticks in a line, up to a colon with a value.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).map(|span| span.split(": ").next().unwrap_or(span))
}

/// The configuration keeps the schema's names, as its keys do; so do READMEs, which are written for their language.
fn is_rewritten(path: &str) -> bool {
    !path.to_lowercase().contains("config")
        && !path.ends_with(".md")
        && !path.ends_with(".json")
        && !path.ends_with(".toml")
}

pub(crate) fn fits() -> Result<()> {
    let schema = schema()?;
    let names = names(&schema);
    ensure!(names.contains("rotationPeriod") && names.len() > 50, "the schema has {} names", names.len());
    for Spelling { language, spell } in SPELLINGS {
        let (mut right, mut wrong) = (BTreeSet::new(), Vec::new());
        let spelled: BTreeSet<String> = names.iter().map(|name| spell(name)).collect();
        for (path, text) in files(language)?.iter().filter(|(path, _)| is_rewritten(path)) {
            for part in text.lines().flat_map(spans).flat_map(|span| span.split('.')) {
                if spelled.contains(part) {
                    right.insert(part.to_owned());
                } else if names.contains(part) {
                    wrong.push(format!("{path}: {part}"));
                }
            }
        }
        ensure!(wrong.is_empty(), "sdk/{language} spells {} names wrongly: {:?}", wrong.len(), wrong.first());
        let period = spell("rotationPeriod");
        ensure!(right.contains(&period) && right.len() > 20, "sdk/{language} names {} properties", right.len());
    }
    Ok(())
}

pub(crate) fn is_complete() -> Result<()> {
    let schema = schema()?;
    let tokens =
        |part: &str| schema[part].as_object().into_iter().flatten().map(|(token, _)| token.clone()).collect::<Vec<_>>();
    let wanted = [tokens("resources"), tokens("functions")].concat();
    ensure!(wanted.len() > 15, "the schema has only {wanted:?}");
    for Spelling { language, .. } in SPELLINGS {
        let all: String = files(language)?.into_values().collect();
        // Each token stands in the call that registers or invokes it.
        let lost: Vec<_> = wanted
            .iter()
            .filter(|token| !all.contains(&format!("\"{token}\"")) && !all.contains(&format!("'{token}'")))
            .collect();
        ensure!(lost.is_empty(), "sdk/{language} has no {lost:?}");
    }
    Ok(())
}
