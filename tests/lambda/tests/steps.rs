//! What the four steps do, one after another and again.

use std::collections::BTreeMap;

use anyhow::{Context, Error, Result};
use jiff::SignedDuration;
use lambda_trials::{Ended, Rig, SECRET, System};
use localcloud::Consistency;
use serde_json::{Value, json};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn rotations_in_a_row_leave_the_new_key_and_the_previous_one() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({"host": "kept"}))?;
        rig.rotate().await.map_err(Error::msg)?;
        let first = rig.current().context("a key")?;
        assert!(rig.works(&first), "{:?}", rig.lines());
        assert_eq!(rig.keys(), [first.id.clone()]);
        rig.rotate().await.map_err(Error::msg)?;
        let second = rig.current().context("a key")?;
        assert!(rig.works(&second) && rig.works(&first) && second.id != first.id);
        assert_eq!(rig.read("AWSPREVIOUS").context("a previous key")?.id, first.id);
        rig.rotate().await.map_err(Error::msg)?;
        let keys = rig.keys();
        assert!(keys.len() == 2 && keys.contains(&second.id) && !keys.contains(&first.id), "{keys:?}");
        let held: Value =
            serde_json::from_str(&rig.cloud.aws().secret_value(SECRET, "AWSCURRENT").context("a value")?)?;
        assert_eq!((&held["host"], &held["system"]), (&json!("kept"), &json!(system.name())));
        assert_eq!(held["keyrotation"]["generation"], json!(3));
        assert_eq!(rig.leaks(), Vec::<String>::new());
    }
    Ok(())
}

#[tokio::test]
async fn both_spellings_rotate_and_each_step_may_be_repeated() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        let mut payloads = rig.begin()?.payloads;
        for (payload, name) in payloads.iter_mut().zip(["create_secret", "set_secret", "test_secret", "finish_secret"])
        {
            payload["Step"] = json!(name);
        }
        for payload in &payloads {
            for _ in 0..3 {
                assert_eq!(rig.invoke(payload).await, Ended::Done, "{payload}");
            }
        }
        // Those of a rotation that is over change nothing.
        let before = (rig.keys(), rig.system.tags(&rig.cloud));
        for payload in &payloads {
            assert_eq!(rig.invoke(payload).await, Ended::Done, "{payload}");
        }
        assert_eq!(before, (rig.keys(), rig.system.tags(&rig.cloud)));
        assert_eq!(rig.keys().len(), 1, "one key, however often it was asked for");
        let mints = rig.calls().iter().filter(|call| *call == system.mint_call()).count();
        assert_eq!(mints, 1);
    }
    Ok(())
}

#[tokio::test]
async fn the_test_of_a_configuration_changes_nothing() -> Result<()> {
    for system in System::ALL {
        for rotations in 0..2 {
            let rig = Rig::new(system, &json!({}))?;
            for _ in 0..rotations {
                rig.rotate().await.map_err(Error::msg)?;
            }
            let before = (rig.keys(), rig.system.tags(&rig.cloud));
            let test = rig.cloud.aws().begin_test(SECRET)?;
            assert_eq!(test.payloads.len(), 1);
            rig.steps(&test.payloads).await.map_err(Error::msg)?;
            rig.cloud.aws().end_test(&test);
            assert_eq!(before, (rig.keys(), rig.system.tags(&rig.cloud)), "{system:?}");
            rig.rotate().await.map_err(Error::msg)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_test_of_a_configuration_fails_where_a_rotation_would() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({}))?;
    let strangers: Vec<_> = (0..2).filter_map(|_| rig.system.mint(&rig.cloud)).collect();
    rig.clock.advance(HOUR);
    let test = rig.cloud.aws().begin_test(SECRET)?;
    let line = rig.steps(&test.payloads).await.unwrap_err();
    assert!(strangers.iter().all(|id| line.contains(id)) && line.contains("quota"), "{line}");
    assert_eq!(rig.keys().len(), 2);
    Ok(())
}

#[tokio::test]
async fn at_the_quota_the_previous_key_is_deleted_once_its_overlap_is_over_and_no_sooner() -> Result<()> {
    let rig = Rig::lagging(System::Aws, &json!({"overlap": "3d"}), Consistency::immediate())?;
    rig.rotate().await.map_err(Error::msg)?;
    rig.clock.advance(HOUR * 24 * 10);
    rig.rotate().await.map_err(Error::msg)?;
    let (previous, current) = (rig.read("AWSPREVIOUS").context("a key")?, rig.current().context("a key")?);
    rig.clock.advance(HOUR * 71);
    let line = rig.rotate().await.unwrap_err();
    assert!(line.contains("2026-01-14T") && line.contains(&previous.id) && line.contains("quota"), "the time: {line}");
    assert!(rig.works(&previous) && rig.works(&current), "both work");
    assert_eq!(rig.current().context("a key")?.id, current.id);
    rig.clock.advance(HOUR * 2);
    rig.rotate().await.map_err(Error::msg)?;
    assert!(!rig.keys().contains(&previous.id) && rig.works(&current));
    Ok(())
}

#[tokio::test]
async fn the_key_of_somebody_else_is_never_touched() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        let theirs = system.mint(&rig.cloud).context("a place")?;
        rig.clock.advance(HOUR);
        rig.rotate().await.map_err(Error::msg)?;
        rig.clock.advance(HOUR);
        let first = rig.current().context("a key")?;
        let second = rig.rotate().await;
        if system == System::Aws {
            let line = second.unwrap_err();
            assert!(line.contains(&theirs) && line.contains(&first.id), "the quota is full: {line}");
        } else {
            second.map_err(Error::msg)?;
        }
        assert!(rig.keys().contains(&theirs) && rig.works(&first));
    }
    Ok(())
}

#[tokio::test]
async fn a_mark_that_somebody_removed_is_written_again() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        for _ in 0..2 {
            rig.rotate().await.map_err(Error::msg)?;
            rig.clock.advance(HOUR);
        }
        let current = rig.current().context("a key")?;
        system.set_tags(&rig.cloud, &BTreeMap::new());
        rig.clock.advance(HOUR);
        rig.rotate().await.map_err(Error::msg)?;
        assert!(rig.works(&current) && rig.keys().len() == 2, "{:#?}", rig.lines());
        assert_eq!(system.tags(&rig.cloud).len(), 2);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_somebody_deleted_ends_its_rotation_and_the_next_one_makes_another() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        rig.rotate().await.map_err(Error::msg)?;
        rig.clock.advance(HOUR);
        let current = rig.current().context("a key")?;
        let payloads = rig.begin()?.payloads;
        rig.steps(&payloads[..1]).await.map_err(Error::msg)?;
        let new = rig.read("AWSPENDING").context("a new key")?;
        system.delete(&rig.cloud, &new.id);
        rig.clock.advance(HOUR);
        let line = rig.steps(&payloads[2..]).await.unwrap_err();
        assert!(line.contains(&new.id) && line.contains(&current.id), "{line}");
        assert_eq!(rig.current().context("a key")?.id, current.id);
        rig.rotate().await.map_err(Error::msg)?;
        let next = rig.current().context("a key")?;
        assert!(rig.works(&next) && rig.works(&current) && next.id != current.id);
    }
    Ok(())
}

#[tokio::test]
async fn a_new_key_that_is_refused_for_a_day_is_given_up() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({"verification": {"timeout": "1m"}}))?;
    rig.rotate().await.map_err(Error::msg)?;
    rig.clock.advance(HOUR);
    let current = rig.current().context("a key")?;
    let payloads = rig.begin()?.payloads;
    rig.steps(&payloads[..1]).await.map_err(Error::msg)?;
    let new = rig.read("AWSPENDING").context("a new key")?;
    rig.cloud.aws().set_key_active(&new.id, false)?;
    rig.clock.advance(HOUR * 25);
    let line = rig.steps(&payloads[2..]).await.unwrap_err();
    assert!(line.contains(&current.id), "{line}");
    assert!(!rig.keys().contains(&new.id), "{:#?}", rig.lines());
    rig.rotate().await.map_err(Error::msg)?;
    assert!(rig.works(&rig.current().context("a key")?));
    Ok(())
}
