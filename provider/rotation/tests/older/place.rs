//! Another account answers.

use super::*;

/// Every run, plain and with keepers that changed, in the middle of an overlap and after a death: the state stays, and nothing is written there.
#[tokio::test]
async fn lesson_b1_another_account_changes_nothing() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        for run in Elsewhere::ALL {
            let outcome = watch.elsewhere(&cloud, &inputs("2"), run).await;
            let asks = !matches!(run, Elsewhere::Refresh);
            assert_eq!(matches!(outcome, Outcome::Failed(_)), asks, "{name} {run:?}: {outcome:?}");
        }
        watch.up(&inputs("2")).await;
        cloud.inject(cloud.calls().len() + 5, Fault::DieAfter);
        watch.up(&inputs("3")).await;
        for run in Elsewhere::ALL {
            watch.elsewhere(&cloud, &inputs("3"), run).await;
        }
        settle(&mut watch, &inputs("3"), DAY * 5).await;
        watch.destroyed().await;
    }
}

/// A state that forgot its keys knows its account still.
#[tokio::test]
async fn lesson_b1_a_forgetful_state_makes_no_key_elsewhere() {
    for (_, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        watch.forget_keys();
        for run in Elsewhere::ALL {
            watch.elsewhere(&cloud, &inputs("1"), run).await;
        }
    }
}

/// A system that was restored under another id carries our mark: the run goes on, and the state learns the id.
#[tokio::test]
async fn lesson_b1_our_own_mark_proves_a_restored_system() {
    for (name, rules) in systems() {
        let cloud = on(rules.clone());
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        let restored = cloud.with_rules(InMemoryRules { account: Some("restored"), ..rules });
        let mut watch = watch.on(&restored);
        assert!(watch.up(&inputs("2")).await.is_done(), "{name}");
        assert_eq!(state(&watch).account.as_deref(), Some("restored"), "{name}");
        settle(&mut watch, &inputs("2"), DAY * 5).await;
        watch.destroyed().await;
    }
}

/// Without an answer to whose account it is, the keys themselves prove the place.
#[tokio::test]
async fn lesson_b1_a_system_that_does_not_say_is_known_by_its_keys() {
    for (name, rules) in systems() {
        let silent = InMemoryRules { account: None, ..rules };
        let cloud = on(silent.clone());
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        assert!(watch.up(&inputs("2")).await.is_done(), "{name}");
        settle(&mut watch, &inputs("2"), DAY * 5).await;
        let (before, empty) = (state(&watch).clone(), on(silent));
        watch.stack.refresh(&empty).await;
        assert_eq!(state(&watch), &before, "{name}: a refresh forgot the keys");
        let destroyed = watch.stack.destroy(&empty).await;
        assert!(matches!(destroyed, Outcome::Failed(_)), "{name}: {destroyed:?}");
        watch.destroyed().await;
    }
}
