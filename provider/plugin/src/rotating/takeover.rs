//! Keys that were made elsewhere: `adopt`, and import. A secret that the user gives for one is tried before anything is taken over.

use cloud::RotatingResource;
use jiff::{SignedDuration, Timestamp};
use outbound::nonce;
use pulumi_provider::{Context, Failure, Found, Urn};
use rotation::{Adopt, KeyId, KeyIssuer, KeyState, KeyStatus, Known, Material, ObservedKey, Trigger, Verdict, refresh};
use secrecy::SecretString;

use super::inputs::Inputs;
use super::reached::Reached;
use super::{Rotating, errors, inputs};
use crate::import::{self, Trouble};

impl<S: RotatingResource> Rotating<S> {
    /// The state of a resource that begins with an existing key. Nothing is changed by it.
    pub(super) async fn adopt(
        &self,
        adopt: &Adopt,
        args: &S::Args,
        issuer: &dyn KeyIssuer,
        instance: String,
        urn: &Urn,
    ) -> Result<KeyState, Failure> {
        let id = KeyId(adopt.id.clone());
        let observed = self.observe(issuer, urn).await?;
        let shown = observed.as_ref().and_then(|observed| observed.keys.get(&id));
        let Some((shown, observed)) = shown.zip(observed.as_ref()) else {
            return Err(import::no_such_key(&id, &self.system.principal(args)));
        };
        if let Some(owner) = observed.ledgers.owner_of(&id) {
            return Err(import::owned(&id, &owner.label));
        }
        let material = match &adopt.secret {
            None => None,
            Some(secret) => {
                let material = self.system.imported(args, &id, Some(secret.clone()));
                let tried = self.must_work(issuer, shown.into(), secret, &material).await;
                tried.map_err(|trouble| trouble.of_adopted(&id))?;
                Some(material)
            }
        };
        Ok(import::state(instance, shown, material, self.clock.now()))
    }

    /// `adopt` on a resource that exists: an unrecorded key becomes current without another one being made. A preview gives no issuer, and tries
    /// nothing.
    pub(super) async fn adopt_unrecorded(
        &self,
        state: &mut KeyState,
        inputs: &Inputs<S>,
        trigger: &Trigger,
        tried_by: Option<&dyn KeyIssuer>,
    ) -> Result<(), Failure> {
        let Some(Adopt { id, secret: Some(secret) }) = &inputs.args.adopt else { return Ok(()) };
        let id = KeyId(id.clone());
        let Some(found) = state.unrecorded.iter().find(|key| key.id == id) else { return Ok(()) };
        let material = self.system.imported(&inputs.own, &id, Some(secret.clone()));
        if let Some(issuer) = tried_by {
            let given = Existing { id: &id, status: KeyStatus::Active, created_at: found.created_at };
            let tried = self.must_work(issuer, given, secret, &material).await;
            tried.map_err(|trouble| trouble.of_adopted(&id))?;
        }
        state.take_over(&id, material, trigger, self.clock.now());
        Ok(())
    }

    /// The state of a resource that is taken over: the key that the id names, or the only one there is.
    pub(super) async fn import(&self, id: &str, context: &Context) -> Result<Option<Found>, Failure> {
        let (given, key) = self.system.import(id).map_err(errors::public)?;
        let mut inputs = import::inputs(given);
        let own = inputs::own_args::<S>(&self.names, &inputs)?;
        let principal = self.system.principal(&own);
        let issuer = self.issuer(&own, Known::default());
        let Some(observed) = self.observe(&*issuer, context.urn()).await? else { return Ok(None) };
        let Some(shown) = import::choose(key, &observed)? else { return Ok(None) };
        if let Some(owner) = observed.ledgers.owner_of(&shown.id) {
            return Err(import::managed(&shown.id, owner));
        }
        let given = import::given(&self.system.import_id(&principal, &shown.id), &shown.id)?;
        let secret = given.as_ref().map(|given| &given.secret);
        let known = issuer.read_back(&shown.id, secret).await;
        let known = known.map_err(|error| match &given {
            Some(given) => Trouble::Failed(error).of_imported(&shown.id, given),
            None => errors::public(error).into(),
        })?;
        inputs.extend(import::inputs(known.inputs));
        let args = inputs::own_args::<S>(&self.names, &inputs)?;
        let material = self.system.imported(&args, &shown.id, secret.cloned().or(known.secret));
        if let Some(given) = &given {
            let tried = self.must_work(&*issuer, shown.into(), &given.secret, &material).await;
            tried.map_err(|trouble| trouble.of_imported(&shown.id, given))?;
        }
        let mut state = import::state(nonce(), shown, Some(material), self.clock.now());
        (state.account, _) = rotation::reach(&*issuer).await;
        let state = refresh(state, &observed, &issuer.capability());
        errors::warn(&state, context);
        let outputs = self.outputs(&inputs, &state, None, (context.urn(), &Reached::default()))?;
        Ok(Some(Found { id: principal, inputs, outputs, ..Found::default() }))
    }

    /// Tries the secret that the user gave for an existing key as a user of the key would. One success is enough, and only a key that was made a
    /// moment ago is tried more than once. Where the system offers nothing to try it with, it is believed.
    async fn must_work(
        &self,
        issuer: &dyn KeyIssuer,
        key: Existing<'_>,
        secret: &SecretString,
        material: &Material,
    ) -> Result<(), Trouble> {
        if key.status == KeyStatus::Inactive {
            return Err(Trouble::Disabled);
        }
        issuer.must_be_secret_of(key.id, secret).await.map_err(Trouble::Failed)?;
        loop {
            match issuer.verify(material).await {
                Ok(Verdict::Accepted | Verdict::NotBefore(_)) => return Ok(()),
                Ok(Verdict::NotYet) if self.may_be_unsettled(issuer, key.created_at) => self.clock.wait(PAUSE).await,
                Ok(Verdict::NotYet) => return Err(Trouble::Refused),
                Ok(Verdict::Unjudged) => return Err(Trouble::Unjudged),
                Err(error) => return Err(Trouble::Failed(error)),
            }
        }
    }

    /// Whether a key that was made at this time, by the system's clock, may not be known everywhere yet.
    fn may_be_unsettled(&self, issuer: &dyn KeyIssuer, created_at: Timestamp) -> bool {
        let age = self.clock.now().duration_since(created_at).saturating_add(issuer.ahead());
        (SignedDuration::ZERO..issuer.capability().settle).contains(&age)
    }
}

/// A key that the user gave a secret for.
struct Existing<'a> {
    id: &'a KeyId,
    status: KeyStatus,
    created_at: Timestamp,
}

impl<'a> From<&'a ObservedKey> for Existing<'a> {
    fn from(shown: &'a ObservedKey) -> Self {
        Self { id: &shown.id, status: shown.status, created_at: shown.created_at }
    }
}

const PAUSE: SignedDuration = SignedDuration::from_secs(5);
