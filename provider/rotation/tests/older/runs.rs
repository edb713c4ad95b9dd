//! Runs: deaths under another name, marks that lag, clocks that are off, probes without an answer, two at once.

use super::*;

/// A rotation dies, the resource is renamed: the mark under its former name is ours with all that it says.
#[tokio::test]
async fn lesson_c2_a_death_and_then_another_name_leave_nothing() {
    for (name, rules) in systems() {
        let calls = {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            watch.up(&Life::inputs("1", false)).await;
            calls_of(&cloud, &watch, &Life::inputs("2", false)).await.len()
        };
        for call in 0..calls {
            for fault in [Fault::DieBefore, Fault::DieAfter] {
                for destroys in [false, true] {
                    let cloud = on(rules.clone());
                    let mut watch = Watch::new(&cloud, DAY);
                    watch.up(&Life::inputs("1", false)).await;
                    cloud.inject(cloud.calls().len() + call, fault);
                    watch.up(&Life::inputs("2", false)).await;
                    cloud.clock().advance(SECOND);
                    watch.stack = watch.stack.clone().renamed("stack/project/new-name");
                    if destroys {
                        watch.destroyed().await;
                        assert_eq!((cloud.keys().len(), cloud.marks()), (0, 0), "{name} {call} {fault:?}");
                        continue;
                    }
                    watch.stack.refresh(watch.rig).await;
                    let outcome = watch.up(&Life::inputs("2", false)).await;
                    assert!(!matches!(outcome, Outcome::Failed(_)), "{name} {call} {fault:?}: {outcome:?}");
                    cloud.clock().advance(DAY * 2);
                    settle(&mut watch, &Life::inputs("2", false), DAY * 3).await;
                    assert!(cloud.marks() <= cloud.keys().len().max(1), "{name} {call} {fault:?}");
                }
            }
        }
    }
}

/// The former mark goes on naming the dead run's key after that was removed; the key that takes its place takes its number too.
#[tokio::test]
async fn lesson_c2_a_key_that_nobody_was_given_costs_no_generation_under_another_name() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        let mint = next_mint(&cloud, &watch, &Life::inputs("2", false)).await;
        cloud.inject(mint + 1, Fault::DieAfter);
        assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Died));
        watch.stack = watch.stack.clone().renamed("stack/project/new-name");
        let outcome = watch.up(&Life::inputs("2", false)).await;
        assert!(outcome.is_done(), "{name}: {outcome:?}");
        assert_eq!(state(&watch).generation, 2, "{name}");
    }
}

/// Marks are read some seconds late; a run begins right after a death.
#[tokio::test]
async fn lesson_c3_a_run_right_after_a_death_waits_for_marks_that_lag() {
    for lag in [2, 10] {
        let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
        rules.marks_after = SECOND * lag;
        let calls = {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            watch.up(&Life::inputs("1", false)).await;
            cloud.clock().advance(HOUR);
            calls_of(&cloud, &watch, &Life::inputs("2", false)).await.len()
        };
        for call in 0..calls {
            for fault in [Fault::DieBefore, Fault::DieAfter] {
                let cloud = on(rules.clone());
                let mut watch = Watch::new(&cloud, DAY);
                watch.up(&Life::inputs("1", false)).await;
                cloud.clock().advance(HOUR);
                cloud.inject(cloud.calls().len() + call, fault);
                watch.up(&Life::inputs("2", false)).await;
                cloud.calm();
                watch.up(&Life::inputs("2", false)).await;
                cloud.clock().advance(DAY * 2);
                watch.stack.refresh(watch.rig).await;
                settle(&mut watch, &Life::inputs("2", false), DAY * 4).await;
                watch.destroyed().await;
            }
        }
    }
}

/// A machine whose clock is minutes off leaves nothing behind: the time of an unanswered mint is told by the system's clock.
#[tokio::test]
async fn lesson_c5_a_clock_that_is_off_leaves_nothing_behind() {
    for off in [-120, -20, 20, 120] {
        let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
        rules.ahead = SECOND * off;
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        watch.rig.clock().advance(HOUR);
        let mint = next_mint(&cloud, &watch, &Life::inputs("2", false)).await;
        cloud.inject(mint, Fault::HangAfter);
        assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Failed(_)));
        watch.until_quiet(&Life::inputs("2", false)).await;
        assert_eq!(cloud.keys().len(), 2, "off by {off} s: current and previous, and no lost one");
        watch.destroyed().await;
    }
}

/// Once a recorded key of a dead run is removed, nobody waits for its claim.
#[tokio::test]
async fn lesson_c5_no_run_waits_for_a_claim_whose_key_was_removed() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    watch.rig.clock().advance(HOUR);
    let mint = next_mint(&cloud, &watch, &Life::inputs("2", false)).await;
    cloud.inject(mint + 1, Fault::DieAfter);
    assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Died), "the key is recorded as minting");
    let begun = watch.rig.clock().now();
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    let took = watch.rig.clock().now().duration_since(begun);
    assert!(took < SECOND * 60, "{took}");
}

/// What could not be asked has refused nothing: a probe that fails never costs a key.
#[tokio::test]
async fn lesson_c7_a_probe_that_cannot_be_reached_never_costs_a_key() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    let plan = Life::inputs("1", false);
    cloud.set_probe_fails(true);
    let mut keys = Vec::new();
    for run in 1..=5 {
        let begun = watch.rig.clock().now();
        let Outcome::Failed(error) = watch.up(&plan).await else { panic!("run {run} fails") };
        assert_eq!(error.operation, "verify", "it names what could not be reached");
        assert!(watch.rig.clock().now().duration_since(begun) < MINUTE * 2, "run {run} ends soon");
        keys.push(cloud.keys());
    }
    assert!(keys.iter().all(|of_run| *of_run == keys[0] && of_run.len() == 1), "{keys:?}");
    cloud.set_probe_fails(false);
    assert!(watch.up(&plan).await.is_done());
    assert_eq!(cloud.keys(), keys[0]);
}

/// Two resources that begin on one principal at the same time: one of them gets its key, the other is told whose the principal is.
#[tokio::test]
async fn lesson_c8_of_two_first_creates_at_once_one_gets_its_key() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut one = Stack::new("stack/project/one");
    let mut two = Stack::new("stack/project/two");
    let (first, second) = (Life::inputs("1", false), Life::inputs("1", false));
    let (one, two) = futures::future::join(one.up(&cloud, &first), two.up(&cloud, &second)).await;
    let outcomes = [one, two];
    let done = outcomes.iter().filter(|outcome| outcome.is_done()).count();
    assert_eq!(done, 1, "{outcomes:?}");
    let named =
        |outcome: &Outcome| matches!(outcome, Outcome::Failed(error) if error.message.contains("already manages"));
    assert!(outcomes.iter().any(named), "{outcomes:?}");
    assert_eq!(cloud.keys().len(), 1);
}
