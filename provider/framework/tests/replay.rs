//! Exchanges recorded from the real engine, replayed.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, reason = "a test stops where it must")]

#[path = "../examples/random-token/token.rs"]
mod token;

use pulumi_provider::testing::{Harness, replay};

/// A token's whole life: made, left alone, replaced, refreshed and deleted, by five commands of engine 3.259.
const TOKEN: &str = include_str!("replay/token.json");

#[tokio::test]
async fn a_recorded_life_goes_as_it_went() {
    let harness = Harness::start(token::Tokens).await.unwrap();
    let replayed = replay(&harness, TOKEN).await.unwrap();
    assert_eq!(replayed, TOKEN.lines().count());
    for method in ["Handshake", "Configure", "Check", "Diff", "Create", "Read", "Delete", "Cancel"] {
        assert!(TOKEN.contains(&format!("ResourceProvider/{method}\"")), "{method} was not recorded");
    }
}

#[tokio::test]
async fn a_life_that_goes_otherwise_is_told_by_line() {
    let harness = Harness::start(token::Tokens).await.unwrap();
    let other = TOKEN.replacen("\"DIFF_SOME\"", "\"DIFF_NONE\"", 1);
    assert_ne!(other, TOKEN);
    let problems = replay(&harness, &other).await.unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("changes: recorded \"DIFF_NONE\", answered \"DIFF_SOME\""), "{problems:?}");
}
