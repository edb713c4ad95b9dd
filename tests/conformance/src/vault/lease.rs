//! A role of a database engine, whose credentials users of a real PostgreSQL log in with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use cloud::RotatingResource;
use localcloud::locked;
use rotation::{KeyId, KeyIssuer, Known, OwnerId};
use serde_json::{Value, json};
use system_vault::{Vault, VaultLease};
use vault_servers::{Admin, Database, Login, unique};

use super::on_vault::{OnVault, VaultGround, VaultPlace, VaultWay};
use super::server::{LeaseGround, lease_ground};
use crate::rig::{Feature, Place};

/// Leases on a real server.
pub type VaultLeases = OnVault<DynamicRole>;

/// A role of its own, and a token role whose tokens may read its path.
#[derive(Clone)]
pub struct DynamicRole {
    admin: Admin,
    ground: LeaseGround,
    role: String,
    ttl: Arc<Mutex<&'static str>>,
    /// By which token role each token was made that this server has shown: none of it changes.
    makers: Arc<Mutex<BTreeMap<String, String>>>,
}

const NAME: &str = "app";

impl VaultPlace for DynamicRole {
    const FEATURES: &[Feature] =
        &[Feature::Faults, Feature::Network, Feature::Claims, Feature::Tries, Feature::Stores, Feature::AllStores];

    fn new(ground: &VaultGround) -> Result<Self> {
        let (admin, ground) = (ground.0.admin.clone(), lease_ground()?);
        let place =
            Self { admin, role: unique("role"), ttl: Arc::new(Mutex::new("4380h")), makers: Arc::default(), ground };
        place.make_role(&json!({"db_name": "postgres", "default_ttl": "1h", "max_ttl": "8760h"}))?;
        let policy =
            place.admin.policy(&format!("path \"{}/*\" {{ capabilities = [\"read\"] }}", place.ground.mount))?;
        place.make_holder_role(&place.role, &json!({"allowed_policies": [policy]}))?;
        Ok(place)
    }

    fn issuer(vault: Arc<Vault>, inputs: Value, known: Known<'_>) -> Result<Box<dyn KeyIssuer>> {
        Ok(VaultLease::new(vault).issuer(&serde_json::from_value(inputs)?, known))
    }

    fn admin(&self) -> &Admin {
        &self.admin
    }

    fn inputs(&self) -> Value {
        json!({"path": self.path(), "name": NAME, "holderRole": self.role, "ttl": *locked(&self.ttl)})
    }

    fn nowhere(&self) -> Value {
        json!({"path": format!("{}/creds/nobody", self.ground.mount), "name": NAME, "holderRole": self.role})
    }
}

impl Place for DynamicRole {
    type Way = VaultWay;

    fn plain(&self, call: String) -> String {
        let call =
            call.replace(&format!("{}/", self.ground.mount), "").replace("identity/", "").replace("auth/token/", "");
        let call = call.replace(&format!("/{}", self.role), "");
        let end = call.find("/keyrotation-").unwrap_or(call.len());
        call[..end].to_owned()
    }

    /// The holders that have read something: what others were made for never came to be.
    fn keys(&self) -> Vec<KeyId> {
        let mut keys: Vec<_> = self.holders().into_iter().filter(|(_, facts)| facts["num_uses"] == 1).collect();
        keys.sort_by_key(|(_, facts)| facts["issue_time"].to_string());
        keys.into_iter().map(|(accessor, _)| KeyId(accessor)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.look_up(&id.0).is_ok_and(|facts| facts["num_uses"] == 1)
    }

    /// What strangers read, nobody can list.
    fn mint(&self) -> Option<KeyId> {
        None
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        self.admin.post("auth/token/revoke-accessor", &json!({"accessor": id.0})).expect("a token that exists");
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn strip(&self) {
        for group in self.groups() {
            self.admin.delete(&format!("identity/group/name/{group}")).expect("a group that exists");
        }
    }

    fn marks(&self) -> usize {
        self.groups().len()
    }
}

impl DynamicRole {
    /// The path that gives credentials.
    pub fn path(&self) -> String {
        self.at(&self.role)
    }

    /// Lets the inputs ask for leases of another length. At first they ask for half a year, so that none ends by the plugin's clock, which runs
    /// ahead, that the server still keeps.
    pub fn ask_for(&self, ttl: &'static str) {
        *locked(&self.ttl) = ttl;
    }

    /// The path of another role of the same engine.
    pub fn at(&self, role: &str) -> String {
        format!("{}/creds/{role}", self.ground.mount)
    }

    /// The name of both roles.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// Where the engine is mounted.
    pub fn mount(&self) -> &str {
        &self.ground.mount
    }

    /// The database.
    pub fn postgres(&self) -> &dyn Database {
        &*self.ground.postgres
    }

    /// Changes the role of the engine.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_role(&self, settings: &Value) -> Result<()> {
        let mut settings = settings.clone();
        // What the plugin of the engine does otherwise is meant for databases that hold something.
        settings["revocation_statements"] = json!([r#"DROP ROLE IF EXISTS "{{name}}""#]);
        self.admin.make_database_role(&self.ground.mount, &self.role, self.postgres(), &settings)
    }

    /// Makes or changes a token role; it is fit for holders unless `settings` say otherwise.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make_holder_role(&self, role: &str, settings: &Value) -> Result<()> {
        let mut all =
            json!({"orphan": true, "renewable": true, "token_period": "8760h", "token_no_default_policy": true});
        for (name, value) in settings.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        self.admin.post(&format!("auth/token/roles/{role}"), &all).map(drop)
    }

    /// What the server says of a token.
    ///
    /// # Errors
    /// There is none.
    pub fn look_up(&self, accessor: &str) -> Result<Value> {
        let found = self.admin.post("auth/token/lookup-accessor", &json!({"accessor": accessor}))?;
        found.get("data").cloned().context("no data")
    }

    /// Every living token by the token role, whatever it is for.
    pub fn holders(&self) -> BTreeMap<String, Value> {
        let all = self.admin.list("auth/token/accessors").unwrap_or_default();
        let maker = format!("auth/token/create/{}", self.role);
        let mut makers = locked(&self.makers);
        let facts = all.into_iter().filter_map(|accessor| {
            if makers.get(&accessor).is_some_and(|known| *known != maker) {
                return None;
            }
            let facts = self.look_up(&accessor).ok()?;
            let path = facts["path"].as_str().unwrap_or_default().to_owned();
            let is_ours = path == maker;
            makers.insert(accessor.clone(), path);
            is_ours.then_some((accessor, facts))
        });
        facts.collect()
    }

    /// The ids of the leases that stand at the path.
    ///
    /// # Errors
    /// The server refuses.
    pub fn leases(&self) -> Result<Vec<String>> {
        self.admin.list(&format!("sys/leases/lookup/{}", self.path()))
    }

    /// Whether the database lets in whoever has what a lease gave.
    ///
    /// # Errors
    /// It does not answer.
    pub fn lets_in(&self, login: &Login) -> Result<bool> {
        self.ground.postgres.lets_in(login)
    }

    fn groups(&self) -> Vec<String> {
        let principal = OwnerId::new(&format!("{}#{NAME}", self.path()), "").hash;
        let prefix = format!("keyrotation-{principal}-");
        let all = self.admin.list("identity/group/name").unwrap_or_default();
        all.into_iter().filter(|name| name.starts_with(&prefix)).collect()
    }
}
