use std::sync::Arc;

use rotation::Clock;
use system_aws::AwsConfig;
use system_oci::Parts;

/// What a function works with.
#[derive(Clone)]
pub struct Settings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Receives log lines, which contain no secret.
    pub log: Arc<dyn Fn(String) + Send + Sync>,
    /// How AWS is reached. Default: as the function's role.
    pub aws: AwsConfig,
    /// Parts of OCI that take time to make, for tests that begin hundreds of times.
    pub oci: Option<Parts>,
}

impl Settings {
    /// Those of a function in Lambda.
    pub fn new(clock: Arc<dyn Clock>, log: Arc<dyn Fn(String) + Send + Sync>) -> Self {
        Self { clock, log, aws: AwsConfig::default(), oci: None }
    }
}
