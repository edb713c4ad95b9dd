use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cloud::Cloud;
use rotation::{Error, KeyState, OwnerId};
use system_aws::{Aws, AwsConfig, RotatedDescription, RotatedSecret};

use crate::document::Document;
use crate::event::{Event, Step};
use crate::goal::Rules;
use crate::held::Held;
use crate::settings::Settings;
use crate::store::locked;
use crate::version::Standing;
use crate::words::for_rotations;

/// One invocation: what it asks for, and the secret that it is about.
pub(crate) struct Invocation<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) event: Event,
    pub(crate) aws: Arc<Aws>,
    pub(crate) secret: RotatedSecret,
    /// What is said of the keys that work, for a failure.
    works: Mutex<String>,
}

/// What was found in the secret.
pub(crate) struct Subject {
    pub(crate) described: RotatedDescription,
    /// As messages name the secret.
    pub(crate) label: String,
    pub(crate) owner: OwnerId,
    pub(crate) standing: Standing,
    pub(crate) current: Held,
    /// The version of this rotation, once it was filled.
    pub(crate) pending: Option<Held>,
    pub(crate) rules: Rules,
}

impl Subject {
    /// What versions hold, as far as that was read.
    pub(crate) fn read(&self) -> BTreeMap<String, Held> {
        let all = [Some(&self.current), self.pending.as_ref()].into_iter().flatten();
        all.map(|held| (held.version.clone(), held.clone())).collect()
    }
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(settings: &'a Settings, event: Event) -> Self {
        let aws = Arc::new(Aws::new(Arc::clone(&settings.clock)));
        // One session for the secret and for IAM: a second one would read the machine's certificates again.
        let region = Aws::region_of_secret(&event.secret).or_else(|| settings.aws.region.clone());
        aws.configure(AwsConfig { region, ..settings.aws.clone() });
        let secret = aws.rotated_secret(&event.secret, event.rotation_token.clone());
        Self { settings, event, aws, secret, works: Mutex::new("Nothing was changed.".to_owned()) }
    }

    /// What a version holds; none if it is empty.
    pub(crate) async fn held(&self, version: Option<&str>, (stage, of): (&str, &str)) -> Result<Option<Held>, Error> {
        let Some(version) = version else { return Ok(None) };
        let Some(text) = self.secret.read(version, stage).await? else { return Ok(None) };
        Ok(Some(Held { version: version.to_owned(), document: Document::parse(&text, of)? }))
    }

    pub(crate) fn say(&self, line: String) {
        (self.settings.log)(for_rotations(&line));
    }

    /// What works whatever becomes of this invocation.
    pub(crate) fn works(&self) -> String {
        locked(&self.works).clone()
    }

    pub(crate) fn note_what_works(&self, subject: &Subject, state: &KeyState) {
        let works = match (&state.current, &state.pending) {
            (None, _) => "The secret has no key yet.".to_owned(),
            (Some(key), Some(new)) if self.event.step == Step::Finish => {
                format!("AWSCURRENT is the key {} or the new key {}, and neither was deleted.", key.id, new.id)
            }
            (Some(key), _) if subject.standing == Standing::Current => format!("AWSCURRENT is the key {}.", key.id),
            (Some(key), _) => format!("AWSCURRENT is the key {} as before, which was not changed.", key.id),
        };
        *locked(&self.works) = format!("{works} When the step is repeated, it takes up what was begun.");
    }
}
