use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Admin, Token};

/// The role of a JWT method by which [`JwtRole::log_in`] goes, and whom its tokens are for.
#[derive(Clone, Copy, Debug)]
pub struct JwtRole<'a> {
    /// The method's mount, without `auth/`.
    pub mount: &'a str,
    /// The role's name.
    pub role: &'a str,
}

const AUDIENCE: &str = "https://vault.example";

impl JwtRole<'_> {
    /// Makes the role, with these settings beside.
    ///
    /// # Errors
    /// The server refuses.
    pub fn make(&self, admin: &Admin, more: &Value) -> Result<()> {
        let mut settings = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE]});
        merge(&mut settings, more);
        admin.post(&format!("auth/{}/role/{}", self.mount, self.role), &settings).map(drop)
    }

    /// Logs in with a fresh token that this private key signs.
    ///
    /// # Errors
    /// It is no private key, or the server refuses the token.
    pub fn log_in(&self, admin: &Admin, private_pem: &str) -> Result<Token> {
        admin.log_in(self.mount, &json!({"role": self.role, "jwt": fresh_jwt(private_pem, &json!({}))?}))
    }
}

/// A token for a [`JwtRole`] that lives a minute, with this beside in its header.
///
/// # Errors
/// It is no private key of RSA or Ed25519.
pub fn fresh_jwt(private_pem: &str, header: &Value) -> Result<String> {
    let now = Timestamp::now().as_second();
    let claims = json!({"sub": "pipeline", "aud": AUDIENCE, "iat": now - 5, "exp": now + 60});
    signed_jwt(private_pem, header, &claims)
}

/// A token with these claims by a private key in PKCS#8, with this beside in its header. It shares no code with the plugin.
///
/// # Errors
/// It is no private key of RSA or Ed25519.
fn signed_jwt(private_pem: &str, more: &Value, claims: &Value) -> Result<String> {
    let der = der(private_pem)?;
    let rsa = rsa::KeyPair::from_pkcs8(&der).ok();
    let mut header = json!({"alg": if rsa.is_some() { "RS256" } else { "EdDSA" }});
    merge(&mut header, more);
    let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encode(&header), encode(claims));
    let signature = match rsa {
        Some(pair) => {
            let mut signature = vec![0; pair.public_modulus_len()];
            let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
            signed.ok().context("it does not sign")?;
            signature
        }
        None => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok().context("this is no private key")?;
            pair.sign(text.as_bytes()).as_ref().to_vec()
        }
    };
    Ok(format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// A new public key of Ed25519 in PEM, whose private half is gone.
///
/// # Errors
/// The machine has no randomness.
pub fn public_pem() -> Result<String> {
    key_pair().map(|(_, public)| public)
}

/// A new key of Ed25519 in PEM, the private half in PKCS#8 and the public one.
///
/// # Errors
/// The machine has no randomness.
pub fn key_pair() -> Result<(String, String)> {
    let pair = Ed25519KeyPair::generate().ok().context("no randomness")?;
    let private = pair.to_pkcs8v1().ok().context("the key cannot be written")?;
    let public = pair.public_key().as_der().ok().context("the key cannot be written")?;
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", BASE64_STANDARD.encode(der))
    };
    Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref())))
}

/// The thumbprint (RFC 7638) of a public key of Ed25519 in PEM, whose 32 bytes end its DER; none of another kind of key.
pub fn thumbprint(text: &str) -> Option<String> {
    let der = der(text).ok().filter(|der| der.len() == 44)?;
    let point = BASE64_URL_SAFE_NO_PAD.encode(der.last_chunk::<32>()?);
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{point}"}}"#);
    Some(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes())))
}

/// What stands in the first PEM block of a text.
///
/// # Errors
/// There is none.
fn der(text: &str) -> Result<Vec<u8>> {
    let (_, block) = text.split_once("-----BEGIN ").context("this is no PEM")?;
    let body: String = block.lines().skip(1).take_while(|line| !line.starts_with("-----END ")).collect();
    BASE64_STANDARD.decode(body).context("this is no PEM")
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}
