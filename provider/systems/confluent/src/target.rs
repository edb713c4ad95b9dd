//! Whose keys, and for what: read from ids as the service reads them.

use std::collections::BTreeMap;

use cloud::problem;
use rotation::{Error, ErrorKind, KeyId, Problem};

use crate::args::{Args, ManagedResource};

/// What an API key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cloud,
    Global,
    Kafka,
    SchemaRegistry,
    Ksqldb,
    Flink,
    Tableflow,
}

/// The owner and the resource whose keys are rotated, in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) owner: String,
    pub(crate) kind: Kind,
    /// `lkc-…`, `lsrc-…`, `lksqlc-…`, `aws.us-east-1`, `cloud`, `global` or `tableflow`.
    pub(crate) resource: String,
    pub(crate) environment: Option<String>,
}

impl Target {
    /// # Errors
    /// Everything that is wrong with the inputs, each with what to write.
    pub(crate) fn of(args: &Args) -> Result<Self, Vec<Problem>> {
        let mut problems: Vec<_> = owner_problem(&args.owner.id).into_iter().collect();
        let resource = args.managed_resource.as_ref();
        let read = resource.map_or_else(|| Ok((Kind::Cloud, CLOUD.to_owned(), None)), resource_of);
        match read {
            Ok((kind, resource, environment)) if problems.is_empty() => {
                Ok(Self { owner: args.owner.id.clone(), kind, resource, environment })
            }
            read => {
                problems.extend(read.err());
                Err(problems)
            }
        }
    }

    /// Owner and resource: the Pulumi id, and the beginning of an import id.
    pub(crate) fn name(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{}/{environment}.{}", self.owner, self.resource),
            None => format!("{}/{}", self.owner, self.resource),
        }
    }

    /// What tells one target from another: the environment counts for a Flink region only, since every other id is the only one of its
    /// kind, and its environment is where it is looked up.
    pub(crate) fn identity(&self) -> String {
        match (&self.environment, self.kind) {
            (Some(environment), Kind::Flink) => {
                format!("{}/{environment}.{}", self.owner, self.resource.to_ascii_lowercase())
            }
            _ => format!("{}/{}", self.owner, self.resource),
        }
    }

    /// What messages call it.
    pub(crate) fn words(&self) -> String {
        let owner = &self.owner;
        let who = if self.is_user() { "user" } else { "service account" };
        let what = match self.kind {
            Kind::Cloud => "Confluent Cloud's API".to_owned(),
            Kind::Global => "everything (global)".to_owned(),
            Kind::Tableflow => "Tableflow".to_owned(),
            Kind::Kafka => format!("the Kafka cluster {}", self.resource),
            Kind::SchemaRegistry => format!("the Schema Registry {}", self.resource),
            Kind::Ksqldb => format!("the ksqlDB cluster {}", self.resource),
            Kind::Flink => format!("Flink in {}", self.resource),
        };
        format!("{who} {owner} (`owner.id`), for {what}")
    }

    pub(crate) fn is_user(&self) -> bool {
        self.owner.starts_with("u-")
    }

    /// Whether a key's resource, as an answer tells it, is this one. Kinds and versions differ between what is asked and what is
    /// answered (a Schema Registry asked for as a Cluster of srcm/v3 is a SchemaRegistry of srcm/v2), and a Flink region comes
    /// with its environment before it; the id alone decides.
    pub(crate) fn is_for(&self, id: &str, environment: Option<&str>) -> bool {
        match self.kind {
            Kind::Flink => {
                let (within, region) = split_environment(id);
                region == self.resource && within.or(environment) == self.environment.as_deref()
            }
            Kind::Cloud => id.is_empty() || id.eq_ignore_ascii_case(CLOUD),
            Kind::Global | Kind::Tableflow => id.eq_ignore_ascii_case(&self.resource),
            Kind::Kafka | Kind::SchemaRegistry | Kind::Ksqldb => id == self.resource,
        }
    }

    /// What a list is asked for beside the owner. The form in which a list takes a Flink region is not known, so there the owner alone
    /// chooses, and [`is_for`](Self::is_for) does the rest.
    pub(crate) fn filter(&self) -> Option<&str> {
        (self.kind != Kind::Flink).then_some(&*self.resource)
    }
}

/// The inputs and the key that an import id stands for.
///
/// # Errors
/// The id is invalid; the message gives the format.
pub(crate) fn import(id: &str) -> Result<(BTreeMap<String, String>, Option<KeyId>), Error> {
    let parts: Vec<&str> = id.split('/').collect();
    let (owner, named, key) = match parts.as_slice() {
        [owner, named] => (*owner, *named, None),
        [owner, named, key] => (*owner, *named, Some(*key)),
        _ => return Err(no_import_id()),
    };
    let (environment, resource) = split_environment(named);
    let is_id = |key: &str| !key.is_empty() && key.len() <= 255 && key.bytes().all(|c| c.is_ascii_alphanumeric());
    let kind = kind_of(resource);
    let lacks = environment.is_none() && kind.is_some_and(needs_environment);
    if owner_problem(owner).is_some() || kind.is_none() || lacks || key.is_some_and(|key| !is_id(key)) {
        return Err(no_import_id());
    }
    let mut inputs = BTreeMap::from([("owner.id".to_owned(), owner.to_owned())]);
    if kind != Some(Kind::Cloud) {
        inputs.insert("managedResource.id".to_owned(), resource.to_owned());
        let within = environment.map(|id| ("managedResource.environment.id".to_owned(), id.to_owned()));
        inputs.extend(within);
    }
    Ok((inputs, key.map(|key| KeyId(key.to_owned()))))
}

const CLOUD: &str = "cloud";

fn resource_of(given: &ManagedResource) -> Result<(Kind, String, Option<String>), Problem> {
    let (within, named) = split_environment(&given.id);
    let kind = kind_of(named).filter(|kind| within.is_none() || *kind == Kind::Flink).ok_or_else(|| {
        problem(
            "managedResource.id",
            "is not the id of a resource that an API key can give access to: write the id of a Kafka cluster (\"lkc-…\"), a Schema Registry (\"lsrc-…\"), a ksqlDB cluster (\"lksqlc-…\"), a Flink region (\"aws.us-east-1\"), or \"tableflow\", \"global\" or \"cloud\" [KR-CONFLUENT-028]",
        )
    })?;
    let given_environment = given.environment.as_ref().map(|environment| environment.id.as_str());
    if given_environment.is_some_and(|id| !is_id(id, "env-")) {
        let reason = "is not the id of an environment: write one such as \"env-abc123\" [KR-CONFLUENT-029]";
        return Err(problem("managedResource.environment.id", reason));
    }
    if let (Some(within), Some(given)) = (within, given_environment)
        && within != given
    {
        let reason = format!(
            "is another environment than the one in managedResource.id ({within}): leave one of them out [KR-CONFLUENT-030]"
        );
        return Err(problem("managedResource.environment.id", reason));
    }
    let environment = given_environment.or(within);
    if environment.is_none() && needs_environment(kind) {
        let reason = format!(
            "is required for {named}: write managedResource: {{id: \"{named}\", environment: {{id: \"env-…\"}}}} with the environment that it is in [KR-CONFLUENT-031]"
        );
        return Err(problem("managedResource.environment", reason));
    }
    let is_word = matches!(kind, Kind::Cloud | Kind::Global | Kind::Tableflow);
    let resource = if is_word { named.to_ascii_lowercase() } else { named.to_owned() };
    Ok((kind, resource, environment.filter(|_| !is_word).map(str::to_owned)))
}

/// A cluster is looked up, and a region is opened, in an environment.
fn needs_environment(kind: Kind) -> bool {
    matches!(kind, Kind::Kafka | Kind::SchemaRegistry | Kind::Flink)
}

/// The kind that an id shows. The three words are taken in any case, as the service takes them.
fn kind_of(id: &str) -> Option<Kind> {
    match id.to_ascii_lowercase().as_str() {
        CLOUD => Some(Kind::Cloud),
        "global" => Some(Kind::Global),
        "tableflow" => Some(Kind::Tableflow),
        _ if is_id(id, "lkc-") => Some(Kind::Kafka),
        _ if is_id(id, "lsrc-") => Some(Kind::SchemaRegistry),
        _ if is_id(id, "lksqlc-") => Some(Kind::Ksqldb),
        _ => is_region(id).then_some(Kind::Flink),
    }
}

/// `aws.us-east-1`: a cloud, and the name of one of its regions.
fn is_region(id: &str) -> bool {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    let split = id.split_once('.');
    split.is_some_and(|(cloud, name)| {
        matches!(cloud, "aws" | "azure" | "gcp") && !name.is_empty() && name.bytes().all(word)
    })
}

/// `env-x.aws.us-east-1` is a region with its environment before it; import ids write clusters so as well.
fn split_environment(id: &str) -> (Option<&str>, &str) {
    match id.split_once('.') {
        Some((first, rest)) if is_id(first, "env-") => (Some(first), rest),
        _ => (None, id),
    }
}

fn owner_problem(id: &str) -> Option<Problem> {
    if is_id(id, "sa-") || is_id(id, "u-") {
        return None;
    }
    let reason = if kind_of(id).is_some() {
        "is the id of a resource and not of an owner: write a service account (\"sa-…\") or a user (\"u-…\") here, and this id into managedResource.id [KR-CONFLUENT-032]"
    } else if id.starts_with("pool-") {
        "is an identity pool, which has no API keys: write a service account (\"sa-…\") or a user (\"u-…\") [KR-CONFLUENT-033]"
    } else {
        "is neither a service account nor a user: write an id such as \"sa-abc123\" or \"u-abc123\" [KR-CONFLUENT-034]"
    };
    Some(problem("owner.id", reason))
}

fn is_id(text: &str, prefix: &str) -> bool {
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

fn no_import_id() -> Error {
    let message = "an import id is an owner and what its keys open, and perhaps an API key, such as \"sa-abc123/cloud\" or \"sa-abc123/env-abc123.lkc-abc123/7FJIYKQ4SGQDQ72H\"; a Kafka cluster, a Schema Registry or a Flink region has its environment before it [KR-CONFLUENT-035]";
    Error::new(ErrorKind::Invalid, "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(owner: &str, resource: Option<(&str, Option<&str>)>) -> Target {
        let resource = resource.map(|(id, environment)| {
            serde_json::json!({"id": id, "environment": environment.map(|id| serde_json::json!({"id": id}))})
        });
        let args = serde_json::json!({"owner": {"id": owner}, "managedResource": resource});
        Target::of(&serde_json::from_value(args).unwrap()).unwrap()
    }

    #[test]
    fn two_spellings_of_one_thing_are_one() {
        let whole = target("sa-1", Some(("env-1.aws.us-east-1", None)));
        assert_eq!(whole, target("sa-1", Some(("aws.us-east-1", Some("env-1")))));
        assert_eq!(whole.name(), "sa-1/env-1.aws.us-east-1");
        assert_eq!(target("u-1", None), target("u-1", Some(("CLOUD", Some("env-1")))));
        assert_eq!(target("u-1", None).name(), "u-1/cloud");
    }

    #[test]
    fn lesson_a4_spellings_of_one_target_have_one_identity() {
        let same = |spellings: &[Option<(&str, Option<&str>)>]| {
            let identities: std::collections::BTreeSet<_> =
                spellings.iter().map(|resource| target("sa-1", *resource).identity()).collect();
            assert_eq!(identities.len(), 1, "{identities:?}");
        };
        same(&[None, Some(("cloud", None)), Some(("Cloud", None)), Some(("cloud", Some("env-1")))]);
        same(&[Some(("global", None)), Some(("GLOBAL", None))]);
        same(&[Some(("aws.us-east-1", Some("env-a"))), Some(("env-a.aws.us-east-1", None))]);
        same(&[Some(("lksqlc-1", None)), Some(("lksqlc-1", Some("env-a")))]);
        same(&[Some(("lkc-1", Some("env-a"))), Some(("lkc-1", Some("env-b")))]);
        let of = |resource| target("sa-1", resource).identity();
        assert_ne!(of(Some(("aws.us-east-1", Some("env-a")))), of(Some(("aws.us-east-1", Some("env-b")))));
        assert_ne!(of(Some(("lkc-1", Some("env-a")))), of(Some(("lkc-2", Some("env-a")))));
        assert_ne!(of(None), target("sa-2", None).identity());
    }

    #[test]
    fn a_key_in_a_list_is_known_by_its_id_however_it_is_told() {
        let flink = target("sa-1", Some(("aws.us-east-1", Some("env-1"))));
        assert!(flink.is_for("env-1.aws.us-east-1", Some("env-1")) && flink.is_for("aws.us-east-1", Some("env-1")));
        assert!(!flink.is_for("env-2.aws.us-east-1", Some("env-2")) && !flink.is_for("aws.us-east-1", None));
        let cloud = target("sa-1", None);
        assert!(cloud.is_for("", None) && cloud.is_for("Cloud", None) && !cloud.is_for("global", None));
        let kafka = target("sa-1", Some(("lkc-1", Some("env-1"))));
        assert!(kafka.is_for("lkc-1", None) && !kafka.is_for("lkc-12", None) && !kafka.is_for("cloud", None));
    }

    #[test]
    fn an_id_that_was_given_imports() {
        for (owner, resource) in [
            ("sa-1", Some(("lkc-1", Some("env-1")))),
            ("u-1", None),
            ("sa-1", Some(("aws.us-east-1", Some("env-1")))),
            ("sa-1", Some(("tableflow", None))),
            ("sa-1", Some(("lksqlc-1", None))),
        ] {
            let target = target(owner, resource);
            let (inputs, key) = import(&format!("{}/7FJIYKQ4SGQDQ72H", target.name())).unwrap();
            assert_eq!(key.unwrap().0, "7FJIYKQ4SGQDQ72H");
            assert_eq!(inputs["owner.id"], owner);
            assert_eq!(inputs.get("managedResource.id").map(String::as_str), resource.map(|(id, _)| id));
            let environment = inputs.get("managedResource.environment.id").map(String::as_str);
            assert_eq!(environment, resource.and_then(|(_, environment)| environment));
            assert_eq!(import(&target.name()).unwrap().1, None);
        }
        for id in
            ["", "sa-1", "lkc-1/cloud", "sa-1/lkc-1", "sa-1/moon", "sa-1/cloud/", "sa-1/cloud/a b", "sa-1/cloud/K/x"]
        {
            assert!(import(id).unwrap_err().message.contains("sa-abc123/cloud"), "{id:?}");
        }
    }
}
