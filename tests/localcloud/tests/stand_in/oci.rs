//! OCI by a small client of its own: what takes time, what strangers do, and what is seen from behind.
//! What Oracle's clients find is in `oci_sdk.rs`.

mod client;
mod control;
mod lags;
mod retries;
mod vaults;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use localcloud::oci::{Config, Consistency, Kind};
use localcloud::{Clock, Fault, LocalCloud, ManualClock, Options, Rule};
use serde_json::json;

use client::{Client, told};

/// A stand-in, its clock, and a user without keys.
struct Rig {
    cloud: LocalCloud,
    clock: ManualClock,
    user: String,
}

impl Rig {
    fn new() -> Self {
        Self::with(Consistency::immediate())
    }

    fn with(consistency: Consistency) -> Self {
        let mut options = Options::default();
        options.oci.consistency = consistency;
        Self::of(options)
    }

    fn of(options: Options) -> Self {
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let cloud = LocalCloud::start(Options { clock: clock.clone().into(), ..options }).unwrap();
        let user = cloud.oci().create_user("ci").unwrap();
        Self { cloud, clock, user }
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    fn admin(&self) -> Client {
        Client::new(self.cloud.endpoint(), &self.cloud.oci().config(), self.clock.clone())
    }

    /// The user, with the admin's pair of keys as its own: a pair may be several users'.
    fn own(&self) -> Client {
        let admin = self.cloud.oci().config();
        let own = Config { user: self.user.clone(), ..admin };
        Client::new(self.cloud.endpoint(), &own, self.clock.clone())
    }

    fn pem(&self) -> String {
        self.cloud.oci().keys("admin")[0].pem.clone()
    }

    fn keys(&self) -> String {
        format!("/users/{}/apiKeys", self.user)
    }

    fn tokens(&self) -> String {
        format!("/users/{}/authTokens", self.user)
    }
}

#[test]
fn what_is_no_operation_is_refused_in_the_form_of_the_api() {
    let rig = Rig::new();
    let admin = rig.admin();
    for (method, target, status, code) in [
        ("GET", "/nothing", 404, "NotFound"),
        ("GET", "/users/x/passwords", 404, "NotFound"),
        ("DELETE", "/users", 405, "MethodNotAllowed"),
        ("PUT", &rig.keys(), 405, "MethodNotAllowed"),
        ("GET", "/users/nobody", 404, "NotAuthorizedOrNotFound"),
    ] {
        let body = (method == "PUT").then(|| json!({}));
        assert_eq!(told(&admin.ask(method, target, body)), (status, code), "{method} {target}");
    }
    for (body, code) in [
        (json!([]), "CannotParseRequest"),
        (json!({ "key": 1 }), "CannotParseRequest"),
        (json!({ "key": "x", "keys": "y" }), "CannotParseRequest"),
        (json!({}), "MissingParameter"),
    ] {
        assert_eq!(told(&admin.post(&rig.keys(), body.clone())), (400, code), "{body}");
    }
    let elsewhere = rig.admin().under("/oci/us-ashburn-1/20170101");
    assert_eq!(told(&elsewhere.get("/users")), (404, "NotFound"));
}

#[test]
fn the_journal_tells_what_a_refusal_hides() {
    let rig = Rig::new();
    let (admin, own) = (rig.admin(), rig.own());
    let fingerprint = rig.cloud.oci().config().fingerprint;
    assert_eq!(told(&own.get(&rig.keys())), (401, "NotAuthenticated"));
    assert_eq!(admin.post(&rig.keys(), json!({ "key": rig.pem() })).status, 200);
    assert_eq!(told(&own.get("/users")), (404, "NotAuthorizedOrNotFound"));
    rig.cloud.oci().set_capability("ci", "canUseApiKeys", false).unwrap();
    assert_eq!(told(&own.get(&rig.keys())), (401, "NotAuthenticated"));
    let journal = rig.cloud.journal();
    let reasons: Vec<Option<&str>> = journal.iter().map(|entry| entry.reason).collect();
    assert_eq!(
        reasons,
        [
            Some("the user has no key with this fingerprint"),
            None,
            Some("the signer may not do this"),
            Some("the user lacks the capability canUseApiKeys"),
        ]
    );
    let upload = &journal[1];
    assert_eq!((upload.action.as_str(), upload.outcome.as_deref()), ("UploadApiKey", Some("OK")));
    assert_eq!((&upload.principal, &upload.key), (&Some(rig.user.clone()), &Some(fingerprint.clone())));
    assert_eq!((&upload.signer, upload.answered), (&Some(fingerprint), Some(200)));
}

#[test]
fn strangers_come_first_and_fill_the_quota() {
    let mut options = Options::default().immediate();
    options.oci.too_many_keys = (409, "TooManyKeys".to_owned());
    let rig = Rig::of(options);
    let oci = rig.cloud.oci();
    let (first, second) = (oci.mint_key("ci").unwrap(), oci.mint_key(&rig.user).unwrap());
    assert_ne!(first, second);
    let stranger = oci.clone();
    rig.cloud.faults().add(Rule::new(Fault::stranger(move || drop(stranger.mint_key("ci")))).on("UploadApiKey"));
    let refused = rig.admin().post(&rig.keys(), json!({ "key": rig.pem() }));
    assert_eq!(told(&refused), (409, "TooManyKeys"));
    assert_eq!(oci.keys("ci").len(), 3);
    assert_eq!(rig.admin().get(&rig.keys()).body.as_array().unwrap().len(), 3);
    oci.delete_key("ci", &first).unwrap();
    assert_eq!(rig.admin().post(&rig.keys(), json!({ "key": rig.pem() })).status, 200);
    assert!(oci.delete_key("ci", &first).is_err());
}

#[test]
fn what_oracle_made_is_known_from_behind_and_found_where_it_leaked() {
    let rig = Rig::new();
    let oci = rig.cloud.oci();
    let made = rig.admin().post(&rig.tokens(), json!({ "description": "x" })).body;
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert!(oci.token_opens("ci", token) && oci.secret_is_right(id, token) && !oci.token_opens("ci", "other"));
    assert_eq!(oci.secrets("ci", Kind::AuthToken)[0].name, "x");
    assert!(oci.secrets("ci", Kind::CustomerSecretKey).is_empty());
    let foreign = oci.mint_secret("ci", Kind::AuthToken, "foreign").unwrap();
    assert_eq!(told(&rig.admin().post(&rig.tokens(), json!({ "description": "y" }))), (400, "LimitExceeded"));
    oci.delete_secret(id).unwrap();
    assert!(!oci.token_opens("ci", token));

    assert_eq!(oci.leaks(&format!("… {token} …{}", foreign.secret)), [id.to_owned(), foreign.id]);
    let seen = format!("{:?}{:?}{:?}", oci.snapshot(), rig.cloud.journal(), oci.config());
    assert!(oci.leaks(&seen).is_empty());
    let admin = oci.config();
    assert_eq!(oci.leaks(&json!(admin.key_content).to_string()), [admin.fingerprint]);
    assert!(oci.leaks(&rig.pem()).is_empty(), "the public half is no secret");
}

#[test]
fn tags_are_set_from_behind_and_change_the_etag() {
    let rig = Rig::new();
    let user = format!("/users/{}", rig.user);
    let before = rig.admin().get(&user);
    rig.cloud.oci().set_tags("ci", &BTreeMap::from([("a".to_owned(), "b".to_owned())])).unwrap();
    let change = json!({ "freeformTags": {} });
    let late = rig.admin().send("PUT", &user, Some(change.clone()), &[("if-match", &before.etag)]);
    assert_eq!(told(&late), (412, "NoEtagMatch"));
    let now = rig.admin().get(&user);
    assert_eq!(now.body["freeformTags"], json!({ "a": "b" }));
    assert_eq!(rig.admin().send("PUT", &user, Some(change), &[("if-match", &now.etag)]).status, 200);
    assert!(rig.cloud.oci().tags("ci").is_empty());
}

#[test]
fn the_same_seed_gives_the_same_ids_and_secrets() {
    let run = |seed| {
        let rig = Rig::of(Options { seed, ..Options::default().immediate() });
        rig.admin().get("/users");
        let key = rig.cloud.oci().mint_key("ci").unwrap();
        let secret = rig.cloud.oci().mint_secret("ci", Kind::CustomerSecretKey, "x").unwrap();
        (rig.user.clone(), key, secret.id, secret.secret)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_reset_leaves_the_admin_and_nothing_else() {
    let rig = Rig::new();
    rig.cloud.oci().mint_key("admin").unwrap();
    let admin = rig.cloud.oci().config();
    rig.cloud.reset();
    assert_eq!(rig.cloud.oci().config(), admin);
    assert!(rig.cloud.oci().user("ci").is_none());
    assert_eq!(rig.admin().get(&format!("/users/{}", admin.user)).status, 200);
}

#[test]
fn a_held_request_was_signed_in_time_when_it_arrived() {
    let rig = Rig::new();
    rig.cloud.faults().add(Rule::new(Fault::MoveClockBefore { seconds: 3600 }));
    assert_eq!(rig.admin().get(&rig.keys()).status, 200);
}
