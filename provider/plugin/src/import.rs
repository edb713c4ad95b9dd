//! Taking over a key that exists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pulumi_provider::{Code, Error, Failure, Object, Value};
use rotation::{Key, KeyId, KeyState, Material, Observed, ObservedKey};
use secrecy::SecretString;

/// Names the variable that holds the secret of a key that is imported.
const VARIABLE: &str = "KEYROTATION_IMPORT_SECRET";

/// The secret of the key that is imported, if the user gave it.
pub(crate) fn secret() -> Option<SecretString> {
    std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(SecretString::from)
}

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
            "there is no key to import: leave the import option out and the first `pulumi up` makes one",
        )),
        several => {
            let ids: Vec<_> = several.iter().map(|key| key.id.0.as_str()).collect();
            let text = format!(
                "there are {} keys ({}): name the one to import in the import id, as the documentation of the resource shows",
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
    Key {
        id: shown.id.clone(),
        generation,
        created_at: shown.created_at,
        verified_at: None,
        promoted_at: None,
        attempts: 0,
        trigger: None,
        status: shown.status,
        expires_at: shown.expiry.map(|expiry| expiry.at),
        renew_at: None,
        replace_at: None,
        material,
    }
}

/// `adopt.id` names nothing.
pub(crate) fn no_such_key(id: &KeyId, principal: &str) -> Failure {
    wrong(format!("adopt.id names the key {id}, and {principal} has no such key"))
}

/// `adopt.id` names a key that another resource manages.
pub(crate) fn owned(id: &KeyId, owner: &str) -> Failure {
    wrong(format!("adopt.id names the key {id}, which belongs to another resource ({owner})"))
}

/// The import id names a key that another resource manages.
pub(crate) fn managed(id: &KeyId, owner: &str) -> Failure {
    wrong(format!(
        "the key {id} belongs to another resource ({owner}), which would go on rotating and deleting it. Nothing was imported. Remove that resource first; or import another key"
    ))
}

/// `adopt.secret` does not belong to `adopt.id`.
pub(crate) fn refused(id: &KeyId) -> Failure {
    wrong(format!(
        "adopt.secret is not accepted with adopt.id {id}; nothing was changed. Correct it, or leave it out: then a new key takes the place of {id}"
    ))
}

fn wrong(message: String) -> Failure {
    Error::new(Code::InvalidArgument, message).into()
}
