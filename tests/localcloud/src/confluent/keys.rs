//! The five operations on API keys, `/iam/v2/api-keys`.

use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Reply, metadata};
use super::error::Refusal;
use super::key::{ApiKey, Order};
use super::kind::{Kind, region};
use super::organization::{Organization, Principal};
use super::page::Page;

/// Answers with the secret, which no other answer has.
pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let spec = spec(call)?;
    let mut wanted = Wanted::read(&spec)?;
    call.about_owner(&wanted.owner);
    fit(call.organization, [&mut wanted.display_name, &mut wanted.description])?;
    may_make(call.caller()?, call.organization, &wanted.owner)?;
    let Wanted { kind, owner, id, environment, display_name, description } = wanted;
    let found = call.organization.find(kind, &id, environment.as_deref());
    let resource = found.map_err(|_| Refusal::bad_resource())?;
    let key = call.organization.mint(Order { kind, owner, resource, display_name, description }, call.now)?;
    call.about_key(&key.id);
    let mut body = described(call, &key);
    let location = body["metadata"]["self"].as_str().map(str::to_owned);
    body["spec"]["secret"] = json!(key.secret);
    Ok(Reply { status: call.organization.settings.created, body: Some(body), location })
}

/// In order of their ids, so that nobody comes to rely on age.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let page = Page::read(call.request, &["spec.owner", "spec.resource"])?;
    let (owner, resource) = (page.filter(0), page.filter(1));
    if !owner.is_empty() {
        call.about_owner(owner);
    }
    let caller = call.caller()?;
    let lag = call.organization.settings.listing_lag;
    let wanted = |key: &&ApiKey| {
        let owned = owner.is_empty() || key.owner == owner;
        let meant = resource.is_empty() || key.resource.is(key.kind, resource);
        owned && meant && key.listed(call.now, lag) && caller.manages(&key.owner)
    };
    let mut keys: Vec<&ApiKey> = call.organization.keys.iter().filter(wanted).collect();
    keys.sort_by(|one, other| one.id.cmp(&other.id));
    let items = keys.into_iter().map(|key| (key.id.clone(), described(call, key))).collect();
    Ok(Reply::ok(page.cut(call.request, ("iam/v2", "ApiKeyList"), items)))
}

pub(super) fn read(call: &mut Call<'_>, id: &str) -> Answer {
    let key = about(call, id)?.clone();
    Ok(Reply::ok(described(call, &key)))
}

/// Changes the name and the description; other fields are ignored.
pub(super) fn update(call: &mut Call<'_>, id: &str) -> Answer {
    let spec = spec(call)?;
    let mut broken = Vec::new();
    let mut display_name = text(&spec, "display_name", "/spec/display_name", &mut broken);
    let mut description = text(&spec, "description", "/spec/description", &mut broken);
    if !broken.is_empty() {
        return Err(Refusal::invalid(broken));
    }
    let texts = [&mut display_name, &mut description].map(|text| text.get_or_insert_default());
    let given = ["display_name", "description"].map(|name| spec.contains_key(name));
    fit(call.organization, texts)?;
    let [display_name, description] =
        [(display_name, given[0]), (description, given[1])].map(|(text, given)| text.filter(|_| given));
    let now = call.now;
    let key = about(call, id)?;
    if let Some(text) = display_name {
        key.display_name = text;
    }
    if let Some(text) = description {
        key.description = text;
    }
    key.updated = now;
    let key = key.clone();
    Ok(Reply::ok(described(call, &key)))
}

pub(super) fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let now = call.now;
    about(call, id)?.delete(now);
    Ok(Reply::empty())
}

/// Cuts or refuses a display name and a description that are too long.
fn fit(organization: &Organization, texts: [&mut String; 2]) -> Result<(), Refusal> {
    let settings = &organization.settings;
    let limits =
        [("/spec/display_name", settings.longest_display_name), ("/spec/description", settings.longest_description)];
    let mut broken = Vec::new();
    for (text, (pointer, limit)) in texts.into_iter().zip(limits) {
        let Some(limit) = limit.filter(|limit| text.chars().count() > *limit) else { continue };
        if settings.cuts_texts {
            *text = text.chars().take(limit).collect();
        } else {
            broken.push((pointer, format!("must not be longer than {limit} characters")));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Refusal::invalid(broken)) }
}

/// What a create asks for, before anybody looked whether it is there.
struct Wanted {
    kind: Kind,
    owner: String,
    id: String,
    environment: Option<String>,
    display_name: String,
    description: String,
}

impl Wanted {
    /// Reads a `spec`. References are read by their ids alone: the service infers kinds by itself.
    fn read(spec: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut broken = Vec::new();
        let owner = id_of(spec.get("owner"));
        if owner.is_empty() {
            broken.push(("/spec/owner", "owner is required".to_owned()));
        } else if !owner.starts_with("u-") && !owner.starts_with("sa-") {
            broken.push(("/spec/owner/id", format!("{owner} is neither a user nor a service account")));
        }
        let named = id_of(spec.get("resource"));
        let kind = Kind::of(&named);
        if kind.is_none() {
            broken.push(("/spec/resource/id", format!("{named} is nothing that an API key can be for")));
        }
        let asked = spec.get("resource").and_then(|resource| resource["environment"].as_str());
        let mut environment = asked.filter(|id| !id.is_empty()).map(str::to_owned);
        let mut id = named.clone();
        if let (Some(Kind::Flink), Some((within, rest))) = (kind, region(&named)) {
            environment = environment.or_else(|| within.map(str::to_owned));
            id = rest.to_owned();
            if environment.is_none() {
                broken.push(("/spec/resource/environment", "a region needs its environment".to_owned()));
            }
        }
        let display_name = text(spec, "display_name", "/spec/display_name", &mut broken).unwrap_or_default();
        let description = text(spec, "description", "/spec/description", &mut broken).unwrap_or_default();
        match kind {
            Some(kind) if broken.is_empty() => Ok(Self { kind, owner, id, environment, display_name, description }),
            _ => Err(Refusal::invalid(broken)),
        }
    }
}

/// People make keys for themselves; those of service accounts are made by who manages the account.
fn may_make(caller: &Principal, organization: &Organization, owner: &str) -> Result<(), Refusal> {
    if owner.starts_with("u-") {
        return if caller.id == owner { Ok(()) } else { Err(Refusal::forbidden()) };
    }
    if organization.principal(owner).is_err() {
        return Err(Refusal::bad_account());
    }
    if caller.manages(owner) { Ok(()) } else { Err(Refusal::forbidden()) }
}

/// The key that the call names, if it is there and the caller manages it.
fn about<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut ApiKey, Refusal> {
    call.about_key(id);
    call.caller()?;
    let owner = call.organization.key_mut(id)?.owner.clone();
    call.about_owner(&owner);
    if !call.caller()?.manages(&owner) {
        return Err(Refusal::forbidden());
    }
    call.organization.key_mut(id)
}

/// A key as every answer but the first shows it: with an empty secret.
fn described(call: &Call<'_>, key: &ApiKey) -> Value {
    let base = &call.request.base;
    let organization = &call.organization.id;
    let user = key.owner.starts_with("u-");
    let (kind, collection, part) =
        if user { ("User", "users", "user") } else { ("ServiceAccount", "service-accounts", "service-account") };
    let owner_crn = format!("crn://api.confluent.cloud/organization={organization}/{part}={}", key.owner);
    let address = format!("{base}/iam/v2/api-keys/{}", key.id);
    json!({
        "api_version": "iam/v2",
        "kind": "ApiKey",
        "id": key.id,
        "metadata": metadata(&address, &format!("{owner_crn}/api-key={}", key.id), (key.created, key.updated)),
        "spec": {
            "secret": "",
            "display_name": key.display_name,
            "description": key.description,
            "owner": {
                "api_version": "iam/v2",
                "kind": kind,
                "id": key.owner,
                "related": format!("{base}/iam/v2/{collection}/{}", key.owner),
                "resource_name": owner_crn,
            },
            "resource": key.resource.reference(key.kind, base, organization),
        },
    })
}

/// The `spec` of a body of JSON.
fn spec(call: &Call<'_>) -> Result<Map<String, Value>, Refusal> {
    let json = call.request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !json.is_some_and(|value| value.starts_with("application/json")) {
        return Err(Refusal::new(415, "unsupported_media_type", "The body must be application/json"));
    }
    let body: Value =
        serde_json::from_slice(&call.request.body).map_err(|_| Refusal::malformed("The body is not valid JSON"))?;
    match body.get("spec") {
        Some(Value::Object(spec)) => Ok(spec.clone()),
        _ => Err(Refusal::invalid(vec![("/spec", "spec is required".to_owned())])),
    }
}

fn id_of(reference: Option<&Value>) -> String {
    reference.and_then(|reference| reference["id"].as_str()).unwrap_or_default().to_owned()
}

/// A text that may be absent; null empties it.
fn text(
    spec: &Map<String, Value>,
    name: &str,
    pointer: &'static str,
    broken: &mut Vec<(&'static str, String)>,
) -> Option<String> {
    match spec.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => Some(String::new()),
        _ => {
            broken.push((pointer, format!("{name} must be a string")));
            None
        }
    }
}
