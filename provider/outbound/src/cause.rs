//! Why a server could not be reached, in words for people: one place for every system.

use std::error::Error as StdError;
use std::io;

use jiff::{SignedDuration, Timestamp};
use rotation::{Effect, Error, ErrorKind, Retry};
use rustls::CertificateError;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody listens at the port.
    Refused,
    /// The host's name leads nowhere.
    NoSuchName,
    /// There is no way to the host.
    NoRoute,
    /// No connection came about in time.
    ConnectTimedOut,
    /// The server was asked and did not answer in time.
    TimedOut,
    /// The server's certificate is not accepted, for this reason.
    Certificate(Certificate),
    /// The server asks for a client certificate, or does not accept the one it was shown.
    ClientCertificate,
    /// What answers speaks no TLS.
    NoTls,
    /// The TLS handshake failed otherwise.
    Handshake,
    /// The proxy asks for a user and a password.
    ProxyCredentials,
    /// The proxy did not connect.
    ProxyRefused,
    /// The connection ended before the answer was whole.
    Broken,
}

/// What is wrong with a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// No authority that is trusted signed it.
    Untrusted,
    /// Its time is over, since then where that is told.
    Expired(Option<Timestamp>),
    /// Its time begins later, then where that is told.
    NotYetValid(Option<Timestamp>),
    /// It is for other names, these where they are told.
    OtherName(Vec<String>),
    /// It is an authority's own, which no server may show.
    Authority,
    /// Anything else.
    Unusable,
}

/// A server that could not be reached, and where its address came from.
#[derive(Clone, Copy, Debug)]
pub struct Unreached<'a> {
    /// Who should have answered, such as `Vault`.
    pub service: &'a str,
    /// Scheme, host and port.
    pub address: &'a str,
    /// Where that came from, such as "from `VAULT_ADDR`".
    pub from: &'a str,
    /// The settings that name trusted certificates, beside `SSL_CERT_FILE`; empty if there are none.
    pub trust: &'a str,
    /// The proxy that was to connect, if one was.
    pub proxy: Option<&'a str>,
}

impl Cause {
    /// What a failure says, from the first error of its chain that is known. `sent` is whether the connection stood already.
    pub fn of(error: &(dyn StdError + 'static), sent: bool) -> Self {
        chain(error).find_map(known).unwrap_or(if sent { Self::Broken } else { Self::NoRoute })
    }

    /// Whether a repetition may help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Certificate(_) | Self::ClientCertificate | Self::NoTls | Self::ProxyCredentials => Retry::Never,
            _ => Retry::Backoff,
        }
    }

    /// What the call may have done.
    pub fn effect(&self) -> Effect {
        if matches!(self, Self::TimedOut | Self::Broken) { Effect::Unknown } else { Effect::None }
    }

    /// The failure of a call: the address, where it came from, why it could not be reached, and what to do.
    pub fn error(&self, operation: &'static str, unreached: &Unreached<'_>) -> Error {
        let kind = if *self == Self::TimedOut { ErrorKind::TimedOut } else { ErrorKind::Unreachable };
        Error::new(kind, operation, self.told(unreached)).retry(self.retry()).effect(self.effect())
    }

    fn told(&self, unreached: &Unreached<'_>) -> String {
        let Unreached { service, address, from, proxy, .. } = unreached;
        let begin = match self {
            Self::TimedOut => format!("{service} did not answer in time at {address} ({from})"),
            Self::Broken => format!("the connection broke on the way to {service} at {address} ({from})"),
            _ => format!("no connection to {service} at {address} ({from})"),
        };
        let through = proxy.map(|proxy| format!(", through {proxy}")).unwrap_or_default();
        format!("{begin}{through}: {}. {}", self.why(), self.remedy(unreached))
    }

    fn why(&self) -> String {
        match self {
            Self::Refused => "the connection was refused, so nothing listens there [KR-NETWORK-002]".to_owned(),
            Self::NoSuchName => "the host name was not found [KR-NETWORK-003]".to_owned(),
            Self::NoRoute => "the host could not be reached [KR-NETWORK-004]".to_owned(),
            Self::ConnectTimedOut => "the connection timed out [KR-NETWORK-005]".to_owned(),
            Self::TimedOut => "the connection was established, but no answer came [KR-NETWORK-006]".to_owned(),
            Self::Certificate(fault) => fault.why(),
            Self::ClientCertificate => {
                "the server did not accept the TLS client certificate, or needs one [KR-NETWORK-007]".to_owned()
            }
            Self::NoTls => "the server does not speak TLS [KR-NETWORK-008]".to_owned(),
            Self::Handshake => "the TLS handshake failed [KR-NETWORK-009]".to_owned(),
            Self::ProxyCredentials => "the proxy requires a user name and a password [KR-NETWORK-010]".to_owned(),
            Self::ProxyRefused => "the proxy did not open a connection [KR-NETWORK-011]".to_owned(),
            Self::Broken => "it was closed before the answer was complete [KR-NETWORK-012]".to_owned(),
        }
    }

    fn remedy(&self, unreached: &Unreached<'_>) -> String {
        let by_proxy = unreached.proxy.is_some();
        match self {
            Self::Certificate(fault) => fault.remedy(unreached.trust),
            Self::Refused if by_proxy => "Check that the proxy is running".to_owned(),
            Self::Refused => "Check the address, and that the server is running".to_owned(),
            Self::NoSuchName => "Check the spelling of the address, and the DNS of this machine".to_owned(),
            Self::ClientCertificate => "Check the settings for the client certificate and its key".to_owned(),
            Self::NoTls => "Check the port, or use http:// if the server is meant to have no TLS".to_owned(),
            Self::Handshake => "Check the TLS versions and ciphers that the server offers".to_owned(),
            Self::ProxyCredentials => "Write them into the proxy's address: http://user:password@host:port".to_owned(),
            Self::ProxyRefused => {
                "Check that the proxy may connect to this host, or add the host to NO_PROXY".to_owned()
            }
            _ => "Check the address, the network and firewalls".to_owned(),
        }
    }
}

impl Certificate {
    fn why(&self) -> String {
        match self {
            Self::Untrusted => {
                "the server's certificate is not trusted: no certificate authority that this machine trusts signed it [KR-NETWORK-013]"
                    .to_owned()
            }
            Self::Expired(at) => format!("the server's certificate has expired{} [KR-NETWORK-014]", since(" on", *at)),
            Self::NotYetValid(at) => format!("the server's certificate is not valid yet{} [KR-NETWORK-015]", since(" before", *at)),
            Self::OtherName(names) if names.is_empty() => {
                "the server's certificate is for another host name [KR-NETWORK-016]".to_owned()
            }
            Self::OtherName(names) => {
                format!("the server's certificate is for other host names ({}) [KR-NETWORK-016]", names.join(", "))
            }
            Self::Authority => {
                "the server shows the certificate of an authority (CA:TRUE) in place of a server's [KR-NETWORK-017]".to_owned()
            }
            Self::Unusable => "the server's certificate cannot be used [KR-NETWORK-018]".to_owned(),
        }
    }

    fn remedy(&self, trust: &str) -> String {
        match self {
            Self::Untrusted => {
                let settings =
                    if trust.is_empty() { SSL_CERT_FILE.to_owned() } else { format!("{trust} or {SSL_CERT_FILE}") };
                format!("Set {settings} to a PEM file with the certificate of its authority")
            }
            Self::Expired(_) => "Renew it on the server, or check the clock of this machine".to_owned(),
            Self::NotYetValid(_) => "Check the clocks of the server and of this machine".to_owned(),
            Self::OtherName(_) => "Use an address with one of the names in the certificate, or reissue it".to_owned(),
            Self::Authority | Self::Unusable => "Issue a server certificate for this host name".to_owned(),
        }
    }
}

/// What every system trusts by, beside its own settings.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
const NAMES: usize = 3;

/// Every error of a chain. What an `io::Error` wraps is not its source but its payload.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

fn known(error: &(dyn StdError + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if let Some(error) = error.downcast_ref::<io::Error>()
        && let Some(cause) = by_kind(error)
    {
        return Some(cause);
    }
    // Types that their libraries keep to themselves say here what they are.
    let text = error.to_string();
    let says = |part: &str| text.contains(part);
    match () {
        () if says("dns error") || says("failed to lookup address") => Some(Cause::NoSuchName),
        () if says("proxy authorization required") || says("proxy authentication required") => {
            Some(Cause::ProxyCredentials)
        }
        () if says("tunnel error: unsuccessful") => Some(Cause::ProxyRefused),
        () if says("connect timeout occurred") || says("operation timed out") => Some(Cause::ConnectTimedOut),
        () if says("read timeout occurred") => Some(Cause::TimedOut),
        () => None,
    }
}

fn by_kind(error: &io::Error) -> Option<Cause> {
    // An error that only carries another says more in that.
    if error.get_ref().is_some_and(|inner| chain(inner).any(|inner| inner.is::<rustls::Error>())) {
        return None;
    }
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Cause::NoRoute,
        io::ErrorKind::TimedOut => Cause::ConnectTimedOut,
        _ => return None,
    })
}

fn tls(error: &rustls::Error) -> Cause {
    use rustls::AlertDescription::{AccessDenied, BadCertificate, CertificateRequired, CertificateUnknown, UnknownCA};
    match error {
        rustls::Error::InvalidCertificate(error) => Cause::Certificate(certificate(error)),
        rustls::Error::InvalidMessage(_) => Cause::NoTls,
        rustls::Error::AlertReceived(
            AccessDenied | BadCertificate | CertificateRequired | CertificateUnknown | UnknownCA,
        ) => Cause::ClientCertificate,
        _ => Cause::Handshake,
    }
}

fn certificate(error: &CertificateError) -> Certificate {
    let time = |time: &rustls_pki_types::UnixTime| {
        i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
    };
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Certificate::Untrusted,
        CertificateError::Expired => Certificate::Expired(None),
        CertificateError::ExpiredContext { not_after, .. } => Certificate::Expired(time(not_after)),
        CertificateError::NotValidYet => Certificate::NotYetValid(None),
        CertificateError::NotValidYetContext { not_before, .. } => Certificate::NotYetValid(time(not_before)),
        CertificateError::NotValidForName => Certificate::OtherName(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            Certificate::OtherName(presented.iter().take(NAMES).map(|name| plain(name)).collect())
        }
        CertificateError::Other(error) if error.to_string().contains("CaUsedAsEndEntity") => Certificate::Authority,
        _ => Certificate::Unusable,
    }
}

/// `DnsName("a.example")` is shown as `a.example`; a certificate may hold anything else, which is not shown.
fn plain(name: &str) -> String {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner.trim_end_matches(')')).trim_matches('"');
    inner.chars().filter(|c| c.is_ascii_alphanumeric() || "-._*:".contains(*c)).take(80).collect()
}

fn since(word: &str, at: Option<Timestamp>) -> String {
    at.map(|at| format!("{word} {at}")).unwrap_or_default()
}

/// How long a connection may take to come about: less than any call may, so that the cause is known.
pub const CONNECT: SignedDuration = SignedDuration::from_secs(5);

/// What a try of a new key says that failed without a word about the key: the service could not be asked, or failed. Such an error is
/// [`ErrorKind::TimedOut`] or [`ErrorKind::Unreachable`], and final for this run, so that no run waits in vain and no key is given up for
/// it; what the service refused, and a call that it wants made later, stay as they are.
pub fn could_not_try(error: Error) -> Error {
    let is_failure = matches!(error.kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Unexpected);
    if !is_failure {
        return error;
    }
    let message = format!("{}. This says nothing about the key: it is kept", error.message.trim_end_matches('.'));
    let kind = if error.kind == ErrorKind::TimedOut { error.kind } else { ErrorKind::Unreachable };
    Error { kind, retry: Retry::Never, message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNREACHED: Unreached<'static> = Unreached {
        service: "Vault",
        address: "https://vault.example:8200",
        from: "from `VAULT_ADDR`",
        trust: "`keyrotation:vault.caCertFile`",
        proxy: None,
    };

    fn told(error: impl StdError + Send + Sync + 'static) -> (Cause, Error) {
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
        let cause = Cause::of(&wrapped, false);
        let error = cause.error("any:Call", &UNREACHED);
        (cause, error)
    }

    #[test]
    fn official_b6_each_cause_names_the_address_its_source_and_what_to_do() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let cases = [
            (Cause::of(&refused(), false), Cause::Refused, "refused"),
            (Cause::of(&io::Error::other(refused()), false), Cause::Refused, "server is running"),
            (Cause::of(&io::Error::from(io::ErrorKind::TimedOut), false), Cause::ConnectTimedOut, "timed out"),
            (Cause::of(&io::Error::other("dns error"), false), Cause::NoSuchName, "DNS"),
            (
                Cause::of(&io::Error::other("HTTP connect timeout occurred after 5s"), false),
                Cause::ConnectTimedOut,
                "timed",
            ),
            (Cause::of(&io::Error::other("HTTP read timeout occurred after 5s"), true), Cause::TimedOut, "in time"),
            (Cause::of(&io::Error::other("tunnel error: unsuccessful"), false), Cause::ProxyRefused, "NO_PROXY"),
            (Cause::of(&io::Error::other("strange"), false), Cause::NoRoute, "network"),
            (Cause::of(&io::Error::other("strange"), true), Cause::Broken, "broke"),
        ];
        for (found, cause, part) in cases {
            assert_eq!(found, cause);
            let error = cause.error("any:Call", &UNREACHED);
            for part in [part, "Vault", "https://vault.example:8200", "`VAULT_ADDR`"] {
                assert!(error.message.contains(part), "{part}: {error}");
            }
            let unknown = matches!(cause, Cause::TimedOut | Cause::Broken);
            assert_eq!(error.effect == Effect::Unknown, unknown, "{error:?}");
        }
    }

    #[test]
    fn official_b5_each_fault_of_a_certificate_is_told_and_ends_the_call() {
        let expected = rustls_pki_types::ServerName::try_from("vault.example").unwrap();
        let time = rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(86400));
        let presented = vec!["DnsName(\"other.example\")".to_owned()];
        let cases = [
            (CertificateError::UnknownIssuer, "`keyrotation:vault.caCertFile` or SSL_CERT_FILE"),
            (CertificateError::ExpiredContext { time, not_after: time }, "expired on 1970-01-02T00:00:00Z"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForNameContext { expected, presented }, "(other.example)"),
            (CertificateError::BadEncoding, "cannot be used"),
        ];
        for (fault, part) in cases {
            let (cause, error) = told(rustls::Error::InvalidCertificate(fault));
            assert!(matches!(cause, Cause::Certificate(_)), "{cause:?}");
            assert!(error.message.contains(part) && error.message.contains("certificate"), "{part}: {error}");
            assert_eq!((error.kind, error.retry, error.effect), (ErrorKind::Unreachable, Retry::Never, Effect::None));
        }
        let (_, error) = told(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType));
        assert!(error.message.contains("does not speak TLS"), "{error}");
    }

    #[test]
    fn official_c4_only_what_says_nothing_about_the_key_is_no_refusal() {
        for (kind, told) in [
            (ErrorKind::Unreachable, ErrorKind::Unreachable),
            (ErrorKind::TimedOut, ErrorKind::TimedOut),
            (ErrorKind::Unexpected, ErrorKind::Unreachable),
        ] {
            let error = could_not_try(Error::new(kind, "any:Call", "status 503").retry(Retry::Backoff));
            assert_eq!((error.kind, error.retry), (told, Retry::Never));
            assert!(error.message.starts_with("status 503. ") && error.message.contains("it is kept"), "{error}");
        }
        for kind in [ErrorKind::Unverified, ErrorKind::Denied, ErrorKind::Throttled, ErrorKind::Stopped] {
            let error = could_not_try(Error::new(kind, "any:Call", "no").retry(Retry::Backoff));
            assert_eq!((error.kind, error.retry, &*error.message), (kind, Retry::Backoff, "no"));
        }
    }
}
