use std::fmt;

use crate::path::PropertyPath;

/// Why a struct cannot be written as properties. It is a defect of the provider, not of the
/// user's program.
///
/// `Display` shows the path and the problem, and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// Where in the struct.
    pub path: PropertyPath,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.segments() {
            [] => f.write_str(&self.problem),
            _ => write!(f, "{}: {}", self.path, self.problem),
        }
    }
}

impl std::error::Error for EncodeError {}
