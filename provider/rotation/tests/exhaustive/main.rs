//! Every life of up to four actions with up to two faults, from an empty stack, on the reference system: breadth first, with
//! states that differ only in names and in moments of no consequence taken as one.
//!
//! In every state the invariants of [`Watch`] hold, at most four plain runs reach a quiet one, and a destroy leaves nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod search;
mod secrets;
mod stores;

use rotation::testing::InMemoryRules;

use jiff::SignedDuration;
use search::{DAY, MINUTE, SECOND, rules, search, search_older};

#[test]
fn a_small_quota() {
    // At the quota a second rotation waits until the first one's overlap is over.
    search("quota 2", rules(2, 0), (MINUTE, DAY * 3));
}

#[test]
fn runs_that_follow_while_lists_still_lag() {
    search("quota 2, lag", rules(2, 50), (SECOND * 5, DAY * 3));
}

#[test]
fn room_for_every_key() {
    search("quota 9", rules(9, 0), (MINUTE, SignedDuration::ZERO));
}

#[test]
fn names_known_before_the_keys_are_made() {
    // With three keys, two Creates that each died before the engine saved them leave no place: a person decides, as use is not told.
    let mut rules = InMemoryRules::like_oci(SECOND * 20);
    rules.capability.quota = Some(9);
    search("quota 9, names known, lag", rules, (SECOND * 5, DAY * 3));
}

#[test]
fn marks_on_the_keys() {
    search("marks on keys", InMemoryRules::like_confluent(), (MINUTE, SignedDuration::ZERO));
}

#[test]
fn keys_that_end_by_themselves() {
    // Some end between two runs, some are renewed, and some are listed because a state or a mark names them.
    search("keys that end", InMemoryRules::like_leases(DAY * 40), (MINUTE, SignedDuration::ZERO));
}

/// States that are older than reality and states that forgot their keys; dependents that are not updated, where use is told.
#[test]
fn lesson_a1_older_states_at_a_small_quota() {
    search_older("older states, quota 2", rules(2, 0), (MINUTE, DAY * 3));
}

#[test]
fn lesson_a1_older_states_where_use_is_not_told() {
    let mut rules = InMemoryRules::like_oci(SignedDuration::ZERO);
    rules.capability.quota = Some(9);
    search_older("older states, quota 9, names known", rules, (MINUTE, DAY * 3));
}

/// Marks are read late by a run that follows at once.
#[test]
fn lesson_c3_older_states_while_marks_lag() {
    let rules = InMemoryRules { marks_after: SECOND * 10, ..rules(3, 20) };
    search_older("older states, quota 3, marks lag", rules, (SECOND * 5, DAY * 3));
}
