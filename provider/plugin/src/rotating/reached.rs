use pulumi_provider::{Error, Object, Value};
use rotation::{KeyState, Store, Target};

use crate::delivery::{DELIVERY_STATUS, set_targets, status};

/// Stores, the wanted ones first.
#[derive(Default)]
pub(super) struct Reached {
    pub(super) stores: Vec<(Box<dyn Store>, Value)>,
    pub(super) wanted: usize,
}

impl Reached {
    pub(super) fn all(&self) -> Vec<&dyn Store> {
        self.stores.iter().map(|(store, _)| &**store).collect()
    }

    /// The wanted ones, in the order of the inputs.
    pub(super) fn targets(&self) -> Vec<Target> {
        self.stores.iter().take(self.wanted).map(|(store, _)| Target::of(&**store)).collect()
    }

    /// What users and the next run read of them.
    pub(super) fn show(&self, outputs: &mut Object, state: &KeyState) -> Result<(), Error> {
        outputs.insert(DELIVERY_STATUS.to_owned(), status(state, &self.targets())?);
        let holds = |store: &dyn Store| {
            let identity = store.identity();
            state.deliveries.iter().any(|delivered| delivered.identity == identity)
        };
        let kept = self.stores.iter().enumerate();
        let kept = kept.filter(|(index, (store, _))| *index < self.wanted || holds(&**store));
        set_targets(outputs, kept.map(|(_, (_, given))| given.clone()).filter(|given| !given.is_null()).collect());
        Ok(())
    }

    pub(super) fn has(&self, identity: &str) -> bool {
        self.stores.iter().any(|(store, _)| store.identity() == identity)
    }
}
