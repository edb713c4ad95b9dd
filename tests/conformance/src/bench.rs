use anyhow::{Result, bail};
use jiff::SignedDuration;
use rotation::testing::Rig;
use rotation::{Clock, KeyIssuer, Material, MintOrder, Minted, OwnerId, Verdict};

/// What a system on the bench can do beyond holding keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It counts calls, and fails and hangs on demand.
    Faults,
    /// It refuses a new key for a while.
    Delays,
    /// It accepts a new key and refuses it again before it settles.
    Flickers,
    /// It can be reached with wrong credentials, and not be reached at all.
    Network,
    /// It allows a few keys only.
    Quota,
    /// It can disable a key.
    Disables,
    /// It tells when a key was last used.
    TellsUse,
    /// Marks stand on the principal, with claims.
    Claims,
    /// A new key can be tried.
    Tries,
}

/// A system on the bench, with other ways to reach it.
pub trait Bench: Rig {
    /// The keys of a principal that does not exist.
    fn nobody(&self) -> Box<dyn KeyIssuer>;

    /// The principal's keys as wrong credentials reach them; none without [`Power::Network`].
    fn refused(&self) -> Option<Box<dyn KeyIssuer>>;

    /// The principal's keys where nobody listens; none without [`Power::Network`].
    fn unreachable(&self) -> Option<Box<dyn KeyIssuer>>;
}

/// Makes one key.
///
/// # Errors
/// As [`KeyIssuer::mint`].
pub(crate) async fn mint(issuer: &dyn KeyIssuer) -> Result<Minted, rotation::Error> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    let order = MintOrder { nonce: "n0000001".to_owned(), generation: 1, owner, instance: "i0000001".to_owned() };
    issuer.mint(&order).await
}

/// Tries the key, a second apart, until it was accepted three times in a row; gives every verdict.
///
/// # Errors
/// When a try fails, or five minutes are over.
pub(crate) async fn accepted(bench: &dyn Bench, issuer: &dyn KeyIssuer, key: &Material) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    while !verdicts.ends_with(&[Verdict::Accepted; 3]) {
        if verdicts.len() > 300 {
            bail!("the key was not accepted three times in a row in five minutes");
        }
        verdicts.push(issuer.verify(key).await?);
        bench.clock().wait(SignedDuration::from_secs(1)).await;
    }
    Ok(verdicts)
}
