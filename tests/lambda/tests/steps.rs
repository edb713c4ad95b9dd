//! What the four steps do, one after another and again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

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
        assert_eq!(rig.keys(), std::slice::from_ref(&first.id));
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
        rig.rotate_hourly(1).await.map_err(Error::msg)?;
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
        rig.rotate_hourly(2).await.map_err(Error::msg)?;
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
        rig.rotate_hourly(1).await.map_err(Error::msg)?;
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
    rig.rotate_hourly(1).await.map_err(Error::msg)?;
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

#[tokio::test]
async fn a_new_key_is_in_the_version_before_it_is_tried() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({}))?;
    let payloads = rig.begin()?.payloads;
    rig.steps(&payloads[..1]).await.map_err(Error::msg)?;
    let calls = rig.calls();
    let at = |name: &str| calls.iter().rposition(|call| call == name);
    let made = at("CreateAccessKey").context("a mint")?;
    assert!(at("PutSecretValue") > Some(made) && at("GetCallerIdentity") < Some(made), "{calls:?}");
    Ok(())
}

#[tokio::test]
async fn a_step_that_was_left_out_lets_no_key_be_read_that_does_not_work_yet() -> Result<()> {
    let rig = Rig::new(System::Aws, &json!({}))?;
    let payloads = rig.begin()?.payloads;
    rig.steps(&payloads[..1]).await.map_err(Error::msg)?;
    let new = rig.read("AWSPENDING").context("a new key")?;
    assert!(!rig.works(&new), "AWS does not accept it everywhere yet");
    rig.steps(&payloads[3..]).await.map_err(Error::msg)?;
    assert!(rig.works(&rig.current().context("a key")?));
    Ok(())
}

#[tokio::test]
async fn a_finish_that_is_repeated_keeps_the_previous_key() -> Result<()> {
    for system in System::ALL {
        let rig = Rig::new(system, &json!({}))?;
        rig.rotate_hourly(2).await.map_err(Error::msg)?;
        let previous = rig.current().context("a key")?;
        let payloads = rig.begin()?.payloads;
        rig.steps(&payloads).await.map_err(Error::msg)?;
        for _ in 0..3 {
            rig.clock.advance(HOUR);
            rig.steps(&payloads[3..]).await.map_err(Error::msg)?;
        }
        assert!(rig.works(&previous) && rig.keys().len() == 2, "{:#?}", rig.lines());
    }
    Ok(())
}

#[tokio::test]
async fn a_version_that_is_read_late_costs_no_key() -> Result<()> {
    let lags = Consistency { secret_lag: SignedDuration::from_secs(10), ..Consistency::immediate() };
    let rig = Rig::lagging(System::Aws, &json!({}), lags)?;
    let payloads = rig.begin()?.payloads;
    rig.clock.advance(HOUR);
    rig.steps(&payloads[..1]).await.map_err(Error::msg)?;
    let Ended::Failed(line) = rig.invoke(&payloads[0]).await else { anyhow::bail!("it saw what it cannot see") };
    assert!(line.contains("could not be seen when this step began"), "{line}");
    rig.steps(&payloads).await.map_err(Error::msg)?;
    rig.clock.advance(HOUR);
    assert!(rig.works(&rig.current().context("a key")?));
    assert_eq!(rig.calls().iter().filter(|call| *call == "CreateAccessKey").count(), 1);
    Ok(())
}

#[tokio::test]
async fn an_overlap_that_no_mark_dates_is_counted_once() -> Result<()> {
    let rig = Rig::lagging(System::Aws, &json!({"overlap": "3d"}), Consistency::immediate())?;
    for _ in 0..2 {
        rig.rotate().await.map_err(Error::msg)?;
        rig.clock.advance(HOUR * 24 * 10);
    }
    // The mark as it stands when a step died before it wrote when the key was promoted.
    let mut tags = rig.system.tags(&rig.cloud);
    let mark = tags.iter_mut().find(|(tag, _)| !tag.ends_with(":claim")).context("a mark")?.1;
    let current = rig.current().context("a key")?.id;
    let begin = mark.find(&current).context("the current key")?;
    let end = mark[begin..].find("/").map_or(mark.len(), |end| begin + end);
    let entry = mark[begin..end].replace(":ok:", ":new:");
    let undated = entry.rsplit_once(':').context("a time")?.0.to_owned();
    mark.replace_range(begin..end, &undated);
    rig.system.set_tags(&rig.cloud, &tags);
    rig.clock.advance(HOUR);
    let line = rig.rotate().await.unwrap_err();
    assert!(line.contains("The overlap of the previous key ends at"), "{line}");
    rig.clock.advance(HOUR * 73);
    rig.rotate().await.map_err(Error::msg)?;
    assert_eq!(rig.keys().len(), 2);
    Ok(())
}
