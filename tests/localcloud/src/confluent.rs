//! Confluent Cloud: API keys of every kind, what they are for, and the organisation behind them.

mod act;
mod admin;
mod auth;
mod call;
mod control;
mod error;
mod front;
mod key;
mod keys;
mod kind;
mod lookups;
mod organization;
mod page;
mod planes;
mod plant;
mod quota;
mod rate;
mod respond;
mod route;
mod seen;
mod settings;

use std::fmt;
use std::sync::{Arc, Mutex};

pub(crate) use act::Act;
pub(crate) use control::routes as control;
pub use error::{Complaint, Refusal, Source};
pub(crate) use front::routes;
pub use kind::{Kind, Resource};
pub use organization::Role;
pub use seen::{ApiKey, Owner, Snapshot};
pub use settings::{Activation, Activations, Gone, OverQuota, Quotas, RateLimit, Settings};

use organization::Organization;
use rate::Meter;

use crate::random::Random;
use crate::turn::Desk;

/// How the organisation begins.
#[derive(Clone, Debug, Default)]
pub struct ConfluentOptions {
    /// The first Cloud key, whose owner is a user who may do everything; made up when absent.
    pub admin: Option<Credentials>,
    /// How the organisation behaves; can be changed later on.
    pub settings: Settings,
}

/// An API key with its secret. The secret is not in its `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct Credentials {
    /// The public half.
    pub api_key: String,
    /// The secret half; it begins with `cflt` unless it was given.
    pub api_secret: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// The stand-in's Confluent organisation, seen from behind the API. Clones are the same organisation.
///
/// What is done here needs no credentials and is no request: it is neither counted nor in the
/// journal, and no fault befalls it.
#[derive(Clone)]
pub struct Confluent {
    inner: Arc<Inner>,
}

struct Inner {
    desk: Arc<Desk>,
    organization: Mutex<Organization>,
    /// For request ids, apart from the organisation's, so that keys do not depend on how often was asked.
    requests: Mutex<Random>,
    meters: Mutex<Meters>,
    admin: Credentials,
    admin_user: String,
    environment: String,
}

#[derive(Default)]
struct Meters {
    cloud: Meter,
    data_planes: Meter,
}

impl Confluent {
    pub(crate) fn new(options: ConfluentOptions, desk: Arc<Desk>, mut random: Random) -> Self {
        let now = desk.clock.now();
        let requests = Mutex::new(random.split());
        let mut organization = Organization::new(options.settings, random);
        let (admin, admin_user) = organization.found(options.admin, now);
        let environment = organization.add_environment("default", now);
        let (organization, meters) = (Mutex::new(organization), Mutex::default());
        Self { inner: Arc::new(Inner { desk, organization, requests, meters, admin, admin_user, environment }) }
    }
}
