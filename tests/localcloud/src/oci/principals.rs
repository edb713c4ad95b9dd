//! Principals that are no users: instances, resources and pods. Certificates of instances come from a metadata service, and are exchanged for
//! tokens; so are tokens of service accounts.
//!
//! Follows Oracle's SDKs for Go and Python, which judge it. What the real services check is not documented in full: see the README.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::header};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Oci;
use super::error::Refusal;
use super::public_key::PublicKey;
use super::signature::{Claim, KeyId, Request};
use super::tenancy::{Session, Tenancy};
use crate::journal::Effect;
use crate::locked;
use crate::server::{cut, dropped};
use crate::turn::{Interruption, Turn};

/// The state behind the metadata service and the two token services.
pub(super) struct Principals {
    /// What the metadata service gives; none before it is asked.
    current: Option<Certificate>,
    /// Everything that was given, by its SHA-256.
    given: BTreeMap<String, Certificate>,
    /// Tokens of service accounts, and when they end.
    service_accounts: BTreeMap<String, Timestamp>,
    /// Tokens of delegation, and their users.
    pub(super) delegations: BTreeMap<String, String>,
    /// What the policies of dynamic groups let principals do.
    pub(super) allow: Vec<String>,
    /// Whether the cluster is an enhanced one.
    enhanced: bool,
}

/// A certificate of an instance.
#[derive(Clone)]
struct Certificate {
    leaf: String,
    key: String,
    intermediate: String,
    der: Vec<u8>,
    public: PublicKey,
    tenancy: String,
    ends: Timestamp,
}

/// How long tokens of principals last.
const LIFE: SignedDuration = SignedDuration::from_mins(20);
/// How long the certificate of an instance lasts here.
const CERTIFICATE: SignedDuration = SignedDuration::from_hours(24);
const BODY: usize = 64 * 1024;

impl Default for Principals {
    fn default() -> Self {
        Self {
            current: None,
            given: BTreeMap::new(),
            service_accounts: BTreeMap::new(),
            delegations: BTreeMap::new(),
            allow: vec!["*".to_owned()],
            enhanced: true,
        }
    }
}

impl Oci {
    /// What the policies of dynamic groups let instances, resources and pods do; at first everything.
    pub fn set_policy(&self, operations: &[&str]) {
        let allow = operations.iter().map(|operation| (*operation).to_owned()).collect();
        locked(&self.inner.tenancy).principals.allow = allow;
    }

    /// The token and the key, as PEM, of a resource principal that lasts so long.
    pub fn resource_session(&self, life: SignedDuration) -> Option<(String, String)> {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).ok()?;
        let pem = pair.serialize_pem();
        let public = PublicKey::of_private(&pem)?;
        let now = self.inner.desk.clock.now();
        let tenancy = &mut *locked(&self.inner.tenancy);
        let token =
            tenancy.open_principal("ocid1.fnfunc.oc1..aaaafunction", public, now.saturating_add(life).ok()?, now);
        Some((token, pem))
    }

    /// A session of a user, as Oracle's CLI opens one: its token, and its key as PEM.
    pub fn user_session(&self, user: &str, life: SignedDuration) -> Option<(String, String)> {
        let pem = KeyPair::generate_for(&PKCS_RSA_SHA256).ok()?.serialize_pem();
        let token = self.open_session(user, &PublicKey::of_private(&pem)?.pem(), life).ok()?;
        Some((token, pem))
    }

    /// The token of a service account of the OKE cluster, which ends so soon.
    pub fn service_account_token(&self, life: SignedDuration) -> String {
        let ends = self.inner.desk.clock.now().saturating_add(life).unwrap_or(Timestamp::MAX);
        let tenancy = &mut *locked(&self.inner.tenancy);
        let token = tenancy.jwt(&json!({"sub": "system:serviceaccount:ci:default", "exp": ends.as_second()}));
        tenancy.principals.service_accounts.insert(token.clone(), ends);
        token
    }

    /// A token with which an instance acts on behalf of a user.
    ///
    /// # Errors
    /// There is no such user.
    pub fn delegation_token(&self, user: &str) -> Result<String, Refusal> {
        let tenancy = &mut *locked(&self.inner.tenancy);
        let user = tenancy.resolve(user)?;
        let token = tenancy.jwt(&json!({"sub": user}));
        tenancy.principals.delegations.insert(token.clone(), user);
        Ok(token)
    }

    /// Ends every token that was given to a principal, before its time.
    pub fn end_principals(&self) {
        locked(&self.inner.tenancy).sessions.retain(|_, session| !session.is_principal);
    }

    /// Makes the cluster a basic or an enhanced one.
    pub fn set_enhanced(&self, enhanced: bool) {
        locked(&self.inner.tenancy).principals.enhanced = enhanced;
    }

    /// Gives the instance another certificate; `tenancy` is what it names.
    pub fn renew_certificate(&self, tenancy: Option<&str>) {
        let now = self.inner.desk.clock.now();
        let all = &mut *locked(&self.inner.tenancy);
        let named = tenancy.unwrap_or(&all.id).to_owned();
        all.principals.current = Certificate::new(&named, now);
    }
}

impl Tenancy {
    /// A token that says this. Nobody checks its signature: it is looked up as a whole.
    pub(super) fn jwt(&mut self, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = self.random.base64(342).replace(['+', '/'], "_");
        let token = format!("{}.{}.{signature}", part(&json!({"alg": "RS256", "kid": "asw"})), part(claims));
        self.issued.push(("token".to_owned(), token.clone()));
        token
    }

    fn open_principal(&mut self, id: &str, public: PublicKey, expires: Timestamp, now: Timestamp) -> String {
        let claims = json!({
            "sub": id, "res_tenant": self.id, "tenant": self.id, "iat": now.as_second(), "exp": expires.as_second(),
            "ptype": "resource", "ttype": "x509",
        });
        let token = self.jwt(&claims);
        self.sessions.insert(token.clone(), Session { user: id.to_owned(), public, expires, is_principal: true });
        token
    }
}

impl Certificate {
    fn new(tenancy: &str, now: Timestamp) -> Option<Self> {
        let authority = KeyPair::generate_for(&PKCS_RSA_SHA256).ok()?;
        let mut params = CertificateParams::new(Vec::new()).ok()?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = days(now)?;
        let intermediate = params.self_signed(&authority).ok()?.pem();
        let issuer = Issuer::new(params, authority);
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).ok()?;
        let mut params = CertificateParams::new(Vec::new()).ok()?;
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "ocid1.instance.oc1.iad.aaaainstance");
        name.push(DnType::OrganizationalUnitName, format!("opc-tenant:{tenancy}"));
        params.distinguished_name = name;
        (params.not_before, params.not_after) = days(now)?;
        let leaf = params.signed_by(&pair, &issuer).ok()?;
        let key = pair.serialize_pem();
        let public = PublicKey::of_private(&key)?;
        let (der, leaf) = (leaf.der().to_vec(), leaf.pem());
        let ends = now.saturating_add(CERTIFICATE).ok()?;
        Some(Self { leaf, key, intermediate, der, public, tenancy: tenancy.to_owned(), ends })
    }
}

/// From the day before to the day after the next.
fn days(now: Timestamp) -> Option<(time::OffsetDateTime, time::OffsetDateTime)> {
    let day = |offset: i64| time::OffsetDateTime::from_unix_timestamp(now.as_second() + offset * 86_400).ok();
    Some((day(-1)?, day(2)?))
}

/// One answer of these services.
type Answered = Result<Response, Refusal>;

pub(crate) async fn serve(State(oci): State<Oci>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let request = Request { method: head.method, target, headers: head.headers, body };
    let action = match request.target.as_str() {
        "/v1/x509" => "FederateX509",
        "/resourcePrincipalSessionTokens" => "ExchangeServiceAccountToken",
        _ => "GetInstanceMetadata",
    };
    let turn = Turn::open(&oci.inner.desk, action);
    match oci.principal_turn(&request, &turn, action).await {
        Some(response) => turn.send(response),
        None => dropped(),
    }
}

impl Oci {
    async fn principal_turn(&self, request: &Request, turn: &Turn, action: &str) -> Option<Response> {
        if let Err(interruption) = turn.before().await {
            return interrupted(interruption, None).await;
        }
        let now = self.inner.desk.clock.now();
        let answered = {
            let tenancy = &mut *locked(&self.inner.tenancy);
            match action {
                "FederateX509" => federate(tenancy, request, (turn.arrived, now)),
                "ExchangeServiceAccountToken" => exchange(tenancy, request, now),
                _ => metadata(tenancy, request, now),
            }
        };
        let outcome = answered.as_ref().map_or_else(|refusal| refusal.code.clone(), |_| "OK".to_owned());
        let reason = answered.as_ref().err().and_then(|refusal| refusal.reason);
        turn.done(Effect { outcome, reason, ..Effect::default() });
        let response = answered.unwrap_or_else(|refusal| refusal.into_response());
        match turn.after().await {
            Ok(()) => Some(response),
            Err(interruption) => interrupted(interruption, Some(response)).await,
        }
    }
}

async fn interrupted(interruption: Interruption, response: Option<Response>) -> Option<Response> {
    match interruption {
        Interruption::Dropped => None,
        Interruption::Cut => Some(cut(response?).await),
        Interruption::Throttled => Some(Refusal::throttled().into_response()),
        Interruption::Error(error) => Some(Refusal::new(error.status, &error.code, error.message).into_response()),
    }
}

/// Version 2 of the metadata service, which wants to see a header.
fn metadata(tenancy: &mut Tenancy, request: &Request, now: Timestamp) -> Answered {
    if request.header("authorization") != Some("Bearer Oracle") || request.method != Method::GET {
        return Err(Refusal::new(403, "Forbidden", "the header Authorization: Bearer Oracle is missing"));
    }
    let path = request.target.strip_prefix("/opc/v2/").unwrap_or_default();
    if path == "instance/region" {
        return Ok(tenancy.home.name.clone().into_response());
    }
    if tenancy.principals.current.is_none() {
        tenancy.principals.current = Certificate::new(&tenancy.id, now);
    }
    let current = tenancy.principals.current.clone().ok_or_else(Refusal::no_such_path)?;
    tenancy.principals.given.insert(sha256(&current.der), current.clone());
    // The key of a certificate is no secret that is issued once: the machine can always ask for it. It must not be shown all the same.
    let lines: Vec<String> = current.key.lines().skip(7).filter(|line| line.len() == 64).map(str::to_owned).collect();
    tenancy.issued.extend(lines.into_iter().map(|line| ("instance".to_owned(), line)));
    match path {
        "identity/cert.pem" => Ok(current.leaf.into_response()),
        "identity/key.pem" => Ok(current.key.into_response()),
        "identity/intermediate.pem" => Ok(current.intermediate.into_response()),
        _ => Err(Refusal::no_such_path()),
    }
}

/// Exchanges the certificate of an instance for a token, if the request is signed with the certificate's key.
fn federate(tenancy: &mut Tenancy, request: &Request, (arrived, now): (Timestamp, Timestamp)) -> Answered {
    let public = checked(tenancy, request, (arrived, now)).map_err(Refusal::not_authenticated)?;
    let ends = now.saturating_add(LIFE).unwrap_or(now);
    let token = tenancy.open_principal("ocid1.instance.oc1.iad.aaaainstance", public, ends, now);
    Ok(Json(json!({ "token": token })).into_response())
}

fn checked(
    tenancy: &Tenancy,
    request: &Request,
    (arrived, now): (Timestamp, Timestamp),
) -> Result<PublicKey, &'static str> {
    let claim = Claim::read_of_certificate(request)?;
    Claim::check_age(request, arrived)?;
    claim.check_body(request)?;
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| "the body is not JSON")?;
    let der = |text: &Value| text.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
    let leaf = der(&body["certificate"]).ok_or("the certificate is not base64")?;
    let known = tenancy.principals.given.get(&sha256(&leaf)).ok_or("no authority of OCI issued this certificate")?;
    let intermediate = der(&body["intermediateCertificates"][0]).ok_or("there is no intermediate certificate")?;
    if !known
        .intermediate
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<String>()
        .eq(&BASE64_STANDARD.encode(intermediate))
    {
        return Err("the intermediate certificate did not sign the leaf");
    }
    if now >= known.ends {
        return Err("the certificate has ended");
    }
    let KeyId::User { tenancy: named, user: form, fingerprint } = &claim.key else {
        return Err("the keyId is no certificate's");
    };
    let right = match form.as_str() {
        "fed-x509-sha256" if body["fingerprintAlgorithm"] == "SHA256" => sha256(&leaf) == *fingerprint,
        // Oracle's SDK for Python names it by the SHA-1, which is not computed here.
        "fed-x509" => fingerprint.split(':').count() == 20,
        _ => false,
    };
    if !right {
        return Err("the keyId does not name the certificate");
    }
    if *named != known.tenancy || known.tenancy != tenancy.id {
        return Err("the certificate names another tenancy");
    }
    claim.verify(request, &known.public)?;
    let public = body["publicKey"].as_str().ok_or("there is no public key")?;
    PublicKey::parse(&format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n"))
}

/// What a cluster of OKE does at port 12250.
fn exchange(tenancy: &mut Tenancy, request: &Request, now: Timestamp) -> Answered {
    let plain = |status: u16, code: &str| Refusal::new(status, code, "see the journal");
    if !tenancy.principals.enhanced {
        return Err(plain(403, "Forbidden"));
    }
    let bearer = request.header(header::AUTHORIZATION.as_str()).and_then(|text| text.strip_prefix("Bearer "));
    let ends = bearer.and_then(|token| tenancy.principals.service_accounts.get(token));
    if ends.is_none_or(|ends| now >= *ends) {
        return Err(plain(401, "Unauthorized"));
    }
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| plain(400, "BadRequest"))?;
    let public = PublicKey::parse(body["podKey"].as_str().unwrap_or_default()).map_err(|_| plain(400, "BadRequest"))?;
    let expires = now.saturating_add(LIFE).unwrap_or(now);
    let token = tenancy.open_principal("ocid1.workload.oc1..aaaapod", public, expires, now);
    let object = json!({ "token": format!("ST${token}") }).to_string();
    Ok(Json(BASE64_STANDARD.encode(object)).into_response())
}

fn sha256(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}
