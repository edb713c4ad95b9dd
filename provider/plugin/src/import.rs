//! Taking over a key that exists.

mod secrets;

use std::collections::BTreeMap;

use jiff::Timestamp;
use pulumi_provider::{Code, Error, Failure, Object, Value};
use rotation::{Key, KeyId, KeyState, Material, Observed, ObservedKey, OwnerId};

use crate::rotating::errors;
pub(crate) use secrets::{Given, given};

/// The inputs that an import id stands for, which are named by their paths, such as `owner.id`.
pub(crate) fn inputs(given: BTreeMap<String, String>) -> Object {
    let mut inputs = Object::new();
    for (path, value) in given {
        put(&mut inputs, &path, value.into());
    }
    inputs
}

fn put(object: &mut Object, path: &str, value: Value) {
    let Some((name, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), value);
        return;
    };
    let inner = object.entry(name.to_owned()).or_insert_with(|| Value::Object(Object::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

/// The key that is meant: the one named, or the only one there is. None if the named one does not exist.
pub(crate) fn choose(named: Option<KeyId>, observed: &Observed) -> Result<Option<&ObservedKey>, Error> {
    if let Some(id) = named {
        return Ok(observed.keys.get(&id));
    }
    let keys: Vec<_> = observed.keys.values().collect();
    match keys.as_slice() {
        [one] => Ok(Some(one)),
        [] => Err(Error::new(
            Code::FailedPrecondition,
            "there is no key to import: leave the import option out and the first `pulumi up` makes one [KR-PLUGIN-003]",
        )),
        several => {
            let ids: Vec<_> = several.iter().map(|key| key.id.0.as_str()).collect();
            let text = format!(
                "there are {} keys ({}): name the one to import in the import id, as the documentation of the resource shows [KR-PLUGIN-004]",
                ids.len(),
                ids.join(", ")
            );
            Err(Error::new(Code::InvalidArgument, text))
        }
    }
}

/// The state of a resource whose current key was made elsewhere.
pub(crate) fn state(instance: String, shown: &ObservedKey, material: Option<Material>, now: Timestamp) -> KeyState {
    let mut state = KeyState::new(instance);
    state.generation = 1;
    state.instance_since = Some(now);
    state.current = Some(key(shown, 1, material));
    state
}

/// A key that was made elsewhere, as one of ours.
pub(crate) fn key(shown: &ObservedKey, generation: u64, material: Option<Material>) -> Key {
    let (status, expires_at) = (shown.status, shown.expiry.map(|expiry| expiry.at));
    Key { status, expires_at, material, ..Key::new(shown.id.clone(), generation, shown.created_at) }
}

/// `adopt.id` names nothing.
pub(crate) fn no_such_key(id: &KeyId, principal: &str) -> Failure {
    wrong(format!("adopt.id names the key {id}, and {principal} has no such key [KR-PLUGIN-005]"))
}

/// `adopt.id` names a key that another resource manages.
pub(crate) fn owned(id: &KeyId, owner: &str) -> Failure {
    wrong(format!("adopt.id names the key {id}, which belongs to another resource ({owner}) [KR-PLUGIN-006]"))
}

/// The import id names a key that another resource manages. Removing that resource as usual would delete the key.
pub(crate) fn managed(id: &KeyId, owner: &OwnerId) -> Failure {
    let OwnerId { hash, label } = owner;
    wrong(format!(
        "the key {id} belongs to another resource ({label}), which would go on rotating and deleting it. Nothing was imported. First take that resource out of its stack with `pulumi state delete`, which keeps the key. Then, or if its state is lost, remove its mark {hash} from the system and import again [KR-PLUGIN-007]"
    ))
}

/// Why a secret that the user gave for an existing key is not taken.
pub(crate) enum Trouble {
    /// The system refused it.
    Refused,
    /// The system says nothing about it.
    Unjudged,
    /// The key is disabled, so nothing can be tried with it.
    Disabled,
    /// This.
    Failed(rotation::Error),
}

impl Trouble {
    /// For `adopt`.
    pub(crate) fn of_adopted(self, id: &KeyId) -> Failure {
        let way_out = format!("leave it out: then a new key takes the place of {id}");
        self.told(id, ("adopt.secret", "Nothing was changed", &way_out))
    }

    /// For an import.
    pub(crate) fn of_imported(self, id: &KeyId, given: &Given) -> Failure {
        let way_out = "import the key without its secret: it is then null until the next rotation";
        self.told(id, (&given.from, "Nothing was imported", way_out))
    }

    fn told(self, id: &KeyId, (from, nothing, way_out): (&str, &str, &str)) -> Failure {
        let (code, why) = match self {
            Self::Refused => (Code::InvalidArgument, ": the system refused it [KR-PLUGIN-030]".to_owned()),
            Self::Unjudged => (
                Code::Unavailable,
                ": the system's answer does not tell whether the key works [KR-PLUGIN-008]".to_owned(),
            ),
            Self::Disabled => (Code::InvalidArgument, ": the key is disabled [KR-PLUGIN-009]".to_owned()),
            Self::Failed(error) => {
                let Error { code, message, .. } = errors::public(error);
                (code, format!(": {}", message.trim_end_matches('.')))
            }
        };
        let what = if code == Code::InvalidArgument { "is not accepted as" } else { "could not be tried as" };
        let text = format!("{from} {what} the secret of the key {id}{why}. {nothing}. Correct it, or {way_out}");
        Error::new(code, text).into()
    }
}

fn wrong(message: String) -> Failure {
    Error::new(Code::InvalidArgument, message).into()
}
