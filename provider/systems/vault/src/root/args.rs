use cloud::problem;
use jiff::Timestamp;
use rotation::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::is_path;

/// What `vault:RotatingRoot` takes beside the inputs that say when.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RootArgs {
    /// The namespace that the resource is in, below that of the provider, such as `"team"`. Default: the provider's own. Another namespace replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub namespace: Option<String>,
    /// Whose secret is rotated: the path of an AWS engine such as `"aws"`, a connection of a database engine such as `"database/payment"`,
    /// or one of its static roles such as `"database/static-roles/payment"`. It must exist. Another path replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub path: String,
    /// Whether creation rotates the secret. It cuts off whoever uses the present one; `false` leaves that in use until the first rotation. It has
    /// no effect after creation. Default: true.
    #[serde(default)]
    pub rotate_on_create: Option<bool>,
}

/// What Vault tells of a secret that it keeps. None of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The AWS engine's access key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// When the static role's password was last changed, by Vault's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_vault_rotation: Option<Timestamp>,
}

impl Evidence {
    /// Whether there is any. Of a database's connection there is none.
    pub fn tells(&self) -> bool {
        *self != Self::default()
    }

    /// Whether the secret is for certain another one than when Vault told `before`.
    pub fn has_turned_since(&self, before: &Self) -> bool {
        self.tells() && before.tells() && self != before
    }
}

/// What is wrong with the inputs, beyond their types. What is mounted where only the server knows.
pub(crate) fn check(args: &RootArgs) -> Vec<Problem> {
    if is_path(&args.path) {
        return Vec::new();
    }
    vec![problem("path", format!("is not a path: write one such as {EXAMPLES} [KR-VAULT-118]"))]
}

/// The three forms of a path.
pub(crate) const EXAMPLES: &str = "\"aws\", \"database/payment\" or \"database/static-roles/payment\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_path_is_refused() {
        let problems =
            |path: &str| check(&RootArgs { namespace: None, path: path.to_owned(), rotate_on_create: None }).len();
        for path in ["aws", "team/aws", "database/main", "database/static-roles/app", "team/db/static-roles/app"] {
            assert_eq!(problems(path), 0, "{path}");
        }
        for path in ["", "/aws", "aws/", "a//b", "..", "a/../b", "a?b", "a*"] {
            assert_eq!(problems(path), 1, "{path:?}");
        }
    }

    #[test]
    fn only_two_different_testimonies_show_a_turn() {
        let key = |id: &str| Evidence { access_key_id: Some(id.to_owned()), ..Evidence::default() };
        assert!(key("two").has_turned_since(&key("one")) && !key("one").has_turned_since(&key("one")));
        let nothing = Evidence::default();
        assert!(!key("one").has_turned_since(&nothing) && !nothing.has_turned_since(&key("one")));
        assert!(!nothing.has_turned_since(&nothing));
    }
}
