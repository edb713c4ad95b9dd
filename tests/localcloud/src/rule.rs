//! Faults on demand: which requests they befall, and the requests that are held.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::fault::Fault;
use crate::locked;

/// Which requests a fault befalls. Without a condition it is the next one; it fires once.
///
/// ```
/// use localcloud::{Fault, Rule};
/// let lost_answer = Rule::new(Fault::DropAfter).on("CreateAccessKey");
/// let seventh = Rule::new(Fault::Throttle).at_call(7);
/// let second_and_third = Rule::new(Fault::error_before(500, "ServiceFailure")).on("TagUser").nth(2).times(2);
/// ```
#[derive(Clone, Debug)]
pub struct Rule {
    when: When,
    fault: Fault,
}

/// The conditions of a [`Rule`].
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct When {
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    call: Option<u64>,
    #[serde(default = "one")]
    nth: u64,
    #[serde(default = "one")]
    times: u64,
}

impl Rule {
    /// A rule for the next request, whatever it is.
    pub fn new(fault: Fault) -> Self {
        let when = When { on: None, call: None, nth: 1, times: 1 };
        Self { when, fault }
    }

    pub(crate) fn of(when: When, fault: Fault) -> Self {
        Self { when, fault }
    }

    /// Only requests of this action, `CreateAccessKey` for example.
    pub fn on(mut self, action: &str) -> Self {
        self.when.on = Some(action.to_owned());
        self
    }

    /// Only the request with this number, counted from 1 over all requests since the stand-in
    /// started or [`Faults::restart_count`] was called; with `times(k)` the k requests from it on.
    pub fn at_call(mut self, call: u64) -> Self {
        self.when.call = Some(call);
        self
    }

    /// The n-th request, counted from 1, that meets the other conditions since the rule was added.
    pub fn nth(mut self, nth: u64) -> Self {
        self.when.nth = nth;
        self
    }

    /// Fires this often in a row instead of once.
    pub fn times(mut self, times: u64) -> Self {
        self.when.times = times;
        self
    }

    /// Fires on every request that meets the conditions.
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }
}

impl When {
    fn meets(&self, action: &str, call: u64) -> bool {
        let here = |first: u64| call >= first && call - first < self.times;
        self.on.as_deref().is_none_or(|wanted| wanted == action) && self.call.is_none_or(here)
    }
}

/// A request that waits to be released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The journal's number of the request; [`Faults::release`] takes it.
    pub seq: u64,
    /// Its action.
    pub action: String,
    /// Whether it was done already: true for `HoldAfter`.
    pub done: bool,
}

/// The rules in force and the requests they hold. Shared by every cloud of the stand-in.
#[derive(Debug)]
pub struct Faults {
    book: Mutex<Book>,
    held: watch::Sender<Vec<Held>>,
    hangs: watch::Sender<u64>,
    /// Held requests over which a process has died, or that a test holds.
    pub(crate) mourned: Mutex<BTreeSet<u64>>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        let (held, hangs) = (watch::Sender::new(Vec::new()), watch::Sender::new(0));
        Self { book: Mutex::default(), held, hangs, mourned: Mutex::default() }
    }

    /// Puts a rule in force. Where several meet a request, the oldest one decides.
    pub fn add(&self, rule: Rule) {
        locked(&self.book).rules.push(Armed { rule, met: 0, fired: 0 });
    }

    /// Withdraws every rule. What is already held or hanging stays so.
    pub fn clear(&self) {
        locked(&self.book).rules.clear();
    }

    /// How many rules have not fired yet: a test whose fault never struck has proved nothing.
    pub fn unfired(&self) -> usize {
        let book = locked(&self.book);
        book.rules.iter().filter(|armed| armed.fired == 0).count()
    }

    /// How many requests have arrived since the start or the last [`Faults::restart_count`].
    pub fn calls(&self) -> u64 {
        locked(&self.book).calls
    }

    /// Makes the next request number 1 again.
    pub fn restart_count(&self) {
        locked(&self.book).calls = 0;
    }

    /// The requests that are held now, oldest first.
    pub fn held(&self) -> Vec<Held> {
        self.held.borrow().clone()
    }

    /// Waits until some request is held and gives the oldest one.
    pub async fn until_held(&self) -> Option<Held> {
        let mut held = self.held.subscribe();
        let seen = held.wait_for(|held| !held.is_empty()).await.ok()?;
        seen.first().cloned()
    }

    /// Lets a held request go on. False if no such request is held.
    pub fn release(&self, seq: u64) -> bool {
        self.held.send_if_modified(|held| {
            let before = held.len();
            held.retain(|one| one.seq != seq);
            held.len() != before
        })
    }

    /// Lets every held request go on and says how many they were.
    pub fn release_all(&self) -> usize {
        self.held.send_replace(Vec::new()).len()
    }

    /// The number of requests that began to hang so far; a receiver learns of each new one.
    pub fn hangs(&self) -> watch::Receiver<u64> {
        self.hangs.subscribe()
    }

    /// Counts a request and finds the fault that befalls it.
    pub(crate) fn strike(&self, action: &str) -> (u64, Option<Fault>) {
        let mut book = locked(&self.book);
        book.calls += 1;
        let call = book.calls;
        let mut fault = None;
        for armed in &mut book.rules {
            if !armed.rule.when.meets(action, call) {
                continue;
            }
            armed.met += 1;
            let due = armed.met >= armed.rule.when.nth && armed.fired < armed.rule.when.times;
            if due && fault.is_none() {
                armed.fired += 1;
                fault = Some(armed.rule.fault.clone());
            }
        }
        (call, fault)
    }

    pub(crate) async fn hold(&self, held: Held) {
        let seq = held.seq;
        let mut changes = self.held.subscribe();
        self.held.send_modify(|all| all.push(held));
        let _left = Leave { faults: self, seq };
        // An error means that the stand-in itself has ended; then nothing is left to wait for.
        let _ = changes.wait_for(|all| all.iter().all(|one| one.seq != seq)).await;
    }

    pub(crate) fn hang_begins(&self) {
        self.hangs.send_modify(|hangs| *hangs += 1);
    }
}

#[derive(Debug, Default)]
struct Book {
    calls: u64,
    rules: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    met: u64,
    fired: u64,
}

/// Takes a held request off the list when its client has gone.
struct Leave<'a> {
    faults: &'a Faults,
    seq: u64,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.faults.release(self.seq);
    }
}

fn one() -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(faults: &Faults, actions: &[&str]) -> Vec<bool> {
        actions.iter().map(|action| faults.strike(action).1.is_some()).collect()
    }

    #[test]
    fn a_rule_fires_once_on_the_next_request_of_its_action() {
        let faults = Faults::new();
        faults.add(Rule::new(Fault::Throttle).on("TagUser"));
        assert_eq!(faults.unfired(), 1);
        assert_eq!(struck(&faults, &["GetUser", "TagUser", "TagUser"]), [false, true, false]);
        assert_eq!(faults.unfired(), 0);
    }

    #[test]
    fn a_rule_finds_the_call_with_its_number() {
        let faults = Faults::new();
        faults.add(Rule::new(Fault::Hang).at_call(3).times(2));
        assert_eq!(struck(&faults, &["A", "B", "C", "D", "E"]), [false, false, true, true, false]);
        faults.add(Rule::new(Fault::Hang).at_call(2));
        faults.restart_count();
        assert_eq!(struck(&faults, &["A", "B", "C"]), [false, true, false]);
    }

    #[test]
    fn the_nth_of_an_action_is_counted_from_the_rule_on() {
        let faults = Faults::new();
        struck(&faults, &["TagUser"]);
        faults.add(Rule::new(Fault::CutBody).on("TagUser").nth(2));
        assert_eq!(struck(&faults, &["TagUser", "GetUser", "TagUser", "TagUser"]), [false, false, true, false]);
    }

    #[test]
    fn always_means_always() {
        let faults = Faults::new();
        faults.add(Rule::new(Fault::DropBefore).always());
        assert_eq!(struck(&faults, &["A", "B", "C"]), [true, true, true]);
    }

    #[test]
    fn conditions_and_faults_are_read_from_json() {
        let when: When = serde_json::from_str(r#"{"on":"TagUser","nth":2}"#).unwrap();
        assert_eq!((when.on.as_deref(), when.nth, when.times), (Some("TagUser"), 2, 1));
        let fault: Fault =
            serde_json::from_str(r#"{"kind":"error_after","status":503,"code":"ServiceUnavailable"}"#).unwrap();
        assert_eq!(fault.name(), "error_after");
    }
}
