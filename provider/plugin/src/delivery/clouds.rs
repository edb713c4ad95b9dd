use std::sync::Arc;

use cloud::{Cloud, Deliverable};
use rotation::{Clock, OwnerId, Store};
use system_aws::Aws;
use system_oci::Oci;
use system_vault::Vault;

use super::inputs::{DELIVERIES, Delivery, Kind};

/// The clouds that have a store.
#[derive(Clone)]
pub(crate) struct DeliveryClouds {
    aws: Arc<Aws>,
    vault: Arc<Vault>,
    oci: Arc<Oci>,
}

impl DeliveryClouds {
    /// With what their configuration reaches.
    pub(crate) fn of(aws: Arc<Aws>, vault: Arc<Vault>, oci: Arc<Oci>) -> Self {
        Self { aws, vault, oci }
    }

    /// With nothing configured.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (aws, vault) = (Arc::new(Aws::new(Arc::clone(&clock))), Arc::new(Vault::new(Arc::clone(&clock))));
        Self { aws, vault, oci: Arc::new(Oci::new(clock)) }
    }

    /// The store in normal form, by which the state knows it.
    pub(crate) fn identity(&self, delivery: &Delivery) -> Option<String> {
        delivery.one().map(|kind| match kind {
            Kind::AwsSecretsManager(secret) => self.aws.identity(secret),
            Kind::VaultKv(path) => self.vault.identity(path),
            Kind::OciVault(secret) => Oci::identity(secret),
        })
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
        let target = (at.as_str(), of.clone());
        delivery.one().map(|kind| match kind {
            Kind::AwsSecretsManager(secret) => self.aws.store(secret, target, owner),
            Kind::VaultKv(path) => self.vault.store(path, target, owner),
            Kind::OciVault(secret) => self.oci.store(secret, target, owner),
        })
    }

    /// The delivery that the state knows by this identity alone.
    pub(crate) fn by_identity(&self, identity: &str) -> Option<Delivery> {
        let delivery = Delivery {
            aws_secrets_manager: Aws::delivery_of(identity),
            vault_kv: self.vault.delivery_of(identity),
            oci_vault: Oci::delivery_of(identity),
        };
        delivery.one().is_some().then_some(delivery)
    }
}
