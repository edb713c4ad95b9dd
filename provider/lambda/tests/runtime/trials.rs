use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::bench::Bench;

pub(super) fn two_rotations_in_a_row_under_a_reader(bench: &Bench) -> Result<()> {
    let reader = bench.reader();
    let mut keys = Vec::new();
    for _ in 0..3 {
        bench.rotate(true)?;
        let ended = bench.ended()?;
        ensure!(ended.error.is_none(), "{:?}", ended.error);
        keys.push(bench.current()?);
    }
    let (uses, failures) = reader.stop();
    ensure!(failures.is_empty(), "{failures:?}");
    ensure!(uses > 20, "the reader used a key {uses} times only");
    ensure!(keys.iter().collect::<BTreeSet<_>>().len() == 3, "{keys:?}");
    // The previous key works until the next rotation.
    let stand: BTreeSet<_> = bench.keys().into_iter().collect();
    ensure!(stand == keys.iter().skip(1).cloned().collect(), "{stand:?} stand of {keys:?}");
    Ok(())
}

pub(super) fn not_complete(bench: &Bench) -> Result<()> {
    bench.rotate(true)?;
    ensure!(bench.ended()?.error.is_none(), "the first rotation");
    let before = bench.current()?;
    bench.forbid(true)?;
    bench.rotate(true)?;
    let failed = bench.ended()?.error.unwrap_or_default();
    ensure!(failed.contains(&before) && failed.contains("RotationFailed"), "{failed}");
    let refused = bench.rotate(true).unwrap_err().to_string();
    ensure!(refused.contains("A previous rotation isn't complete"), "{refused}");
    ensure!(bench.ended()?.error.is_some(), "it was reattempted in vain");
    ensure!(bench.current()? == before, "AWSCURRENT is as before");
    bench.forbid(false)?;
    ensure!(bench.rotate(true).is_err(), "it is not complete yet");
    let ended = bench.ended()?;
    ensure!(ended.error.is_none(), "the reattempt: {:?}", ended.error);
    ensure!(bench.current()? != before && bench.keys().contains(&before));
    bench.rotate(true)?;
    ensure!(bench.ended()?.error.is_none(), "the next rotation");
    Ok(())
}

pub(super) fn test_of_a_configuration(bench: &Bench) -> Result<()> {
    bench.rotate(false)?;
    ensure!(bench.ended()?.error.is_none(), "before the first key");
    ensure!(bench.keys().is_empty() && bench.current().is_err(), "nothing was changed");
    bench.rotate(true)?;
    ensure!(bench.ended()?.error.is_none(), "a rotation");
    let (key, keys) = (bench.current()?, bench.keys());
    bench.rotate(false)?;
    ensure!(bench.ended()?.error.is_none(), "with a key");
    ensure!(bench.current()? == key && bench.keys() == keys, "nothing was changed");
    Ok(())
}
