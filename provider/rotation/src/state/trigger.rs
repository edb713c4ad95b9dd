use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{Keepers, Schedule};

/// What a key was minted for. Two equal triggers want the same key; time of day is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// A keyed hash of keepers and the last revoked incident, with the version of its make. It does not reveal them.
    pub hash: String,
    /// The period that asked, if time ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Timestamp>,
}

impl Trigger {
    /// The trigger that these inputs want, for the resource with this instance nonce.
    pub fn new(instance: &str, keepers: &Keepers, schedule: &Schedule) -> Self {
        let mut hash = Sha256Mac::new(instance);
        for (name, value) in keepers.entries() {
            hash.part(b"keeper");
            hash.part(name.as_bytes());
            hash.part(value.as_bytes());
        }
        if let Some(incident) = &schedule.revoked {
            hash.part(b"revoked");
            hash.part(incident.as_bytes());
        }
        // A window that is later than the last rotation was taken as answered: it asks for no key.
        let window = schedule.window.filter(|window| *window <= schedule.rotated_at);
        Self { hash: hash.finish(), window }
    }

    /// Whether what served the trigger `served` and was made at that time answers this one. Windows are ordered: one of a later window will do, and
    /// so will one that was younger than `overlap` when the wanted window began.
    pub fn is_met_by(&self, served: &Self, made_at: Timestamp, overlap: SignedDuration) -> bool {
        let young_at = |window| made_at.checked_add(overlap).is_ok_and(|end| end > window);
        served.hash == self.hash && (self.window <= served.window || self.window.is_none_or(young_at))
    }
}

struct Sha256Mac(Hmac<Sha256>);

impl Sha256Mac {
    fn new(key: &str) -> Self {
        let block = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_bytes());
        Self(block.unwrap_or_else(|_| <Hmac<Sha256> as KeyInit>::new(&Default::default())))
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> String {
        let mut text = String::from("1:");
        for byte in self.0.finalize().into_bytes().iter().take(12) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
