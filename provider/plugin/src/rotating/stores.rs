//! The stores of one call: those that the inputs want, and those that may still hold a key although the inputs name them no more.

use cloud::RotatingResource;
use pulumi_provider::{Code, Error, Object, Urn, Value};
use rotation::{KeyState, Store};

use super::Rotating;
use super::names::owner;
use super::reached::Reached;
use crate::delivery::{self, DELIVERIES, Delivery, TARGETS};

impl<S: RotatingResource> Rotating<S> {
    /// Opens the stores that these inputs want, and those that `before` names: other inputs, and outputs. Nothing is contacted.
    ///
    /// # Errors
    /// The wanted deliveries cannot be read.
    pub(super) fn reach_stores(&self, wanted: &Object, before: &[&Object], urn: &Urn) -> Result<Reached, Error> {
        let mut reached = Reached::default();
        for (index, given) in given(wanted, DELIVERIES).iter().enumerate() {
            let store = delivery::read_one(given).and_then(|delivery| self.open(&delivery, Some(index), urn));
            let unreadable = || {
                let text =
                    format!("{DELIVERIES}[{index}] cannot be read: it was not checked by this plugin [KR-PLUGIN-029]");
                Error::new(Code::InvalidArgument, text)
            };
            reached.stores.push((store.ok_or_else(unreadable)?, given.clone()));
        }
        reached.wanted = reached.stores.len();
        for given in before.iter().flat_map(|object| [given(object, DELIVERIES), given(object, TARGETS)].concat()) {
            let Some(delivery) = delivery::read_one(&given) else { continue };
            self.add_former(&mut reached, (&delivery, given), urn);
        }
        Ok(reached)
    }

    /// The same with those that only the state knows, by their identity.
    pub(super) fn with_noted(&self, mut reached: Reached, state: &KeyState, urn: &Urn) -> Reached {
        for delivered in &state.deliveries {
            if let Some(delivery) = self.delivery_clouds.by_identity(&delivered.identity) {
                self.add_former(&mut reached, (&delivery, Value::Null), urn);
            }
        }
        reached
    }

    fn add_former(&self, reached: &mut Reached, (delivery, given): (&Delivery, Value), urn: &Urn) {
        let Some(store) = self.open(delivery, None, urn) else { return };
        if !reached.has(&store.identity()) {
            reached.stores.push((store, given));
        } else if !given.is_null() && !reached.has_in_shape(&*store) {
            reached.readers.push(store);
        }
    }

    fn open(&self, delivery: &Delivery, index: Option<usize>, urn: &Urn) -> Option<Box<dyn Store>> {
        self.delivery_clouds.open(delivery, index, &self.names.deliverable, &owner(urn))
    }
}

fn given(object: &Object, name: &str) -> Vec<Value> {
    object.get(name).and_then(Value::as_array).map(<[_]>::to_vec).unwrap_or_default()
}
