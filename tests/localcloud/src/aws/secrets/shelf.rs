//! All secrets of an account, by region and name.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use jiff::{SignedDuration, Timestamp};

use super::driven::{Driven, Rotated};
use super::error;
use super::secret::Secret;
use crate::aws::error::Refusal;
use crate::random::Random;

#[derive(Default)]
pub(in crate::aws) struct Shelf {
    pub(super) secrets: Vec<Secret>,
    /// How late readers see versions and labels.
    pub(super) lag: SignedDuration,
    /// Whether functions that rotate fail at their first step.
    pub(super) rotations_fail: bool,
    /// The addresses of functions, by their ARNs.
    pub(super) functions: BTreeMap<String, SocketAddr>,
    /// Rotations that are to be driven once the call is answered.
    pub(super) begun: Vec<Driven>,
    /// How those ended that were driven.
    pub(super) ended: Vec<Rotated>,
    /// What a version that a rotation fills is written with, by secret and version.
    pub(super) rotation_tokens: BTreeMap<(String, String), String>,
}

impl Shelf {
    pub(in crate::aws) fn new(lag: SignedDuration) -> Self {
        Self { lag, ..Self::default() }
    }

    pub(in crate::aws) fn clear(&mut self) {
        *self = Self::new(self.lag);
    }

    /// Forgets what was to be deleted by now.
    pub(super) fn purge(&mut self, now: Timestamp) {
        self.secrets.retain(|secret| secret.deletion.is_none_or(|deletion| deletion.until > now));
    }

    /// Notes a rotation of a version that is to be driven, if the function has an address.
    pub(super) fn begin_driving(
        &mut self,
        function: &str,
        (secret, version): (&str, &str),
        steps: &'static [&'static str],
        random: &mut Random,
    ) {
        let Some(address) = self.functions.get(function).copied() else { return };
        let rotation_token = self.rotation_token((secret, version), random);
        let (secret, version) = (secret.to_owned(), version.to_owned());
        self.begun.push(Driven { address, secret, version, rotation_token, steps });
    }

    /// What writes of this version must bring, from now on.
    pub(super) fn rotation_token(&mut self, (secret, version): (&str, &str), random: &mut Random) -> String {
        let of = (secret.to_owned(), version.to_owned());
        self.rotation_tokens.entry(of).or_insert_with(|| random.uuid()).clone()
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
