//! The same with secrets that the state leaves to stores.

use rotation::testing::InMemoryRules;

use super::search::{DAY, FAULTS, MINUTE, Node, SECOND, rules, search_from, start};

const ONE: &[&str] = &["a"];
const TWO: &[&str] = &["a", "b"];

/// The second store holds nothing staged, as KV.
fn with_kv(quota: usize) -> InMemoryRules {
    InMemoryRules { unstaged: &["b"], ..rules(quota, 0) }
}

#[test]
fn secrets_left_to_one_store() {
    let start = start(rules(2, 0), MINUTE, 1).delivering(ONE).leaving_secrets();
    search_from("quota 2, secrets left to one store", start, DAY * 3);
}

#[test]
fn secrets_left_to_one_store_with_two_faults() {
    let start = Node { depth: 3, ..start(rules(3, 0), MINUTE, FAULTS).delivering(ONE).leaving_secrets() };
    search_from("quota 3, secrets left to one store, two faults", start, DAY * 3);
}

#[test]
fn secrets_left_to_a_store_that_stages_nothing() {
    let start = Node { depth: 3, ..start(with_kv(3), MINUTE, FAULTS).delivering(&["b"]).leaving_secrets() };
    search_from("quota 3, secrets left to a store without stages", start, DAY * 3);
}

#[test]
fn secrets_left_to_two_stores() {
    let start = Node { depth: 3, ..start(rules(3, 0), MINUTE, FAULTS).delivering(TWO).leaving_secrets() };
    search_from("quota 3, secrets left to two stores", start, DAY * 3);
}

#[test]
fn secrets_left_to_two_stores_of_which_one_stages_nothing() {
    let start = Node { depth: 3, ..start(with_kv(3), MINUTE, FAULTS).delivering(TWO).leaving_secrets() };
    search_from("quota 3, secrets left to two stores, one without stages", start, DAY * 3);
}

/// One of the two gives nothing back.
#[test]
fn secrets_left_to_two_stores_that_change_and_of_which_one_is_opaque() {
    let rules = InMemoryRules { opaque: &["b"], ..rules(3, 0) };
    let start = start(rules, MINUTE, 1).delivering(TWO).leaving_secrets();
    let start = Node { depth: 3, meddles: true, toggles: true, ..start };
    search_from("quota 3, secrets left to two stores that change, one opaque", start, DAY * 3);
}

/// People edit and delete them, programs name more and fewer of them, and ask for the secret in the state and not.
#[test]
fn secrets_left_to_two_stores_that_change() {
    let start = start(with_kv(3), MINUTE, 1).delivering(TWO).leaving_secrets();
    let start = Node { depth: 3, meddles: true, toggles: true, ..start };
    search_from("quota 3, secrets left to two stores that change", start, DAY * 3);
}

#[test]
fn secrets_left_to_a_store_that_lags() {
    let rules = InMemoryRules { stores_after: SECOND * 10, marks_after: SECOND * 10, ..rules(3, 20) };
    let start = Node { depth: 3, ..start(rules, SECOND * 5, FAULTS).delivering(ONE).leaving_secrets() };
    search_from("quota 3, secrets left to a store that lags", start, DAY * 3);
}

#[test]
fn secrets_left_to_a_store_and_a_replacement() {
    let start = start(rules(9, 0), MINUTE, FAULTS).delivering(ONE).leaving_secrets();
    search_from("quota 9, secrets left, replacement", Node { depth: 3, replaces: true, ..start }, DAY * 3);
}

#[test]
fn secrets_left_to_a_store_and_older_states() {
    let start = Node { depth: 3, ..start(rules(9, 0), MINUTE, 1).delivering(ONE).leaving_secrets().older() };
    search_from("older states, quota 9, secrets left", start, DAY * 3);
}
