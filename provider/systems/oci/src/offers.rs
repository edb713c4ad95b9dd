//! OCI as one of the plugin's clouds.

use std::sync::Arc;

use cloud::{Cloud, Resources};
use rotation::{Clock, Problem};

use crate::session::Session;
use crate::{Generator, Oci, OciApiKey, OciAuthToken, OciConfig, OciCustomerSecretKey, Parts};

impl Cloud for Oci {
    const NAME: &'static str = "oci";
    const ABOUT: &'static str = "How the plugin reaches OCI. Unset values fall back to the environment variables and the file that Oracle's tools read.";
    type Config = OciConfig;

    fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_parts(clock, Parts { pairs: Arc::new(Generator), client: None, variables: None })
    }

    fn problems(config: &OciConfig) -> Vec<Problem> {
        config.problems()
    }

    fn configure(&self, config: OciConfig) {
        self.session.replace(Session::new(config, Arc::clone(&self.clock), self.parts.clone()));
    }

    fn resources(self: Arc<Self>, to: &mut impl Resources) {
        to.add(OciApiKey(Arc::clone(&self)));
        to.add(OciAuthToken::new(Arc::clone(&self)));
        to.add(OciCustomerSecretKey::new(self));
    }
}
