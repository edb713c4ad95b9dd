//! The answer of a Diff, and the comparison of inputs by the marks of their schema.
//!
//! A resource that implements [`Resource`](crate::Resource) usually starts with [`inputs`]
//! and adds what it finds in the state. A [`TypedResource`](crate::TypedResource) gets
//! exactly that comparison.

mod inputs;

use crate::path::PropertyPath;

pub use inputs::inputs;

/// How one property changed.
///
/// The enum is exhaustive: the protocol has exactly these kinds, and whether a change
/// replaces is a separate field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The property was unset and has a value now.
    Add,
    /// The property has another value.
    Update,
    /// The property had a value and is unset now.
    Delete,
}

/// One changed property, as the preview shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyChange {
    /// The path of the property.
    pub path: PropertyPath,
    /// How it changed.
    pub kind: ChangeKind,
    /// Whether this change requires a new resource in place of the old one.
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

/// The answer of a Diff. The default is "nothing to do".
///
/// ```
/// use pulumi_provider::{ChangeKind, Diff, PropertyChange};
///
/// let nothing = Diff::default();
/// assert!(nothing.is_empty());
///
/// let renamed = PropertyChange { replace: true, ..PropertyChange::input("name", ChangeKind::Update) };
/// assert!(Diff::of(vec![renamed]).replaces());
///
/// // Work of an earlier run is left over although no property changed.
/// let unfinished = Diff { force_update: true, ..Diff::default() };
/// assert!(!unfinished.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Diff {
    /// The changed properties. The engine shows each of them in the preview.
    pub changes: Vec<PropertyChange>,
    /// Whether the engine deletes the old resource before it creates the replacement. Leave it
    /// false where that would cause an outage.
    pub delete_before_replace: bool,
    /// Whether the engine calls Update although no property changed, for example because an
    /// earlier run left work over. The preview shows an update without details.
    pub force_update: bool,
    /// Top-level properties, outputs included, that require a new resource although no input
    /// changed. The preview then shows the outputs that Create's preview returns, without
    /// details.
    pub force_replace: Vec<String>,
    /// Warnings for the user, whether or not anything changed. The framework sends them to the
    /// engine's log.
    pub warnings: Vec<String>,
}

impl Diff {
    /// A diff of these changes and nothing else.
    pub fn of(changes: Vec<PropertyChange>) -> Self {
        Self { changes, ..Self::default() }
    }

    /// Whether there is nothing to do. The engine then calls neither Update nor Create.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.force_update && self.force_replace.is_empty()
    }

    /// Whether the resource must be replaced.
    pub fn replaces(&self) -> bool {
        !self.force_replace.is_empty() || self.changes.iter().any(|change| change.replace)
    }
}

#[cfg(test)]
mod tests;
