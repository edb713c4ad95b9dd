//! Keys that were made elsewhere: `adopt`, and import. A secret that the user gives for one is tried before anything is taken over.

use pulumi_provider::{Context, Failure, Found, Urn};
use rotation::{Adopt, KeyId, KeyIssuer, KeyState, KeyStatus, Material, System, Trigger, Verdict, refresh};
use secrecy::SecretString;

use super::inputs::Inputs;
use super::{Rotating, errors, inputs, nonce, place};
use crate::import::{self, Trouble};

impl<S: System> Rotating<S> {
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
                let tried = must_work(issuer, (&id, shown.status), secret, &material).await;
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
        if !state.unrecorded.iter().any(|key| key.id == id) {
            return Ok(());
        }
        let material = self.system.imported(&inputs.own, &id, Some(secret.clone()));
        if let Some(issuer) = tried_by {
            let tried = must_work(issuer, (&id, KeyStatus::Active), secret, &material).await;
            tried.map_err(|trouble| trouble.of_adopted(&id))?;
        }
        state.take_over(&id, material, trigger, self.clock.now());
        Ok(())
    }

    /// The state of a resource that is taken over: the key that the id names, or the only one there is.
    pub(super) async fn import(&self, id: &str, context: &Context) -> Result<Option<Found>, Failure> {
        let (given, key) = self.system.import(id).map_err(errors::public)?;
        let mut inputs = import::inputs(given);
        let principal = self.system.principal(&inputs::own_args::<S>(&self.names, &inputs)?);
        let issuer = self.system.issuer(inputs::own_args::<S>(&self.names, &inputs)?);
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
            let tried = must_work(&*issuer, (&shown.id, shown.status), &given.secret, &material).await;
            tried.map_err(|trouble| trouble.of_imported(&shown.id, given))?;
        }
        let mut state = import::state(nonce(), shown, Some(material), self.clock.now());
        (state.account, _) = place::reach(&*issuer).await;
        let state = refresh(state, &observed, &self.system.capability());
        errors::warn(&state, context);
        let outputs = self.outputs(&inputs, &state, None, context.urn())?;
        Ok(Some(Found { id: principal, inputs, outputs, ..Found::default() }))
    }
}

/// Tries the secret that the user gave for an existing key, once, as a user of the key would. Where the system offers nothing to try it with, it is
/// believed.
async fn must_work(
    issuer: &dyn KeyIssuer,
    (id, status): (&KeyId, KeyStatus),
    secret: &SecretString,
    material: &Material,
) -> Result<(), Trouble> {
    if status == KeyStatus::Inactive {
        return Err(Trouble::Disabled);
    }
    issuer.must_be_secret_of(id, secret).await.map_err(Trouble::Failed)?;
    match issuer.verify(material).await {
        Ok(Verdict::Accepted | Verdict::NotBefore(_)) => Ok(()),
        Ok(Verdict::NotYet) => Err(Trouble::Refused),
        Ok(Verdict::Unjudged) => Err(Trouble::Unjudged),
        Err(error) => Err(Trouble::Failed(error)),
    }
}
