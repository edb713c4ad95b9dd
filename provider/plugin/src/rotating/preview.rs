//! What a preview says and shows.

use cloud::RotatingResource;
use pulumi_provider::{Context, Error, Object, UpdateRequest, Value};
use rotation::{KeyIssuer, KeyState, Want, plan};

use super::Rotating;
use super::inputs::Inputs;
use super::outputs::{EXPIRES_AT, set_unknown};
use super::spec::PREVIOUS;
use crate::delivery::{DELIVERIES, DELIVERY_STATUS, keeps_secret};

impl<S: RotatingResource> Rotating<S> {
    /// Where the state keeps no secret, secret outputs are null whatever the run does.
    pub(super) fn show_no_secret(&self, outputs: &mut Object) {
        if !keeps_secret(outputs) {
            outputs.extend(self.names.deliverable.secret_fields().map(|name| (name.to_owned(), Value::Null)));
        }
    }

    /// What an Update or a Create would do, as outputs of which the new ones are unknown.
    pub(super) fn preview_outputs(
        &self,
        request: &UpdateRequest,
        inputs: &Inputs<S>,
        issuer: &dyn KeyIssuer,
        state: &KeyState,
        context: &Context,
    ) -> Result<Object, Error> {
        let is_known = !request.inputs.get(DELIVERIES).is_some_and(Value::contains_unknown);
        // Stores that are not known yet are none that would be left.
        let wanted = if is_known { &request.inputs } else { &request.old_inputs };
        let stores = self.reach_stores(wanted, &[], context.urn())?;
        let reached = self.reach_stores(wanted, &[&request.old_inputs, &request.state], context.urn())?;
        let want = Want::Current(reached.of(inputs.goal(&state.instance)?, &request.inputs));
        let plan = plan(state, &want, &issuer.capability(), self.clock.now());
        let times = Some((&inputs.args, inputs.schedule()?));
        let is_kept = keeps_secret(&request.inputs);
        let shown = if is_kept { state.clone() } else { state.clone().without_secrets() };
        let mut outputs = self.outputs(&request.inputs, &shown, times, (context.urn(), &stores))?;
        let principal = issuer.principal();
        let say = |line: String| context.log().info(format!("{principal}: {line}"));
        if state.mark_missing {
            say("the ownership mark of this resource will be written again".to_owned());
        }
        plan.lines(state).into_iter().for_each(say);
        if plan.mint.is_some() || !plan.discard.is_empty() {
            set_unknown(&mut outputs, ["pending"]);
        }
        if let Some(generation) = plan.generation.filter(|_| plan.mint.is_some() && !plan.waits) {
            set_unknown(&mut outputs, self.names.material.iter().map(String::as_str).chain(["current", "retiring"]));
            outputs.insert("generation".to_owned(), Value::Number(generation as f64));
        }
        if is_kept && !plan.recall.is_empty() {
            set_unknown(&mut outputs, self.names.deliverable.secret_fields().chain(["current"]));
        }
        self.show_no_secret(&mut outputs);
        if plan.mint.is_some() || !plan.withdraw.is_empty() {
            set_unknown(&mut outputs, self.names.shared_outputs.names());
        }
        if state.current.as_ref().is_some_and(|key| plan.renew.contains(&key.id)) {
            set_unknown(&mut outputs, [EXPIRES_AT]);
        }
        if (plan.mint.is_some() && !plan.waits)
            || !plan.retire.is_empty()
            || !plan.disable.is_empty()
            || !plan.withdraw.is_empty()
        {
            set_unknown(&mut outputs, PREVIOUS);
        }
        if plan.has_events() {
            set_unknown(&mut outputs, ["history"]);
        }
        if !is_known || !plan.deliver.is_empty() || !plan.leave.is_empty() || (plan.mint.is_some() && !plan.waits) {
            set_unknown(&mut outputs, [DELIVERY_STATUS]);
        }
        if let Some(text) = plan.deferred {
            context.log().warning(format!("{principal}: {text}"));
        }
        if let Some(why) = plan.blocked {
            context.log().warning(format!("{principal}: this will fail as things stand: {why}"));
        }
        Ok(outputs)
    }
}
