//! What a Diff answers, and the comparison of inputs by the facts of their schema.

mod inputs;

use crate::path::PropertyPath;

pub use inputs::inputs;

/// How one property changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was absent.
    Add,
    /// It has another value.
    Update,
    /// It is absent now.
    Delete,
}

/// One changed property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyChange {
    /// Where.
    pub path: PropertyPath,
    /// How.
    pub kind: ChangeKind,
    /// Whether this change needs a new resource in place of the old one.
    pub replace: bool,
    /// Whether the old value shown is the old input (true) or the old output (false).
    pub input: bool,
}

impl PropertyChange {
    /// A change of an input that the resource takes in place.
    pub fn input(path: impl Into<PropertyPath>, kind: ChangeKind) -> Self {
        Self { path: path.into(), kind, replace: false, input: true }
    }
}

/// What a Diff found. Nothing to do is the default.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Diff {
    /// The changed properties.
    pub changes: Vec<PropertyChange>,
    /// Delete the old resource before its replacement is made. Leave it off where an outage hurts.
    pub delete_before_replace: bool,
    /// Update although no property changed: work of an earlier run is left over, say. Shown without detail.
    pub force_update: bool,
    /// Top-level properties, outputs as well, that need a new resource though no input changed. The
    /// preview then shows the outputs that Create's preview returns, and no detail.
    pub force_replace: Vec<String>,
}

impl Diff {
    /// A diff of these changes and nothing else.
    pub fn of(changes: Vec<PropertyChange>) -> Self {
        Self { changes, ..Self::default() }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.force_update && self.force_replace.is_empty()
    }

    /// Whether the resource has to be replaced.
    pub fn replaces(&self) -> bool {
        !self.force_replace.is_empty() || self.changes.iter().any(|change| change.replace)
    }
}

#[cfg(test)]
mod tests;
