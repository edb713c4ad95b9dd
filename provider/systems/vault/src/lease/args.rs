use std::collections::BTreeMap;
use std::fmt;

use cloud::problem;
use jiff::SignedDuration;
use rotation::{Field, KeyId, Material, OwnerId, Problem, parse_duration};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::config::is_path;
use crate::within;

/// What `vault:RotatingLease` takes beside the inputs of every rotating resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeaseArgs {
    /// The namespace that the resource is in, below that of the provider, such as `"team"`. Default: the provider's own. Another namespace replaces the resource.
    #[serde(default)]
    #[schemars(extend("x-replace" = true))]
    pub namespace: Option<String>,
    /// The path that gives a credential with a lease to whoever reads it, such as `"database/creds/payment"` or `"aws/creds/deploy"`. Another path replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub path: String,
    /// Tells this resource apart from others on the same path, such as `"payment-api"`. Another name replaces the resource.
    #[schemars(extend("x-replace" = true))]
    pub name: String,
    /// The token role for the token that reads the path and holds the lease: one with `orphan=true` and a `token_period`. Default: none; a child of the plugin's own token then holds the lease, and ends with that token. A change takes effect at the next rotation.
    #[serde(default)]
    pub holder_role: Option<String>,
    /// The time that the plugin requests for a lease, such as `"7d"`. If the lease must last longer, each `pulumi up` in the second half of that time renews it. Default: as long as it is needed (rotationPeriod, twice the overlap and a margin); without rotationPeriod what the engine grants.
    #[serde(default)]
    pub ttl: Option<String>,
}

impl LeaseArgs {
    /// What names the resource on the server.
    pub(crate) fn principal(&self) -> String {
        within(&self.namespace, format!("{}#{}", self.path, self.name))
    }

    /// The same in 16 hexadecimal digits.
    pub(crate) fn print(&self) -> String {
        OwnerId::new(&self.principal(), "").hash
    }

    /// For how long the lease is asked for at a time, if not for as long as it is needed.
    pub(crate) fn grant(&self) -> Option<SignedDuration> {
        self.ttl.as_deref().and_then(|ttl| parse_duration(ttl).ok())
    }

    /// What reads the path, as messages say it.
    pub(crate) fn holder(&self) -> String {
        match &self.holder_role {
            Some(role) => format!("a token by the role {role:?} (`holderRole`)"),
            None => "a child of the plugin's own token".to_owned(),
        }
    }

    /// The command that makes a role for holders.
    pub(crate) fn command(&self) -> String {
        let role = self.holder_role.as_deref().unwrap_or("keyrotation");
        format!(
            "vault write auth/token/roles/{role} orphan=true renewable=true token_period=768h allowed_policies=POLICY, with a POLICY that allows read on {:?}",
            self.path
        )
    }
}

/// A credential that an engine made, and its lease.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", extend("x-module" = "vault"))]
pub struct Lease {
    /// The lease's id, by which it can be looked up, renewed and revoked.
    pub lease_id: String,
    /// The accessor of the token that holds the lease: to revoke that token revokes the lease.
    pub holder_accessor: String,
    /// What the path gave, such as `username` and `password`. What is no text stands there as JSON.
    #[schemars(extend("x-secret" = true))]
    pub data: BTreeMap<String, String>,
    /// When the credential ends unless the lease is renewed, as last seen, in RFC 3339.
    pub expires_at: Option<String>,
}

impl fmt::Display for LeaseArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the path {:?} with the name {:?} (`path`, `name`)", self.path, self.name)
    }
}

pub(crate) const LEASE_ID: &str = "leaseId";
pub(crate) const HOLDER: &str = "holderAccessor";
pub(crate) const DATA: &str = "data";

/// The fields of a key as users read them.
pub(crate) fn material(holder: &KeyId, lease_id: String, data: BTreeMap<String, SecretString>) -> Material {
    let fields =
        [(LEASE_ID, Field::Plain(lease_id)), (HOLDER, Field::Plain(holder.0.clone())), (DATA, Field::SecretMap(data))];
    fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect()
}

/// The holder and the lease of a key.
pub(crate) fn parts(material: &Material) -> Option<(KeyId, &str)> {
    match (material.get(HOLDER)?, material.get(LEASE_ID)?) {
        (Field::Plain(holder), Field::Plain(lease)) if !lease.is_empty() => Some((KeyId(holder.clone()), lease)),
        _ => None,
    }
}

/// What is wrong with the inputs, beyond their types.
pub(crate) fn check(args: &LeaseArgs) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |property: &str, reason: String| problems.push(problem(property, reason));
    if !is_path(&args.path) || !args.path.contains('/') {
        let reason = "is not the path of a dynamic secret: write one such as \"database/creds/payment\", without v1/ [KR-VAULT-078]";
        add("path", reason.to_owned());
    }
    if args.name.trim().is_empty()
        || args.name.len() > LONGEST
        || args.name.contains(|c: char| c == '#' || c.is_control())
    {
        add(
            "name",
            format!("must be a name of at most {LONGEST} bytes without #, such as \"payment-api\" [KR-VAULT-079]"),
        );
    }
    if args.holder_role.as_deref().is_some_and(|role| !is_path(role) || role.contains('/')) {
        add(
            "holderRole",
            "is not the name of a token role: write one such as \"keyrotation\" [KR-VAULT-080]".to_owned(),
        );
    }
    match args.ttl.as_deref().map(parse_duration) {
        Some(Err(reason)) => add("ttl", reason),
        Some(Ok(ttl)) if ttl < SignedDuration::from_secs(1) => {
            add(
                "ttl",
                "must be at least a second; leave it out to ask for as long as is needed [KR-VAULT-081]".to_owned(),
            );
        }
        _ => {}
    }
    problems
}

const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(inputs: Value) -> Vec<String> {
        let mut all = json!({"path": "database/creds/payment", "name": "api"});
        all.as_object_mut().unwrap().extend(inputs.as_object().unwrap().clone());
        let args: LeaseArgs = serde_json::from_value(all).unwrap();
        check(&args).into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn a_key_has_the_fields_that_its_schema_promises() {
        let schema = schemars::schema_for!(Lease);
        let fields = material(&KeyId("a".to_owned()), "l".to_owned(), BTreeMap::new());
        let promised = schema.as_value()["properties"].as_object().unwrap();
        // Its end is not the key's own: it moves.
        let names = promised.keys().filter(|name| *name != "expiresAt").collect::<std::collections::BTreeSet<_>>();
        assert!(fields.keys().eq(names));
        for (name, field) in &fields {
            assert_eq!(promised[name].get("x-secret").is_some(), matches!(field, Field::SecretMap(_)), "{name}");
        }
    }

    #[test]
    fn right_inputs_are_accepted() {
        assert!(properties(json!({})).is_empty());
        assert!(properties(json!({"path": "team/aws/creds/a", "holderRole": "keyrotation", "ttl": "7d"})).is_empty());
    }

    #[test]
    fn wrong_inputs_are_named() {
        for path in ["", "/a/b", "database", "a//b", "a/../b", "a/b?c", "a/b#c", "a/*"] {
            assert_eq!(properties(json!({"path": path})), ["path"], "{path:?}");
        }
        for name in ["", " ", "a#b", "a\nb", &"x".repeat(101)] {
            assert_eq!(properties(json!({"name": name})), ["name"], "{name:?}");
        }
        for role in ["", "a/b", ".."] {
            assert_eq!(properties(json!({"holderRole": role})), ["holderRole"], "{role:?}");
        }
        for ttl in ["", "soon", "0s", "1mo", "-1d"] {
            assert_eq!(properties(json!({"ttl": ttl})), ["ttl"], "{ttl:?}");
        }
    }

    #[test]
    fn the_two_parts_of_a_name_cannot_be_mistaken() {
        let print = |path: &str, name: &str| {
            let inputs = json!({"path": path, "name": name});
            serde_json::from_value::<LeaseArgs>(inputs).unwrap().print()
        };
        assert_ne!(print("a/b", "c"), print("a/b", "d"));
        assert_eq!(print("a/b", "c").len(), 16);
    }
}
