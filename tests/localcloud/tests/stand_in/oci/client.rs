//! A client that signs as Oracle's documentation says.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use localcloud::oci::Config;
use localcloud::{Clock, ManualClock};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ureq::http::Request;

pub(super) struct Client {
    endpoint: String,
    /// What comes before the paths of the API's reference.
    prefix: String,
    key_id: String,
    pair: KeyPair,
    clock: ManualClock,
}

/// An answer; what it lacks is empty.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) etag: String,
}

impl Client {
    pub(super) fn new(endpoint: &str, config: &Config, clock: ManualClock) -> Self {
        let der = PrivatePkcs8KeyDer::from_pem_slice(config.key_content.as_bytes()).unwrap();
        Self {
            endpoint: endpoint.to_owned(),
            prefix: "/20160918".to_owned(),
            key_id: format!("{}/{}/{}", config.tenancy, config.user, config.fingerprint),
            pair: KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap(),
            clock,
        }
    }

    /// The same client at another region.
    pub(super) fn at(self, region: &str) -> Self {
        self.under(&format!("/oci/{region}/20160918"))
    }

    /// The same client at another version's paths.
    pub(super) fn under(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    pub(super) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, None)
    }

    pub(super) fn post(&self, target: &str, body: Value) -> Answer {
        self.ask("POST", target, Some(body))
    }

    pub(super) fn delete(&self, target: &str) -> Answer {
        self.ask("DELETE", target, None)
    }

    pub(super) fn ask(&self, method: &str, target: &str, body: Option<Value>) -> Answer {
        self.send(method, target, body, &[])
    }

    pub(super) fn send(&self, method: &str, target: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let target = format!("{}{target}", self.prefix);
        let body = body.map(|body| body.to_string());
        let now = self.clock.now();
        let mut signed = vec![
            ("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ("(request-target)", format!("{} {target}", method.to_lowercase())),
            ("host", self.endpoint.trim_start_matches("http://").to_owned()),
        ];
        if let Some(body) = &body {
            signed.push(("content-length", body.len().to_string()));
            signed.push(("content-type", "application/json".to_owned()));
            signed.push(("x-content-sha256", BASE64_STANDARD.encode(Sha256::digest(body))));
        }
        let mut request = Request::builder().method(method).uri(format!("{}{target}", self.endpoint));
        for (name, value) in signed.iter().filter(|(name, _)| *name != "(request-target)") {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("authorization", self.authorization(&signed));
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let answer = match body {
            Some(body) => agent.run(request.body(body).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let etag = answer.headers().get("etag").map(|etag| etag.to_str().unwrap().to_owned());
        let text = answer.body_mut().read_to_string().unwrap();
        Answer {
            status: answer.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            etag: etag.unwrap_or_default(),
        }
    }

    fn authorization(&self, signed: &[(&str, String)]) -> String {
        let lines: Vec<String> = signed.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let text = lines.join("\n");
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        format!(
            r#"Signature version="1",keyId="{}",algorithm="rsa-sha256",headers="{}",signature="{}""#,
            self.key_id,
            names.join(" "),
            BASE64_STANDARD.encode(signature)
        )
    }
}

/// Status and code of a refusal.
pub(super) fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}
