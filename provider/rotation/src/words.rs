use crate::{Capability, KeyId, KeyStatus, Mark, World};

/// What a person should know about the world as a run leaves it. No time is in it, so that two runs say the same.
pub(crate) fn warnings(world: &World, capability: &Capability, configured: Option<&KeyId>) -> Vec<String> {
    let World { state, observed, .. } = world;
    let mut warnings = Vec::new();
    if state.current.as_ref().is_some_and(|key| key.status == KeyStatus::Inactive) {
        warnings.push("the current key was disabled by someone; the next `pulumi up` makes a new one".to_owned());
    }
    for (id, entry) in observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys) {
        let lost = entry.mark == Mark::Promoted
            && entry.instance != state.instance
            && !world.removed.contains(id)
            && !world.is_gone(id, entry, capability);
        if lost {
            warnings.push(format!(
                "key {id} was made by an earlier instance of this resource; if nothing uses it, delete it"
            ));
        }
    }
    for retiring in state.retiring.iter().filter(|retiring| configured == Some(&retiring.key.id)) {
        let id = &retiring.key.id;
        warnings.push(format!("key {id} is not removed while the plugin itself is configured with it: configure the plugin with the current key"));
    }
    warnings
}
