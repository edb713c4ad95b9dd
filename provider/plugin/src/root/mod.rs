//! `vault:RotatingRoot`: no key that Pulumi holds, so not the rotation model's run. Check and the triggers are the model's; what is done is one order.

mod errors;
mod place;
mod spec;
mod state;

use std::sync::Arc;

use async_trait::async_trait;
use outbound::nonce;
use pulumi_provider::{
    CheckRequest, Checked, Context, CreateRequest, Created, DeleteRequest, Diff, DiffRequest, Error, Failure, Found,
    Object, ReadRequest, Resource, ResourceSpec, UpdateRequest, Value,
};
use rotation::{Capability, Clock, Effect, ErrorKind, KeyId, Problem, Trigger, TriggerInputs};
use system_aws::Aws;
use system_vault::{Evidence, RootArgs, VaultRoot};

use crate::import;
use crate::rotating::errors::public;
use crate::rotating::inputs::{Inputs, Names, Rules, own_args};
use crate::rotating::outputs::{is_ours, set_unknown};
use crate::rotating::{check, diff};
use crate::switches::Switches;
use errors::{cannot_ask, interrupted, managed, unproven};
use state::{RootState, from_outputs, to_outputs};

/// A secret that an engine of Vault's keeps to itself.
pub(crate) struct RotatingRoot {
    rules: RootRules,
    aws: Arc<Aws>,
    clock: Arc<dyn Clock>,
    names: Names,
    switches: Arc<Switches>,
}

struct RootRules(VaultRoot);

impl Rules for RootRules {
    type Common = TriggerInputs;
    type Own = RootArgs;
    const RETIRES: bool = false;

    fn capability(&self, _: Option<&RootArgs>) -> Capability {
        Capability::default()
    }

    fn problems(&self, own: &RootArgs) -> Vec<Problem> {
        self.0.check(own)
    }
}

/// A run that did not reach its end, and what is known.
struct Interrupted {
    state: RootState,
    error: rotation::Error,
}

impl RotatingRoot {
    /// `aws` is asked whose keys the root of an AWS engine are; `switches` is the configuration.
    pub(crate) fn new(root: VaultRoot, aws: Arc<Aws>, clock: Arc<dyn Clock>, switches: Arc<Switches>) -> Self {
        Self { rules: RootRules(root), aws, clock, names: Names::without_key::<RootRules>(), switches }
    }

    fn inputs(&self, inputs: &Object) -> Result<Inputs<RootRules>, Error> {
        Inputs::checked(&self.rules, &self.names, inputs)
    }

    /// Orders a rotation unless the trigger is served already.
    async fn live(
        &self,
        args: &RootArgs,
        wanted: &Trigger,
        mut state: RootState,
        context: &Context,
    ) -> Result<RootState, Interrupted> {
        let root = self.rules.0.root(args);
        let account = match self.place(&root, &state).await {
            Ok(account) => account,
            Err(error) => return Err(Interrupted { state, error }),
        };
        let seen = match root.look().await.and_then(|seen| seen.ok_or_else(|| root.gone(""))) {
            Ok(seen) => seen,
            Err(error) => return Err(Interrupted { state, error }),
        };
        state.account = account.or(state.account.take());
        state.observe(&seen.evidence, wanted, self.clock.now());
        if state.serves(wanted) {
            return Ok(state);
        }
        if let Err(error) = self.must_be_nobodys(&seen.evidence, context).await {
            return Err(Interrupted { state, error });
        }
        context.log().info(format!("requesting a rotation of {:?}: {}", args.path, state.cause(wanted)));
        match root.order(&seen).await {
            Ok(turned) => {
                turned.warning.into_iter().for_each(|warning| context.log().warning(warning));
                state.record_rotation(turned.evidence, wanted, self.clock.now());
                Ok(state)
            }
            Err(error) => {
                if error.effect == Effect::Unknown {
                    state.mark_unknown(wanted);
                }
                Err(Interrupted { state, error })
            }
        }
    }

    /// An AWS user whose keys another resource of ours manages would lose one that is in use. Also the last moment to stop.
    async fn must_be_nobodys(&self, evidence: &Evidence, context: &Context) -> Result<(), rotation::Error> {
        if let Some(id) = &evidence.access_key_id {
            let owner = match self.aws.owner_of(&KeyId(id.clone())).await {
                Ok(owner) => owner.managed_by.map(|manager| (owner.user, manager)),
                Err(error) if cannot_ask(error.kind) => {
                    context.log().warning(format!(
                        "whether an aws:RotatingApiKey manages the user of the engine's access key {id} could not be looked up, and its key is rotated all the same: {error}"
                    ));
                    None
                }
                Err(error) => return Err(error),
            };
            if let Some((user, manager)) = owner {
                return Err(managed(&user, &manager));
            }
        }
        if context.stopped() {
            let message = "the run was stopped before it requested a rotation [KR-PLUGIN-014]";
            return Err(rotation::Error::new(ErrorKind::Stopped, "", message));
        }
        Ok(())
    }

    /// What an Update would do, as outputs of which the new ones are unknown.
    fn preview_outputs(
        &self,
        request: &Object,
        inputs: &Inputs<RootRules>,
        state: &RootState,
        context: &Context,
    ) -> Result<Object, Error> {
        let wanted = trigger(inputs, state)?;
        let mut outputs = to_outputs(request, state, Some((&inputs.args, inputs.schedule()?)))?;
        if state.serves(&wanted) {
            return Ok(outputs);
        }
        context.log().info(format!("a rotation will be requested: {}", state.cause(&wanted)));
        let told = ["accessKeyId", "lastVaultRotation"]
            .into_iter()
            .filter(|name| outputs.get(*name).is_some_and(|told| !told.is_null()));
        let told: Vec<_> = told.collect();
        set_unknown(&mut outputs, told.into_iter().chain(["rotatedAt"]));
        // Vault may have changed a static role's password by itself, which is enough for a new period.
        let generation = match state.evidence.last_vault_rotation {
            Some(_) => Value::Unknown,
            None => Value::Number((state.generation + 1) as f64),
        };
        outputs.insert("generation".to_owned(), generation);
        Ok(outputs)
    }

    async fn import(&self, id: &str) -> Result<Option<Found>, Failure> {
        let inputs = import::inputs(self.rules.0.import(id).map_err(public)?);
        let args = own_args::<RootRules>(&self.names, &inputs)?;
        let root = self.rules.0.root(&args);
        let Some(seen) = root.look().await.map_err(public)? else { return Ok(None) };
        let account = root.account().await.map_err(public)?;
        let mut state = RootState::imported(nonce(), seen.evidence);
        state.account = account;
        let outputs = to_outputs(&inputs, &state, None)?;
        Ok(Some(Found { id: root.id().to_owned(), inputs, outputs, ..Found::default() }))
    }
}

#[async_trait]
impl Resource for RotatingRoot {
    fn spec(&self) -> ResourceSpec {
        spec::spec()
    }

    fn refreshes_before_update(&self) -> bool {
        self.switches.refreshes()
    }

    fn check(&self, request: &CheckRequest) -> Result<Checked, Error> {
        check::check(&self.rules, &self.names, &*self.clock, request, Vec::new())
    }

    fn diff(&self, request: &DiffRequest) -> Result<Diff, Error> {
        let mut diff = diff::compare(&self.names, request).diff;
        diff.changes.retain(|change| change.path.top() != Some(ROTATE_ON_CREATE));
        diff.force_update = from_outputs(&request.state)?.is_left_over();
        Ok(diff)
    }

    async fn create(&self, request: CreateRequest, context: &Context) -> Result<Created, Failure> {
        if request.preview {
            preview_creation(&request.inputs, context);
            return Ok(Created { outputs: request.inputs, ..Created::default() });
        }
        let inputs = self.inputs(&request.inputs)?;
        let times = (&inputs.args, inputs.schedule()?);
        let mut state = RootState::new(nonce());
        let wanted = trigger(&inputs, &state)?;
        if inputs.own.rotate_on_create == Some(false) {
            state.stand_for(&wanted);
        }
        let id = self.rules.0.root(&inputs.own).id().to_owned();
        match self.live(&inputs.own, &wanted, state, context).await {
            Ok(state) => {
                let outputs = to_outputs(&request.inputs, &state, Some(times))?;
                Ok(Created { id, outputs, ..Created::default() })
            }
            Err(Interrupted { state, error }) if state.is_left_over() => {
                let outputs = to_outputs(&request.inputs, &state, Some(times))?;
                Err(Failure::partial(id, outputs, interrupted(error, &state)))
            }
            Err(Interrupted { state, error }) => Err(interrupted(error, &state).into()),
        }
    }

    async fn update(&self, request: UpdateRequest, context: &Context) -> Result<Object, Failure> {
        let inputs = self.inputs(&request.inputs)?;
        let times = (&inputs.args, inputs.schedule()?);
        let mut state = from_outputs(&request.state)?;
        let wanted = trigger(&inputs, &state)?;
        let old = self.inputs(&request.old_inputs).and_then(|old| trigger(&old, &state)).ok();
        state.stand_for(old.as_ref().unwrap_or(&wanted));
        if request.preview {
            return Ok(self.preview_outputs(&request.inputs, &inputs, &state, context)?);
        }
        let before = state.clone();
        match self.live(&inputs.own, &wanted, state, context).await {
            Ok(state) => Ok(to_outputs(&request.inputs, &state, Some(times))?),
            Err(Interrupted { state, error }) if state != before => {
                let outputs = to_outputs(&request.inputs, &state, Some(times))?;
                Err(Failure::partial(request.id, outputs, interrupted(error, &state)))
            }
            Err(Interrupted { state, error }) => Err(interrupted(error, &state).into()),
        }
    }

    async fn read(&self, request: ReadRequest, _: &Context) -> Result<Option<Found>, Failure> {
        let (Some(inputs), Some(stored)) = (request.inputs, request.state.filter(is_ours)) else {
            return self.import(&request.id).await;
        };
        let args = own_args::<RootRules>(&self.names, &inputs)?;
        let mut state = from_outputs(&stored)?;
        let root = self.rules.0.root(&args);
        let account = self.place(&root, &state).await.map_err(public)?;
        let Some(seen) = root.look().await.map_err(public)? else {
            // Where it was never seen, that it is not there proves nothing.
            return if state.account.is_some() && account.is_some() { Ok(None) } else { Err(unproven(&root).into()) };
        };
        state.account = account.or(state.account.take());
        state.evidence = seen.evidence;
        let read = self.inputs(&inputs).ok();
        let times = read.as_ref().and_then(|read| Some((&read.args, read.schedule.as_ref()?)));
        let outputs = to_outputs(&inputs, &state, times)?;
        Ok(Some(Found { id: request.id, inputs, outputs, ..Found::default() }))
    }

    async fn delete(&self, request: DeleteRequest, context: &Context) -> Result<(), Failure> {
        context.log().info(format!(
            "nothing was changed in Vault: it keeps the secret of {:?}, which nobody else knows, and goes on using it",
            request.id
        ));
        Ok(())
    }
}

const ROTATE_ON_CREATE: &str = "rotateOnCreate";

/// Says what creation does to the secret that is there.
fn preview_creation(inputs: &Object, context: &Context) {
    let path = inputs.get("path").and_then(Value::as_str).unwrap_or("this path");
    if inputs.get(ROTATE_ON_CREATE) == Some(&Value::Bool(false)) {
        context.log().info(format!("{path}: the present secret stays in use until the first rotation"));
    } else {
        context.log().warning(format!(
            "{path}: creating this resource rotates the secret at once and cuts off whoever uses the present one. Set `rotateOnCreate: false` to keep it until the first rotation"
        ));
    }
}

fn trigger(inputs: &Inputs<RootRules>, state: &RootState) -> Result<Trigger, Error> {
    Ok(inputs.goal(&state.instance)?.trigger)
}
