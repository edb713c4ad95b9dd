//! Vault's AWS engine on the stand-in of AWS: a real one, or a stand-in that was written by what the real one was seen to answer,
//! since OpenBao has no AWS engine built in.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use localcloud::{Credentials, LocalCloud, Options, Server};
use pulumi_provider::Object;
use rotation::testing::ManualClock;
use serde_json::json;
use vault_servers::{Admin, Ground, SharedClock};

use crate::stack::Stack;

pub(crate) const USER: &str = "vault-root";

/// An engine that makes its calls as the IAM user [`USER`].
pub(crate) struct Engine {
    pub(crate) clock: ManualClock,
    pub(crate) cloud: Arc<LocalCloud>,
    pub(crate) path: String,
    /// The key that a person gave it.
    pub(crate) first: Credentials,
    source: Source,
}

enum Source {
    StandIn(Arc<Inner>, Server),
    Real { address: SocketAddr, admin: Admin },
}

struct Inner {
    cloud: Arc<LocalCloud>,
    key: Mutex<String>,
    turns: AtomicUsize,
    keeps_old: AtomicBool,
}

impl Engine {
    pub(crate) fn stand_in() -> Self {
        let clock = ManualClock::new(Timestamp::now());
        let mut options = Options::new(SharedClock::new(&clock).shared()).immediate();
        options.hang_advances = SignedDuration::from_secs(31);
        let (cloud, first) = aws(options);
        let inner = Arc::new(Inner {
            cloud: Arc::clone(&cloud),
            key: Mutex::new(first.access_key_id.clone()),
            turns: AtomicUsize::new(0),
            keeps_old: AtomicBool::new(false),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), app).unwrap();
        Self { clock, cloud, path: "aws".to_owned(), first, source: Source::StandIn(inner, server) }
    }

    pub(crate) fn real(ground: &Ground) -> Self {
        // A real engine signs by real time. Once a trial moves the plugin's clock by hours, AWS refuses the plugin, which warns and goes on.
        let (clock, (cloud, first)) = (ManualClock::new(Timestamp::now()), aws(Options::default().immediate()));
        let vault = ground.vault().unwrap();
        let admin = vault.admin();
        let path = admin.mount("aws", &json!({})).unwrap();
        let root = json!({
            "access_key": first.access_key_id,
            "secret_key": first.secret_access_key,
            "region": "us-east-1",
            "iam_endpoint": cloud.endpoint(),
            "sts_endpoint": cloud.endpoint(),
        });
        admin.post(&format!("{path}/config/root"), &root).unwrap();
        Self { clock, cloud, path, first, source: Source::Real { address: vault.address(), admin } }
    }

    /// A stack whose plugin reaches the engine and AWS.
    pub(crate) fn stack(&self) -> Stack {
        let (address, token) = match &self.source {
            Source::StandIn(_, server) => (server.address, "a-token"),
            Source::Real { address, admin } => (*address, admin.token()),
        };
        let mut stack = Stack::at(self.clock.clone(), address, token);
        stack.config.insert("aws".to_owned(), self.aws(&self.cloud.aws().admin_credentials()).into());
        stack
    }

    /// The plugin's configuration for AWS with these credentials.
    pub(crate) fn aws(&self, given: &Credentials) -> Object {
        crate::support::aws(self.cloud.endpoint(), given)
    }

    /// The administrator of the server that a real engine is of.
    pub(crate) fn admin(&self) -> &Admin {
        let Source::Real { admin, .. } = &self.source else { panic!("a stand-in") };
        admin
    }

    /// The access key id that it works with.
    pub(crate) fn key(&self) -> String {
        match &self.source {
            Source::StandIn(inner, _) => inner.key.lock().unwrap().clone(),
            Source::Real { admin, .. } => {
                let root = admin.get(&format!("{}/config/root", self.path)).unwrap();
                root["data"]["access_key"].as_str().unwrap().to_owned()
            }
        }
    }

    /// How many keys it has made for itself.
    pub(crate) fn turns(&self) -> usize {
        match &self.source {
            Source::StandIn(inner, _) => inner.turns.load(Ordering::SeqCst),
            Source::Real { .. } => {
                let made =
                    |entry: &&localcloud::Entry| entry.action == "CreateAccessKey" && entry.answered == Some(200);
                self.cloud.journal().iter().filter(made).count()
            }
        }
    }

    /// From now on its call that deletes the old key fails. Only the stand-in can be made to.
    pub(crate) fn keep_old_keys(&self) {
        let Source::StandIn(inner, _) = &self.source else { panic!("a real engine") };
        inner.keeps_old.store(true, Ordering::SeqCst);
    }

    /// It works without a key of its own.
    pub(crate) fn forget_key(&self) {
        let Source::StandIn(inner, _) = &self.source else { panic!("a real engine") };
        inner.key.lock().unwrap().clear();
    }

    /// Nobody but it has a key of the user that works.
    pub(crate) fn only_vault_knows(&self) {
        assert!(!self.cloud.aws().works(&self.first.access_key_id), "the first key still works");
        assert!(self.cloud.aws().works(&self.key()), "the engine's key does not work");
        assert_eq!(self.cloud.aws().keys(USER).len(), 1);
    }
}

fn aws(options: Options) -> (Arc<LocalCloud>, Credentials) {
    let cloud = LocalCloud::start(options).unwrap();
    cloud.aws().create_user(USER).unwrap();
    let first = cloud.aws().mint_key(USER).unwrap();
    (Arc::new(cloud), first)
}

/// What the stand-in answers. The forms are those of Vault 1.21.
async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let call = format!("{} {}", request.method(), request.uri().path());
    match call.as_str() {
        "GET /v1/sys/internal/ui/mounts/aws" => data(json!({"type": "aws", "path": "aws/"})),
        "GET /v1/aws/config/root" => {
            data(json!({"access_key": *inner.key.lock().unwrap(), "region": "us-east-1", "max_retries": -1}))
        }
        "POST /v1/aws/config/rotate-root" => inner.rotate(),
        _ => error(404, &format!("no handler for route {call:?}. route entry not found.")),
    }
}

impl Inner {
    /// Makes a key, keeps it, and deletes the old one, in this order.
    fn rotate(&self) -> Response {
        let aws = self.cloud.aws();
        let Ok(made) = aws.mint_key(USER) else {
            return error(
                500,
                "1 error occurred:\n\t* error calling CreateAccessKey: LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2\n\n",
            );
        };
        let old = std::mem::replace(&mut *self.key.lock().unwrap(), made.access_key_id.clone());
        self.turns.fetch_add(1, Ordering::SeqCst);
        if self.keeps_old.load(Ordering::SeqCst) {
            return error(500, "1 error occurred:\n\t* error calling DeleteAccessKey: ServiceFailure: try again\n\n");
        }
        aws.delete_key(&old).unwrap();
        data(json!({"access_key": made.access_key_id}))
    }
}

fn data(data: serde_json::Value) -> Response {
    axum::Json(json!({"data": data})).into_response()
}

fn error(status: u16, words: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(json!({"errors": [words]}))).into_response()
}
