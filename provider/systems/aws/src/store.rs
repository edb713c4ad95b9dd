//! AWS Secrets Manager as a store of keys: versions named by their delivery, staged under a label of ours.
//!
//! A version's id is the client's token, so a repeated call is one version, and which key a version holds shows without reading it. `AWSPENDING` is never
//! used: where it stands on a version that is not current, every later RotateSecret fails.

mod args;
mod calls;
mod described;
mod error;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cloud::{Deliverable, DeliveryShape};
use rotation::{Error, ErrorKind, Head, Material, OwnerId, Payload, Store};

pub use args::{CreateSecret, SecretsManagerDelivery};
pub(crate) use args::{Entry, region_of};
use calls::Calls;
pub(crate) use calls::{held, shown};
use described::{BEFORE, CURRENT, Described, OURS, PREVIOUS};
pub(crate) use error::SecretCall;

use crate::session::Session;

/// One secret, as a delivery names it.
pub(crate) struct SecretStore {
    calls: Calls,
    args: SecretsManagerDelivery,
    entry: Entry,
    shape: DeliveryShape,
    of: Deliverable,
    /// What [`Store::head`] saw last.
    seen: Mutex<Option<Described>>,
}

impl SecretStore {
    /// The secret that `args` name, for keys like `of`. `at` is the property that names the delivery.
    pub(crate) fn new(
        session: Session,
        args: SecretsManagerDelivery,
        (at, of): (&str, Deliverable),
        made_by: &OwnerId,
    ) -> Self {
        let entry = args.entry(session.config().region.as_deref());
        let calls = Calls::new(Arc::new(session), &args, at, made_by);
        let shape = args.shape();
        Self { calls, args, entry, shape, of, seen: Mutex::default() }
    }

    async fn describe(&self) -> Result<Option<Described>, Error> {
        let described = self.calls.describe().await?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&described);
        Ok(described)
    }

    fn seen(&self) -> Option<Described> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn blocked(&self, described: Option<&Described>) -> Option<String> {
        let label = self.label();
        let Some(described) = described else {
            let missing = || {
                format!("{label} does not exist: create it, or set `create` so that the plugin creates it [KR-AWS-044]")
            };
            return self.args.create.is_none().then(missing);
        };
        if described.deleted && !self.may_restore(described) {
            return Some(format!(
                "{label} is scheduled for deletion: restore it (RestoreSecret), or deliver to another secret [KR-AWS-045]"
            ));
        }
        if let Some(owner) = &described.managed_by {
            return Some(format!("{label} is managed by {owner}: deliver to a secret of your own [KR-AWS-046]"));
        }
        described.rotated_by.as_ref().map(|function| {
            format!(
                "{label} is already rotated by Secrets Manager ({function}): turn that rotation off (CancelRotateSecret), or deliver to another secret [KR-AWS-047]"
            )
        })
    }

    /// Whether it was this resource that made the secret, and may make it again.
    fn may_restore(&self, described: &Described) -> bool {
        self.args.create.is_some() && self.calls.made(described)
    }

    /// Lets consumers read something else than a version of ours: what stood before it, or nothing.
    async fn replace_current(&self, version: &str, described: &Described) -> Result<(), Error> {
        match described.before() {
            Some(before) => self.calls.move_label(CURRENT, (Some(version), Some(&before))).await,
            None => self.calls.put_nothing().await,
        }
    }
}

#[async_trait]
impl Store for SecretStore {
    fn label(&self) -> String {
        self.calls.label()
    }

    fn identity(&self) -> String {
        self.entry.to_string()
    }

    fn shape(&self) -> String {
        self.shape.normal()
    }

    fn reads_back(&self) -> bool {
        self.shape.keeps_all(&self.of)
    }

    fn keeps_secrets(&self) -> bool {
        self.shape.keeps_secrets(&self.of)
    }

    async fn head(&self) -> Result<Head, Error> {
        let described = self.describe().await?;
        let blocked = self.blocked(described.as_ref());
        Ok(Head { blocked, ..described.map(|described| described.head()).unwrap_or_default() })
    }

    async fn stage(&self, payload: &Payload<'_>, head: &Head) -> Result<String, Error> {
        let text = self.shape.render(payload.material, &self.of)?;
        let token = payload.delivery.as_str();
        if !head.exists && self.calls.create(self.args.create.as_ref(), (token, &text)).await? {
            return Ok(token.to_owned());
        }
        if self.seen().is_some_and(|seen| seen.deleted) {
            self.calls.restore().await?;
        }
        let current = head.current.as_ref().map_or("none", |current| &current.version);
        let stages = self.calls.put(token, &text, current).await?;
        // A version that was there already keeps the labels that it had.
        if !stages.iter().any(|stage| stage == OURS || stage == CURRENT) {
            let holder = self.describe().await?.and_then(|described| described.holder(OURS));
            self.calls.move_label(OURS, (holder.as_deref(), Some(token))).await?;
        }
        Ok(token.to_owned())
    }

    async fn promote(&self, version: &str, head: &Head) -> Result<(), Error> {
        // A secret that was deleted or that the head did not show yet is looked at again.
        let seen = match (self.seen().filter(|seen| !seen.deleted), &head.current) {
            (Some(seen), Some(_)) => Some(seen),
            _ => self.describe().await?,
        };
        let current = match &head.current {
            Some(current) => Some(current.version.clone()),
            None => seen.as_ref().and_then(|seen| seen.holder(CURRENT)),
        };
        if current.as_deref() == Some(version) {
            return Ok(());
        }
        if let (Some(current), Some(true)) = (&current, seen.map(|seen| seen.keeps_before())) {
            self.calls.move_label(BEFORE, (None, Some(current))).await?;
        }
        match self.calls.move_label(CURRENT, (current.as_deref(), Some(version))).await {
            Err(error) if error.kind == ErrorKind::Conflict => {}
            moved => return moved,
        }
        match self.describe().await?.and_then(|described| described.holder(CURRENT)) {
            Some(now) if now == version => Ok(()),
            now => Err(self.calls.overtaken(version, now.as_deref())),
        }
    }

    async fn withdraw(&self, version: &str, _head: &Head) -> Result<(), Error> {
        let Some(described) = self.describe().await? else { return Ok(()) };
        // The labels are about to move: a promotion that follows looks again.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let has = |stage: &str| described.holder(stage).as_deref() == Some(version);
        if described.deleted {
            return Ok(());
        }
        let was_current = has(CURRENT);
        if was_current {
            self.replace_current(version, &described).await?;
        }
        // First of the labels: while another one stands on a version of ours, a later run comes here again.
        let before = described.holder(BEFORE);
        if let Some(before) = before.filter(|before| was_current || described.holder(CURRENT).as_ref() == Some(before))
        {
            self.calls.move_label(BEFORE, (Some(&before), None)).await?;
        }
        if has(OURS) {
            self.calls.move_label(OURS, (Some(version), None)).await?;
        }
        if was_current || has(PREVIOUS) {
            self.calls.move_label(PREVIOUS, (Some(version), None)).await?;
        }
        Ok(())
    }

    async fn remove(&self) -> Result<bool, Error> {
        let Some(described) = self.describe().await? else { return Ok(true) };
        if !self.calls.made(&described) {
            return Ok(false);
        }
        if described.deleted {
            return Ok(true);
        }
        if !described.replicas.is_empty() {
            self.calls.remove_replicas(&described.replicas).await?;
        }
        let window = self.args.create.as_ref().and_then(|create| create.recovery_window_in_days);
        self.calls.delete(window).await.map(|()| true)
    }

    async fn read(&self, version: &str) -> Result<Option<Material>, Error> {
        let held = self.calls.read(version).await?;
        Ok(held.and_then(|text| self.shape.read(&text, &self.of)))
    }
}
