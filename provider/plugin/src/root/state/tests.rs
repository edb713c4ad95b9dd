use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-{text}T00:00:00Z").parse().unwrap()
}

fn wanted(hash: &str, window: Option<&str>) -> Trigger {
    Trigger { hash: hash.to_owned(), window: window.map(at) }
}

fn role(turned: &str) -> Evidence {
    Evidence { last_vault_rotation: Some(at(turned)), ..Evidence::default() }
}

fn key(id: &str) -> Evidence {
    Evidence { access_key_id: Some(id.to_owned()), ..Evidence::default() }
}

/// One whose rotation for this trigger was carried out in January.
fn served(evidence: Evidence, trigger: &Trigger) -> RootState {
    let mut state = RootState::new("instance".to_owned());
    state.record_rotation(evidence, trigger, at("01-01"));
    state
}

#[test]
fn a_new_one_is_rotated_and_an_imported_one_is_not() {
    let one = wanted("one", None);
    let mut new = RootState::new("instance".to_owned());
    assert!(!new.serves(&one));
    new.observe(&role("01-01"), &one, at("01-02"));
    assert!(!new.serves(&one), "whoever set it up knows the password");
    let mut imported = RootState::imported("instance".to_owned(), role("01-01"));
    imported.stand_for(&one);
    assert!(imported.serves(&one) && !imported.serves(&wanted("two", None)));
    assert_eq!((imported.generation, imported.rotated_at), (0, Some(at("01-01"))));
}

#[test]
fn keepers_and_a_new_period_ask_once() {
    for evidence in [role("01-01"), key("one"), Evidence::default()] {
        let first = wanted("one", None);
        let mut state = served(evidence.clone(), &first);
        assert!(state.serves(&first));
        for next in [wanted("two", None), wanted("one", Some("03-01"))] {
            state.observe(&evidence, &next, at("03-02"));
            assert!(!state.serves(&next), "{evidence:?} {next:?}");
        }
        let next = wanted("one", Some("03-01"));
        state.record_rotation(evidence, &next, at("03-02"));
        assert!(state.serves(&next) && state.generation == 2);
    }
}

#[test]
fn a_static_role_that_turned_since_the_period_began_serves_it_and_no_keepers() {
    let mut state = served(role("01-01"), &wanted("one", None));
    let period = wanted("one", Some("03-01"));
    state.observe(&role("02-28"), &period, at("03-03"));
    assert!(!state.serves(&period), "it turned before");
    state.observe(&role("03-02"), &wanted("two", Some("03-01")), at("03-03"));
    assert!(!state.serves(&wanted("two", Some("03-01"))), "other keepers want a turn of their own");
    state.observe(&role("03-02"), &period, at("03-03"));
    assert!(state.serves(&period));
    assert_eq!((state.generation, state.rotated_at), (1, Some(at("03-02"))), "Vault did it, not this resource");
    state.observe(&key("two"), &wanted("one", Some("04-01")), at("04-02"));
    assert!(!state.serves(&wanted("one", Some("04-01"))), "an access key does not tell when");
}

#[test]
fn a_lost_answer_is_settled_by_what_vault_tells() {
    let (one, two) = (wanted("one", None), wanted("two", None));
    for (before, after) in [(role("01-01"), role("02-01")), (key("one"), key("two"))] {
        let mut state = served(before.clone(), &one);
        state.mark_unknown(&two);
        assert!(state.is_left_over());
        let mut same = state.clone();
        same.observe(&before, &two, at("02-02"));
        assert!(!same.serves(&two) && same.is_left_over(), "it did not turn");
        state.observe(&after, &two, at("02-02"));
        assert!(state.serves(&two) && !state.is_left_over() && state.generation == 2, "it turned");
    }
    let mut silent = served(Evidence::default(), &one);
    silent.mark_unknown(&two);
    silent.observe(&Evidence::default(), &two, at("02-02"));
    assert!(!silent.serves(&two), "nobody tells, so it is ordered again");
}

#[test]
fn an_unanswered_order_serves_what_it_was_given_for_alone() {
    let mut state = served(key("one"), &wanted("one", None));
    state.mark_unknown(&wanted("two", Some("02-01")));
    let mut later = state.clone();
    later.observe(&key("two"), &wanted("two", Some("03-01")), at("03-02"));
    assert!(!later.serves(&wanted("two", Some("03-01"))), "a later period wants another turn");
    state.observe(&key("two"), &wanted("one", None), at("03-02"));
    assert!(state.serves(&wanted("one", None)) && !state.is_left_over(), "the inputs went back");
    assert_eq!(state.generation, 1);
}

#[test]
fn a_first_order_without_an_answer_is_not_taken_for_an_import() {
    let one = wanted("one", None);
    let mut state = RootState::new("instance".to_owned());
    state.mark_unknown(&one);
    state.stand_for(&one);
    assert!(!state.serves(&one));
}

#[test]
fn outputs_are_read_back() {
    let mut state = served(key("one"), &wanted("one", Some("01-01")));
    state.mark_unknown(&wanted("two", Some("02-01")));
    let outputs = to_outputs(&Object::new(), &state, None).unwrap();
    assert_eq!(outputs["accessKeyId"], Value::from("one"));
    assert_eq!(from_outputs(&outputs).unwrap(), state);
    let newer = outputs.into_iter().chain([("stateVersion".to_owned(), Value::Number(3.0))]).collect();
    assert!(from_outputs(&newer).unwrap_err().message.contains("version 3"));
}
