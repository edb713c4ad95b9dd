//! What C# refuses in the names of the generated library. It is found by reading the declarations, since nothing here compiles C#.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use crate::{VERSION, files};

/// What a class declares.
#[derive(Debug, Default)]
struct Class {
    /// Properties and fields, as often as they are declared, and the first names in their types.
    values: Vec<String>,
    methods: BTreeSet<String>,
    qualifiers: BTreeSet<String>,
}

/// The classes of a file by their names, those within others with both names.
fn classes(source: &str) -> BTreeMap<String, Class> {
    let mut found: BTreeMap<String, Class> = BTreeMap::new();
    let mut open: Vec<(String, i32)> = Vec::new();
    let mut depth = 0;
    for line in source.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let declaration = ["public ", "private ", "internal "].iter().find_map(|start| line.strip_prefix(start));
        if let Some(name) = declaration.and_then(class_name) {
            let outer = open.last().map(|(outer, _)| format!("{outer}.")).unwrap_or_default();
            open.push((format!("{outer}{name}"), depth));
            found.entry(format!("{outer}{name}")).or_default();
        } else if let (Some(declaration), Some((class, at))) = (declaration, open.last())
            && depth == at + 1
        {
            note(found.entry(class.clone()).or_default(), class, declaration);
        }
        depth += line.matches('{').count() as i32 - line.matches('}').count() as i32;
        if line.contains('}') {
            open.retain(|(_, at)| *at < depth);
        }
    }
    found
}

fn class_name(declaration: &str) -> Option<&str> {
    let kind = ["class ", "struct ", "enum "].iter().find_map(|kind| declaration.split_once(kind))?;
    kind.0.split_whitespace().all(|word| word.chars().all(char::is_alphabetic)).then_some(())?;
    kind.1.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

fn note(class: &mut Class, name: &str, declaration: &str) {
    let head = declaration.split(['{', ';', '=']).next().unwrap_or_default();
    let (head, is_method) = head.split_once('(').map_or((head, false), |(head, _)| (head, true));
    let Some((kind, member)) = head.trim().rsplit_once(' ') else { return };
    if is_method {
        class.methods.insert(member.to_owned());
    } else if name.rsplit('.').next() != Some(member) || !is_method {
        class.values.push(member.to_owned());
    }
    let names = kind.split(|letter: char| !letter.is_alphanumeric() && !"._:".contains(letter));
    let qualified = names.filter_map(|name| name.split_once('.')).map(|(first, _)| first);
    class.qualifiers.extend(qualified.filter(|first| !first.contains(':')).map(str::to_owned));
}

/// What is wrong with a file's classes.
fn clashes(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, class) in classes(source) {
        let own = name.rsplit('.').next().unwrap_or_default();
        let values: BTreeSet<&String> = class.values.iter().collect();
        if values.len() != class.values.len() {
            found.push(format!("{name} declares a property twice: {:?}", class.values));
        }
        for value in values {
            if value == own {
                found.push(format!("{name} has a member of its own name"));
            }
            if class.methods.contains(value) {
                found.push(format!("{name} has a method and a property {value}"));
            }
            if class.qualifiers.contains(value) {
                found.push(format!("{name} has a property {value}, and a type of a namespace of that name"));
            }
        }
    }
    found
}

pub(crate) fn has_no_clash() -> Result<()> {
    let files = files("dotnet")?;
    let mut seen = BTreeSet::new();
    let mut members = 0;
    for (path, source) in files.iter().filter(|(path, _)| path.ends_with(".cs")) {
        let found = clashes(source);
        ensure!(found.is_empty(), "{path}: {found:?}");
        let namespace = source.lines().find_map(|line| line.strip_prefix("namespace ")).unwrap_or_default();
        for (name, class) in classes(source) {
            members += class.values.len();
            ensure!(seen.insert(format!("{namespace}.{name}")), "{path}: {namespace}.{name} is declared twice");
        }
    }
    // A namespace and a type of one name cannot stand in the same place.
    let namespaces: BTreeSet<&str> =
        files.values().flat_map(|source| source.lines()).filter_map(|line| line.strip_prefix("namespace ")).collect();
    let clash = namespaces.iter().find(|namespace| seen.contains(**namespace));
    ensure!(clash.is_none(), "{clash:?} is a namespace and a type");
    ensure!(seen.len() > 100 && members > 500, "only {} classes with {members} members were read", seen.len());
    let project = &files["KeyRotationDev.KeyRotation.csproj"];
    ensure!(project.contains(&format!("<Version>{VERSION}</Version>")), "the project is of another version");
    ensure!(!project.contains("Pulumi Corp."), "the project names Pulumi as its author");
    Ok(())
}

pub(crate) fn clashes_are_seen() -> Result<()> {
    let source = |body: &str| format!("namespace A\n{{\n    public sealed class ApiKey\n    {{\n{body}\n    }}\n}}\n");
    for (body, count) in [
        ("public Input<string>? Key { get; set; }\npublic ApiKey()\n{\n}", 0),
        ("public Input<string>? ApiKey { get; set; }", 1),
        ("public Input<string>? Key { get; set; }\npublic Input<int>? Key { get; set; }", 1),
        ("public readonly string Get;\npublic static void Get(string name)\n{\n}", 1),
        ("public Input<Aws.Inputs.Config>? Aws { get; set; }", 1),
        ("public Input<global::Aws.Config>? Aws { get; set; }", 0),
    ] {
        let found = clashes(&source(body));
        ensure!(found.len() == count, "in {body:?} is found {found:?}");
    }
    Ok(())
}
