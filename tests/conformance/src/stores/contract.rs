//! What a secret of Secrets Manager must do as a store, on the stand-in and on moto.

use anyhow::{Context, Result, ensure};
use rotation::{Error, ErrorKind, Field, Head};
use serde_json::{Value, json};

use super::ground::Ground;
use super::key::Key;
use crate::suite::{Trial, trials};

/// A rule, and whether moto keeps it as well.
pub type StoreTrial = Trial<Ground, bool>;

/// Every rule.
pub fn store_trials() -> impl Iterator<Item = &'static StoreTrial> {
    TRIALS.iter()
}

const TRIALS: &[StoreTrial] = trials!("secrets_manager::" =>
    a_store_that_is_made_holds_its_first_key_at_once: true,
    what_is_staged_is_not_read: true,
    the_first_key_of_an_empty_secret_is_read_at_once: false,
    the_same_delivery_twice_is_once: true,
    other_data_under_the_same_delivery_names_both_versions: true,
    another_shape_is_another_version: true,
    promotion_moves_what_consumers_read_and_keeps_what_they_read_before: true,
    a_value_put_by_hand_is_never_overwritten_by_a_promotion: false,
    a_promotion_whose_answer_is_lost_is_done: false,
    withdrawing_gives_back_what_stood_before: true,
    withdrawing_from_a_secret_that_was_empty_leaves_nothing_of_the_key: true,
    only_what_was_made_is_removed: true,
    a_secret_that_is_removed_and_wanted_again_is_restored: false,
    a_missing_secret_is_refused_unless_it_is_to_be_made: true,
    a_secret_with_a_rotation_of_its_own_is_refused_by_the_name_of_its_function: false,
    rotate_secret_works_on_a_delivered_secret: false,
    replicas_go_with_a_secret_that_was_made: false,
    a_key_is_read_back_from_its_version: true,
    errors_name_the_right_that_is_missing: false,
    every_lost_answer_is_one_version: false,
);

/// A secret's name of this trial's own.
fn name(of: &str) -> String {
    format!("trials/{of}")
}

fn inputs(name: &str) -> Value {
    json!({ "secretId": name })
}

fn made(name: &str) -> Value {
    json!({ "secretId": name, "create": { "recoveryWindowInDays": 7, "description": "of a trial", "tags": { "team": "ci" } } })
}

fn version(of: &Option<rotation::StoredVersion>) -> Option<&str> {
    of.as_ref().map(|stored| stored.version.as_str())
}

async fn a_store_that_is_made_holds_its_first_key_at_once(ground: &Ground) -> Result<()> {
    let name = name("made");
    let store = ground.store(made(&name));
    ensure!(store.head().await? == Head::default());
    let first = Key::new(1);
    let id = first.deliver(&*store).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(first.text()));
    let head = store.head().await?;
    ensure!(version(&head.current) == Some(&id) && head.pending.is_none(), "{head:?}");
    ensure!(head.current.and_then(|current| current.delivery) == Some(first.delivery(&*store)));
    let told = ground.client().describe_secret().secret_id(&name).send().await?;
    let tags: Vec<_> = told.tags().iter().filter_map(|tag| tag.key()).collect();
    ensure!(told.description() == Some("of a trial") && tags.contains(&"team"), "{tags:?}");
    Ok(())
}

async fn what_is_staged_is_not_read(ground: &Ground) -> Result<()> {
    let name = name("staged");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    let id = Key::new(1).stage(&*store).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await.as_deref() == Some("before"));
    let head = store.head().await?;
    ensure!(version(&head.pending) == Some(&id) && version(&head.current) != Some(&id), "{head:?}");
    let told = ground.client().describe_secret().secret_id(&name).send().await?;
    let labels = told.version_ids_to_stages().into_iter().flatten().flat_map(|(_, stages)| stages.clone());
    ensure!(labels.into_iter().all(|label| label != "AWSPENDING"), "RotateSecret would fail");
    Ok(())
}

async fn the_first_key_of_an_empty_secret_is_read_at_once(ground: &Ground) -> Result<()> {
    let name = name("empty");
    ground.make(&name, None).await?;
    let store = ground.store(inputs(&name));
    let key = Key::new(1);
    let id = key.stage(&*store).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(key.text()));
    let head = store.head().await?;
    ensure!(version(&head.current) == Some(&id) && head.pending.is_none(), "{head:?}");
    Ok(store.promote(&id, &head).await?)
}

async fn the_same_delivery_twice_is_once(ground: &Ground) -> Result<()> {
    let name = name("twice");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    let key = Key::new(1);
    let id = key.deliver(&*store).await?;
    ensure!(key.deliver(&*store).await? == id);
    Key::new(2).deliver(&*store).await?;
    ensure!(key.stage(&*store).await? == id, "an older generation is not read by being staged again");
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(Key::new(2).text()));
    let all = ground.client().list_secret_version_ids().secret_id(&name).include_deprecated(true).send().await?;
    ensure!(all.versions().len() == 3, "{:?}", all.versions());
    Ok(())
}

async fn other_data_under_the_same_delivery_names_both_versions(ground: &Ground) -> Result<()> {
    let name = name("conflict");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    let mut key = Key::new(1);
    let id = key.stage(&*store).await?;
    let current = store.head().await?.current.context("nothing is current")?.version;
    key.material.insert("secret".to_owned(), Field::Secret("other".into()));
    let error = key.stage(&*store).await.err().context("it was taken")?;
    ensure!(
        error.kind == ErrorKind::Conflict && [&id, &current].iter().all(|id| error.message.contains(*id)),
        "{error}"
    );
    ensure!(
        !error.message.contains("secret 1") && ground.value(&name, "AWSCURRENT").await.as_deref() == Some("before")
    );
    Ok(())
}

async fn another_shape_is_another_version(ground: &Ground) -> Result<()> {
    let name = name("shape");
    ground.make(&name, Some("before")).await?;
    let (plain, key) = (ground.store(inputs(&name)), Key::new(1));
    let first = key.deliver(&*plain).await?;
    let renamed = ground.store(json!({ "secretId": name, "fields": { "secret": "SECRET" }, "format": "dotenv" }));
    let second = key.deliver(&*renamed).await?;
    ensure!(first != second && ground.value(&name, "AWSCURRENT").await.as_deref() == Some("SECRET='secret 1'\n"));
    ensure!(key.delivery(&*plain).is_of_key_of(&key.delivery(&*renamed)));
    Ok(())
}

async fn promotion_moves_what_consumers_read_and_keeps_what_they_read_before(ground: &Ground) -> Result<()> {
    let name = name("promoted");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    let first = Key::new(1).deliver(&*store).await?;
    let second = Key::new(2).deliver(&*store).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(Key::new(2).text()));
    ensure!(ground.value(&name, "AWSPREVIOUS").await == Some(Key::new(1).text()));
    let head = store.head().await?;
    ensure!(version(&head.current) == Some(&second) && version(&head.previous) == Some(&first), "{head:?}");
    store.promote(&second, &head).await?;
    Ok(())
}

async fn a_value_put_by_hand_is_never_overwritten_by_a_promotion(ground: &Ground) -> Result<()> {
    let name = name("edited");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    Key::new(1).deliver(&*store).await?;
    let staged = Key::new(2).stage(&*store).await?;
    let head = store.head().await?;
    ground.edit(&name, "by hand").await?;
    let error = store.promote(&staged, &head).await.err().context("it was promoted")?;
    let now = store.head().await?;
    let current = version(&now.current).context("nothing is current")?;
    ensure!(
        error.kind == ErrorKind::Conflict && [&*staged, current].iter().all(|id| error.message.contains(id)),
        "{error}"
    );
    ensure!(ground.value(&name, "AWSCURRENT").await.as_deref() == Some("by hand"));
    ensure!(now.current.as_ref().is_some_and(|current| current.delivery.is_none()), "{now:?}");
    store.promote(&staged, &now).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(Key::new(2).text()));
    Ok(())
}

async fn a_promotion_whose_answer_is_lost_is_done(ground: &Ground) -> Result<()> {
    let name = name("lost");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    Key::new(1).deliver(&*store).await?;
    let staged = Key::new(2).stage(&*store).await?;
    let head = store.head().await?;
    ground.stand_in()?.faults().add(localcloud::Rule::new(localcloud::Fault::DropAfter).on("UpdateSecretVersionStage"));
    store.promote(&staged, &head).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(Key::new(2).text()));
    ensure!(ground.stand_in()?.faults().unfired() == 0);
    Ok(())
}

async fn withdrawing_gives_back_what_stood_before(ground: &Ground) -> Result<()> {
    let name = name("withdrawn");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    let first = Key::new(1).deliver(&*store).await?;
    let second = Key::new(2).deliver(&*store).await?;
    let third = Key::new(3).stage(&*store).await?;
    for id in [&third, &second, &first] {
        store.withdraw(id, &store.head().await?).await?;
    }
    ensure!(ground.value(&name, "AWSCURRENT").await.as_deref() == Some("before"));
    let head = store.head().await?;
    ensure!(head.pending.is_none() && head.versions().all(|version| version.delivery.is_none()), "{head:?}");
    store.withdraw(&first, &head).await?;
    ensure!(!store.remove().await?, "somebody else made it");
    ensure!(ground.value(&name, "AWSCURRENT").await.as_deref() == Some("before"));
    Ok(())
}

async fn withdrawing_from_a_secret_that_was_empty_leaves_nothing_of_the_key(ground: &Ground) -> Result<()> {
    let name = name("emptied");
    ground.make(&name, None).await?;
    let store = ground.store(inputs(&name));
    let first = Key::new(1).deliver(&*store).await?;
    store.withdraw(&first, &store.head().await?).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await.as_deref() == Some("{}"));
    let head = store.head().await?;
    ensure!(head.versions().all(|version| version.delivery.is_none()), "{head:?}");
    Ok(())
}

async fn only_what_was_made_is_removed(ground: &Ground) -> Result<()> {
    let (theirs, ours) = (name("theirs"), name("ours"));
    ground.make(&theirs, Some("before")).await?;
    // Wanted with `create`, and there already.
    let store = ground.store(made(&theirs));
    Key::new(1).deliver(&*store).await?;
    ensure!(!store.remove().await?);
    ensure!(ground.value(&theirs, "AWSCURRENT").await == Some(Key::new(1).text()));
    let store = ground.store(made(&ours));
    Key::new(1).deliver(&*store).await?;
    ensure!(store.remove().await? && store.remove().await?);
    ensure!(ground.value(&ours, "AWSCURRENT").await.is_none());
    ensure!(ground.client().describe_secret().secret_id(&ours).send().await?.deleted_date().is_some());
    ensure!(ground.store(inputs(&name("missing"))).remove().await?);
    Ok(())
}

async fn a_secret_that_is_removed_and_wanted_again_is_restored(ground: &Ground) -> Result<()> {
    let name = name("again");
    let store = ground.store(made(&name));
    Key::new(1).deliver(&*store).await?;
    store.remove().await?;
    let head = store.head().await?;
    ensure!(head.exists && head.current.is_none() && head.blocked.is_none(), "{head:?}");
    Key::new(2).deliver(&*store).await?;
    ensure!(ground.value(&name, "AWSCURRENT").await == Some(Key::new(2).text()));
    store.remove().await?;
    let blocked = ground.store(inputs(&name)).head().await?.blocked.context("it is not blocked")?;
    ensure!(blocked.contains("scheduled for deletion") && blocked.contains(&name), "{blocked}");
    Ok(())
}

async fn a_missing_secret_is_refused_unless_it_is_to_be_made(ground: &Ground) -> Result<()> {
    let name = name("nowhere");
    let head = ground.store(inputs(&name)).head().await?;
    let blocked = head.blocked.context("it is not blocked")?;
    ensure!(!head.exists && blocked.contains(&name) && blocked.contains("`create`"), "{blocked}");
    ensure!(ground.store(made(&name)).head().await?.blocked.is_none());
    Ok(())
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";

async fn a_secret_with_a_rotation_of_its_own_is_refused_by_the_name_of_its_function(ground: &Ground) -> Result<()> {
    let name = name("rotated");
    ground.make(&name, Some("before")).await?;
    ground.stand_in()?.aws().set_rotation(&name, Some(FUNCTION))?;
    let store = ground.store(inputs(&name));
    let blocked = store.head().await?.blocked.context("it is not blocked")?;
    ensure!(blocked.contains(FUNCTION) && blocked.contains("CancelRotateSecret"), "{blocked}");
    ground.client().cancel_rotate_secret().secret_id(&name).send().await?;
    ensure!(store.head().await?.blocked.is_none());
    Ok(())
}

async fn rotate_secret_works_on_a_delivered_secret(ground: &Ground) -> Result<()> {
    let name = name("handed-over");
    ground.make(&name, Some("before")).await?;
    let store = ground.store(inputs(&name));
    Key::new(1).deliver(&*store).await?;
    // One that is staged stands in no rotation's way either.
    Key::new(2).stage(&*store).await?;
    let rotate = || ground.client().rotate_secret().secret_id(&name).rotation_lambda_arn(FUNCTION).send();
    rotate().await?;
    let first = ground.value(&name, "AWSCURRENT").await;
    rotate().await?;
    ensure!(first.is_some() && first != ground.value(&name, "AWSCURRENT").await && first != Some(Key::new(1).text()));
    Ok(())
}

async fn replicas_go_with_a_secret_that_was_made(ground: &Ground) -> Result<()> {
    let name = name("replicated");
    let create = json!({ "replicaRegions": ["eu-west-1"], "recoveryWindowInDays": 0 });
    let store = ground.store(json!({ "secretId": name, "create": create }));
    Key::new(1).deliver(&*store).await?;
    let replicas = ground.stand_in()?.aws().secret(&name).context("it is missing")?.replicas;
    ensure!(replicas.iter().eq(["eu-west-1"]), "{replicas:?}");
    ensure!(store.remove().await? && ground.stand_in()?.aws().secret(&name).is_none());
    Ok(())
}

async fn a_key_is_read_back_from_its_version(ground: &Ground) -> Result<()> {
    let name = name("read");
    ground.make(&name, Some("before")).await?;
    let store = ground.whole_store(inputs(&name), &["id", "secret"]);
    let first = Key::new(1).deliver(&*store).await?;
    Key::new(2).deliver(&*store).await?;
    ensure!(store.reads_back() && store.read(&first).await? == Some(Key::new(1).material));
    ensure!(store.read(&"0".repeat(64)).await?.is_none());
    Ok(())
}

async fn errors_name_the_right_that_is_missing(ground: &Ground) -> Result<()> {
    let name = name("denied");
    ground.make(&name, Some("before")).await?;
    let aws = ground.stand_in()?.aws();
    aws.create_user("limited")?;
    let key = aws.mint_key("limited")?;
    let store = ground.store_as(&key.access_key_id, &key.secret_access_key, inputs(&name));
    aws.deny("limited", &["secretsmanager:DescribeSecret"])?;
    denied(store.head().await.err(), "secretsmanager:DescribeSecret", &name)?;
    aws.deny("limited", &["secretsmanager:PutSecretValue"])?;
    denied(Key::new(1).stage(&*store).await.err(), "secretsmanager:PutSecretValue", &name)?;
    aws.deny("limited", &["secretsmanager:UpdateSecretVersionStage"])?;
    denied(Key::new(1).deliver(&*store).await.err(), "secretsmanager:UpdateSecretVersionStage", &name)?;
    let missing = "trials/denied-and-missing";
    let store = ground.store_as(&key.access_key_id, &key.secret_access_key, made(missing));
    aws.deny("limited", &["secretsmanager:CreateSecret"])?;
    denied(Key::new(1).stage(&*store).await.err(), "secretsmanager:CreateSecret", missing)
}

fn denied(error: Option<Error>, right: &str, secret: &str) -> Result<()> {
    let error = error.context("it was allowed")?;
    let parts = [right, secret, "`deliveries[0]`"];
    ensure!(error.kind == ErrorKind::Denied && parts.iter().all(|part| error.message.contains(part)), "{error}");
    Ok(())
}

async fn every_lost_answer_is_one_version(ground: &Ground) -> Result<()> {
    use localcloud::Fault::{CutBody, DropAfter, DropBefore, HangAfter, Throttle};
    let faults = [DropBefore, DropAfter, CutBody, Throttle, HangAfter];
    for (index, fault) in faults.into_iter().enumerate() {
        for call in ["CreateSecret", "PutSecretValue", "DescribeSecret"] {
            let name = name(&format!("{call}-{index}"));
            let store = ground.store(made(&name));
            if call != "CreateSecret" {
                Key::new(1).deliver(&*store).await?;
            }
            let (rules, key) = (ground.stand_in()?.faults(), Key::new(2));
            rules.add(localcloud::Rule::new(fault.clone()).on(call));
            // What a run does that a fault has broken: it looks again.
            if key.deliver(&*store).await.is_err() {
                key.deliver(&*store).await?;
            }
            ensure!(rules.unfired() == 0, "{call} was not made");
            ensure!(ground.value(&name, "AWSCURRENT").await == Some(key.text()), "{call} {fault:?}");
            let secret = ground.stand_in()?.aws().secret(&name).context("it is missing")?;
            let versions = if call == "CreateSecret" { 1 } else { 2 };
            ensure!(secret.versions.len() == versions, "{call} {fault:?}: {:?}", secret.versions);
        }
    }
    Ok(())
}
