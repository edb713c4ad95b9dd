//! All secrets of an account, by region and name.

use jiff::{SignedDuration, Timestamp};

use super::error;
use super::secret::Secret;
use crate::aws::error::Refusal;

#[derive(Default)]
pub(in crate::aws) struct Shelf {
    pub(super) secrets: Vec<Secret>,
    /// How late readers see versions and labels.
    pub(super) lag: SignedDuration,
    /// Whether functions that rotate fail at their first step.
    pub(super) rotations_fail: bool,
}

impl Shelf {
    pub(in crate::aws) fn new(lag: SignedDuration) -> Self {
        Self { lag, ..Self::default() }
    }

    pub(in crate::aws) fn clear(&mut self) {
        self.secrets.clear();
        self.rotations_fail = false;
    }

    /// Forgets what was to be deleted by now.
    pub(super) fn purge(&mut self, now: Timestamp) {
        self.secrets.retain(|secret| secret.deletion.is_none_or(|deletion| deletion.until > now));
    }

    /// The secret that an id names: a name, an ARN, or an ARN without its last seven characters.
    pub(super) fn find(&self, region: &str, id: &str) -> Result<&Secret, Refusal> {
        let mut here = self.secrets.iter().filter(|secret| secret.region == region || secret.replicas.contains(region));
        here.find(|secret| names(secret, id)).ok_or_else(error::no_secret)
    }

    /// The same, to change it.
    ///
    /// # Errors
    /// Also where it is only a replica.
    pub(super) fn find_mut(&mut self, region: &str, id: &str) -> Result<&mut Secret, Refusal> {
        if self.find(region, id)?.region != region {
            return Err(error::replica());
        }
        let mut here = self.secrets.iter_mut().filter(|secret| secret.region == region);
        here.find(|secret| names(secret, id)).ok_or_else(error::no_secret)
    }
}

fn names(secret: &Secret, id: &str) -> bool {
    if !id.starts_with("arn:") {
        return secret.name == id;
    }
    // A replica has its own region in its ARN.
    let tail = |arn: &str| arn.splitn(5, ':').nth(4).unwrap_or_default().to_owned();
    let (whole, asked) = (tail(&secret.arn), tail(id));
    asked == whole || whole.rsplit_once('-').is_some_and(|(partial, _)| partial == asked)
}
