//! The tables of docs/safeties.md, as the list gives them.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::list::Group;
use crate::paths;

const BEGIN: &str = "<!-- from xtask/safeties: cargo xtask safeties --page -->\n";
const END: &str = "<!-- end -->\n";

/// Writes the tables between their marks.
///
/// # Errors
/// When the page has no marks, or cannot be read or written.
pub(crate) fn write(groups: &[Group]) -> Result<()> {
    let place = place();
    let page = fs::read_to_string(&place).with_context(|| format!("cannot read {}", place.display()))?;
    fs::write(&place, with_tables(&page, groups)?).with_context(|| format!("cannot write {}", place.display()))
}

fn place() -> PathBuf {
    paths::root().join("docs/safeties.md")
}

fn with_tables(page: &str, groups: &[Group]) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("docs/safeties.md has no place for the tables")?;
    let (_, after) = rest.split_once(END).context("docs/safeties.md has no end of the tables")?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", tables(groups)))
}

fn tables(groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups {
        let _ = write!(
            text,
            "\n### {}\n\n| name | safety | taken out by this change | fails |\n| --- | --- | --- | --- |\n",
            group.title
        );
        for safety in &group.safety {
            let places: Vec<String> = safety.edit.iter().map(|edit| format!("`{}`", edit.file)).collect();
            let (name, guards, change) = (&safety.name, &safety.guards, &safety.change);
            let fails: Vec<String> = safety.fails.iter().map(|name| format!("`{name}`")).collect();
            let _ = writeln!(text, "| `{name}` | {guards} | {}: {change} | {} |", places.join(", "), fails.join(", "));
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safeties::list;

    #[test]
    fn the_page_has_the_tables_of_the_list() {
        let page = fs::read_to_string(place()).unwrap();
        let wanted = with_tables(&page, &list::read().unwrap()).unwrap();
        assert!(page == wanted, "docs/safeties.md is stale: cargo xtask safeties --page");
    }
}
