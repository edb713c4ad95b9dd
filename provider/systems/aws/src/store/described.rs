use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use rotation::{DeliveryId, Head, StoredVersion};

pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// What was staged and consumers do not read yet.
pub(super) const OURS: &str = "KEYROTATION_STAGED";
/// What consumers read before the first key was delivered.
pub(super) const BEFORE: &str = "KEYROTATION_BEFORE";
/// The tag of a secret that a resource made; its value is the hash of the resource's URN.
pub(super) const MADE_BY: &str = "keyrotation:made-by";

/// What Secrets Manager tells of a secret. No value is in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    pub(super) arn: String,
    pub(super) deleted: bool,
    /// The function of a rotation that is enabled.
    pub(super) rotated_by: Option<String>,
    /// The AWS service that owns the secret.
    pub(super) managed_by: Option<String>,
    pub(super) replicas: Vec<String>,
    made_by: Option<String>,
    /// The version that has each label.
    labels: BTreeMap<String, String>,
}

impl Described {
    pub(super) fn of(told: DescribeSecretOutput) -> Self {
        let tags = told.tags.unwrap_or_default().into_iter();
        let made_by = tags.filter(|tag| tag.key() == Some(MADE_BY)).find_map(|tag| tag.value);
        let rotation = told.rotation_enabled.unwrap_or(false);
        let function = || told.rotation_lambda_arn.clone().unwrap_or_else(|| "managed rotation".to_owned());
        let replicas = told.replication_status.unwrap_or_default().into_iter();
        let labels = told.version_ids_to_stages.unwrap_or_default().into_iter();
        Self {
            arn: told.arn.unwrap_or_default(),
            deleted: told.deleted_date.is_some(),
            rotated_by: rotation.then(function),
            managed_by: told.owning_service,
            replicas: replicas.filter_map(|replica| replica.region).collect(),
            made_by,
            labels: labels.flat_map(|(id, stages)| stages.into_iter().map(move |stage| (stage, id.clone()))).collect(),
        }
    }

    /// The version that has a label.
    pub(super) fn holder(&self, stage: &str) -> Option<String> {
        self.labels.get(stage).cloned()
    }

    pub(super) fn made_by(&self) -> Option<&str> {
        self.made_by.as_deref()
    }

    /// Whether what consumers read now is to be remembered: it is not a delivery, and nothing is remembered yet.
    pub(super) fn keeps_before(&self) -> bool {
        let is_foreign = |version: &String| DeliveryId::parse(version).is_none();
        self.labels.get(CURRENT).is_some_and(is_foreign) && !self.labels.contains_key(BEFORE)
    }

    /// What consumers read before anything was delivered, if it is still there.
    pub(super) fn before(&self) -> Option<String> {
        let foreign = self.holder(PREVIOUS).filter(|version| DeliveryId::parse(version).is_none());
        self.holder(BEFORE).or(foreign)
    }

    pub(super) fn head(&self) -> Head {
        let version = |stage: &str| {
            self.holder(stage).map(|version| StoredVersion { delivery: DeliveryId::parse(&version), version })
        };
        let current = version(CURRENT).filter(|_| !self.deleted);
        let pending = version(OURS).filter(|pending| Some(pending) != current.as_ref());
        Head {
            exists: true,
            entry: Some(self.arn.clone()),
            current,
            previous: version(PREVIOUS),
            pending,
            blocked: None,
        }
    }
}
