//! Where a secret of Vault's own stands, and which calls belong to it.

use jiff::SignedDuration;
use outbound::Method;
use rotation::{Error, ErrorKind};
use serde::Deserialize;

use super::args::EXAMPLES;
use crate::request::Request;
use crate::session::{Reply, Session, data};

/// One secret that an engine keeps to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    mount: String,
    pub(crate) kind: Kind,
}

/// What the secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The access key that an AWS engine makes its calls with.
    Aws,
    /// The password that a database engine logs in with by the connection of this name.
    Connection(String),
    /// The password that a database engine keeps for others under this name.
    StaticRole(String),
}

#[derive(Deserialize)]
struct RawMount {
    #[serde(rename = "type")]
    kind: String,
    path: String,
}

const MOUNTS: &str = "vault secrets list";

impl Place {
    /// The place that a path names, by what the server says is mounted there: a mount's path may have slashes.
    pub(crate) async fn find(session: &Session, path: &str) -> Result<Self, Error> {
        let request = Request::new(MOUNTS, Method::GET, format!("sys/internal/ui/mounts/{path}"));
        let nowhere = || {
            let message = format!(
                "nothing is mounted at {path:?} or at its beginning (`path`), or the token that the plugin uses has no capability on {path:?} or on anything below that mount: mount the engine, or allow the calls in a policy of the token [KR-VAULT-123]"
            );
            Error::new(ErrorKind::Denied, MOUNTS, message)
        };
        let mount: RawMount = match session.repeat(&request).await {
            Ok(Reply::Done(answer)) => data(&request, &answer)?,
            Ok(Reply::Missing(_)) => return Err(nowhere()),
            Err(error) if error.kind == ErrorKind::Denied => return Err(nowhere()),
            Err(error) => return Err(error),
        };
        Self::new(path, mount.path.trim_end_matches('/'), &mount.kind)
    }

    fn new(path: &str, mount: &str, engine: &str) -> Result<Self, Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Invalid, MOUNTS, message));
        let Some(rest) = path.strip_prefix(mount).filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
            return wrong(format!(
                "the server says that {path:?} (`path`) belongs to the mount {mount:?}, but the path does not begin with that mount [KR-VAULT-124]"
            ));
        };
        let parts: Vec<_> = rest.split('/').skip(1).collect();
        let kind = match (engine, parts.as_slice()) {
            ("aws", []) => Kind::Aws,
            ("database", [role]) if *role == ROLES => {
                return wrong(format!(
                    "`path` names no static role: write \"{mount}/{ROLES}/\" and its name [KR-VAULT-125]"
                ));
            }
            ("database", [name]) => Kind::Connection((*name).to_owned()),
            ("database", [roles, name]) if *roles == ROLES => Kind::StaticRole((*name).to_owned()),
            ("database", []) => {
                return wrong(format!(
                    "`path` names no connection: write \"{mount}/\" and its name, or \"{mount}/{ROLES}/\" and the name of a static role [KR-VAULT-126]"
                ));
            }
            ("aws" | "database", _) => {
                return wrong(format!(
                    "{path:?} (`path`) names nothing that the {engine} engine at {mount:?} could rotate: write a path such as {EXAMPLES} [KR-VAULT-127]"
                ));
            }
            _ => {
                return wrong(format!(
                    "what is mounted at {mount:?} (`path`) is of type {engine}, which has no secret to rotate: name a mount of type aws or database, in a path such as {EXAMPLES} [KR-VAULT-128]"
                ));
            }
        };
        Ok(Self { mount: mount.to_owned(), kind })
    }

    /// What tells whether the secret is there, and of which it is for some kinds.
    pub(crate) fn question(&self) -> Request {
        let Self { mount, kind } = self;
        let path = match kind {
            Kind::Aws => format!("{mount}/config/root"),
            Kind::Connection(name) => format!("{mount}/config/{name}"),
            Kind::StaticRole(name) => format!("{mount}/{ROLES}/{name}"),
        };
        Request::new("vault read", Method::GET, path)
    }

    /// What orders a rotation. It has a body without anything in it, which no other engine takes for a secret.
    pub(crate) fn order(&self) -> Result<Request, Error> {
        let Self { mount, kind } = self;
        let (operation, path) = match kind {
            Kind::Aws => ("vault write config/rotate-root", format!("{mount}/config/rotate-root")),
            Kind::Connection(name) => ("vault write rotate-root", format!("{mount}/rotate-root/{name}")),
            Kind::StaticRole(name) => ("vault write rotate-role", format!("{mount}/rotate-role/{name}")),
        };
        Request::new(operation, Method::POST, path).limit(PATIENCE).json(&serde_json::Map::new())
    }
}

/// The engine calls a database or AWS before it answers.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

const ROLES: &str = "static-roles";

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(path: &str, mount: &str, engine: &str) -> Result<[String; 2], String> {
        let place = Place::new(path, mount, engine).map_err(|error| error.to_string())?;
        Ok([place.question().path, place.order().unwrap().path])
    }

    #[test]
    fn a_path_is_read_by_what_is_mounted_there() {
        let cases = [
            ("aws", "aws", "aws", ["aws/config/root", "aws/config/rotate-root"]),
            ("team/aws", "team/aws", "aws", ["team/aws/config/root", "team/aws/config/rotate-root"]),
            ("team/aws", "team", "database", ["team/config/aws", "team/rotate-root/aws"]),
            ("db/main", "db", "database", ["db/config/main", "db/rotate-root/main"]),
            ("db/static-roles/app", "db", "database", ["db/static-roles/app", "db/rotate-role/app"]),
            ("a/b/static-roles/app", "a/b", "database", ["a/b/static-roles/app", "a/b/rotate-role/app"]),
        ];
        for (path, mount, engine, expected) in cases {
            assert_eq!(calls(path, mount, engine), Ok(expected.map(str::to_owned)), "{path}");
        }
    }

    #[test]
    fn what_no_engine_rotates_is_named() {
        let cases = [
            ("db", "db", "database", "no connection"),
            ("db/static-roles", "db", "database", "no static role"),
            ("db/roles/app", "db", "database", "could rotate"),
            ("aws/roles/app", "aws", "aws", "could rotate"),
            ("secret/app", "secret", "kv", "type kv"),
            ("other/app", "db", "database", "does not begin with"),
            ("dbs/app", "db", "database", "does not begin with"),
        ];
        for (path, mount, engine, words) in cases {
            let told = calls(path, mount, engine).unwrap_err();
            assert!(told.contains(words) && told.contains("`path`"), "{path}: {told}");
        }
    }
}
