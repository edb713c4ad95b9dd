//! Every place that a setting may come from, the first that is set counts. The resolver reads these and nothing else;
//! `docs/settings/vault.md` lists the same, and a test compares both.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::file::invalid;
use crate::config::VaultConfig;
use rotation::Error;

/// A variable of the environment, by its name.
pub(crate) type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// One place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A property of `keyrotation:vault`.
    Property(&'static str),
    /// A variable by its two names, the first of which counts: OpenBao's own client reads them in this order.
    Variable(&'static str, &'static str),
    /// A variable of one name, which the official provider reads too.
    Peers(&'static str),
    /// A file in the home folder.
    HomeFile(&'static str),
    /// A file.
    File(&'static str),
    /// A variable that the HTTP client itself reads, for every server.
    Client(&'static str),
}

/// One setting and its places, in order of precedence.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "the names and the defaults are compared with the documentation"))]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) sources: &'static [Source],
    /// What counts if none of them is set.
    pub(crate) unset: &'static str,
}

/// A value and where it stands.
pub(crate) struct Found {
    pub(crate) text: Zeroizing<String>,
    /// As messages name it.
    pub(crate) from: &'static str,
}

use Source::{Client, File, HomeFile, Peers, Property, Variable};

pub(crate) const ADDRESS: Setting = Setting {
    name: "Address of the server",
    sources: &[
        Property("keyrotation:vault.address"),
        Variable("BAO_AGENT_ADDR", "VAULT_AGENT_ADDR"),
        Variable("BAO_ADDR", "VAULT_ADDR"),
    ],
    unset: "an error",
};
pub(crate) const NAMESPACE: Setting = Setting {
    name: "Namespace; `root` is the same as none",
    sources: &[Property("keyrotation:vault.namespace"), Variable("BAO_NAMESPACE", "VAULT_NAMESPACE")],
    unset: "none",
};
pub(crate) const CREDENTIALS: Setting = Setting {
    name: "Token, or a login for one",
    sources: &[
        Property("keyrotation:vault.token"),
        Property("keyrotation:vault.authLoginJwt"),
        Property("keyrotation:vault.authLoginAppRole"),
        Property("keyrotation:vault.authLoginKubernetes"),
        Property("keyrotation:vault.authLoginCert"),
        Property("keyrotation:vault.authLoginUserpass"),
        Property("keyrotation:vault.authLoginLdap"),
        Property("keyrotation:vault.authLoginAws"),
        Property("keyrotation:vault.authLoginGcp"),
        Property("keyrotation:vault.authLoginAzure"),
        Variable("BAO_TOKEN", "VAULT_TOKEN"),
        HomeFile(".vault-token"),
    ],
    unset: "an error",
};
pub(crate) const JWT: Setting = Setting {
    name: "Token to log in with, for `authLoginJwt`",
    sources: &[Property("keyrotation:vault.authLoginJwt.jwt"), Peers("TERRAFORM_VAULT_AUTH_JWT")],
    unset: "an error",
};
pub(crate) const JWT_FILE: Setting = Setting {
    name: "File of that token; comes before the variable",
    sources: &[Property("keyrotation:vault.authLoginJwt.jwtFile")],
    unset: "the row above",
};
pub(crate) const USERNAME: Setting = Setting {
    name: "Name of the user, for `authLoginUserpass`",
    sources: &[Property("keyrotation:vault.authLoginUserpass.username"), Peers("TERRAFORM_VAULT_USERNAME")],
    unset: "an error",
};
pub(crate) const PASSWORD: Setting = Setting {
    name: "Password of that user",
    sources: &[Property("keyrotation:vault.authLoginUserpass.password"), Peers("TERRAFORM_VAULT_PASSWORD")],
    unset: "an error",
};
pub(crate) const PASSWORD_FILE: Setting = Setting {
    name: "File of that password; the property comes before the variable of the row above",
    sources: &[Property("keyrotation:vault.authLoginUserpass.passwordFile"), Peers("TERRAFORM_VAULT_PASSWORD_FILE")],
    unset: "the row above",
};
pub(crate) const SERVICE_ACCOUNT: Setting = Setting {
    name: "Token of the service account, for `authLoginKubernetes`",
    sources: &[
        Property("keyrotation:vault.authLoginKubernetes.jwtFile"),
        File("/var/run/secrets/kubernetes.io/serviceaccount/token"),
    ],
    unset: "an error",
};
pub(crate) const GCP_METADATA: Setting = Setting {
    name: "Host of Google Cloud's metadata server, for `authLoginGcp`",
    sources: &[Peers("GCE_METADATA_HOST")],
    unset: "`169.254.169.254`",
};
pub(crate) const AZURE_METADATA: Setting = Setting {
    name: "Address of Azure's metadata service, for `authLoginAzure`",
    sources: &[Peers("AZURE_POD_IDENTITY_AUTHORITY_HOST")],
    unset: "`http://169.254.169.254`",
};
pub(crate) const TRUSTED_FILE: Setting = Setting {
    name: "File of trusted certificates in PEM",
    sources: &[Property("keyrotation:vault.caCertFile"), Variable("BAO_CACERT", "VAULT_CACERT")],
    unset: "the next row",
};
pub(crate) const TRUSTED_TEXT: Setting = Setting {
    name: "Trusted certificates in PEM",
    sources: &[Variable("BAO_CACERT_BYTES", "VAULT_CACERT_BYTES")],
    unset: "the next row",
};
pub(crate) const TRUSTED_FOLDER: Setting = Setting {
    name: "Folder of trusted certificates in PEM",
    sources: &[Variable("BAO_CAPATH", "VAULT_CAPATH")],
    unset: "the next row alone",
};
#[cfg(test)]
pub(crate) const MACHINE: Setting = Setting {
    name: "Certificates that the machine trusts, beside those",
    sources: &[Client("SSL_CERT_FILE"), Client("SSL_CERT_DIR")],
    unset: "those of the operating system",
};
pub(crate) const SKIP_VERIFY: Setting = Setting {
    name: "Trust any certificate (a boolean)",
    sources: &[Property("keyrotation:vault.skipTlsVerify"), Variable("BAO_SKIP_VERIFY", "VAULT_SKIP_VERIFY")],
    unset: "`false`",
};
pub(crate) const SERVER_NAME: Setting = Setting {
    name: "Name that the server's certificate is for, if not the address's",
    sources: &[Variable("BAO_TLS_SERVER_NAME", "VAULT_TLS_SERVER_NAME")],
    unset: "the address's",
};
pub(crate) const CLIENT_CERT: Setting = Setting {
    name: "File of the client certificate in PEM",
    sources: &[Property("keyrotation:vault.authLoginCert.certFile"), Variable("BAO_CLIENT_CERT", "VAULT_CLIENT_CERT")],
    unset: "the client certificate in PEM",
};
pub(crate) const CLIENT_KEY: Setting = Setting {
    name: "File of the client certificate's key in PEM",
    sources: &[Property("keyrotation:vault.authLoginCert.keyFile"), Variable("BAO_CLIENT_KEY", "VAULT_CLIENT_KEY")],
    unset: "the client certificate's key in PEM",
};
pub(crate) const CLIENT_CERT_TEXT: Setting = Setting {
    name: "Client certificate in PEM",
    sources: &[Variable("BAO_CLIENT_CERT_BYTES", "VAULT_CLIENT_CERT_BYTES")],
    unset: "none",
};
pub(crate) const CLIENT_KEY_TEXT: Setting = Setting {
    name: "Client certificate's key in PEM",
    sources: &[Variable("BAO_CLIENT_KEY_BYTES", "VAULT_CLIENT_KEY_BYTES")],
    unset: "none",
};
pub(crate) const PROXY: Setting = Setting {
    name: "Proxy",
    sources: &[
        Variable("BAO_PROXY_ADDR", "VAULT_PROXY_ADDR"),
        Variable("BAO_HTTP_PROXY", "VAULT_HTTP_PROXY"),
        Client("HTTPS_PROXY"),
        Client("HTTP_PROXY"),
        Client("NO_PROXY"),
    ],
    unset: "none",
};
pub(crate) const DISABLE_REDIRECTS: Setting = Setting {
    name: "Follow no redirect (a boolean)",
    sources: &[Variable("BAO_DISABLE_REDIRECTS", "VAULT_DISABLE_REDIRECTS")],
    unset: "`false`: one redirect is followed",
};
pub(crate) const SRV_LOOKUP: Setting = Setting {
    name: "Look the address up by SRV records (a boolean); `true` is refused",
    sources: &[Variable("BAO_SRV_LOOKUP", "VAULT_SRV_LOOKUP")],
    unset: "`false`",
};

/// Every setting, in the order of the documentation.
#[cfg(test)]
pub(crate) const ALL: [&Setting; 24] = [
    &ADDRESS,
    &NAMESPACE,
    &CREDENTIALS,
    &JWT,
    &JWT_FILE,
    &USERNAME,
    &PASSWORD,
    &PASSWORD_FILE,
    &SERVICE_ACCOUNT,
    &GCP_METADATA,
    &AZURE_METADATA,
    &TRUSTED_FILE,
    &TRUSTED_TEXT,
    &TRUSTED_FOLDER,
    &MACHINE,
    &SKIP_VERIFY,
    &SERVER_NAME,
    &CLIENT_CERT,
    &CLIENT_KEY,
    &CLIENT_CERT_TEXT,
    &CLIENT_KEY_TEXT,
    &PROXY,
    &DISABLE_REDIRECTS,
    &SRV_LOOKUP,
];

/// The namespace that every server is in, as OpenBao and Vault Enterprise name it. A community edition has no other one.
const ROOT: &str = "root";

/// A namespace by its name; none if that is the server's own.
pub(crate) fn namespace(name: &str) -> Option<String> {
    let name = name.trim_matches('/');
    (!name.is_empty() && name != ROOT).then(|| name.to_owned())
}

/// The configuration and the environment, as the places above are looked up in them.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) config: &'a VaultConfig,
    pub(crate) environment: Environment<'a>,
}

impl Sources<'_> {
    /// The first of the setting's places that is set. Empty is the same as unset: it is what a missing CI variable leaves.
    pub(crate) fn find(&self, setting: &Setting) -> Option<Found> {
        setting.sources.iter().find_map(|source| self.at(*source))
    }

    /// What stands at one place.
    pub(crate) fn at(&self, source: Source) -> Option<Found> {
        let found = |text: Option<String>, from| {
            let text = text.filter(|text| !text.is_empty())?;
            Some(Found { text: Zeroizing::new(text), from })
        };
        match source {
            Property(from) => found(self.config.text(property(from)), from),
            Variable(bao, vault) => {
                found((self.environment)(bao), bao).or_else(|| found((self.environment)(vault), vault))
            }
            Peers(from) => found((self.environment)(from), from),
            HomeFile(from) => {
                let file = PathBuf::from((self.environment)("HOME")?).join(from);
                let bytes = std::fs::read(file).map(Zeroizing::new).ok()?;
                found(std::str::from_utf8(&bytes).ok().map(|text| text.trim().to_owned()), from)
            }
            File(from) => found(Some(from.to_owned()), from),
            Client(_) => None,
        }
    }

    /// A boolean, as Go's `strconv.ParseBool` reads it.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn boolean(&self, setting: &Setting) -> Result<bool, Error> {
        let Some(Found { text, from }) = self.find(setting) else { return Ok(false) };
        match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(invalid(&format!("{from} is not a boolean: write true or false, or unset it [KR-VAULT-156]"))),
        }
    }
}

/// A property's name within the configuration.
pub(crate) fn property(source: &'static str) -> &'static str {
    source.strip_prefix("keyrotation:vault.").unwrap_or(source)
}
