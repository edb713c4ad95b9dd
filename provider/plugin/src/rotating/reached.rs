use pulumi_provider::{Error, Object, Value};
use rotation::{Goal, KeyState, Store, Target};

use crate::delivery::{DELIVERY_STATUS, keeps_secret, set_targets, status};

/// Stores, the wanted ones first.
#[derive(Default)]
pub(super) struct Reached {
    pub(super) stores: Vec<(Box<dyn Store>, Value)>,
    pub(super) wanted: usize,
    /// The same entries in the shapes of former inputs: secrets may be read from there.
    pub(super) readers: Vec<Box<dyn Store>>,
}

impl Reached {
    pub(super) fn all(&self) -> Vec<&dyn Store> {
        self.stores.iter().map(|(store, _)| &**store).collect()
    }

    /// The wanted ones, in the order of the inputs.
    pub(super) fn targets(&self) -> Vec<Target> {
        self.stores.iter().take(self.wanted).map(|(store, _)| Target::of(&**store)).collect()
    }

    pub(super) fn readers(&self) -> Vec<&dyn Store> {
        self.readers.iter().map(|store| &**store).collect()
    }

    /// The goal with its stores: those that receive each generation, and those that may give a secret back.
    pub(super) fn of(&self, goal: Goal, inputs: &Object) -> Goal {
        let readers = self.all().into_iter().chain(self.readers()).map(Target::of).collect();
        goal.delivering(self.targets()).reading(readers).keeping_secret(keeps_secret(inputs))
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

    pub(super) fn has_in_shape(&self, store: &dyn Store) -> bool {
        let (identity, shape) = (store.identity(), store.shape());
        let mut all = self.all().into_iter().chain(self.readers());
        all.any(|known| known.identity() == identity && known.shape() == shape)
    }

    pub(super) fn has(&self, identity: &str) -> bool {
        self.stores.iter().any(|(store, _)| store.identity() == identity)
    }
}
