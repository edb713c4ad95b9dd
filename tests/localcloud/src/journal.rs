//! What was asked of the stand-in, by whom, and what came of it. No secrets.

use std::sync::Mutex;

use jiff::Timestamp;
use serde::Serialize;

use crate::locked;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its number since the stand-in started, from 1; a reset does not start again.
    pub seq: u64,
    /// Its number for [`crate::Rule::at_call`]: from 1 since the count was last restarted.
    pub call: u64,
    /// When it arrived, by the stand-in's clock.
    pub at: Timestamp,
    /// What it asked for, `CreateAccessKey` for example.
    pub action: String,
    /// The id of the key that signed it; absent unless the signature was right.
    pub signer: Option<String>,
    /// The principal it was about: a user's name on AWS.
    pub principal: Option<String>,
    /// The key it was about, or that it made: its public id.
    pub key: Option<String>,
    /// The fault that befell it.
    pub fault: Option<&'static str>,
    /// What the answer does not tell about the outcome, where it hides something.
    pub reason: Option<&'static str>,
    /// What the stand-in did: `OK`, or the code of its refusal. Absent if it never got that far.
    pub outcome: Option<String>,
    /// The HTTP status that was sent. Absent if no answer was.
    pub answered: Option<u16>,
}

/// The part of an [`Entry`] that is known once a request was dealt with.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// See [`Entry::signer`].
    pub signer: Option<String>,
    /// See [`Entry::principal`].
    pub principal: Option<String>,
    /// See [`Entry::key`].
    pub key: Option<String>,
    /// See [`Entry::outcome`].
    pub outcome: String,
    /// See [`Entry::reason`].
    pub reason: Option<&'static str>,
}

/// Every request so far.
#[derive(Debug, Default)]
pub struct Journal {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    last: u64,
    entries: Vec<Entry>,
}

impl Journal {
    /// The entries, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        locked(&self.pages).entries.clone()
    }

    /// Forgets every entry; numbers go on, so that a late answer finds no stranger's entry.
    pub(crate) fn clear(&self) {
        locked(&self.pages).entries.clear();
    }

    /// Opens an entry and gives its number.
    pub(crate) fn arrived(&self, at: Timestamp, call: u64, action: &str, fault: Option<&'static str>) -> u64 {
        let mut pages = locked(&self.pages);
        pages.last += 1;
        let seq = pages.last;
        pages.entries.push(Entry {
            seq,
            call,
            at,
            action: action.to_owned(),
            signer: None,
            principal: None,
            key: None,
            fault,
            outcome: None,
            reason: None,
            answered: None,
        });
        seq
    }

    pub(crate) fn done(&self, seq: u64, effect: Effect) {
        self.change(seq, |entry| {
            entry.signer = effect.signer;
            entry.principal = effect.principal;
            entry.key = effect.key;
            entry.outcome = Some(effect.outcome);
            entry.reason = effect.reason;
        });
    }

    pub(crate) fn answered(&self, seq: u64, status: u16) {
        self.change(seq, |entry| entry.answered = Some(status));
    }

    fn change(&self, seq: u64, change: impl FnOnce(&mut Entry)) {
        let mut pages = locked(&self.pages);
        if let Some(entry) = pages.entries.iter_mut().find(|entry| entry.seq == seq) {
            change(entry);
        }
    }
}
