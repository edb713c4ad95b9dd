//! A stand-in on a manual clock, and plain HTTP as its client.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use localcloud::confluent::{Credentials, Kind, Resource, Settings};
use localcloud::{Clock, LocalCloud, ManualClock, Options};
use serde_json::{Value, json};
use ureq::http::{Request, Response};

/// A stand-in, its clock, and a service account without keys.
pub(crate) struct Rig {
    pub(crate) cloud: LocalCloud,
    pub(crate) owner: String,
    clock: ManualClock,
    agent: ureq::Agent,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) response: Response<()>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the first error's code.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Rig {
    /// Everything takes effect at once.
    pub(crate) fn new() -> Self {
        Self::with(Settings::immediate())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let mut options = Options::new(clock.clone());
        options.confluent.settings = settings;
        let cloud = LocalCloud::start(options).unwrap();
        let owner = cloud.confluent().create_service_account("ci").unwrap();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { cloud, owner, clock, agent }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn admin(&self) -> Credentials {
        self.cloud.confluent().admin_credentials()
    }

    /// A path of the stand-in, or a whole URL of it.
    pub(crate) fn get(&self, who: &Credentials, url: &str) -> Answer {
        self.ask(who, "GET", url, None).unwrap()
    }

    /// The answer, or the client's words if there was none.
    pub(crate) fn ask(
        &self,
        who: &Credentials,
        method: &str,
        url: &str,
        body: Option<Value>,
    ) -> Result<Answer, String> {
        let url = if url.starts_with('/') { format!("{}{url}", self.cloud.endpoint()) } else { url.to_owned() };
        let pair = BASE64_STANDARD.encode(format!("{}:{}", who.api_key, who.api_secret));
        let request = Request::builder().method(method).uri(url).header("authorization", format!("Basic {pair}"));
        let request = request.header("content-type", "application/json");
        let answer = match body {
            Some(body) => self.agent.run(request.body(body.to_string()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let (head, mut body) = answer.map_err(|error| error.to_string())?.into_parts();
        let text = body.read_to_string().map_err(|error| error.to_string())?;
        Ok(Answer { status: head.status.as_u16(), text, response: Response::from_parts(head, ()) })
    }

    /// Asks for a key of the service account.
    pub(crate) fn create(&self, name: &str, resource: &Resource) -> Result<Answer, String> {
        let spec = json!({ "display_name": name, "owner": { "id": self.owner }, "resource": resource });
        self.ask(&self.admin(), "POST", "/iam/v2/api-keys", Some(json!({ "spec": spec })))
    }

    /// A key of the service account, made through the API.
    pub(crate) fn mint(&self, resource: &Resource) -> Credentials {
        let answer = self.create("", resource).unwrap();
        let key = answer.json();
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned();
        Credentials { api_key: text(&key["id"]), api_secret: text(&key["spec"]["secret"]) }
    }

    /// The URL that a new key of this kind is tried on, found as a client finds it.
    pub(crate) fn probe(&self, kind: Kind, resource: &Resource) -> Option<String> {
        let (id, environment) = (&resource.id, resource.environment.as_deref().unwrap_or_default());
        let endpoint = |path: String, pointer: &str| {
            let answer = self.get(&self.admin(), &path);
            answer.json().pointer(pointer).and_then(Value::as_str).expect(&answer.text).to_owned()
        };
        let spec = "/spec/http_endpoint";
        Some(match kind {
            Kind::Cloud | Kind::Global => "/org/v2/environments".to_owned(),
            Kind::Tableflow => "/tableflow/v1/regions".to_owned(),
            Kind::Kafka => {
                let found = endpoint(format!("/cmk/v2/clusters/{id}?environment={environment}"), spec);
                format!("{found}/kafka/v3/clusters/{id}/topics")
            }
            Kind::SchemaRegistry => {
                let found = endpoint(format!("/srcm/v3/clusters/{id}?environment={environment}"), spec);
                format!("{found}/subjects")
            }
            Kind::Flink => {
                let (cloud, region) = id.split_once('.').unwrap();
                let found =
                    endpoint(format!("/fcpm/v2/regions?cloud={cloud}&region_name={region}"), "/data/0/http_endpoint");
                let organization = endpoint("/org/v2/organizations".to_owned(), "/data/0/id");
                format!("{found}/sql/v1/organizations/{organization}/environments/{environment}/statements")
            }
            Kind::Ksqldb => return None,
        })
    }
}
