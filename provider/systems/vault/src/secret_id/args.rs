use std::fmt;
use std::net::IpAddr;

use cloud::problem;
use jiff::SignedDuration;
use pulumi_provider::SecretString as SecretProperty;
use rotation::{Field, KeyId, Material, Problem, parse_duration};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::config::is_path;

/// What `vault:RotatingSecretId` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretIdArgs {
    /// The namespace that the resource is in, below that of the provider, such as `"team"`. Default: the provider's own. Another namespace replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub namespace: Option<String>,
    /// Where the AppRole method is mounted, without `auth/`, such as `"approle"`. Another mount replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub mount: String,
    /// The role that the secret-ids are of. It must exist. Another role replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub role: String,
    /// The networks from which a secret-id may log in, such as `["10.0.0.0/8"]`, within those of the role. Default: those of the role. A change takes effect at the next rotation.
    #[serde(default)]
    pub cidr_list: Option<Vec<String>>,
    /// How long a secret-id works unless it is destroyed earlier, such as `"90d"`, at most as long as the role and the mount allow. It must be longer than rotationPeriod and twice the overlap. Default: the time that the role sets. A change takes effect at the next rotation.
    #[serde(default)]
    pub ttl: Option<String>,
}

impl SecretIdArgs {
    /// How long a secret-id is to work; none if that is the role's business.
    pub(crate) fn lifetime(&self) -> Option<SignedDuration> {
        self.ttl.as_deref().and_then(|ttl| parse_duration(ttl).ok())
    }
}

/// A secret-id of an AppRole.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "vault"))]
pub struct AppRoleSecretId {
    /// Its accessor, by which it can be looked up and destroyed, and which nobody can log in with.
    pub accessor: String,
    /// What a machine logs in with, beside the role's id.
    pub secret_id: SecretProperty,
    /// When it ends by itself (`ttl`, or the role's `secret_id_ttl`), in RFC 3339.
    pub expires_at: Option<String>,
}

impl fmt::Display for SecretIdArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the AppRole mount {:?} with the role {:?} (`mount`, `role`)", self.mount, self.role)
    }
}

pub(crate) const ACCESSOR: &str = "accessor";
pub(crate) const SECRET_ID: &str = "secretId";

/// The fields of a key as users read them. A secret-id that nobody knows is empty.
pub(crate) fn material(accessor: &KeyId, secret_id: SecretString) -> Material {
    let fields = [(ACCESSOR, Field::Plain(accessor.0.clone())), (SECRET_ID, Field::Secret(secret_id))];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &SecretIdArgs) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |property: &str, reason: String| problems.push(problem(property, reason));
    if !is_path(&args.mount) || args.mount.starts_with("auth/") {
        add("mount", "is not a mount's path: write one such as \"approle\", without auth/ [KR-VAULT-129]".to_owned());
    }
    if !is_path(&args.role) || args.role.contains('/') {
        add("role", "is not the name of a role: write one such as \"ci\" [KR-VAULT-130]".to_owned());
    }
    for (number, block) in args.cidr_list.iter().flatten().enumerate() {
        if !is_block(block) {
            add(
                &format!("cidrList[{number}]"),
                "is not a network: write one such as \"10.0.0.0/8\" [KR-VAULT-131]".to_owned(),
            );
        }
    }
    match args.ttl.as_deref().map(parse_duration) {
        Some(Err(reason)) => add("ttl", reason),
        Some(Ok(ttl)) if ttl < SignedDuration::from_secs(1) => {
            add("ttl", "must be at least a second; leave it out to use what the role says [KR-VAULT-132]".to_owned());
        }
        _ => {}
    }
    problems
}

fn is_block(text: &str) -> bool {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(address, bits)| Some((address.parse().ok()?, bits.parse::<u8>().ok()?)));
    match parts {
        Some((IpAddr::V4(_), bits)) => bits <= 32,
        Some((IpAddr::V6(_), bits)) => bits <= 128,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(inputs: Value) -> Vec<String> {
        let mut all = json!({"mount": "approle", "role": "ci"});
        all.as_object_mut().unwrap().extend(inputs.as_object().unwrap().clone());
        let args: SecretIdArgs = serde_json::from_value(all).unwrap();
        check(&args).into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn a_key_has_the_fields_that_its_schema_promises() {
        let schema = schemars::schema_for!(AppRoleSecretId);
        let fields = material(&KeyId("a".to_owned()), "hidden".into());
        let promised = schema.as_value()["properties"].as_object().unwrap();
        // Its end is not the key's own: the server decides it.
        let names = promised.keys().filter(|name| *name != "expiresAt").collect::<std::collections::BTreeSet<_>>();
        assert!(fields.keys().eq(names));
        assert!(promised[SECRET_ID].get("x-secret").is_some() && promised[ACCESSOR].get("x-secret").is_none());
    }

    #[test]
    fn right_inputs_are_accepted() {
        assert!(properties(json!({})).is_empty());
        let full = json!({"mount": "team/approle", "cidrList": ["10.0.0.0/8", "::1/128"], "ttl": "90d"});
        assert!(properties(full).is_empty());
    }

    #[test]
    fn wrong_inputs_are_named() {
        for mount in ["", "/a", "a/", "a//b", "..", "auth/approle"] {
            assert_eq!(properties(json!({"mount": mount})), ["mount"], "{mount:?}");
        }
        for role in ["", "a/b", "..", "a?"] {
            assert_eq!(properties(json!({"role": role})), ["role"], "{role:?}");
        }
        for block in ["", "10.0.0.0", "10.0.0.0/33", "::1/129", "here/8", "10.0.0.0/-1"] {
            assert_eq!(properties(json!({"cidrList": ["::/0", block]})), ["cidrList[1]"], "{block:?}");
        }
        for ttl in ["", "soon", "0s", "1mo", "-1d"] {
            assert_eq!(properties(json!({"ttl": ttl})), ["ttl"], "{ttl:?}");
        }
    }
}
