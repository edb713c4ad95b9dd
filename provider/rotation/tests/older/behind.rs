//! What the random lives and the exhaustive search found.

use super::*;

fn revoking(keeper: &str) -> RotationArgs {
    Life::revoking(keeper, "leak")
}

/// A rotation, after which the state of before it is put back; the key that it gave to dependents.
async fn put_back_after_a_rotation(watch: &mut Watch<'_>) -> KeyId {
    watch.up(&Life::inputs("1", false)).await;
    let older = watch.stack.clone();
    watch.rig.clock().advance(HOUR);
    watch.up(&Life::inputs("2", false)).await;
    let second = held(watch);
    watch.put_back(&older);
    second
}

/// A refresh notes a key that the state does not contain; a person deletes that key; then a revocation names it.
#[tokio::test]
async fn lesson_a6_a_revoked_key_that_was_deleted_meanwhile_does_not_keep_runs_busy() {
    for (_, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        let second = put_back_after_a_rotation(&mut watch).await;
        watch.rig.clock().advance(HOUR);
        watch.stack.refresh(watch.rig).await;
        cloud.delete(&second);
        watch.harmed.insert(second);
        watch.rig.clock().advance(HOUR);
        assert!(watch.up(&revoking("2")).await.is_done());
        assert!(watch.stack.state().unwrap().revoking.is_empty());
        watch.until_quiet(&revoking("2")).await;
        watch.destroyed().await;
    }
}

/// A new key is promoted, an older state is put back within seconds, and the next run reads the mark as it stood before the promotion.
#[tokio::test]
async fn lesson_c3_a_key_that_was_promoted_a_moment_ago_is_no_orphan() {
    for lag in [2, 10] {
        let rules = InMemoryRules { marks_after: SECOND * lag, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
        for back in ["1", "2"] {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            let second = put_back_after_a_rotation(&mut watch).await;
            watch.rig.clock().advance(SECOND);
            watch.stack.refresh(watch.rig).await;
            let outcome = watch.up(&Life::inputs(back, false)).await;
            assert!(cloud.works(&second), "{lag} {back}: {outcome:?}");
        }
    }
}

/// The same with a state in which that key is pending, and keepers that went back.
#[tokio::test]
async fn lesson_c3_a_pending_key_that_was_promoted_a_moment_ago_is_not_removed() {
    for lag in [2, 10] {
        let rules = InMemoryRules { marks_after: SECOND * lag, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        watch.rig.clock().advance(HOUR);
        cloud.set_probe_fails(true);
        watch.up(&Life::inputs("2", false)).await;
        cloud.set_probe_fails(false);
        let older = watch.stack.clone();
        assert!(watch.stack.state().unwrap().pending.is_some());
        watch.up(&Life::inputs("2", false)).await;
        let second = held(&watch);
        watch.put_back(&older);
        watch.rig.clock().advance(SECOND);
        let outcome = watch.up(&Life::inputs("1", false)).await;
        assert!(cloud.works(&second), "{lag}: {outcome:?}");
    }
}
