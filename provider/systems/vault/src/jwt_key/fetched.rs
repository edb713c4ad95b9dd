//! Keys of a set that a mount fetches from where users publish it.
//!
//! Nothing of ours stands at the server, no list and no mark: which keys there are the state says, and which of them it accepts the server is
//! asked. It remembers what it has fetched, so a key that was taken out of the set is accepted until the configuration is written again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use outbound::locked;
use rotation::{
    Capability, Error, ErrorKind, Key, KeyId, KeyIssuer, KeyStatus, Ledger, Ledgers, Marks, Material, MintOrder,
    Minted, ObservedKey, OwnerId, Prepared, Proof, Retired, Retry, Verdict,
};

use super::args::{self, JwtKeyArgs};
use super::issuer;
use super::keypair::Pair;
use super::mount::Mount;
use super::probes::Probes;
use crate::session::Session;

/// The keys of one name in one set.
pub(crate) struct FetchedIssuer {
    mount: Mount,
    args: JwtKeyArgs,
    url: String,
    /// The keys of which this process knows: the state's, and the one that it made.
    known: Mutex<BTreeMap<KeyId, Known>>,
    /// The mark as this run wants it. There is no place for it.
    ledger: Mutex<Option<Ledger>>,
    probes: Probes,
}

struct Known {
    created_at: Timestamp,
    pair: Option<Pair>,
}

const PROOF: &str = "vault verification";

impl FetchedIssuer {
    pub(crate) fn new(session: Arc<Session>, args: JwtKeyArgs, url: String, known: rotation::Known<'_>) -> Self {
        let pair = |key: &Key| key.material.as_ref().and_then(args::pair);
        let known = known.keys().map(|key| (key.id.clone(), Known { created_at: key.created_at, pair: pair(key) }));
        let (known, mount) = (Mutex::new(known.collect()), Mount::new(session, &args.mount));
        Self { mount, args, url, known, ledger: Mutex::default(), probes: Probes::default() }
    }

    /// A token by the key that logs nobody in.
    fn probe(&self, key: &KeyId) -> Result<Option<String>, Error> {
        locked(&self.known).get(key).and_then(|known| known.pair.as_ref()).map(Pair::probe).transpose()
    }

    /// Lets the server forget what it has fetched.
    async fn refetch(&self) -> Result<(), Error> {
        self.mount.rewrite().await.map_err(|error| {
            if error.kind != ErrorKind::Invalid {
                return error;
            }
            let message = format!(
                "the server did not take the configuration of \"auth/{}\" (`mount`) once more, which lets it forget removed keys: it must reach {:?} (`jwksUrl`) and find a set of keys there [KR-VAULT-062]",
                self.args.mount, self.url
            );
            Error::new(ErrorKind::Invalid, error.operation, message).retry(Retry::Never)
        })
    }

    async fn generate(&self) -> Result<Minted, Error> {
        let pair = Pair::generate_aside(self.args.algorithm()).await?;
        let (id, created_at) = (pair.kid().clone(), self.mount.session().clock().now());
        let material = args::material(&id, pair.private_pem()?, pair.public_pem()?);
        locked(&self.known).insert(id.clone(), Known { created_at, pair: Some(pair) });
        Ok(Minted { id, created_at, material, expiry: None })
    }
}

/// What the mount can do whose keys users publish: it neither shows nor takes any that it was not told of.
pub(crate) fn capability() -> Capability {
    let (marks, proof) = (Marks::Nowhere, Proof::OncePublished);
    Capability { lists_all: false, marks, proof, ..issuer::capability() }
}

#[async_trait]
impl KeyIssuer for FetchedIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        self.args.to_string()
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.mount.session().account().await
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        let shown = |(id, known): (&KeyId, &Known)| ObservedKey {
            id: id.clone(),
            created_at: known.created_at,
            status: KeyStatus::Active,
            last_use: None,
            expiry: None,
        };
        Ok(Some(locked(&self.known).iter().map(shown).collect()))
    }

    async fn read_ledgers(&self, _: &OwnerId) -> Result<Ledgers, Error> {
        Ok(Ledgers::new(locked(&self.ledger).clone(), Vec::new()))
    }

    async fn write_ledger(&self, _: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        *locked(&self.ledger) = ledger.cloned();
        Ok(())
    }

    /// The last moment before a mint: what does not fit shows here. A mount that is not there yet may come with the set, which cannot be
    /// published before its first key is made.
    async fn prepare<'a>(&'a self, _: &MintOrder) -> Result<Prepared<'a>, Error> {
        if let Some(config) = self.mount.read().await? {
            config.must_fetch(&self.args.mount, &self.url, self.args.algorithm())?;
        }
        Ok(Prepared::new(None, || self.generate()))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let pair = args::pair(material).ok_or_else(|| {
            Error::new(
                ErrorKind::Unverified,
                PROOF,
                "the new key's private half is not in the state, so the key cannot be tried [KR-VAULT-063]",
            )
        })?;
        match self.probes.ask(&self.mount, &pair.probe()?).await? {
            Some(true) => Ok(Verdict::Accepted),
            Some(false) => Ok(Verdict::NotYet),
            None => {
                let message = format!(
                    "no role of {} can tell whether it accepts a key: make one of the type jwt there, or set verification.enabled to false [KR-VAULT-064]",
                    self.args
                );
                Err(Error::new(ErrorKind::Unverified, PROOF, message).retry(Retry::Never))
            }
        }
    }

    /// The key stands in the set no more, or should not: the server forgets what it has fetched, and is asked.
    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let probe = self.probe(key)?;
        if probe.is_some() {
            self.probes.prepare(&self.mount).await?;
        }
        self.refetch().await?;
        if let Some(probe) = probe
            && !self.probes.is_refused(&self.mount, &probe).await?
        {
            let message = format!(
                "tokens by the key {key} of {} are still accepted: publish at {:?} (`jwksUrl`) what the output `jwks` holds, where this key stands no more, and run `pulumi up` again",
                self.args, self.url
            );
            return Ok(Retired::StillAccepted(message));
        }
        locked(&self.known).remove(key);
        Ok(Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        self.mount.own_key().await
    }
}
