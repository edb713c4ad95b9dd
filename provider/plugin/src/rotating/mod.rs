//! One Pulumi resource for any system: Check asks the rotation model for a schedule, Diff compares, Create and Update let it run.

pub(crate) mod account;
mod audit;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod errors;
pub(crate) mod inputs;
pub(crate) mod names;
pub(crate) mod outputs;
mod place;
mod preview;
mod reached;
mod report;
mod shared_outputs;
mod spec;
mod spelling;
mod stores;
mod takeover;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::{RotatingResource, TagForm};
use outbound::nonce;
use pulumi_provider::{
    CheckRequest, Checked, Context, CreateRequest, Created, DeleteRequest, Diff, DiffRequest, Error, Failure, Found,
    ListRequest, Listed, Object, ReadRequest, Resource, ResourceSpec, UpdateRequest, Urn, Value, decode,
};
use rotation::{
    Clock, Interrupted, KeyIssuer, KeyState, Known, Observed, RotationArgs, RunContext, Schedule, Want,
    look_into_stores, note_endings, observe, overdue, reach, refresh, refresh_stores, renew_notices, run,
};

use crate::delivery::{self, DeliveryClouds};
use crate::switches::Switches;
pub(crate) use audit::{Audits, ListKeys};
use inputs::{Inputs, Names};
use names::owner;
use outputs::{OWNERSHIP_TAGS, fields, from_outputs, is_ours, to_outputs};
use reached::Reached;
pub(crate) use report::Report;

/// The rotating resource of one system.
pub(crate) struct Rotating<S> {
    system: Arc<S>,
    clock: Arc<dyn Clock>,
    names: Names,
    switches: Arc<Switches>,
    delivery_clouds: DeliveryClouds,
    /// What the resources that this process compared were before, by URN: a Create of one of them is a replacement.
    compared: Mutex<BTreeMap<String, String>>,
}

impl<S: RotatingResource> Rotating<S> {
    /// `switches` is the configuration, whenever that is known; keys are delivered to the stores of `delivery_clouds`.
    pub(crate) fn new(
        system: Arc<S>,
        clock: Arc<dyn Clock>,
        switches: Arc<Switches>,
        delivery_clouds: DeliveryClouds,
    ) -> Self {
        Self { system, clock, names: Names::of::<S>(), switches, delivery_clouds, compared: Mutex::default() }
    }

    fn inputs(&self, inputs: &Object) -> Result<Inputs<S>, Error> {
        Inputs::checked(&*self.system, &self.names, inputs)
    }

    fn issuer(&self, own: &S::Args, known: Known<'_>) -> Box<dyn KeyIssuer> {
        let issuer = self.system.issuer(own, known);
        debug_assert_eq!(
            self.system.capability(Some(own)),
            issuer.capability(),
            "{}: what Check was told is what the issuer does",
            S::TOKEN
        );
        issuer
    }

    async fn live(
        &self,
        (want, own): (&Want, &S::Args),
        (issuer, stores): (&dyn KeyIssuer, &Reached),
        state: KeyState,
        context: &Context,
    ) -> Result<KeyState, Interrupted> {
        let owner = owner(context.urn());
        let stop = Stopping(context);
        let note = |line: String| context.log().info(line);
        let warn = |line: String| context.log().warning(line);
        let (clock, stop, owner, nonce, note, warn) = (&*self.clock, &stop, &owner, &nonce, &note, &warn);
        let derived = &|material| self.system.derived(own, material);
        let (stores, readers) = (&stores.all(), &stores.readers());
        run(RunContext { issuer, stores, readers, derived, clock, stop, owner, want, nonce, note, warn }, state).await
    }

    async fn observe(&self, issuer: &dyn KeyIssuer, urn: &Urn) -> Result<Option<Observed>, Error> {
        observe(issuer, &owner(urn), &*self.clock).await.map_err(errors::public)
    }

    /// Keys that are older than `maxAge`, by the clock. Diff sees the state in every run; what it decides does not depend on this.
    fn overdue(&self, request: &DiffRequest) -> Vec<String> {
        let Ok(inputs) = self.inputs(&request.inputs) else { return Vec::new() };
        let state = from_outputs(&self.names.key, &request.state);
        let known = state.ok().zip(inputs.schedule.as_ref());
        known.map(|(state, schedule)| overdue(&state, &inputs.args, schedule, self.clock.now())).unwrap_or_default()
    }

    /// The outputs of a resource in this state.
    fn outputs(
        &self,
        inputs: &Object,
        state: &KeyState,
        times: Option<(&RotationArgs, &Schedule)>,
        (urn, stores): (&Urn, &Reached),
    ) -> Result<Object, Error> {
        let mut outputs = to_outputs(inputs, state, times)?;
        stores.show(&mut outputs, state)?;
        let published: Vec<_> = state.published().filter_map(|key| key.material.as_ref()).collect();
        outputs.extend(fields(&self.system.shared_outputs(&published)));
        if self.system.capability(None).tags.is_some() {
            let tags = TagForm::keys(&owner(urn)).map(Value::String);
            outputs.insert(OWNERSHIP_TAGS.to_owned(), Value::Array(tags.into()));
        }
        Ok(outputs)
    }
}

#[async_trait]
impl<S: RotatingResource> Resource for Rotating<S> {
    fn spec(&self) -> ResourceSpec {
        spec::of::<S>(&self.system.capability(None))
    }

    fn refreshes_before_update(&self) -> bool {
        self.switches.refreshes()
    }

    fn check(&self, request: &CheckRequest) -> Result<Checked, Error> {
        let given = inputs::known(&request.inputs);
        let mut wrong = delivery::failures(&given, &self.names.deliverable, &self.delivery_clouds);
        let own = decode::<S::Args>(&self.names.split(&given).1).value;
        let capability = own.map(|own| self.system.capability(Some(&own)));
        let of = (&self.names.deliverable, capability.as_ref());
        wrong.extend(delivery::unkept_secret(&request.inputs, of, &owner(&request.urn), &self.delivery_clouds));
        check::check(&*self.system, &self.names, &*self.clock, request, wrong)
    }

    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error> {
        let before = self.identity(&request.old_inputs);
        let is_same = before.is_some() && before == self.identity(&request.inputs);
        self.compared().extend(before.map(|before| (request.urn.as_str().to_owned(), before)));
        let mut diff = diff::diff(&self.names, is_same, request)?;
        diff.warnings = self.overdue(request);
        Ok(diff)
    }

    async fn create(&self, request: CreateRequest, context: &Context) -> Result<Created, Failure> {
        self.warn_without_overlap(&request.inputs, context);
        if request.preview {
            let mut outputs = request.inputs;
            self.show_no_secret(&mut outputs);
            return Ok(Created { outputs, ..Created::default() });
        }
        let inputs = self.inputs(&request.inputs)?;
        let id = self.system.principal(&inputs.own);
        let mut state = KeyState::new(nonce());
        let issuer = self.issuer(&inputs.own, Known::of(&state));
        let stores = self.reach_stores(&request.inputs, &[], context.urn())?;
        let (account, _) = reach(&*issuer).await;
        let goal = stores.of(inputs.goal(&state.instance)?, &request.inputs);
        if let Some(adopt) = &inputs.args.adopt {
            state = self.adopt(adopt, &inputs.own, &*issuer, state.instance, context.urn()).await?;
            state.stand_for(&goal.trigger);
        }
        state.account = account;
        let want = Want::Current(goal);
        let (args, schedule) = (inputs.args.clone(), inputs.schedule()?.clone());
        let outputs =
            |state: &KeyState| self.outputs(&request.inputs, state, Some((&args, &schedule)), (context.urn(), &stores));
        match self.live((&want, &inputs.own), (&*issuer, &stores), state, context).await {
            Ok(state) => {
                errors::warn(&state, context);
                let told = overdue(&state, &args, &schedule, self.clock.now());
                told.into_iter().for_each(|warning| context.log().warning(warning));
                let outputs = outputs(&state)?;
                Ok(Created { id, outputs, ..Created::default() })
            }
            Err(Interrupted { state, error, .. }) if state.has_begun() => {
                let outputs = outputs(&state)?;
                Err(Failure::partial(id, outputs, errors::interrupted(error, &state)))
            }
            Err(Interrupted { error, .. }) => Err(errors::public(error).into()),
        }
    }

    async fn update(&self, request: UpdateRequest, context: &Context) -> Result<Object, Failure> {
        let inputs = self.inputs(&request.inputs)?;
        let mut state = from_outputs(&self.names.key, &request.state)?;
        state.derive(|material| self.system.derived(&inputs.own, material));
        let stores = self.reach_stores(&request.inputs, &[&request.old_inputs, &request.state], context.urn())?;
        let stores = self.with_noted(stores, &state, context.urn());
        let goal = stores.of(inputs.goal(&state.instance)?, &request.inputs);
        if state.lacks_trigger() {
            let old = self.inputs(&request.old_inputs).and_then(|old| old.goal(&state.instance));
            state.stand_for(&old.map_or_else(|_| goal.trigger.clone(), |old| old.trigger));
        }
        let revokes = inputs::schedule(&request.old_inputs).zip(inputs.schedule.as_ref());
        if let (Some(revoke), true) =
            (&inputs.args.revoke, revokes.is_some_and(|(old, new)| old.revoked != new.revoked))
        {
            state.revoke(revoke.generation);
        }
        let issuer = self.issuer(&inputs.own, Known::of(&state));
        if request.preview {
            self.adopt_unrecorded(&mut state, &inputs, &goal.trigger, None).await?;
            return Ok(self.preview_outputs(&request, &inputs, &*issuer, &state, context)?);
        }
        self.must_be_the_place(&*issuer, &mut state, true, context.urn()).await?;
        self.adopt_unrecorded(&mut state, &inputs, &goal.trigger, Some(&*issuer)).await?;
        let (args, schedule) = (inputs.args.clone(), inputs.schedule()?.clone());
        let before = state.clone();
        let outputs =
            |state: &KeyState| self.outputs(&request.inputs, state, Some((&args, &schedule)), (context.urn(), &stores));
        match self.live((&Want::Current(goal), &inputs.own), (&*issuer, &stores), state, context).await {
            Ok(state) => {
                errors::announce_overlap(&before, &state, (&args, &schedule), context);
                errors::warn(&state, context);
                Ok(outputs(&state)?)
            }
            Err(Interrupted { state, error, .. }) if state != before => {
                let outputs = outputs(&state)?;
                Err(Failure::partial(request.id, outputs, errors::interrupted(error, &state)))
            }
            Err(Interrupted { error, state, .. }) => Err(errors::interrupted(error, &state).into()),
        }
    }

    async fn read(&self, request: ReadRequest, context: &Context) -> Result<Option<Found>, Failure> {
        let (Some(inputs), Some(stored)) = (request.inputs, request.state.filter(is_ours)) else {
            return self.import(&request.id, context).await;
        };
        let mut state = from_outputs(&self.names.key, &stored)?;
        let issuer = self.issuer(&inputs::own_args::<S>(&self.names, &inputs)?, Known::of(&state));
        let Some(observed) = self.look(&*issuer, &mut state, context.urn()).await? else { return Ok(None) };
        let mut state = refresh(state, &observed, &issuer.capability());
        let stores = self.reach_stores(&inputs, &[&stored], context.urn())?;
        let stores = self.with_noted(stores, &state, context.urn());
        if !stores.all().is_empty() {
            let seen = look_into_stores(&owner(context.urn()), &stores.all()).await.map_err(errors::public)?;
            state = refresh_stores(state, &observed, seen, self.clock.now());
        }
        let read = self.inputs(&inputs).ok();
        if let Some(read) = &read {
            note_endings(&mut state, &observed, (&read.args).into());
        }
        renew_notices(&mut state, &*issuer);
        errors::warn(&state, context);
        let times = read.as_ref().and_then(|read| Some((&read.args, read.schedule.as_ref()?)));
        let outputs = self.outputs(&inputs, &state, times, (context.urn(), &stores))?;
        Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() }))
    }

    async fn list(&self, request: ListRequest, _: &Context) -> Result<Listed, Error> {
        audit::importable(&*self.system, &request).await
    }

    async fn delete(&self, request: DeleteRequest, context: &Context) -> Result<(), Failure> {
        let mut state = from_outputs(&self.names.key, &request.state)?;
        let own = inputs::own_args::<S>(&self.names, &request.old_inputs)?;
        let issuer = self.issuer(&own, Known::of(&state));
        self.must_be_the_place(&*issuer, &mut state, false, context.urn()).await?;
        let stores = self.reach_stores(&request.old_inputs, &[&request.state], context.urn())?;
        let stores = self.with_noted(stores, &state, context.urn());
        match self.live((&Want::Gone, &own), (&*issuer, &stores), state, context).await {
            Ok(_) => Ok(()),
            Err(Interrupted { error, .. }) => Err(errors::public(error).into()),
        }
    }
}

/// The context's stop, as the model asks for it.
struct Stopping<'a>(&'a Context);

impl rotation::Stop for Stopping<'_> {
    fn is_stopped(&self) -> bool {
        self.0.stopped()
    }

    fn stopped(&self) -> futures::future::BoxFuture<'_, ()> {
        Box::pin(async {
            self.0.stop().cancelled().await;
        })
    }
}
