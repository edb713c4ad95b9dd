//! The four steps: what is looked at first, and what belongs to which step.

use rotation::{Error, ErrorKind, Known, OwnerId, Stop};
use serde_json::Value;
use system_aws::{CURRENT, PENDING};

use crate::admin::Admin;
use crate::event::{Event, Step};
use crate::failure::Failure;
use crate::goal::Rules;
use crate::invocation::{Invocation, Subject};
use crate::keys::Keys;
use crate::scope::Scope;
use crate::settings::Settings;
use crate::state::of_versions;
use crate::systems::{Opened, Parents, open};
use crate::version::{Standing, is_done, standing};
use crate::work::{Work, no_key};

/// The rotation function. It remembers nothing between invocations.
pub struct Function(Settings);

impl Function {
    /// With these settings; nothing is contacted yet.
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }

    /// Takes one step of a rotation. Whatever it leaves when it fails or dies, the same step takes up when it is repeated.
    ///
    /// # Errors
    /// Why it failed, and what still works. It is logged, too.
    pub async fn handle(&self, payload: &Value, stop: &dyn Stop) -> Result<(), Failure> {
        let ended = match Event::read(payload) {
            Ok(event) => handled(&Invocation::new(&self.0, event), stop).await,
            Err(error) => Err(Failure::new("the rotation", &error, "Nothing was changed.")),
        };
        ended.inspect_err(|failure| (self.0.log)(failure.to_string()))
    }
}

async fn handled(invocation: &Invocation<'_>, stop: &dyn Stop) -> Result<(), Failure> {
    invocation.taken(stop).await.map_err(|error| {
        let what = format!("{} of {:?}", invocation.event.step.name(), invocation.event.secret);
        Failure::new(&what, &error, &invocation.works())
    })
}

impl Invocation<'_> {
    async fn taken(&self, stop: &dyn Stop) -> Result<(), Error> {
        let described = self.secret.describe().await?;
        let standing = standing(&self.event, &described)?;
        if is_done(self.event.step, standing) {
            self.say(format!("version {} is AWSCURRENT already: nothing is left to do", self.event.token));
            return Ok(());
        }
        let label = format!("the secret {:?}", described.name);
        let current = self.held(described.holder(CURRENT), (CURRENT, &label)).await?;
        let current = current.ok_or_else(|| no_value(&label))?;
        let pending = match standing {
            Standing::Pending => self.held(Some(&self.event.token), (PENDING, &label)).await?,
            Standing::Current => None,
        };
        let admin = Admin::of(&current.document, &self.aws).await?;
        let Settings { clock, oci, .. } = self.settings;
        let parents = Parents { clock, aws: &self.aws, oci: oci.as_ref() };
        let Opened { keys, close } = open(&parents, &current.document, admin.as_ref())?;
        let rules = Rules::read(&current.document, &keys.capability())?;
        let owner = OwnerId::new(&described.arn, format!("SecretsManager:{}", described.name));
        let subject = Subject { described, label, owner, standing, current, pending, rules };
        let ended = self.rotated(&subject, &*keys, stop).await;
        close().await;
        ended
    }

    async fn rotated(&self, subject: &Subject, keys: &dyn Keys, stop: &dyn Stop) -> Result<(), Error> {
        let state = of_versions(&subject.owner.hash, keys, (Some(&subject.current), subject.pending.as_ref()));
        self.note_what_works(subject, &state);
        must_be_of_one_principal(subject, keys)?;
        let (step, holds_key) = (self.event.step, state.pending.is_some());
        let needs_key = step == Step::Set || (step == Step::Finish && subject.standing == Standing::Pending);
        if needs_key && !holds_key {
            return Err(no_key(&self.event.token, &subject.label));
        }
        // A new key works by itself.
        if step == Step::Set {
            return Ok(());
        }
        let issuer = keys.issuer(Known::of(&state));
        Work { invocation: self, subject, keys, issuer: &*issuer, stop }.done(Scope::of(step, holds_key), state).await
    }
}

/// The JSON may have been edited while a rotation was under way.
fn must_be_of_one_principal(subject: &Subject, keys: &dyn Keys) -> Result<(), Error> {
    let Some(pending) = &subject.pending else { return Ok(()) };
    if keys.is_same_principal(&pending.document) {
        return Ok(());
    }
    let message = format!(
        "the version {} of {} holds a key of another principal than the one that AWSCURRENT names: take AWSPENDING off it (UpdateSecretVersionStage), and rotate the secret again [KR-LAMBDA-008]",
        pending.version, subject.label
    );
    Err(Error::new(ErrorKind::Blocked, "", message))
}

fn no_value(label: &str) -> Error {
    let message = format!(
        "{label} has no current value: put JSON that names what is rotated, such as {{\"system\": \"aws\", \"user\": \"ci\"}} [KR-LAMBDA-009]"
    );
    Error::new(ErrorKind::Invalid, "", message)
}
