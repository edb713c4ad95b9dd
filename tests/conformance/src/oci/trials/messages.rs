use anyhow::{Context, Result, ensure};
use localcloud::oci::Kind;
use rotation::testing::Rig;
use rotation::{Effect, Error, ErrorKind, KeyId, KeyIssuer, Ledger, Retry};

use super::OciTrial;
use super::access::{failing, secret};
use crate::oci::{LocalOci, OciResource};
use crate::orders::{mint, owner};
use crate::suite::trials;

pub(super) const TRIALS: &[OciTrial] = trials!("oci::messages::" =>
    what_may_not_be_done_is_named_and_harms_nothing: OciResource::ApiKey,
    who_may_not_look_never_finds_the_user_gone: OciResource::ApiKey,
    a_user_who_cannot_use_keys_is_told_before_one_is_made: OciResource::ApiKey,
    a_fourth_key_is_refused_by_any_code: OciResource::ApiKey,
    nothing_that_is_shown_holds_a_secret: OciResource::ApiKey,
    a_user_who_cannot_use_tokens_is_told: OciResource::AuthToken,
    nothing_that_is_shown_holds_a_token: OciResource::AuthToken,
);

const ACTIONS: [&str; 5] = ["ListApiKeys", "GetUser", "UpdateUser", "UploadApiKey", "DeleteApiKey"];

async fn what_may_not_be_done_is_named_and_harms_nothing(oci: &LocalOci) -> Result<()> {
    let issuer = oci.issuer();
    let key = mint(&*issuer).await?.id;
    let before = (oci.keys(), oci.cloud().oci().tags(LocalOci::USER));
    for action in ACTIONS {
        oci.cloud().oci().deny("admin", &[action])?;
        let error = call(&*issuer, action, &key).await.err().with_context(|| format!("{action} was permitted"))?;
        ensure!(error.retry == Retry::Never && error.effect == Effect::None, "{error:?}");
        ensure!(error.operation == format!("identity:{action}"), "{error}");
        for part in [oci.user(), "or the plugin's user may not do this", "policy"] {
            ensure!(error.message.contains(part), "{error}");
        }
    }
    ensure!((oci.keys(), oci.cloud().oci().tags(LocalOci::USER)) == before);
    Ok(())
}

async fn who_may_not_look_never_finds_the_user_gone(oci: &LocalOci) -> Result<()> {
    mint(&*oci.issuer()).await?;
    oci.cloud().oci().deny("admin", &["ListApiKeys", "ListUsers"])?;
    let error = oci.issuer().list().await.err().context("the user was taken for gone")?;
    ensure!(error.kind == ErrorKind::NotFound, "{error:?}");
    oci.cloud().oci().deny("admin", &["ListApiKeys"])?;
    ensure!(oci.issuer().list().await.is_err(), "the user is there, and ListUsers shows it");
    oci.cloud().oci().deny("admin", &[])?;
    oci.cloud().oci().delete_user(LocalOci::USER)?;
    ensure!(oci.issuer().list().await?.is_none());
    Ok(())
}

async fn a_user_who_cannot_use_keys_is_told_before_one_is_made(oci: &LocalOci) -> Result<()> {
    oci.cloud().oci().set_capability(LocalOci::USER, "canUseApiKeys", false)?;
    let error = failing(oci).await?;
    ensure!(error.kind == ErrorKind::Denied && error.message.contains("canUseApiKeys"), "{error}");
    ensure!(oci.keys().is_empty() && oci.marks() == 0, "nothing was made");
    ensure!(!oci.calls().iter().any(|call| call == "UploadApiKey"), "{:?}", oci.calls());
    Ok(())
}

/// Oracle does not document what it answers.
async fn a_fourth_key_is_refused_by_any_code(oci: &LocalOci) -> Result<()> {
    let issuer = oci.issuer();
    issuer.list().await?;
    for (status, code) in [(400, "ApiKeyLimitExceeded"), (409, "TooManyKeys"), (422, "Whatever")] {
        let next = oci.calls().len();
        let refuse = localcloud::Fault::error_before(status, code);
        oci.cloud().faults().add(localcloud::Rule::new(refuse).at_call(next as u64 + 1));
        let error = mint(&*issuer).await.err().context("it was made")?;
        ensure!(error.effect == Effect::None && error.retry == Retry::Never, "{status} {code}: {error:?}");
        ensure!(oci.keys().is_empty());
    }
    Ok(())
}

async fn a_user_who_cannot_use_tokens_is_told(oci: &LocalOci) -> Result<()> {
    oci.cloud().oci().set_capability(LocalOci::USER, "canUseAuthTokens", false)?;
    let error = failing(oci).await?;
    ensure!(error.kind == ErrorKind::Denied && error.message.contains("User Capabilities"), "{error}");
    ensure!(oci.keys().is_empty());
    Ok(())
}

async fn nothing_that_is_shown_holds_a_secret(oci: &LocalOci) -> Result<()> {
    let issuer = oci.issuer();
    let key = mint(&*issuer).await?;
    let mut shown = format!("{key:?} {:?}", issuer.look(&owner("a")).await?);
    oci.cloud().oci().deny("admin", &["*"])?;
    for action in ACTIONS {
        let error = call(&*issuer, action, &key.id).await.err().context("it was permitted")?;
        shown.push_str(&format!("{error} {error:?}"));
    }
    let pem = secret(&key.material, "privateKeyPem")?;
    let line = pem.lines().nth(8).context("a key of many lines")?;
    ensure!(!shown.contains(line), "the new key is shown");
    ensure!(oci.cloud().oci().leaks(&shown).is_empty(), "the plugin's own key is shown");
    Ok(())
}

async fn nothing_that_is_shown_holds_a_token(oci: &LocalOci) -> Result<()> {
    let issuer = oci.issuer();
    let key = mint(&*issuer).await?;
    let mut shown = format!("{key:?} {:?}", issuer.look(&owner("a")).await?);
    oci.cloud().oci().deny("admin", &["*"])?;
    let error = mint(&*issuer).await.err().context("it was permitted")?;
    shown.push_str(&format!("{error} {error:?}"));
    ensure!(oci.cloud().oci().leaks(&shown).is_empty());
    let token = secret(&key.material, "token")?;
    ensure!(oci.cloud().oci().secret_is_right(&key.id.0, &token), "the token is the one that OCI made");
    ensure!(oci.cloud().oci().secrets(LocalOci::USER, Kind::AuthToken).len() == 1);
    Ok(())
}

async fn call(issuer: &dyn KeyIssuer, action: &str, key: &KeyId) -> Result<(), Error> {
    match action {
        "ListApiKeys" => issuer.list().await.map(drop),
        "GetUser" => issuer.read_ledgers(&owner("a")).await.map(drop),
        "UpdateUser" => issuer.write_ledger(&owner("a"), Some(&Ledger::default())).await,
        "UploadApiKey" => mint(issuer).await.map(drop),
        _ => issuer.retire(key).await.map(drop),
    }
}
