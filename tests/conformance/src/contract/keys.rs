use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::{Clock, Effect, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, LastUse, ObservedKey, Verdict};

use crate::orders::{accepted, mint, order};
use crate::rig::{Feature, ReachableRig};
use crate::suite::{ContractTrial, trials};

pub(super) const TRIALS: &[ContractTrial] = trials!("contract::keys::" =>
    a_principal_without_keys_has_none: &[],
    an_unknown_principal_is_told_from_one_without_keys: &[],
    a_new_key_is_listed_and_accepted: &[Feature::Tries],
    the_quota_refuses_a_key_and_makes_none: &[Feature::Quota],
    a_key_that_is_too_new_is_not_accepted_yet: &[Feature::Delays],
    a_key_is_accepted_and_refused_until_it_settles: &[Feature::Flickers],
    a_key_is_retired_twice: &[],
    a_retired_key_is_not_accepted: &[Feature::Tries],
    a_disabled_key_is_shown_as_such: &[Feature::Disables],
    a_key_is_disabled_twice_and_no_other_is: &[Feature::Disables],
    a_disabled_key_is_not_accepted: &[Feature::Disables],
    a_use_is_seen_after_it_and_not_before: &[Feature::TellsUse],
    a_foreseen_key_is_the_one_that_is_made: &[Feature::Foresees],
    a_strangers_key_is_listed: &[Feature::Strangers],
);

async fn a_principal_without_keys_has_none(rig: &dyn ReachableRig) -> Result<()> {
    ensure!(rig.issuer().list().await? == Some(Vec::new()));
    Ok(())
}

async fn an_unknown_principal_is_told_from_one_without_keys(rig: &dyn ReachableRig) -> Result<()> {
    let nobody = rig.nobody();
    let is_proven = match nobody.list().await {
        // Where nothing is listed but what is named, an unknown principal shows by the mint alone.
        Ok(listed) => {
            ensure!(listed.is_none_or(|keys| keys.is_empty() && !nobody.capability().lists_all));
            true
        }
        // Where the principal is a place, its absence may prove nothing: then it is an error that changes nothing.
        Err(error) => {
            ensure!(error.kind == ErrorKind::NotFound && error.effect == Effect::None, "{error:?}");
            false
        }
    };
    let refused = mint(&*nobody).await.err().context("a key was made for nobody")?;
    ensure!(refused.kind == ErrorKind::NotFound && refused.effect == Effect::None, "{refused:?}");
    match nobody.retire(&KeyId("AKIAIOSFODNN7EXAMPLE".to_owned())).await {
        Err(error) if is_proven => Err(error).context("retiring a key of nobody's"),
        _ => Ok(()),
    }
}

async fn a_new_key_is_listed_and_accepted(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    ensure!(rig.keys() == std::slice::from_ref(&key.id));
    ensure!(key.material.values().any(|field| matches!(field, Field::Plain(text) if *text == key.id.0)));
    ensure!(key.material.values().any(|field| matches!(field, Field::Secret(_) | Field::SecretMap(_))));
    let age = rig.clock().now().duration_since(key.created_at).abs();
    ensure!(age < SignedDuration::from_secs(60), "made {age:?} ago?");
    let listed = listed(&*issuer, &key.id).await?;
    let shown = ObservedKey {
        id: key.id,
        created_at: key.created_at,
        status: KeyStatus::Active,
        last_use: None,
        expiry: key.expiry,
    };
    ensure!(listed == shown, "{listed:?}");
    accepted(rig, &*issuer, &key.material).await?;
    Ok(())
}

async fn the_quota_refuses_a_key_and_makes_none(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let quota = issuer.capability().quota.context("no quota")?;
    for _ in 0..quota {
        mint(&*issuer).await?;
    }
    let before = rig.keys();
    let refused = mint(&*issuer).await.err().context("the quota was passed")?;
    ensure!(refused.kind == ErrorKind::LimitReached && refused.effect == Effect::None, "{refused:?}");
    ensure!(rig.keys() == before && before.len() == quota);
    Ok(())
}

async fn a_key_that_is_too_new_is_not_accepted_yet(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    let verdicts = accepted(rig, &*issuer, &key.material).await?;
    ensure!(verdicts[0] == Verdict::NotYet, "{verdicts:?}");
    Ok(())
}

async fn a_key_is_accepted_and_refused_until_it_settles(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    let verdicts = accepted(rig, &*issuer, &key.material).await?;
    ensure!(verdicts.windows(2).any(|two| two == [Verdict::Accepted, Verdict::NotYet]), "{verdicts:?}");
    Ok(())
}

async fn a_key_is_retired_twice(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let (one, two) = (mint(&*issuer).await?, mint(&*issuer).await?);
    issuer.retire(&one.id).await?;
    ensure!(rig.keys() == std::slice::from_ref(&two.id));
    issuer.retire(&one.id).await.context("the second time")?;
    ensure!(rig.keys() == std::slice::from_ref(&two.id));
    let listed = issuer.list().await?.context("the principal is gone")?;
    ensure!(listed.iter().map(|key| &key.id).eq([&two.id]), "{listed:?}");
    Ok(())
}

async fn a_retired_key_is_not_accepted(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    accepted(rig, &*issuer, &key.material).await?;
    issuer.retire(&key.id).await?;
    let verdict = issuer.verify(&key.material).await.context("trying a retired key")?;
    ensure!(verdict == Verdict::NotYet);
    Ok(())
}

async fn a_disabled_key_is_shown_as_such(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    rig.disable(&key.id);
    ensure!(listed(&*issuer, &key.id).await?.status == KeyStatus::Inactive);
    Ok(())
}

async fn a_key_is_disabled_twice_and_no_other_is(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let (one, two) = (mint(&*issuer).await?, mint(&*issuer).await?);
    issuer.disable(&one.id).await?;
    issuer.disable(&one.id).await.context("the second time")?;
    ensure!(listed(&*issuer, &one.id).await?.status == KeyStatus::Inactive && !rig.works(&one.id));
    ensure!(listed(&*issuer, &two.id).await?.status == KeyStatus::Active && rig.works(&two.id));
    issuer.retire(&one.id).await?;
    issuer.disable(&one.id).await.context("a key that is gone")
}

async fn a_disabled_key_is_not_accepted(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    accepted(rig, &*issuer, &key.material).await?;
    rig.disable(&key.id);
    ensure!(issuer.verify(&key.material).await? == Verdict::NotYet, "a disabled key was accepted");
    Ok(())
}

async fn a_use_is_seen_after_it_and_not_before(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    ensure!(issuer.last_use(&key.id).await? == LastUse::Never);
    accepted(rig, &*issuer, &key.material).await?;
    let LastUse::At(at) = issuer.last_use(&key.id).await? else { anyhow::bail!("the use was not seen") };
    let ago = rig.clock().now().duration_since(at);
    ensure!(ago < SignedDuration::from_mins(10), "used {ago:?} ago?");
    Ok(())
}

async fn a_foreseen_key_is_the_one_that_is_made(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let calls = rig.calls().len();
    let (one, two) = (issuer.prepare(&order("a")).await?, issuer.prepare(&order("a")).await?);
    let first = one.foreseen.clone();
    ensure!(two.foreseen != first && first.is_some());
    ensure!(rig.calls().len() == calls && rig.keys().is_empty(), "nothing was made");
    ensure!(Some(one.mint().await?.id) == first);
    Ok(())
}

async fn a_strangers_key_is_listed(rig: &dyn ReachableRig) -> Result<()> {
    let stranger = rig.mint_as_stranger().context("there is no place")?;
    let shown = listed(&*rig.issuer(), &stranger).await?;
    ensure!(shown.status == KeyStatus::Active);
    Ok(())
}

async fn listed(issuer: &dyn KeyIssuer, id: &KeyId) -> Result<ObservedKey> {
    let keys = issuer.list().await?.context("the principal is gone")?;
    keys.into_iter().find(|key| key.id == *id).context("the key is not listed")
}
