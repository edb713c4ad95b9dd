//! Where regions are: their names, the short names that Oracle also uses for them, and the domain of their realm.

use cloud::problem;
use serde_json::Value;

/// Oracle's table of regions, which a test compares with that of its SDK for Python.
const TABLE: &str = include_str!("region/regions.txt");

/// A region that the table or the user's own description has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Region {
    key: String,
    name: String,
    domain: String,
}

/// Where a tenancy's regions are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Regions {
    described: Vec<Region>,
    /// The domain of the realm, which all regions of a tenancy are in. None if an endpoint makes it needless.
    domain: Option<String>,
}

/// The regions that a machine describes beside the table, and what is wrong with the descriptions.
#[derive(Default)]
pub(crate) struct Described {
    regions: Vec<Region>,
    pub(crate) faults: Vec<String>,
}

impl Described {
    /// Adds what `OCI_REGION_METADATA` or an entry of `~/.oci/regions-config.json` says, in JSON; what stands there already is kept.
    pub(crate) fn add(&mut self, text: &str, source: &str, many: bool) {
        match serde_json::from_str(text) {
            Ok(Value::Array(all)) if many => all.iter().for_each(|one| self.add_one(one, source)),
            Ok(one @ Value::Object(_)) if !many => self.add_one(&one, source),
            Ok(_) if many => self.faults.push(format!("{source} is not a list of regions: write [{EXAMPLE}]")),
            _ => self.faults.push(format!("{source} is not JSON such as {}", if many { LIST } else { EXAMPLE })),
        }
    }

    fn add_one(&mut self, region: &Value, source: &str) {
        let text = |name: &str| region[name].as_str().map(str::to_lowercase).filter(|text| !text.is_empty());
        let lacking = FIELDS.into_iter().find(|name| text(name).is_none());
        let [_, domain, key, name] = FIELDS.map(|name| text(name).unwrap_or_default());
        let fault = match lacking {
            Some(name) => Some(format!("{source} has no text for `{name}`: write {EXAMPLE}")),
            None if !is_domain(&domain) => Some(format!("`{}` in {source} is not the domain of a realm", FIELDS[1])),
            None if !is_domain(&name) => Some(format!("`{}` in {source} is not the name of a region", FIELDS[3])),
            None => None,
        };
        match fault {
            Some(fault) => self.faults.push(fault),
            None => self.regions.push(Region { key, name, domain }),
        }
    }
}

/// What Oracle's description of a region has, in this order.
const FIELDS: [&str; 4] = ["realmKey", "realmDomainComponent", "regionKey", "regionIdentifier"];
const EXAMPLE: &str = r#"{"realmKey":"OC1","realmDomainComponent":"oraclecloud.com","regionKey":"IAD","regionIdentifier":"us-ashburn-1"}"#;
const LIST: &str = r#"[{"realmKey":"OC1","realmDomainComponent":"oraclecloud.com","regionKey":"IAD","regionIdentifier":"us-ashburn-1"}]"#;

impl Regions {
    /// The full name of a region that is called so, or by its short name, in upper or lower case; and where its realm is. The domain is
    /// none for a region that neither Oracle's table nor the descriptions have.
    pub(crate) fn find(called: &str, described: Described) -> (String, Self) {
        let called = called.to_lowercase();
        let all = || table().chain(described.regions.iter().cloned());
        let name = all().find(|region| region.key == called).map_or(called, |region| region.name);
        let domain = all().find(|region| region.name == name).map(|region| region.domain);
        (name, Self { described: described.regions, domain })
    }

    /// The domain of the realm, if it is known.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The same regions in a realm with this domain.
    pub(crate) fn in_domain(self, domain: &str) -> Self {
        Self { domain: Some(domain.to_owned()), ..self }
    }

    /// Another region, among the same ones: its full name, and where its realm is.
    pub(crate) fn other(&self, called: &str) -> (String, Self) {
        Self::find(called, Described { regions: self.described.clone(), faults: Vec::new() })
    }

    /// The address of a service in a region of the tenancy, by how its hosts' names begin.
    pub(crate) fn host(&self, service: &str, region: &str) -> String {
        format!("https://{service}.{region}.oci.{}", self.domain.as_deref().unwrap_or_default())
    }

    /// The name of the region with this short name, in upper or lower case.
    pub(crate) fn named(&self, key: &str) -> Option<String> {
        let key = key.to_lowercase();
        table().chain(self.described.iter().cloned()).find(|region| region.key == key).map(|region| region.name)
    }
}

/// Oracle's own regions.
fn table() -> impl Iterator<Item = Region> {
    TABLE.lines().filter_map(|line| {
        let mut words = line.split(' ').map(str::to_owned);
        let (key, name, _, domain) = (words.next()?, words.next()?, words.next()?, words.next()?);
        (key != "#").then_some(Region { key, name, domain })
    })
}

/// The home region's key in Oracle's refusal to write elsewhere ("Please go to your home region PHX to execute …").
pub(crate) fn home_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("home region ")?;
    rest.split(|c: char| !c.is_ascii_alphanumeric()).next().filter(|key| key.len() == 3)
}

/// What is wrong with a region as the provider configuration names it. Whether there is such a region is not seen here.
pub(crate) fn region_problem(text: &str) -> Option<rotation::Problem> {
    (!is_region(&text.to_lowercase())).then(|| {
        problem(
            "region",
            "is not the name of a region: write one such as \"eu-frankfurt-1\", or its short name \"fra\" [KR-OCI-053]",
        )
    })
}

/// Whether a text has the shape of a region's name, such as `eu-frankfurt-1` or `us-gov-ashburn-1`, or of a short name.
pub(crate) fn is_region(text: &str) -> bool {
    let word = |part: &str| part.len() >= 2 && part.bytes().all(|c| c.is_ascii_lowercase());
    let Some((words, number)) = text.rsplit_once('-') else { return text.len() == 3 && word(text) };
    let digits = (1..=2).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
    digits && words.contains('-') && words.split('-').all(word)
}

/// Whether a text can stand in the name of a host.
pub(crate) fn is_domain(text: &str) -> bool {
    let label = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    text.split('.').all(label)
}

#[cfg(test)]
pub(crate) mod tests;
