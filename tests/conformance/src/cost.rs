//! What `docs/cost.md` says of the number of calls, held against what is counted.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::Consistency;
use localcloud::confluent::{Activations, Kind};
use localcloud::oci;
use rotation::testing::{Life, Outcome, Watch};

use crate::memory::immediate_memory;
use crate::rig::ReachableRig;
use crate::{AppRoleRole, DynamicRole, JwtName, LocalAws, LocalConfluent, LocalOci, OciResource, OnVault, VaultKv};

/// Calls of one run each: Create, a run with nothing to do, a rotation, a retirement, and a Delete of one key.
type Calls = [usize; 5];

/// Every system that has a stand-in, without any lag, by the name that its row has.
///
/// # Errors
/// When a stand-in cannot listen.
pub fn systems() -> Result<Vec<(String, Box<dyn ReachableRig>)>> {
    let aws = LocalAws::with(Consistency::immediate())?;
    let mut systems: Vec<(String, Box<dyn ReachableRig>)> =
        vec![("model".to_owned(), Box::new(immediate_memory())), ("aws".to_owned(), Box::new(aws))];
    for (name, _) in DELIVERED.into_iter().filter(|(name, _)| !name.starts_with(VAULT)) {
        let aws = LocalAws::with(Consistency::immediate())?;
        aws.cloud().oci().set_consistency(oci::Consistency::immediate());
        systems.push((name.to_owned(), Box::new(aws)));
    }
    for kind in Kind::ALL {
        let confluent = LocalConfluent::new(kind)?;
        confluent.confluent().change_settings(|settings| settings.activation = Activations::immediate());
        systems.push((format!("confluent {kind:?}"), Box::new(confluent)));
    }
    for resource in OciResource::ALL {
        let oci = LocalOci::with(resource, oci::Consistency::immediate())?;
        systems.push((format!("oci {resource:?}"), Box::new(oci)));
    }
    Ok(systems)
}

/// The resources of Vault, on a real OpenBao, by the names that their rows have.
///
/// # Errors
/// When the server does not start.
pub fn vault() -> Result<Vec<(String, Box<dyn ReachableRig>)>> {
    let delivered = DELIVERED.into_iter().filter(|(name, _)| name.starts_with(VAULT));
    let delivered =
        delivered.map(|(name, _)| Ok((name.to_owned(), Box::new(VaultKv::new()?) as Box<dyn ReachableRig>)));
    let delivered: Vec<_> = delivered.collect::<Result<_>>()?;
    let plain: Vec<(String, Box<dyn ReachableRig>)> = vec![
        (format!("{VAULT}ApiKey"), Box::new(VaultKv::new()?)),
        (format!("{VAULT}SecretId"), Box::new(OnVault::<AppRoleRole>::new()?)),
        (format!("{VAULT}JwtKey"), Box::new(OnVault::<JwtName>::new()?)),
        (format!("{VAULT}Lease"), Box::new(OnVault::<DynamicRole>::new()?)),
    ];
    Ok(plain.into_iter().chain(delivered).collect())
}

/// Holds what is counted against the rows of the table: those of Vault, or all others.
///
/// # Errors
/// When a run fails or a row is not true, missing, or about nothing.
pub async fn compare(systems: Vec<(String, Box<dyn ReachableRig>)>, of_vault: bool) -> Result<()> {
    let mut counted = BTreeMap::new();
    for (name, rig) in systems {
        let stores = DELIVERED.iter().find(|(row, _)| *row == name).map_or(&[][..], |(_, stores)| *stores);
        counted.insert(name, count(&*rig, stores).await?);
    }
    let mut stated = stated()?;
    stated.retain(|name, _| name.starts_with(VAULT) == of_vault);
    ensure!(counted == stated, "counted: {counted:#?}\nstated: {stated:#?}");
    Ok(())
}

const VAULT: &str = "vault ";
/// The rows of keys that are delivered, and the stores that get them.
const DELIVERED: [(&str, &[&str]); 7] = [
    ("aws to a new secret", &["made"]),
    ("aws to an existing secret", &["theirs"]),
    ("aws to two secrets", &["made", "theirs"]),
    ("aws to a new OCI secret", &["oci-made"]),
    ("aws to an existing OCI secret", &["oci-theirs"]),
    ("vault ApiKey to a new KV path", &["kv-made"]),
    ("vault ApiKey to an existing KV path", &["kv-theirs"]),
];

/// Counts the calls of one life.
async fn count(rig: &dyn ReachableRig, stores: &[&str]) -> Result<Calls> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.set_stores(stores);
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    let mut before = rig.calls().len();
    let mut calls = || {
        let made = rig.calls().len() - before;
        before += made;
        made
    };
    done(watch.up(&one).await)?;
    let create = calls();
    ensure!(watch.up(&one).await.is_quiet());
    let nothing = calls();
    rig.clock().advance(SignedDuration::from_hours(1));
    done(watch.up(&two).await)?;
    let rotation = calls();
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&two).await)?;
    let retirement = calls();
    done(watch.stack.destroy(rig).await)?;
    Ok([create, nothing, rotation, retirement, calls()])
}

/// The rows of the table.
fn stated() -> Result<BTreeMap<String, Calls>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cost.md");
    let page = std::fs::read_to_string(page).context("docs/cost.md cannot be read")?;
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let (name, numbers) = cells.split_first()?;
        let numbers: Vec<usize> = numbers.iter().map(|cell| cell.parse().ok()).collect::<Option<_>>()?;
        Some(((*name).to_owned(), numbers.try_into().ok()?))
    };
    Ok(page.lines().filter(|line| line.starts_with('|')).filter_map(row).collect())
}

fn done(outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Failed(error) => Err(error).context("the run failed"),
        outcome => {
            ensure!(outcome.is_done(), "{outcome:?}");
            Ok(())
        }
    }
}
