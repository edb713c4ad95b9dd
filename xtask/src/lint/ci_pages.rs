//! The jobs on the pages about CI: taken from the pages, and checked as their users would check them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{paths, tools};

const PAGES: [&str; 2] = ["docs/ci.md", "docs/recipes/ci.md"];
/// What names a block's file, in its first line.
const NAME: &str = "# ";
/// What is no job but part of a text about programs.
const WORKFLOWS: &str = ".github/workflows/";

/// The rules of yamllint: its own, with lines as long as Markdown has them, and keys such as `on` in quotes or not.
const RULES: &str = "{extends: default, rules: {line-length: {max: 160}, document-start: disable, truthy: {check-keys: false}, braces: {max-spaces-inside: 1}, comments: disable}}";

/// actionlint over every workflow of the pages.
///
/// # Errors
/// There is no workflow, or no actionlint.
pub(super) fn workflows() -> Result<Command> {
    let files = written(|name| name.starts_with(WORKFLOWS))?;
    let mut command = Command::new(tools::actionlint::program()?);
    command.args(["-no-color", "-shellcheck=", "-pyflakes="]).args(files);
    Ok(command)
}

/// yamllint over every YAML file of the pages.
///
/// # Errors
/// There is none, or no yamllint.
pub(super) fn yaml() -> Result<Command> {
    let files = written(|_| true)?;
    let python = tools::python::with_yamllint()?;
    let mut command = Command::new(python);
    command.args(["-m", "yamllint", "--strict", "-d", RULES]).args(files);
    Ok(command)
}

/// The blocks of YAML whose file has such a name, each in a file of its own.
fn written(wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let folder = paths::cache()?.join("ci-pages");
    let mut files = Vec::new();
    for (number, page) in PAGES.iter().enumerate() {
        let text = fs::read_to_string(paths::root().join(page)).with_context(|| format!("cannot read {page}"))?;
        for (name, block) in blocks(&text) {
            if wanted(&name) {
                files.push(write(&folder.join(number.to_string()), &name, &block)?);
            }
        }
    }
    ensure!(!files.is_empty(), "the pages about CI have no such jobs");
    Ok(files)
}

fn write(folder: &Path, name: &str, block: &str) -> Result<PathBuf> {
    let file = folder.join(name.replace('/', "_").trim_start_matches('.'));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(&file, block).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Each block of YAML that names its file, with that name.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("```yaml\n") {
        let Some((block, more)) = after.split_once("```\n") else { break };
        let name = block.lines().next().and_then(|line| line.strip_prefix(NAME)).filter(|name| !name.contains(' '));
        found.extend(name.map(|name| (name.to_owned(), block.to_owned())));
        rest = more;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_names_its_file_is_taken() {
        let text =
            "x\n```yaml\n# .github/workflows/a.yml\non: push\n```\n```yaml\nname: b\n```\n```python\n# c.yml\n```\n";
        let expected = (".github/workflows/a.yml".to_owned(), "# .github/workflows/a.yml\non: push\n".to_owned());
        assert_eq!(blocks(text), [expected]);
    }

    #[test]
    fn the_page_has_a_job_for_each_system() {
        let text = fs::read_to_string(paths::root().join(PAGES[0])).unwrap();
        let names: Vec<_> = blocks(&text).into_iter().map(|(name, _)| name).collect();
        for wanted in [
            ".github/workflows/rotate.yml",
            ".github/workflows/rotate-oci.yml",
            ".gitlab-ci.yml",
            "cronjob.yaml",
            "Pulumi.yaml",
        ] {
            assert!(names.iter().any(|name| name == wanted), "{wanted} is not in {names:?}");
        }
    }
}
