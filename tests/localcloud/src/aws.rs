//! AWS: IAM and STS over the query protocol, Secrets Manager over JSON, and the account behind them.

mod account;
mod act;
mod admin;
mod auth;
mod call;
mod control;
mod error;
mod federation;
mod front;
mod iam;
mod key;
mod limits;
mod plant;
mod query;
mod secrets;
mod sigv4;
mod sts;
mod xml;

use std::fmt;
use std::sync::{Arc, Mutex};

pub(crate) use act::Act;
pub use admin::{Key, Snapshot, User};
pub(crate) use control::routes as control;
pub use error::Refusal;
pub use federation::{AUDIENCE, ISSUER, RoleTrust, TokenClaims};
pub(crate) use front::serve;
pub use key::{Consistency, LastUse};
pub use secrets::{Invocations, Rotated, Secret, SecretVersion};

use account::{ADMIN, Account};
use key::AccessKey;

use crate::random::Random;
use crate::turn::Desk;

/// How the account begins.
#[derive(Clone, Debug)]
pub struct AwsOptions {
    /// The account's twelve digits.
    pub account: String,
    /// The credentials of the user `admin`, who may do everything; made up when absent.
    pub admin: Option<Credentials>,
    /// How far the account lags behind what it has accepted.
    pub consistency: Consistency,
}

impl Default for AwsOptions {
    fn default() -> Self {
        Self { account: "123456789012".to_owned(), admin: None, consistency: Consistency::default() }
    }
}

/// A long-lived key with its secret. The secret is not in its `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct Credentials {
    /// The public half, `AKIA…`.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_key_id, .. } = self;
        f.debug_struct("Credentials").field("access_key_id", access_key_id).finish_non_exhaustive()
    }
}

/// The stand-in's AWS account, seen from behind the API. Clones are the same account.
///
/// What is done here needs no credentials and is no request: it is neither counted nor in the
/// journal, and no fault befalls it.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
}

struct Inner {
    desk: Arc<Desk>,
    account: Mutex<Account>,
    /// For request ids, apart from the account's, so that keys do not depend on how often was asked.
    requests: Mutex<Random>,
    admin: Credentials,
}

impl Aws {
    pub(crate) fn new(options: AwsOptions, desk: Arc<Desk>, mut random: Random) -> Self {
        let now = desk.clock.now();
        let requests = Mutex::new(random.split());
        let mut account = Account::new(options.account, options.consistency, random);
        let admin = options.admin.unwrap_or_else(|| Credentials {
            access_key_id: format!("AKIA{}", account.random.base32(16)),
            secret_access_key: account.random.base64(40),
        });
        let key = AccessKey::new(admin.access_key_id.clone(), admin.secret_access_key.clone(), now);
        account.found(ADMIN, key.settled(), now);
        let account = Mutex::new(account);
        Self { inner: Arc::new(Inner { desk, account, requests, admin }) }
    }
}
