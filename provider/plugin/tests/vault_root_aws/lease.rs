//! What a real AWS engine makes for whoever reads its path, held by a `vault:RotatingLease`: users of the stand-in of AWS, and sessions of roles.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use libtest_mimic::Trial;
use pulumi_provider::testing::Action;
use pulumi_provider::{Object, Value};
use serde_json::json;
use vault_servers::{Admin, Ground, unique};

use crate::engine::Engine;
use crate::stack::{DAY, MINUTE, Stack, inputs};
use crate::trial;

const TOKEN: &str = "keyrotation:vault:RotatingLease";
/// The administrator of AWS, and the user that the engine works as.
const OTHER_USERS: usize = 2;

/// What a trial proves.
type Prove = fn(&Engine);

const ALL: &[(&str, Prove)] = &[
    ("both_users_keys_work_during_the_overlap_and_one_after_it", lives),
    ("a_user_that_aws_keeps_is_told_and_deleted_by_the_next_run", keeps),
    ("a_session_of_a_role_is_refused_where_a_period_needs_more", lacks_time),
    ("a_session_of_a_role_is_replaced_and_ends_by_itself", cannot_be_revoked),
];

pub(crate) fn trials(ground: &Arc<Ground>) -> Vec<Trial> {
    let trial = |&(name, prove): &(&str, Prove)| {
        trial(ground, format!("aws_lease::{name}"), &[], move |ground| prove(&Engine::real(ground)))
    };
    ALL.iter().map(trial).collect()
}

/// A role of the engine, and a token role whose tokens may read it.
struct Role<'a> {
    engine: &'a Engine,
    admin: &'a Admin,
    path: String,
    holders: String,
}

/// An access key as the resource gives it.
struct Given {
    id: String,
    secret: String,
}

impl<'a> Role<'a> {
    fn new(engine: &'a Engine, settings: &serde_json::Value) -> Self {
        let (admin, mount) = (engine.admin(), &engine.path);
        let (path, holders) = (format!("{mount}/creds/deploy"), unique("holders"));
        // The plugin's clock runs ahead of the server's, and nothing may end by it that the server still keeps.
        let longest = json!({"max_lease_ttl": "8760h"});
        admin.post(&format!("sys/mounts/{mount}/tune"), &longest).unwrap();
        admin.post("sys/auth/token/tune", &longest).unwrap();
        admin.post(&format!("{mount}/config/lease"), &json!({"lease": "1h", "lease_max": "8760h"})).unwrap();
        admin.post(&format!("{mount}/roles/deploy"), settings).unwrap();
        let reads = admin.policy(&format!("path \"{path}\" {{ capabilities = [\"read\"] }}")).unwrap();
        let role = json!({"orphan": true, "renewable": true, "token_period": "8760h", "allowed_policies": [reads]});
        admin.post(&format!("auth/token/roles/{holders}"), &role).unwrap();
        Self { engine, admin, path, holders }
    }

    fn of_users(engine: &'a Engine) -> Self {
        let policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"];
        Self::new(engine, &json!({"credential_type": "iam_user", "policy_arns": policies}))
    }

    fn of_sessions(engine: &'a Engine) -> Self {
        let role = format!("arn:aws:iam::{}:role/deploy", engine.cloud.aws().snapshot().account);
        Self::new(engine, &json!({"credential_type": "assumed_role", "role_arns": [role]}))
    }

    fn stack(&self) -> Stack {
        Stack { resource: TOKEN, ..self.engine.stack() }
    }

    fn inputs<const N: usize>(&self, keeper: &str, more: [(&str, Value); N]) -> Object {
        let mut all = inputs(&self.path, keeper, more);
        all.insert("name".to_owned(), "deploy".into());
        all.insert("holderRole".to_owned(), self.holders.as_str().into());
        all
    }

    /// Inputs that want a period.
    fn release(&self, keeper: &str) -> Object {
        self.inputs(keeper, [("rotationPeriod", "30d".into()), ("overlap", "1d".into()), ("ttl", "4380h".into())])
    }

    /// Whose key it is, which AWS must accept with this secret.
    fn user_of(&self, key: &Given) -> String {
        let aws = self.engine.cloud.aws();
        assert!(aws.secret_is_right(&key.id, &key.secret) && aws.works(&key.id), "AWS refuses {}", key.id);
        let user = aws.snapshot().users.into_iter().find(|user| user.keys.iter().any(|known| known.id == key.id));
        user.expect("the owner of the key").name
    }

    fn sessions(&self) -> Vec<String> {
        self.engine.cloud.aws().snapshot().sessions
    }

    fn leases(&self) -> Vec<String> {
        self.admin.list(&format!("sys/leases/lookup/{}", self.path)).unwrap()
    }

    /// Neither a lease nor a user is left. A lease that goes with its holder goes when the server comes to it.
    fn has_nothing_left(&self) {
        for _ in 0..100 {
            if self.leases().is_empty() {
                break;
            }
            sleep(Duration::from_millis(50));
        }
        assert_eq!(self.leases(), Vec::<String>::new());
        assert_eq!(self.engine.cloud.aws().snapshot().users.len(), OTHER_USERS);
    }
}

/// What the resource gives now.
fn given(stack: &Stack) -> Given {
    let data = stack.output("data").expect("data");
    assert!(matches!(data, Value::Secret(_)), "it is no secret");
    let text = |name: &str| data.as_object().unwrap()[name].as_str().unwrap().to_owned();
    Given { id: text("access_key"), secret: text("secret_key") }
}

fn lives(engine: &Engine) {
    let role = Role::of_users(engine);
    let mut stack = role.stack();
    stack.preview(&role.release("1"));
    role.has_nothing_left();
    stack.does(&role.release("1"), Action::Create);
    let first = given(&stack);
    let user = role.user_of(&first);
    stack.does(&role.release("1"), Action::Same);
    stack.does(&role.release("2"), Action::Update);
    let second = given(&stack);
    assert_ne!(role.user_of(&second), user);
    assert_eq!(role.user_of(&first), user, "during the overlap");
    stack.later(DAY + MINUTE * 120);
    stack.does(&role.release("2"), Action::Update);
    assert!(engine.cloud.aws().user(&user).is_none(), "the first user is there after the overlap");
    role.user_of(&second);
    stack.does(&role.release("2"), Action::Same);
    stack.destroy();
    role.has_nothing_left();
}

/// The lease that cannot be revoked stays, and with it what the engine must know to delete the user.
fn keeps(engine: &Engine) {
    let role = Role::of_users(engine);
    let mut stack = role.stack();
    stack.does(&role.release("1"), Action::Create);
    let first = given(&stack);
    stack.does(&role.release("2"), Action::Update);
    stack.later(DAY + MINUTE * 120);
    engine.cloud.aws().deny(crate::engine::USER, &["iam:DeleteAccessKey"]).unwrap();
    let told = stack.fails(&role.release("2"));
    assert!(told.contains("could not take back") && told.contains(&role.path), "{told}");
    let user = role.user_of(&first);
    engine.cloud.aws().deny(crate::engine::USER, &[]).unwrap();
    stack.later(MINUTE);
    stack.up(&role.release("2")).unwrap().unwrap();
    assert!(engine.cloud.aws().user(&user).is_none(), "the first user is there still");
    role.user_of(&given(&stack));
    stack.destroy();
    role.has_nothing_left();
}

fn lacks_time(engine: &Engine) {
    let role = Role::of_sessions(engine);
    let mut stack = role.stack();
    let told = stack.fails(&role.release("1"));
    assert!(told.contains("cannot be renewed") && told.contains("rotationPeriod"), "{told}");
    assert_eq!(role.sessions().len(), 1, "the path was read once");
    assert!(stack.output("data").is_none_or(|data| data.as_object().is_none()), "it gave a session all the same");
    role.has_nothing_left();
}

fn cannot_be_revoked(engine: &Engine) {
    let role = Role::of_sessions(engine);
    let (mut stack, inputs) = (role.stack(), role.inputs("1", []));
    stack.does(&inputs, Action::Create);
    let first = given(&stack);
    assert!(stack.output("data").unwrap().as_object().unwrap().contains_key("security_token"));
    stack.later(MINUTE * 40);
    stack.does(&inputs, Action::Same);
    let lease = stack.output("leaseId").unwrap();
    role.admin.post("sys/leases/revoke", &json!({"lease_id": lease.as_str(), "sync": true})).unwrap();
    stack.refresh().unwrap().unwrap();
    stack.does(&inputs, Action::Update);
    let second = given(&stack);
    assert_ne!(first.id, second.id, "a revoked lease is not replaced");
    stack.up(&inputs).unwrap().unwrap();
    stack.does(&inputs, Action::Same);
    stack.destroy();
    role.has_nothing_left();
    let mut made = [first.id, second.id];
    made.sort();
    assert_eq!(role.sessions(), made, "each was read once, and AWS ends none early");
}
