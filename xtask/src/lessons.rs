//! The tests that show what was promised: in whichever program they live, their names begin with the promise.

use std::path::Path;
use std::process::{Command, Stdio};

/// A name that begins so, or the name of a module around it.
const STARTS: [&str; 2] = ["lesson_", "official_"];
/// A common word, and so only with the promise's number behind it: `output_3_...`, `output_b2_...`.
const NUMBERED: &str = "output_";
/// What the file of a program has somewhere if it has such a test.
const TRACE: &str = "lesson_|official_|output_[a-z]?[0-9]";

/// Whether a test with this name is one.
pub(crate) fn is_lesson(name: &str) -> bool {
    name.split([':', '/']).map(str::trim).any(|part| {
        STARTS.iter().any(|start| part.starts_with(start)) || part.strip_prefix(NUMBERED).is_some_and(is_numbered)
    })
}

fn is_numbered(rest: &str) -> bool {
    let rest = rest.strip_prefix(|letter: char| letter.is_ascii_lowercase()).unwrap_or(rest);
    rest.starts_with(|digit: char| digit.is_ascii_digit())
}

/// Whether a test program may have one. Some take half a minute to list their tests, so most are not asked.
pub(crate) fn may_be_in(program: &Path) -> bool {
    let mut search = Command::new("grep");
    search.args(["-a", "-q", "-E", TRACE]).arg(program).env("LC_ALL", "C").stderr(Stdio::null());
    // Where the search itself fails, the program is asked.
    search.status().map_or(true, |status| status.code() != Some(1))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::paths;

    const LESSONS: [&str; 6] = [
        "lesson_a1_b",
        "module::official_b1_c",
        "output_3_x/aws",
        "aws::lesson_a2::second",
        "x/output_b2",
        "lesson_keys",
    ];

    #[test]
    fn lessons_are_known_by_any_part_of_their_names() {
        for name in LESSONS {
            assert!(is_lesson(name), "{name}");
        }
        for name in ["a_lesson_a1", "an_output_3_of_it", "module::the_official_one", "lessons_b", "output_of_a_run"] {
            assert!(!is_lesson(name), "{name}");
        }
    }

    #[test]
    fn a_program_without_a_trace_of_one_is_not_asked() {
        let file = paths::log("lessons-test").unwrap();
        let may = |content: String| {
            fs::write(&file, content).unwrap();
            may_be_in(&file)
        };
        for name in LESSONS {
            assert!(may(format!("\0\u{1}{name}\0")), "{name}");
        }
        assert!(!may("\0the_lesson\0output_of_a_run\0".to_owned()));
        assert!(may_be_in(&file.with_extension("that-is-not-there")), "one that cannot be searched");
    }
}
