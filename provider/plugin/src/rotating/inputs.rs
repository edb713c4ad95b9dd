//! A resource's inputs, read into what the rotation model and the system take.

use std::collections::BTreeSet;

use cloud::{Deliverable, RotatingResource};
use pulumi_provider::{Code, Decoded, Error, Object, ObjectSchema, Value, decode};
use rotation::{Capability, Goal, Problem, RotationArgs, RotationInputs, Schedule};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::outputs::KeyShape;
use super::shared_outputs::SharedOutputs;
use crate::delivery::DeliveryInputs;

/// The one input that the plugin computes.
pub(crate) const SCHEDULE: &str = "schedule";

/// The inputs of one kind of resource, and what they must obey.
pub(crate) trait Rules {
    /// Those that say when, and with what overlap if there is one.
    type Common: DeserializeOwned + JsonSchema + Into<RotationInputs>;
    /// The others.
    type Own: DeserializeOwned + JsonSchema;
    /// Whether what is superseded is retired later. Otherwise the schedule's phase stays what it is at first.
    const RETIRES: bool;

    /// What the system can do with the keys that these inputs ask for; without inputs all that it can do for any.
    fn capability(&self, own: Option<&Self::Own>) -> Capability;

    /// What is wrong with its own inputs, beyond their types.
    fn problems(&self, own: &Self::Own) -> Vec<Problem>;
}

impl<S: RotatingResource> Rules for S {
    type Common = RotationInputs;
    type Own = S::Args;
    const RETIRES: bool = true;

    fn capability(&self, own: Option<&S::Args>) -> Capability {
        RotatingResource::capability(self, own)
    }

    fn problems(&self, own: &S::Args) -> Vec<Problem> {
        self.check(own)
    }
}

/// Which properties are whose.
pub(crate) struct Names {
    rotation: BTreeSet<String>,
    /// The fields of a key, which stand at the top level of the outputs too.
    pub(super) material: Vec<String>,
    /// Those of them that all keys have together.
    pub(super) shared_outputs: SharedOutputs,
    /// The others, as keys are stored with them.
    pub(super) key: KeyShape,
    /// What of a key can be delivered; none where there is no key to deliver.
    pub(super) deliverable: Deliverable,
    /// Every input, with what is true of it.
    pub(crate) inputs: ObjectSchema,
}

impl Names {
    pub(super) fn of<S: RotatingResource>() -> Self {
        let material = ObjectSchema::of::<S::Key>().names().map(str::to_owned).collect();
        let shared_outputs = SharedOutputs::of::<S::Key>();
        let key = KeyShape::of::<S::Key>(&shared_outputs);
        let names = Self::without_key::<S>();
        let inputs = names.inputs.merge(ObjectSchema::of::<DeliveryInputs>());
        Self { material, deliverable: key.deliverable(S::DELIVERED), key, shared_outputs, inputs, ..names }
    }

    pub(crate) fn without_key<R: Rules>() -> Self {
        let rotation = ObjectSchema::of::<R::Common>();
        let names = rotation.names().map(str::to_owned).collect();
        Self {
            rotation: names,
            material: Vec::new(),
            shared_outputs: SharedOutputs::default(),
            key: KeyShape::default(),
            deliverable: Deliverable::default(),
            inputs: ObjectSchema::of::<R::Own>().merge(rotation),
        }
    }

    /// Whether the resource has a key to hand over.
    pub(super) fn can_deliver(&self) -> bool {
        !self.deliverable.names.is_empty()
    }

    /// The inputs that say when, apart from the others; without `schedule`.
    pub(super) fn split(&self, inputs: &Object) -> (Object, Object) {
        let mut inputs = inputs.clone();
        inputs.remove(SCHEDULE);
        if self.can_deliver() {
            inputs.retain(|name, _| !DeliveryInputs::NAMES.contains(&name.as_str()));
        }
        inputs.into_iter().partition(|(name, _)| self.rotation.contains(name))
    }
}

/// Checked inputs, as far as they are known.
pub(crate) struct Inputs<R: Rules> {
    pub(crate) own: R::Own,
    pub(crate) args: RotationArgs,
    pub(crate) schedule: Option<Schedule>,
}

impl<R: Rules> Inputs<R> {
    pub(crate) fn checked(rules: &R, names: &Names, inputs: &Object) -> Result<Self, Error> {
        let (common, own) = names.split(&known(inputs));
        let common: RotationInputs = whole(decode::<R::Common>(&common))?.into();
        let own = whole(decode(&own))?;
        let args = common.parse(&rules.capability(Some(&own))).map_err(|problems| {
            let first = problems.first().map(|problem| format!("{} {}", problem.property, problem.reason));
            Error::new(Code::InvalidArgument, first.unwrap_or_default())
        })?;
        Ok(Self { own, args, schedule: schedule(inputs) })
    }

    pub(crate) fn schedule(&self) -> Result<&Schedule, Error> {
        let missing = || {
            Error::new(
                Code::InvalidArgument,
                "the inputs hold no schedule: they were not checked by this plugin [KR-PLUGIN-022]",
            )
        };
        self.schedule.as_ref().ok_or_else(missing)
    }

    pub(crate) fn goal(&self, instance: &str) -> Result<Goal, Error> {
        Ok(Goal::new(instance, &self.args, self.schedule()?))
    }
}

/// The inputs that say when; none if they cannot be read.
pub(super) fn common<R: Rules>(names: &Names, inputs: &Object) -> Option<RotationInputs> {
    decode::<R::Common>(&names.split(inputs).0).value.map(Into::into)
}

/// The schedule that inputs hold; none after an import.
pub(crate) fn schedule(inputs: &Object) -> Option<Schedule> {
    inputs.get(SCHEDULE).and_then(Value::as_object).and_then(|schedule| decode(schedule).value)
}

/// The system's own inputs alone.
pub(crate) fn own_args<R: Rules>(names: &Names, inputs: &Object) -> Result<R::Own, Error> {
    whole(decode(&names.split(inputs).1))
}

/// The inputs alone that replace the resource; none while one of them is not known.
pub(super) fn identity_args<R: Rules>(names: &Names, inputs: &Object) -> Option<R::Own> {
    let inputs: Object = inputs
        .iter()
        .filter(|(name, _)| names.inputs.replaces(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let is_known = !inputs.values().any(Value::contains_unknown);
    decode(&inputs).value.filter(|_| is_known)
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
        Error::new(
            Code::InvalidArgument,
            first.unwrap_or_else(|| "an input is not known yet [KR-PLUGIN-023]".to_owned()),
        )
    })
}
