//! A resource's inputs, read into what the rotation model and the system take.

use std::collections::BTreeSet;

use pulumi_provider::{Code, Decoded, Error, Object, ObjectSchema, Value, decode};
use rotation::{Capability, Goal, RotationArgs, RotationInputs, Schedule, System};

/// The one input that the plugin computes.
pub(super) const SCHEDULE: &str = "schedule";

/// Which properties are whose.
pub(super) struct Names {
    rotation: BTreeSet<String>,
    /// The fields of a key, which stand at the top level of the outputs too.
    pub(super) material: Vec<String>,
    /// Every input, with what is true of it.
    pub(super) inputs: ObjectSchema,
}

impl Names {
    pub(super) fn of<S: System>() -> Self {
        let rotation = ObjectSchema::of::<RotationInputs>();
        let material = ObjectSchema::of::<S::Key>().names().map(str::to_owned).collect();
        let names = rotation.names().map(str::to_owned).collect();
        Self { rotation: names, material, inputs: ObjectSchema::of::<S::Args>().merge(rotation) }
    }

    /// The inputs of every rotating resource, apart from the system's own; without `schedule`.
    pub(super) fn split(&self, inputs: &Object) -> (Object, Object) {
        let mut inputs = inputs.clone();
        inputs.remove(SCHEDULE);
        inputs.into_iter().partition(|(name, _)| self.rotation.contains(name))
    }
}

/// Checked inputs, as far as they are known.
pub(super) struct Inputs<S: System> {
    pub(super) own: S::Args,
    pub(super) args: RotationArgs,
    pub(super) schedule: Option<Schedule>,
}

impl<S: System> Inputs<S> {
    pub(super) fn checked(names: &Names, inputs: &Object, capability: &Capability) -> Result<Self, Error> {
        let (common, own) = names.split(&known(inputs));
        let common: RotationInputs = whole(decode(&common))?;
        let args = common.parse(capability).map_err(|problems| {
            let first = problems.first().map(|problem| format!("{} {}", problem.property, problem.reason));
            Error::new(Code::InvalidArgument, first.unwrap_or_default())
        })?;
        Ok(Self { own: whole(decode(&own))?, args, schedule: schedule(inputs) })
    }

    pub(super) fn schedule(&self) -> Result<&Schedule, Error> {
        let missing =
            || Error::new(Code::InvalidArgument, "the inputs hold no schedule: they were not checked by this plugin");
        self.schedule.as_ref().ok_or_else(missing)
    }

    pub(super) fn goal(&self, instance: &str) -> Result<Goal, Error> {
        Ok(Goal::new(instance, &self.args, self.schedule()?))
    }
}

/// The schedule that inputs hold; none after an import.
pub(super) fn schedule(inputs: &Object) -> Option<Schedule> {
    inputs.get(SCHEDULE).and_then(Value::as_object).and_then(|schedule| decode(schedule).value)
}

/// The system's own inputs alone.
pub(super) fn own_args<S: System>(names: &Names, inputs: &Object) -> Result<S::Args, Error> {
    whole(decode(&names.split(inputs).1))
}

/// The inputs without those that are not known yet, in whole or in part.
pub(super) fn known(inputs: &Object) -> Object {
    let known = inputs.iter().filter(|(_, value)| !value.contains_unknown());
    known.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn whole<T>(decoded: Decoded<T>) -> Result<T, Error> {
    let Decoded { value, failures, .. } = decoded;
    value.ok_or_else(|| {
        let first = failures.first().map(|failure| format!("{} {}", failure.property, failure.reason));
        Error::new(Code::InvalidArgument, first.unwrap_or_else(|| "an input is not known yet".to_owned()))
    })
}
