use std::sync::Arc;

use cloud::{Cloud, Deliverable};
use rotation::{Clock, OwnerId, Store};
use system_aws::Aws;

use super::inputs::{DELIVERIES, Delivery};

/// The clouds that have a store.
#[derive(Clone)]
pub(crate) struct DeliveryClouds {
    aws: Arc<Aws>,
}

impl DeliveryClouds {
    /// With what their configuration reaches.
    pub(crate) fn of(aws: Arc<Aws>) -> Self {
        Self { aws }
    }

    /// With nothing configured.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { aws: Arc::new(Aws::new(clock)) }
    }

    /// The store in normal form, by which the state knows it.
    pub(crate) fn identity(&self, delivery: &Delivery) -> Option<String> {
        delivery.aws_secrets_manager.as_ref().map(|secret| self.aws.identity(secret))
    }

    /// The store, for keys like `of` of this resource. `index` is the place of the delivery in the inputs; none: only the state knows it.
    pub(crate) fn open(
        &self,
        delivery: &Delivery,
        index: Option<usize>,
        of: &Deliverable,
        owner: &OwnerId,
    ) -> Option<Box<dyn Store>> {
        let at = index.map_or_else(|| format!("removed from {DELIVERIES}"), |index| format!("{DELIVERIES}[{index}]"));
        let secret = delivery.aws_secrets_manager.as_ref()?;
        Some(self.aws.store(secret, (&at, of.clone()), owner))
    }

    /// The delivery that the state knows by this identity alone.
    pub(crate) fn by_identity(&self, identity: &str) -> Option<Delivery> {
        Aws::delivery_of(identity).map(|secret| Delivery { aws_secrets_manager: Some(secret) })
    }
}
