use anyhow::{Context, Result, ensure};
use futures::FutureExt;
use jiff::SignedDuration;
use rotation::{Clock, Effect, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, LastUse, ObservedKey, Verdict};

use crate::bench::{Bench, Power, accepted, mint, order};
use crate::suite::Trial;

pub(super) const TRIALS: &[Trial] = &[
    Trial {
        name: "contract::keys::a_principal_without_keys_has_none",
        needs: &[],
        run: |bench| empty(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::an_unknown_principal_is_told_from_one_without_keys",
        needs: &[],
        run: |bench| unknown(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_new_key_is_listed_and_accepted",
        needs: &[Power::Tries],
        run: |bench| new(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::the_quota_refuses_a_key_and_makes_none",
        needs: &[Power::Quota],
        run: |bench| quota(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_key_that_is_too_new_is_not_accepted_yet",
        needs: &[Power::Delays],
        run: |bench| delayed(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_key_is_accepted_and_refused_until_it_settles",
        needs: &[Power::Flickers],
        run: |bench| flickers(bench).boxed_local(),
    },
    Trial { name: "contract::keys::a_key_is_retired_twice", needs: &[], run: |bench| retired(bench).boxed_local() },
    Trial {
        name: "contract::keys::a_retired_key_is_not_accepted",
        needs: &[Power::Tries],
        run: |bench| dead(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_disabled_key_is_shown_as_such",
        needs: &[Power::Disables],
        run: |bench| disabled(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_key_is_disabled_twice_and_no_other_is",
        needs: &[Power::Disables],
        run: |bench| disabled_twice(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_disabled_key_is_not_accepted",
        needs: &[Power::Disables],
        run: |bench| stopped(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_use_is_seen_after_it_and_not_before",
        needs: &[Power::TellsUse],
        run: |bench| used(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_foreseen_key_is_the_one_that_is_made",
        needs: &[Power::Foresees],
        run: |bench| foreseen(bench).boxed_local(),
    },
    Trial {
        name: "contract::keys::a_strangers_key_is_listed",
        needs: &[Power::Strangers],
        run: |bench| foreign(bench).boxed_local(),
    },
];

async fn empty(bench: &dyn Bench) -> Result<()> {
    ensure!(bench.issuer().list().await? == Some(Vec::new()));
    Ok(())
}

async fn unknown(bench: &dyn Bench) -> Result<()> {
    let nobody = bench.nobody();
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

async fn new(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    ensure!(bench.keys() == std::slice::from_ref(&key.id));
    ensure!(key.material.values().any(|field| matches!(field, Field::Plain(text) if *text == key.id.0)));
    ensure!(key.material.values().any(|field| matches!(field, Field::Secret(_) | Field::SecretMap(_))));
    let age = bench.clock().now().duration_since(key.created_at).abs();
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
    accepted(bench, &*issuer, &key.material).await?;
    Ok(())
}

async fn quota(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let quota = issuer.capability().quota.context("no quota")?;
    for _ in 0..quota {
        mint(&*issuer).await?;
    }
    let before = bench.keys();
    let refused = mint(&*issuer).await.err().context("the quota was passed")?;
    ensure!(refused.kind == ErrorKind::LimitReached && refused.effect == Effect::None, "{refused:?}");
    ensure!(bench.keys() == before && before.len() == quota);
    Ok(())
}

async fn delayed(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    let verdicts = accepted(bench, &*issuer, &key.material).await?;
    ensure!(verdicts[0] == Verdict::NotYet, "{verdicts:?}");
    Ok(())
}

async fn flickers(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    let verdicts = accepted(bench, &*issuer, &key.material).await?;
    ensure!(verdicts.windows(2).any(|two| two == [Verdict::Accepted, Verdict::NotYet]), "{verdicts:?}");
    Ok(())
}

async fn retired(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let (one, two) = (mint(&*issuer).await?, mint(&*issuer).await?);
    issuer.retire(&one.id).await?;
    ensure!(bench.keys() == std::slice::from_ref(&two.id));
    issuer.retire(&one.id).await.context("the second time")?;
    ensure!(bench.keys() == std::slice::from_ref(&two.id));
    let listed = issuer.list().await?.context("the principal is gone")?;
    ensure!(listed.iter().map(|key| &key.id).eq([&two.id]), "{listed:?}");
    Ok(())
}

async fn dead(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    accepted(bench, &*issuer, &key.material).await?;
    issuer.retire(&key.id).await?;
    let verdict = issuer.verify(&key.material).await.context("trying a retired key")?;
    ensure!(verdict == Verdict::NotYet);
    Ok(())
}

async fn disabled(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    bench.disable(&key.id);
    ensure!(listed(&*issuer, &key.id).await?.status == KeyStatus::Inactive);
    Ok(())
}

async fn disabled_twice(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let (one, two) = (mint(&*issuer).await?, mint(&*issuer).await?);
    issuer.disable(&one.id).await?;
    issuer.disable(&one.id).await.context("the second time")?;
    ensure!(listed(&*issuer, &one.id).await?.status == KeyStatus::Inactive && !bench.works(&one.id));
    ensure!(listed(&*issuer, &two.id).await?.status == KeyStatus::Active && bench.works(&two.id));
    issuer.retire(&one.id).await?;
    issuer.disable(&one.id).await.context("a key that is gone")
}

async fn stopped(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    accepted(bench, &*issuer, &key.material).await?;
    bench.disable(&key.id);
    ensure!(issuer.verify(&key.material).await? == Verdict::NotYet, "a disabled key was accepted");
    Ok(())
}

async fn used(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    ensure!(issuer.last_use(&key.id).await? == LastUse::Never);
    accepted(bench, &*issuer, &key.material).await?;
    let LastUse::At(at) = issuer.last_use(&key.id).await? else { anyhow::bail!("the use was not seen") };
    let ago = bench.clock().now().duration_since(at);
    ensure!(ago < SignedDuration::from_mins(10), "used {ago:?} ago?");
    Ok(())
}

async fn foreseen(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let calls = bench.calls().len();
    let (one, two) = (issuer.prepare(&order("a")).await?, issuer.prepare(&order("a")).await?);
    let first = one.foreseen.clone();
    ensure!(two.foreseen != first && first.is_some());
    ensure!(bench.calls().len() == calls && bench.keys().is_empty(), "nothing was made");
    ensure!(Some(one.mint().await?.id) == first);
    Ok(())
}

async fn foreign(bench: &dyn Bench) -> Result<()> {
    let stranger = bench.mint_as_stranger().context("there is no place")?;
    let shown = listed(&*bench.issuer(), &stranger).await?;
    ensure!(shown.status == KeyStatus::Active);
    Ok(())
}

async fn listed(issuer: &dyn KeyIssuer, id: &KeyId) -> Result<ObservedKey> {
    let keys = issuer.list().await?.context("the principal is gone")?;
    keys.into_iter().find(|key| key.id == *id).context("the key is not listed")
}
