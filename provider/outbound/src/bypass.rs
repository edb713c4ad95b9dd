//! `NO_PROXY`, as Go's `golang.org/x/net/http/httpproxy` reads it.

use std::net::IpAddr;

use ipnet::IpNet;

/// The hosts that are reached without a proxy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bypass {
    all: bool,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
enum Rule {
    Network(IpNet),
    Address(IpAddr, Option<u16>),
    /// `.example.com`, and whether `example.com` itself is meant too.
    Domain(String, bool, Option<u16>),
}

impl Bypass {
    /// Reads a list with commas. What cannot be read matches nothing.
    pub(crate) fn read(text: &str) -> Self {
        let entries = text.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        let mut read = Self::default();
        for entry in entries.filter(|entry| !entry.is_empty()) {
            if entry == "*" {
                return Self { all: true, rules: Vec::new() };
            }
            read.rules.extend(rule(&entry));
        }
        read
    }

    /// Whether this host is in the list.
    pub(crate) fn holds(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let address = address.map(|address| address.to_canonical());
        self.all || self.rules.iter().any(|rule| rule.holds((&host, address), port))
    }
}

impl Rule {
    fn holds(&self, (host, address): (&str, Option<IpAddr>), port: u16) -> bool {
        let at = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        match self {
            Self::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Self::Address(meant, wanted) => address == Some(*meant) && at(wanted),
            Self::Domain(suffix, itself, wanted) => {
                (host.ends_with(suffix.as_str()) || (*itself && host == &suffix[1..])) && at(wanted)
            }
        }
    }
}

fn rule(entry: &str) -> Option<Rule> {
    if let Ok(network) = entry.parse::<IpNet>() {
        return Some(Rule::Network(network));
    }
    let (host, port) = split_port(entry);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = match port {
        // A port that is none matches nothing.
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Rule::Address(address.to_canonical(), port));
    }
    let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
    match host {
        "" | "." => None,
        suffix if suffix.starts_with('.') => Some(Rule::Domain(suffix.to_owned(), false, port)),
        name => Some(Rule::Domain(format!(".{name}"), true, port)),
    }
}

/// A host and the port behind it; an IPv6 address without brackets has none.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (entry, None),
    }
}
