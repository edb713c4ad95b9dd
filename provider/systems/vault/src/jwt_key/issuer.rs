use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use outbound::locked;
use rotation::{
    Capability, Effect, Error, ErrorKind, KeyId, KeyIssuer, Ledger, Ledgers, Mark, Marks, Material, MintOrder, Minted,
    ObservedKey, OwnerId, Prepared, Retired, Verdict,
};

use super::args::{self, JwtKeyArgs};
use super::config::Published;
use super::jwk::JwtAlgorithm;
use super::keypair::Pair;
use super::mark::{self, Standing, Tag};
use super::mount::{Changed, MINT_TIMEOUT, Mount};
use super::probes::Probes;
use super::seen::Seen;
use crate::config_lock::Config;
use crate::session::Session;

/// The keys of one name at one mount.
pub(crate) struct JwtKeyIssuer {
    mount: Mount,
    args: JwtKeyArgs,
    /// What the last read showed, and what was changed since.
    seen: Mutex<Option<Seen>>,
    probes: Probes,
}

/// A mount takes any number of keys, answers at once, disables none and tells nothing of their use.
pub(crate) fn capability() -> Capability {
    Capability {
        mint_timeout: MINT_TIMEOUT,
        disables: false,
        tells_last_use: false,
        marks: Marks::OnKeys,
        ..Capability::default()
    }
}

const PROOF: &str = "vault verification";

impl JwtKeyIssuer {
    pub(crate) fn new(session: Arc<Session>, args: JwtKeyArgs) -> Self {
        let mount = Mount::new(session, &args.mount);
        Self { mount, args, seen: Mutex::default(), probes: Probes::default() }
    }

    /// The keys that concern the resource: its own, and those that bear no mark, which are somebody's.
    async fn fetch(&self) -> Result<Option<Seen>, Error> {
        let Some(config) = self.mount.read().await? else { return Ok(None) };
        let found = Seen::of(&config, &self.args.name)?;
        *locked(&self.seen) = Some(found.clone());
        Ok(Some(found))
    }

    /// Publishes a key once, over what the last read of this process showed.
    async fn publish(&self, kid: &KeyId, entry: &str) -> Result<(), Error> {
        let add = |config: &Config| {
            config.must_take(&self.args.mount, self.args.algorithm())?;
            let all = config.keys()?;
            if all.iter().any(|key| key.kid == *kid) {
                return Ok(None);
            }
            let kept = all.into_iter().filter(|key| key.standing != Standing::Placeholder).map(|key| key.entry);
            Ok(Some(config.with_keys(kept.chain([entry.to_owned()]).collect())))
        };
        if let Changed::Unread = self.mount.put(add).await? {
            let nowhere =
                || Error::new(ErrorKind::NotFound, "", format!("{} does not exist [KR-VAULT-065]", self.args));
            self.mount.read_newest().await?.ok_or_else(nowhere)?;
            if let Changed::Unread = self.mount.put(add).await? {
                let message =
                    format!("{} is changed by others at this moment: run `pulumi up` again [KR-VAULT-066]", self.args);
                return Err(Error::new(ErrorKind::Conflict, "", message).effect(Effect::None));
            }
        }
        Ok(())
    }

    /// Takes a key out. If it was the last one, one that nobody has comes in its place, because a mount must have a key.
    async fn withdraw(&self, kid: &KeyId) -> Result<(), Error> {
        let nobodys = mark::placeholder(&Pair::generate(JwtAlgorithm::EdDsa)?.public_pem()?);
        let remove = |config: &Config| {
            let all = config.keys()?;
            let mut kept: Vec<_> = all.iter().filter(|key| key.kid != *kid).map(|key| key.entry.clone()).collect();
            if kept.len() == all.len() {
                return Ok(None);
            }
            if kept.is_empty() {
                kept.push(nobodys.clone());
            }
            Ok(Some(config.with_keys(kept)))
        };
        self.mount.change(remove).await
    }

    /// Insists that the server refuses what a removed key signed.
    async fn must_be_refused(&self, kid: &KeyId, probe: &str) -> Result<(), Error> {
        if self.probes.is_refused(&self.mount, probe).await? {
            return Ok(());
        }
        let message = format!(
            "the key {kid} was taken out of {}, and tokens that it signed are still accepted: look for a copy of it in jwt_validation_pubkeys of \"auth/{}/config\" [KR-VAULT-067]",
            self.args, self.args.mount
        );
        Err(Error::new(ErrorKind::Unverified, PROOF, message))
    }

    async fn add(&self, order: MintOrder, pair: Pair) -> Result<Minted, Error> {
        let kid = pair.kid().clone();
        let tag = Tag {
            name: self.args.name.clone(),
            owner: order.owner,
            instance: order.instance,
            created_at: self.mount.session().clock().now(),
            mark: Mark::Minting,
            probe: Some(pair.probe()?),
        };
        let public = pair.public_pem()?;
        self.publish(&kid, &tag.before(&kid, &public)).await?;
        let created_at = tag.created_at;
        locked(&self.seen).get_or_insert_default().0.insert(kid.clone(), Some(tag));
        Ok(Minted { material: args::material(&kid, pair.private_pem()?, public), id: kid, created_at, expiry: None })
    }
}

#[async_trait]
impl KeyIssuer for JwtKeyIssuer {
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
        let found = self.fetch().await?.ok_or_else(|| self.mount.missing())?;
        Ok(Some(found.keys()))
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let found = self.fetch().await?.ok_or_else(|| self.mount.missing())?;
        Ok(Some((found.keys(), found.ledgers(owner))))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        Ok(self.fetch().await?.unwrap_or_default().ledgers(owner))
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        let Some(ledger) = ledger else { return Ok(()) };
        let known = locked(&self.seen).clone();
        let known = match known {
            Some(known) => known,
            None => self.fetch().await?.unwrap_or_default(),
        };
        let name = &self.args.name;
        // What a key is to say, if it does not say so.
        let wanted = |kid: &KeyId, tag: Option<&Tag>| {
            let wanted = Tag::wanted(tag, name, owner, ledger.keys.get(kid)?);
            (!tag.is_some_and(|tag| tag.says(&wanted))).then_some(wanted)
        };
        if !known.0.iter().any(|(kid, tag)| wanted(kid, tag.as_ref()).is_some()) {
            return Ok(());
        }
        let rewrite = |config: &Config| {
            let all = config.keys()?;
            let rewritten = |key: &Published| match &key.standing {
                Standing::Marked(tag) if tag.name == *name => wanted(&key.kid, Some(tag)),
                Standing::Unmarked => wanted(&key.kid, None),
                _ => None,
            };
            if all.iter().all(|key| rewritten(key).is_none()) {
                return Ok(None);
            }
            let entry = |key: &Published| match rewritten(key) {
                Some(tag) => tag.before(&key.kid, mark::pem(&key.entry)),
                None => key.entry.clone(),
            };
            Ok(Some(config.with_keys(all.iter().map(entry).collect())))
        };
        self.mount.change(rewrite).await?;
        let now = known.0.into_iter().map(|(kid, tag)| (kid.clone(), wanted(&kid, tag.as_ref()).or(tag))).collect();
        *locked(&self.seen) = Some(Seen(now));
        Ok(())
    }

    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        let pair = Pair::generate_aside(self.args.algorithm()).await?;
        if let Some(config) = self.mount.read_newest().await? {
            config.must_take(&self.args.mount, self.args.algorithm())?;
        }
        let order = order.clone();
        Ok(Prepared::new(None, || self.add(order, pair)))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let unknown = || {
            let message = format!(
                "the private half of a key of {} is not known, or is not that of the key, so the key cannot be tried: `adopt.secret` takes PKCS#8 in PEM [KR-VAULT-068]",
                self.args
            );
            Error::new(ErrorKind::Unverified, PROOF, message)
        };
        let pair = args::pair(material).ok_or_else(unknown)?;
        let probe = pair.probe()?;
        let said = self.probes.ask(&self.mount, &probe).await?;
        if said == Some(true) {
            return Ok(Verdict::Accepted);
        }
        let is_published = self.fetch().await?.is_some_and(|found| found.0.contains_key(pair.kid()));
        let is_known = match said {
            Some(_) if is_published => self.probes.ask_anew(&self.mount, &probe).await? == Some(true),
            // No role could tell, so that the key is published must do.
            None => is_published,
            _ => false,
        };
        Ok(if is_known { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let found = self.fetch().await?.unwrap_or_default();
        let Some(tag) = found.0.get(key) else { return Ok(Retired::Gone) };
        let probe = tag.as_ref().and_then(|tag| tag.probe.as_deref());
        if probe.is_some() {
            self.probes.prepare(&self.mount).await?;
        }
        self.withdraw(key).await?;
        if let Some(seen) = locked(&self.seen).as_mut() {
            seen.0.remove(key);
        }
        if let Some(probe) = probe {
            self.must_be_refused(key, probe).await?;
        }
        Ok(Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        self.mount.own_key().await
    }
}
