//! The same with stores that consumers read keys from.

use jiff::SignedDuration;
use rotation::testing::InMemoryRules;

use super::search::{DAY, FAULTS, MINUTE, Node, SECOND, rules, search_from, start};

const ONE: &[&str] = &["a"];
const TWO: &[&str] = &["a", "b"];

#[test]
fn one_store() {
    search_from("quota 2, one store", start(rules(2, 0), MINUTE, FAULTS).delivering(ONE), DAY * 3);
}

#[test]
fn one_store_and_marks_on_the_keys() {
    let rules = InMemoryRules::like_confluent();
    search_from("marks on keys, one store", start(rules, MINUTE, FAULTS).delivering(ONE), SignedDuration::ZERO);
}

/// A run that follows at once reads what stood in the store before.
#[test]
fn a_store_that_lags() {
    let rules = InMemoryRules { stores_after: SECOND * 10, ..rules(2, 20) };
    search_from("quota 2, a store that lags", start(rules, SECOND * 5, FAULTS).delivering(ONE), DAY * 3);
}

#[test]
fn two_stores() {
    // With two keys, two Creates that each died between the stores leave no place: consumers of either store read a key of their own.
    let start = Node { depth: 3, ..start(rules(3, 0), MINUTE, FAULTS).delivering(TWO) };
    search_from("quota 3, two stores", start, DAY * 3);
}

/// The program names more stores and fewer; people edit them, move them back and delete them.
#[test]
fn two_stores_that_change() {
    let start = Node { meddles: true, ..start(rules(3, 0), MINUTE, 1).delivering(TWO) };
    search_from("quota 3, two stores that change", start, DAY * 3);
}

#[test]
fn a_replacement_with_a_store() {
    let start = Node { depth: 3, replaces: true, ..start(rules(9, 0), MINUTE, FAULTS).delivering(ONE) };
    search_from("quota 9, one store, replacement", start, DAY * 3);
}

#[test]
fn a_replacement_with_two_stores() {
    let start = Node { depth: 3, replaces: true, ..start(rules(9, 0), MINUTE, FAULTS).delivering(TWO) };
    search_from("quota 9, two stores, replacement", start, DAY * 3);
}

/// The Delete of what was replaced comes at once.
#[test]
fn a_replacement_with_a_store_that_lags() {
    let rules = InMemoryRules { stores_after: SECOND * 10, marks_after: SECOND * 10, ..rules(9, 20) };
    let start = Node { depth: 3, replaces: true, ..start(rules, SECOND * 5, FAULTS).delivering(ONE) };
    search_from("quota 9, a store that lags, replacement", start, DAY * 3);
}

/// The store is ahead of a state that was put back.
#[test]
fn older_states_with_a_store_ahead() {
    let start = start(rules(9, 0), MINUTE, 1).delivering(ONE).older();
    search_from("older states, quota 9, one store", start, DAY * 3);
}

#[test]
fn older_states_with_a_store_ahead_that_cannot_be_read_back() {
    let rules = InMemoryRules { stores_are_opaque: true, ..rules(9, 0) };
    search_from("older states, quota 9, one opaque store", start(rules, MINUTE, 1).delivering(ONE).older(), DAY * 3);
}

#[test]
fn older_states_with_a_store_ahead_at_a_small_quota() {
    let start = start(rules(2, 0), MINUTE, 1).delivering(ONE).older();
    search_from("older states, quota 2, one store", start, DAY * 3);
}

#[test]
fn older_states_with_a_store_ahead_that_lags() {
    let rules = InMemoryRules { marks_after: SECOND * 10, stores_after: SECOND * 10, ..rules(3, 20) };
    let start = start(rules, SECOND * 5, 1).delivering(ONE).older();
    search_from("older states, quota 3, marks and a store that lag", start, DAY * 3);
}
