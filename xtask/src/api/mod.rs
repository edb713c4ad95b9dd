//! The public interface of the crate `pulumi-provider` as text, committed beside it, so that a change of it shows in a review.
//!
//! The text holds every item with `pub`, by the file that defines it, without documentation and bodies. An item is listed even if
//! its module is private, because the lint `unreachable_pub` lets no other item be `pub`; the `pub use` lines show under which
//! paths it is reached. Private fields of a struct are one field `_private`.

mod items;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use syn::{Item, ItemMod};

use crate::paths;
use crate::rust_source::{is_for_tests, module_file};

/// The committed text.
pub(crate) const FILE: &str = "provider/framework/api.txt";
const SOURCES: &str = "provider/framework/src";

/// Writes the text.
///
/// # Errors
/// A source cannot be read, or the text cannot be written.
pub(crate) fn write() -> Result<()> {
    fs::write(paths::root().join(FILE), text()?).with_context(|| format!("cannot write {FILE}"))
}

/// What is wrong with the committed text; nothing if it is what the sources say.
///
/// # Errors
/// A source cannot be read.
pub(crate) fn stale() -> Result<Option<String>> {
    let committed = fs::read_to_string(paths::root().join(FILE)).unwrap_or_default();
    let wanted = text()?;
    Ok((committed != wanted)
        .then(|| format!("{FILE} is not the public interface: {}", difference(&committed, &wanted))))
}

/// The first line that differs.
fn difference(committed: &str, wanted: &str) -> String {
    let (mut old, mut new) = (committed.lines(), wanted.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            (None, None) => return "the line ends differ".to_owned(),
            (old, new) if old == new => {}
            (old, new) => {
                let shown = |line: Option<&str>| line.unwrap_or("(the end)").trim().to_owned();
                return format!("line {number} is `{}`, and should be `{}`", shown(old), shown(new));
            }
        }
    }
}

fn text() -> Result<String> {
    let folder = paths::root().join(SOURCES);
    let mut modules = Vec::new();
    read("pulumi_provider", &folder.join("lib.rs"), &folder, &mut modules)?;
    Ok(rendered(&modules))
}

/// A module's path and its items.
type Module = (String, Vec<Item>);

fn rendered(modules: &[Module]) -> String {
    let named = items::public_types(modules.iter().flat_map(|(_, items)| items));
    let mut text = String::from("The public interface of pulumi-provider. `cargo xtask codegen` writes this file.\n");
    for (path, items) in modules {
        let shown = items::shown(items, &named);
        if !shown.is_empty() {
            let file = syn::File { shebang: None, attrs: Vec::new(), items: shown };
            text.push_str(&format!("\n# {path}\n{}", prettyplease::unparse(&file)));
        }
    }
    text
}

/// The module in this file, and those below it; `folder` holds the files of its children.
fn read(path: &str, file: &Path, folder: &Path, modules: &mut Vec<Module>) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?;
    let children: Vec<ItemMod> = parsed.items.iter().filter_map(child).cloned().collect();
    modules.push((path.to_owned(), parsed.items));
    for child in children {
        let name = child.ident.to_string();
        read(&format!("{path}::{name}"), &module_file(folder, &name, Path::is_file), &folder.join(&name), modules)?;
    }
    Ok(())
}

/// A module in a file of its own that is not only for tests.
fn child(item: &Item) -> Option<&ItemMod> {
    match item {
        Item::Mod(module) if module.content.is_none() && !is_for_tests(&module.attrs) => Some(module),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
