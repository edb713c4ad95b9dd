//! OCI: the Identity API, the APIs of secrets in vaults, and the tenancy behind them.

mod act;
mod admin;
mod auth;
mod call;
mod control;
mod deeds;
mod error;
mod front;
mod identity;
mod key;
mod limits;
mod operation;
mod plant;
mod principals;
mod public_key;
mod region;
mod retry;
mod secret;
mod signature;
mod tenancy;
mod vault;

use std::fmt;
use std::sync::{Arc, Mutex};

pub(crate) use act::Act;
pub use admin::{ApiKey, Credential, Snapshot, User};
pub(crate) use control::routes as control;
pub use error::Refusal;
pub(crate) use front::serve;
pub use key::Consistency;
pub(crate) use principals::serve as serve_principals;
pub use region::Region;
pub use secret::{Issued, Kind};
pub use vault::{Vault, VaultSecret, VaultSecretVersion};

use tenancy::Tenancy;

use crate::random::Random;
use crate::turn::Desk;

/// The private key of the administrator. It guards nothing: it stands here so that every run has
/// the same one, and none has to wait for one.
const ADMIN_KEY: &str = include_str!("oci/test-only-admin-key.pem");

/// How the tenancy begins.
#[derive(Clone, Debug)]
pub struct OciOptions {
    /// The tenancy's OCID; made up when absent.
    pub tenancy: Option<String>,
    /// The region where everything is written.
    pub home: Region,
    /// The other regions that the tenancy is subscribed to.
    pub others: Vec<Region>,
    /// How far the tenancy lags behind what it has accepted.
    pub consistency: Consistency,
    /// Status and code of the refusal of one API key too many. Oracle's own is not known; this is
    /// the one that its documentation has for limits in general.
    pub too_many_keys: (u16, String),
}

impl Default for OciOptions {
    fn default() -> Self {
        Self {
            tenancy: None,
            home: Region::new("IAD", "us-ashburn-1"),
            others: vec![Region::new("PHX", "us-phoenix-1"), Region::new("FRA", "eu-frankfurt-1")],
            consistency: Consistency::default(),
            too_many_keys: (400, "LimitExceeded".to_owned()),
        }
    }
}

/// What a client needs to sign as the administrator, under the names that the configuration of
/// Oracle's clients has. The private key is not in its `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct Config {
    /// The tenancy's OCID.
    pub tenancy: String,
    /// The user's OCID.
    pub user: String,
    /// The fingerprint of the user's key.
    pub fingerprint: String,
    /// The private key, as PEM.
    pub key_content: String,
    /// The home region's name.
    pub region: String,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, fingerprint, .. } = self;
        f.debug_struct("Config").field("user", user).field("fingerprint", fingerprint).finish_non_exhaustive()
    }
}

/// The stand-in's OCI tenancy, seen from behind the API. Clones are the same tenancy.
///
/// What is done here needs no signature and is no request: it is neither counted nor in the
/// journal, and no fault befalls it. A user is named by its name or its OCID.
#[derive(Clone)]
pub struct Oci {
    inner: Arc<Inner>,
}

struct Inner {
    desk: Arc<Desk>,
    tenancy: Mutex<Tenancy>,
    /// For request ids, apart from the tenancy's, so that ids do not depend on how often was asked.
    requests: Mutex<Random>,
    config: Config,
}

impl Oci {
    pub(crate) fn new(options: OciOptions, desk: Arc<Desk>, mut random: Random) -> Self {
        let now = desk.clock.now();
        let requests = Mutex::new(random.split());
        let mut tenancy = Tenancy::new(options, random);
        let key_content = ADMIN_KEY.get(ADMIN_KEY.find("-----BEGIN").unwrap_or_default()..).unwrap_or_default();
        let (user, fingerprint) = tenancy.found(key_content, now);
        let config = Config {
            tenancy: tenancy.id.clone(),
            user,
            fingerprint,
            key_content: key_content.to_owned(),
            region: tenancy.home.name.clone(),
        };
        Self { inner: Arc::new(Inner { desk, tenancy: Mutex::new(tenancy), requests, config }) }
    }
}
