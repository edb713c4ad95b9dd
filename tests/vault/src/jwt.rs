use anyhow::{Context, Result};
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
    let pair = Ed25519KeyPair::generate().ok().context("no randomness")?;
    let der = pair.public_key().as_der().ok().context("the key cannot be written")?;
    Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", BASE64_STANDARD.encode(der.as_ref())))
}

/// What stands in the first PEM block of a text.
///
/// # Errors
/// There is none.
pub fn der(text: &str) -> Result<Vec<u8>> {
    let (_, block) = text.split_once("-----BEGIN ").context("this is no PEM")?;
    let body: String = block.lines().skip(1).take_while(|line| !line.starts_with("-----END ")).collect();
    BASE64_STANDARD.decode(body).context("this is no PEM")
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}
