use rotation::{Error, ErrorKind, Problem};

/// A property, and what is wrong with it.
pub fn problem(property: &str, reason: impl Into<String>) -> Problem {
    Problem { property: property.to_owned(), reason: reason.into() }
}

/// What is wrong with a part, with its properties below that part's.
pub fn below(part: &str, problems: Vec<Problem>) -> impl Iterator<Item = Problem> {
    problems.into_iter().map(move |inner| problem(&format!("{part}.{}", inner.property), inner.reason))
}

/// The provider configuration of this cloud is wrong; nothing was sent.
pub fn wrong_config(cloud: &str, problem: &Problem) -> Error {
    Error::new(ErrorKind::Invalid, "", format!("keyrotation:{cloud}.{} {}", problem.property, problem.reason))
}
