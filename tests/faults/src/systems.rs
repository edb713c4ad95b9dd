use conformance::{
    AppRoleRole, DynamicRole, JwtName, KvPath, LocalAws, LocalConfluent, LocalOci, OciResource, OnVault, VaultPlace,
};
use jiff::{SignedDuration, Timestamp};
use localcloud::confluent::Kind;
use rotation::testing::{ContestedRig, InMemoryCloud, InMemoryRules, Life, ManualClock};

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A system that takes part.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// As titles of trials show it.
    pub name: &'static str,
    /// Makes a fresh one.
    pub make: fn() -> Box<dyn ContestedRig>,
    /// A trial costs so little that every combination can be tried.
    pub is_cheap: bool,
    /// A trial costs so much, for signatures or for a database's users, that it is spared combinations.
    pub is_slow: bool,
    /// A new key is not listed at once.
    pub lags: bool,
    /// A key of an unanswered mint is known by its time alone, which is the documented hole for a stranger's.
    pub suspects: bool,
    /// Another system in the list has the same code and leads every life; this one leads those that begin, rotate, replace and end.
    pub is_twin: bool,
    /// A change of a key replaces everything that stands at the place, by one call of this name, without a check-and-set: what
    /// another process wrote since the run last looked is lost, which is the documented hole.
    pub replaces: Option<&'static str>,
    /// The stores that receive each generation.
    pub stores: &'static [&'static str],
    /// Whether the state keeps secrets that a store holds.
    pub keeps_secret: bool,
}

impl System {
    /// Whether a call by this name replaces what others wrote just before it.
    pub fn is_replacing(&self, call: &str) -> bool {
        self.replaces == Some(call)
    }

    /// The lives that its keys can have.
    pub fn lives(&self) -> impl Iterator<Item = Life> + use<> {
        let is_twin = self.is_twin;
        let all = Life::of(&(self.make)().issuer().capability());
        all.filter(move |life| !is_twin || TWIN.contains(life))
    }
}

const TWIN: [Life; 4] = [Life::Create, Life::RotateByKeepers, Life::Replace, Life::Delete];

/// Every system: the reference model as AWS is, with lists that lag, and with a larger quota; as OCI and as Confluent Cloud are; and AWS, Confluent Cloud and OCI themselves, Confluent Cloud for two kinds of keys and OCI for its three resources.
pub const SYSTEMS: [System; 12] = [
    System { name: "model", make: || like_aws(0, 2), ..MODEL },
    System { name: "model-lagging", make: || like_aws(20, 2), lags: true, ..MODEL },
    System { name: "model-roomy", make: || like_aws(0, 5), ..MODEL },
    System { name: "model-oci", make: || like_oci(0), suspects: false, ..MODEL },
    System { name: "model-oci-lags", make: || like_oci(20), lags: true, suspects: false, ..MODEL },
    System { name: "model-confluent", make: || in_memory(InMemoryRules::like_confluent()), suspects: false, ..MODEL },
    System { name: "aws", make: || aws(0), is_cheap: false, ..MODEL },
    System { name: "confluent-kafka", make: || confluent(Kind::Kafka, 0), is_cheap: false, suspects: false, ..MODEL },
    System {
        name: "confluent-cloud",
        make: || confluent(Kind::Cloud, 0),
        is_cheap: false,
        suspects: false,
        is_twin: true,
        ..MODEL
    },
    System { name: "oci-api-key", make: || oci(OciResource::ApiKey, 0), ..OCI },
    System { name: "oci-auth-token", make: || oci(OciResource::AuthToken, 0), ..OCI },
    System { name: "oci-secret-key", make: || oci(OciResource::CustomerSecretKey, 0), is_twin: true, ..OCI },
];

/// Systems whose keys are delivered: the reference model with one store and with two, also where lists and stores lag, and where there is no place for a
/// third key; and AWS, Confluent Cloud and OCI, whose keys go to AWS Secrets Manager, in one region and in two. Of some the state keeps no secret.
pub const DELIVERING: [System; 17] = [
    System { name: "model-one", stores: &["made"], ..MODEL },
    System { name: "model-two", make: || like_aws(0, 5), stores: BOTH, ..MODEL },
    System { name: "model-lagging", make: lagging, lags: true, stores: BOTH, ..MODEL },
    System { name: "model-opaque", make: opaque, stores: BOTH, ..MODEL },
    System {
        name: "model-confluent",
        make: || in_memory(InMemoryRules::like_confluent()),
        suspects: false,
        stores: BOTH,
        ..MODEL
    },
    System { name: "aws", make: || aws(0), is_cheap: false, stores: BOTH, ..MODEL },
    System {
        name: "confluent-kafka",
        make: || confluent(Kind::Kafka, 0),
        is_cheap: false,
        suspects: false,
        stores: BOTH,
        ..MODEL
    },
    System { name: "oci-auth-token", make: || oci(OciResource::AuthToken, 0), stores: &["theirs"], ..OCI },
    System { name: "model-left-one", stores: &["made"], ..LEFT },
    System { name: "model-left-two", make: || like_aws(0, 5), stores: BOTH, ..LEFT },
    System { name: "model-left-lags", make: lagging, lags: true, stores: BOTH, ..LEFT },
    System { name: "model-left-kv", make: || unlike(&["made"], &[]), stores: BOTH, ..LEFT },
    System { name: "model-left-opaque", make: || unlike(&[], &["made"]), stores: BOTH, ..LEFT },
    System { name: "aws-two-regions", make: || aws(0), is_cheap: false, is_twin: true, stores: REGIONS, ..MODEL },
    System { name: "aws-left-one", make: || aws(0), is_cheap: false, stores: &["kept"], ..LEFT },
    System { name: "aws-left-two", make: || aws(0), is_cheap: false, is_twin: true, stores: REGIONS, ..LEFT },
    System {
        name: "confluent-left",
        make: || confluent(Kind::Kafka, 0),
        is_cheap: false,
        suspects: false,
        is_twin: true,
        stores: &["theirs-kept"],
        ..LEFT
    },
];

/// One in the region of the provider configuration, and one elsewhere with credentials of its own.
const REGIONS: &[&str] = &["kept", "abroad-kept"];

/// The state keeps no secret that a store holds.
const LEFT: System = System { keeps_secret: false, ..MODEL };

/// One that the store makes, and one that somebody else made.
const BOTH: &[&str] = &["made", "theirs"];

/// KV paths of Vault, on a real OpenBao: see [`conformance::vault_program`].
pub const VAULT_KV: System =
    System { name: "vault-kv", make: vault_on::<KvPath>, is_cheap: false, suspects: false, ..MODEL };

/// Secret-ids of an AppRole, on the same server.
pub const VAULT_SECRET_ID: System =
    System { name: "vault-secret-id", make: vault_on::<AppRoleRole>, is_twin: true, ..VAULT_KV };

/// Keys of a JWT mount, on the same server.
pub const VAULT_JWT_KEY: System = System {
    name: "vault-jwt-key",
    make: vault_on::<JwtName>,
    is_twin: true,
    replaces: Some("POST config"),
    ..VAULT_KV
};

/// Leases of a database engine, on the same server, with a real PostgreSQL: see [`conformance::lease_programs`].
pub const VAULT_LEASE: System =
    System { name: "vault-lease", make: vault_on::<DynamicRole>, is_twin: true, is_slow: true, ..VAULT_KV };

/// Every resource of Vault's.
pub const VAULT: [System; 4] = [VAULT_KV, VAULT_SECRET_ID, VAULT_JWT_KEY, VAULT_LEASE];

const MODEL: System = System {
    name: "",
    make: || like_aws(0, 2),
    is_cheap: true,
    is_slow: false,
    lags: false,
    suspects: true,
    is_twin: false,
    replaces: None,
    stores: &[],
    keeps_secret: true,
};

/// A key's name, or its mark, is known before it is there: nothing is ever guessed.
const OCI: System = System { is_cheap: false, is_slow: true, suspects: false, ..MODEL };

fn like_aws(lists_after: i64, quota: usize) -> Box<dyn ContestedRig> {
    let mut rules = InMemoryRules::like_aws(SignedDuration::from_secs(lists_after));
    rules.capability.quota = Some(quota);
    in_memory(rules)
}

fn lagging() -> Box<dyn ContestedRig> {
    let seconds = SignedDuration::from_secs;
    let mut rules = InMemoryRules { stores_after: seconds(10), ..InMemoryRules::like_aws(seconds(20)) };
    rules.capability.quota = Some(5);
    in_memory(rules)
}

/// With room for every key, and with stores that hold nothing staged, or give nothing back.
fn unlike(unstaged: &'static [&'static str], opaque: &'static [&'static str]) -> Box<dyn ContestedRig> {
    let mut rules = InMemoryRules { unstaged, opaque, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
    rules.capability.quota = Some(5);
    in_memory(rules)
}

fn opaque() -> Box<dyn ContestedRig> {
    let mut rules = InMemoryRules { stores_are_opaque: true, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
    rules.capability.quota = Some(5);
    in_memory(rules)
}

fn like_oci(lists_after: i64) -> Box<dyn ContestedRig> {
    in_memory(InMemoryRules::like_oci(SignedDuration::from_secs(lists_after)))
}

fn in_memory(rules: InMemoryRules) -> Box<dyn ContestedRig> {
    Box::new(InMemoryCloud::new(rules, ManualClock::new(START)))
}

/// AWS, whose clock is ahead by so many seconds.
fn aws(ahead: i64) -> Box<dyn ContestedRig> {
    let rig = started(LocalAws::at(ManualClock::new(START)));
    rig.set_ahead(SignedDuration::from_secs(ahead));
    Box::new(rig)
}

fn confluent(kind: Kind, ahead: i64) -> Box<dyn ContestedRig> {
    let rig = started(LocalConfluent::at(kind, ManualClock::new(START)));
    rig.set_ahead(SignedDuration::from_secs(ahead));
    Box::new(rig)
}

fn oci(resource: OciResource, ahead: i64) -> Box<dyn ContestedRig> {
    let rig = started(LocalOci::at(resource, ManualClock::new(START)));
    rig.set_ahead(SignedDuration::from_secs(ahead));
    Box::new(rig)
}

/// AWS, Confluent Cloud and OCI on a machine whose clock is wrong: by 20 seconds and by two minutes, both ways.
pub const WRONG_CLOCKS: [System; 16] = {
    const AWS: System = System { is_cheap: false, ..MODEL };
    const CONFLUENT: System = System { suspects: false, ..AWS };
    [
        System { name: "aws -120s", make: || aws(-120), ..AWS },
        System { name: "aws -20s", make: || aws(-20), ..AWS },
        System { name: "aws +20s", make: || aws(20), ..AWS },
        System { name: "aws +120s", make: || aws(120), ..AWS },
        System { name: "confluent-kafka -120s", make: || confluent(Kind::Kafka, -120), ..CONFLUENT },
        System { name: "confluent-kafka -20s", make: || confluent(Kind::Kafka, -20), ..CONFLUENT },
        System { name: "confluent-kafka +20s", make: || confluent(Kind::Kafka, 20), ..CONFLUENT },
        System { name: "confluent-kafka +120s", make: || confluent(Kind::Kafka, 120), ..CONFLUENT },
        System { name: "oci-api-key -120s", make: || oci(OciResource::ApiKey, -120), ..OCI },
        System { name: "oci-api-key -20s", make: || oci(OciResource::ApiKey, -20), ..OCI },
        System { name: "oci-api-key +20s", make: || oci(OciResource::ApiKey, 20), ..OCI },
        System { name: "oci-api-key +120s", make: || oci(OciResource::ApiKey, 120), ..OCI },
        System { name: "oci-auth-token -120s", make: || oci(OciResource::AuthToken, -120), ..OCI },
        System { name: "oci-auth-token -20s", make: || oci(OciResource::AuthToken, -20), ..OCI },
        System { name: "oci-auth-token +20s", make: || oci(OciResource::AuthToken, 20), ..OCI },
        System { name: "oci-auth-token +120s", make: || oci(OciResource::AuthToken, 120), ..OCI },
    ]
};

fn started<T>(rig: anyhow::Result<T>) -> T {
    rig.unwrap_or_else(|error| unreachable!("the stand-in does not start: {error:#}"))
}

fn vault_on<P: VaultPlace>() -> Box<dyn ContestedRig> {
    Box::new(started(OnVault::<P>::new()))
}
