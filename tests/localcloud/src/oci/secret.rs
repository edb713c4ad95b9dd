//! Credentials that Oracle makes and shows once: auth tokens, customer secret keys, SMTP credentials.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::Life;
use crate::random::Random;

/// The kinds of such credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// For APIs that take no signatures: the container registry, Swift, Git.
    AuthToken,
    /// For the S3 compatibility API.
    CustomerSecretKey,
    /// For sending mail.
    SmtpCredential,
}

impl Kind {
    pub(super) fn of_path(segment: &str) -> Option<Self> {
        [Self::AuthToken, Self::CustomerSecretKey, Self::SmtpCredential].into_iter().find(|kind| kind.path() == segment)
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::AuthToken => "authTokens",
            Self::CustomerSecretKey => "customerSecretKeys",
            Self::SmtpCredential => "smtpCredentials",
        }
    }

    /// The field that a user may choose and change.
    pub(super) fn name_field(self) -> &'static str {
        match self {
            Self::AuthToken | Self::SmtpCredential => "description",
            Self::CustomerSecretKey => "displayName",
        }
    }

    pub(super) fn secret_field(self) -> &'static str {
        match self {
            Self::AuthToken => "token",
            Self::CustomerSecretKey => "key",
            Self::SmtpCredential => "password",
        }
    }

    pub(super) fn capability(self) -> &'static str {
        match self {
            Self::AuthToken => "canUseAuthTokens",
            Self::CustomerSecretKey => "canUseCustomerSecretKeys",
            Self::SmtpCredential => "canUseSmtpCredentials",
        }
    }
}

/// One such credential of a user.
#[derive(Clone)]
pub(super) struct Secret {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) secret: String,
    pub(super) etag: String,
    pub(super) life: Life,
}

impl Secret {
    pub(super) fn make(kind: Kind, name: &str, random: &mut Random, life: Life) -> Self {
        let (id, secret) = match kind {
            Kind::AuthToken => (ocid("credential", random), random.password(20)),
            Kind::CustomerSecretKey => (random.hex(40), format!("{}=", random.base64(43))),
            Kind::SmtpCredential => (ocid("credential", random), random.password(20)),
        };
        let etag = random.hex(40);
        Self { kind, id, name: name.to_owned(), secret, etag, life }
    }
}

/// A credential with its secret, as it is shown once. The secret is not in its `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Its id; for a customer secret key the access key.
    pub id: String,
    /// The secret.
    pub secret: String,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A made-up Oracle Cloud ID.
pub(super) fn ocid(of: &str, random: &mut Random) -> String {
    format!("ocid1.{of}.oc1..aaaaaaaa{}", random.base32(52).to_lowercase())
}
