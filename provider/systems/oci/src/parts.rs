use std::sync::Arc;

use crate::keypair::KeySource;

/// Where variables of the environment are looked up.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What takes time to make.
#[derive(Clone)]
pub struct Parts {
    /// Where key pairs come from.
    pub pairs: Arc<dyn KeySource>,
    /// The client, which must have the same clock. Default: one that is made at the first call, and reads the machine's certificates.
    pub client: Option<outbound::Client>,
    /// The environment. Default: that of the process.
    pub variables: Option<Variables>,
}
