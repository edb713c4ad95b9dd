use std::sync::Arc;

use libtest_mimic::{Completion, Trial};
use vault_servers::{Ground, Program};

/// A trial on the real servers. It is skipped, and named, where one of them is missing.
pub(crate) fn trial(
    ground: &Arc<Ground>,
    name: impl Into<String>,
    needs: &'static [Program],
    run: impl FnOnce(&Ground) + Send + 'static,
) -> Trial {
    let ground = Arc::clone(ground);
    Trial::ignorable_test(name, move || {
        if let Some(absent) = ground.lacks(needs) {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        run(&ground);
        Ok(Completion::Completed)
    })
}
