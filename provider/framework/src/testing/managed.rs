use pulumi_proto::pulumirpc as rpc;
use pulumi_proto::pulumirpc::resource_provider_client::ResourceProviderClient;
use rpc::diff_response::DiffChanges;
use tonic::transport::Channel;

use super::messages::send;
use super::problem::Problem;
use crate::resource::Urn;
use crate::value::Object;

/// What a step does to a resource.
///
/// It is non-exhaustive: the engine may get more kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing: the inputs did not change, and the state has no work left over.
    Same,
    /// Creates it.
    Create,
    /// Changes it in place.
    Update,
    /// Creates a new one, and then deletes the old one.
    Replace,
}

/// What a step did, or in a preview would do.
#[derive(Clone)]
pub struct Step {
    /// The kind of the step.
    pub action: Action,
    /// The paths of the detailed diff, sorted.
    pub changed: Vec<String>,
    /// The checked inputs.
    pub inputs: Object,
    /// The outputs, as the preview shows them or as the state keeps them.
    pub outputs: Object,
}

/// What the engine's state holds of a resource.
///
/// Two of them are equal if the engine would write the same state. Compare them to show
/// that a refresh changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// The id of the resource.
    pub id: String,
    /// The inputs of the last run that succeeded.
    pub inputs: Object,
    /// The outputs.
    pub outputs: Object,
    /// Why the last run failed halfway. While the list is not empty, the engine forces an
    /// update.
    pub init_errors: Vec<String>,
}

/// One resource of a program, and the engine's state of it.
///
/// Its methods correspond to the commands of the Pulumi CLI. They make the calls that the
/// engine makes, in the same order, and save what the engine would save, also after a
/// failure.
pub struct Managed {
    pub(super) client: ResourceProviderClient<Channel>,
    pub(super) urn: Urn,
    /// The state; `None` while the resource does not exist. A test may change it, to stand for
    /// a restored backend.
    pub saved: Option<Saved>,
    /// Resources that were replaced and are not deleted yet.
    pub condemned: Vec<Saved>,
    /// Paths that the program ignores. Only top-level properties are supported.
    pub ignore_changes: Vec<String>,
    /// The time limit of each call, in seconds; 0 means no limit.
    pub timeout: f64,
}

impl Managed {
    pub(super) fn new(client: ResourceProviderClient<Channel>, urn: Urn) -> Self {
        Self { client, urn, saved: None, condemned: Vec::new(), ignore_changes: Vec::new(), timeout: 0.0 }
    }

    /// The URN of the resource.
    pub fn urn(&self) -> &Urn {
        &self.urn
    }

    /// What `up` would do. The state stays as it is.
    ///
    /// # Errors
    ///
    /// A [`Problem`] with what the provider returned, or with the rule of the protocol that it
    /// broke.
    pub async fn preview(&mut self, inputs: &Object) -> Result<Step, Problem> {
        self.step(inputs, true).await
    }

    /// Does what the program asks for, and saves what the engine would save. After a partial
    /// failure, the state holds what the call left.
    ///
    ///
    /// # Errors
    ///
    /// A [`Problem`] with what the provider returned, or with the rule of the protocol that it
    /// broke.
    pub async fn up(&mut self, inputs: &Object) -> Result<Step, Problem> {
        let step = self.step(inputs, false).await?;
        self.sweep().await?;
        Ok(step)
    }

    /// An `up` whose engine dies before it saves: the calls are made, and the state stays as it
    /// was. The next `up` shows whether the resource finds what was begun.
    ///
    ///
    /// # Errors
    ///
    /// A [`Problem`] with what the provider returned, or with the rule of the protocol that it
    /// broke.
    pub async fn up_and_die(&mut self, inputs: &Object) -> Result<Step, Problem> {
        let before = self.saved.clone();
        let step = self.up(inputs).await;
        self.saved = before;
        step
    }

    /// Reads the resource, and saves what it is now, or that it is gone. Does nothing if the
    /// resource does not exist in the state.
    ///
    ///
    /// # Errors
    ///
    /// A [`Problem`] with what the provider returned, or with the rule of the protocol that it
    /// broke.
    pub async fn refresh(&mut self) -> Result<(), Problem> {
        let Some(saved) = self.saved.clone() else {
            return Ok(());
        };
        let (inputs, state) = (Some(send(saved.inputs.clone())?), Some(send(saved.outputs)?));
        self.read(saved.id, inputs, state, saved.inputs).await
    }

    /// Imports an existing resource by its id. The provider must return the inputs of the
    /// resource.
    ///
    ///
    /// # Errors
    ///
    /// A [`Problem`] with what the provider returned, or with the rule of the protocol that it
    /// broke.
    pub async fn import(&mut self, id: &str) -> Result<(), Problem> {
        self.read(id.to_owned(), None, None, Object::new()).await
    }

    /// Deletes the resource and what it replaced. Does nothing if the resource does not exist
    /// in the state.
    ///
    /// # Errors
    ///
    /// A [`Problem`] with what the provider returned. The state stays, and the next `destroy`
    /// tries again.
    pub async fn destroy(&mut self) -> Result<(), Problem> {
        self.sweep().await?;
        if let Some(saved) = self.saved.clone() {
            self.delete(saved).await?;
            self.saved = None;
        }
        Ok(())
    }

    async fn step(&mut self, inputs: &Object, preview: bool) -> Result<Step, Problem> {
        let Some(saved) = self.saved.clone() else {
            let checked = self.check(Object::new(), inputs.clone()).await?;
            return self.create(checked, preview, Action::Create, Vec::new()).await;
        };
        let checked = self.check(saved.inputs.clone(), self.with_ignored(inputs, &saved)).await?;
        let diff = self.diff(&saved, &checked).await?;
        let mut changed: Vec<String> = diff.detailed_diff.keys().cloned().collect();
        changed.sort();
        let replaces = !diff.replaces.is_empty() || diff.detailed_diff.values().any(|change| is_replace(change.kind()));
        match diff.changes() {
            DiffChanges::DiffUnknown => Problem::broken("Diff must say none or some"),
            DiffChanges::DiffNone if saved.init_errors.is_empty() => {
                let outputs = saved.outputs.clone();
                if !preview {
                    self.saved = Some(Saved { inputs: checked.clone(), ..saved });
                }
                Ok(Step { action: Action::Same, changed, inputs: checked, outputs })
            }
            DiffChanges::DiffSome if replaces => self.replace(inputs, saved, preview, changed).await,
            DiffChanges::DiffNone | DiffChanges::DiffSome => self.update(saved, checked, preview, changed).await,
        }
    }

    async fn replace(
        &mut self,
        inputs: &Object,
        saved: Saved,
        preview: bool,
        changed: Vec<String>,
    ) -> Result<Step, Problem> {
        let checked = self.check(Object::new(), inputs.clone()).await?;
        let step = self.create(checked, preview, Action::Replace, changed).await;
        if !preview && matches!(step, Ok(_) | Err(Problem::Partial { .. })) {
            self.condemned.push(saved);
        }
        let step = step?;
        if !preview {
            self.sweep().await?;
        }
        Ok(step)
    }

    /// Deletes what was replaced.
    async fn sweep(&mut self) -> Result<(), Problem> {
        while let Some(old) = self.condemned.first().cloned() {
            self.delete(old).await?;
            self.condemned.remove(0);
        }
        Ok(())
    }

    fn with_ignored(&self, inputs: &Object, saved: &Saved) -> Object {
        let mut inputs = inputs.clone();
        for path in &self.ignore_changes {
            match saved.inputs.get(path) {
                Some(old) => drop(inputs.insert(path.clone(), old.clone())),
                None => drop(inputs.remove(path)),
            }
        }
        inputs
    }
}

fn is_replace(kind: rpc::property_diff::Kind) -> bool {
    use rpc::property_diff::Kind;
    matches!(kind, Kind::AddReplace | Kind::UpdateReplace | Kind::DeleteReplace)
}
