//! Stores by their names.

use crate::testing::Rig;
use crate::{Store, Target};

pub(super) fn reach_stores<'a>(rig: &dyn Rig, names: impl IntoIterator<Item = &'a String>) -> Vec<Box<dyn Store>> {
    names.into_iter().filter_map(|name| rig.store_named(name)).collect()
}

pub(super) fn targets(stores: &[Box<dyn Store>]) -> Vec<Target> {
    stores.iter().map(|store| Target::of(&**store)).collect()
}
