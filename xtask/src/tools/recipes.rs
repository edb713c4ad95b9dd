//! A Python with the packages that the recipes use.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::python;

/// The interpreter of a virtual environment with exactly what xtask/python/recipes-requirements.txt pins. It takes 800 MB, so
/// only the suite `recipes` has it.
///
/// # Errors
/// When there is no Python 3 with venv, or a package cannot be had.
pub(crate) fn interpreter() -> Result<PathBuf> {
    let what = "fetching the packages that the recipes use (about a minute, once)";
    Ok(python::environment("recipes", "recipes-requirements.txt", what)?.join("bin/python"))
}

/// The lines of a test program's output that name the recipes it checked, and how.
pub(crate) fn named(output: &str) -> impl Iterator<Item = &str> {
    output.lines().filter(|line| line.starts_with("recipes "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_name_recipes_are_found() {
        let output =
            "running 2 tests\nrecipes typed (2, Python): kafka, ssm\ntest typed::ssm ... ok\nrecipes run (1): ci\n";
        let lines: Vec<_> = named(output).collect();
        assert_eq!(lines, ["recipes typed (2, Python): kafka, ssm", "recipes run (1): ci"]);
    }
}
