//! Key pairs: generated here, written as PEM, and named by the thumbprint of their public half.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use pkcs8::der::{Document, SecretDocument};
use pkcs8::{LineEnding, PrivateKeyInfoRef};
use rotation::{Effect, Error, ErrorKind, KeyId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::jwk::{ED25519, JwtAlgorithm, PUBLIC, RSA, thumbprint};

/// A key pair. Not in any `Debug`.
pub(crate) struct Pair {
    private: Private,
    public: Vec<u8>,
    kid: KeyId,
}

enum Private {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Whom a probe is for. No role expects it.
const AUDIENCE: &str = "keyrotation-probe";
/// The second of 1970 with which a probe ended.
const ENDED: i64 = 1;
/// The last second of the year 9999, before which a probe does not begin.
const BEGINS: i64 = 253_402_300_799;
const PRIVATE: &str = "PRIVATE KEY";

impl Pair {
    /// A new pair. RSA needs processor time: not for a thread that others wait for.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub(crate) fn generate(algorithm: JwtAlgorithm) -> Result<Self, Error> {
        let private = match algorithm {
            JwtAlgorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Private::Rsa).ok(),
            JwtAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Private::Ed25519).ok(),
        };
        let failed =
            || Error::new(ErrorKind::Unexpected, "", "no key pair could be generated on this machine [KR-VAULT-069]");
        private.and_then(Self::new).ok_or_else(failed)
    }

    /// The same on a thread that nobody waits for.
    ///
    /// # Errors
    /// As [`generate`](Self::generate); nothing was made.
    pub(crate) async fn generate_aside(algorithm: JwtAlgorithm) -> Result<Self, Error> {
        let made = tokio::task::spawn_blocking(move || Self::generate(algorithm)).await;
        let stopped = |_| {
            Error::new(ErrorKind::Stopped, "", "the run was stopped while the plugin generated a key [KR-VAULT-070]")
        };
        made.map_err(stopped)?.map_err(|error| error.effect(Effect::None))
    }

    /// Reads PKCS#8 in PEM; none if it is something else.
    pub(crate) fn from_pem(text: &SecretString) -> Option<Self> {
        let (label, document) = SecretDocument::from_pem(exposed(text).trim()).ok()?;
        let der = document.as_bytes();
        if label != PRIVATE {
            return None;
        }
        Self::new(match PrivateKeyInfoRef::try_from(der).ok()?.algorithm.oid {
            RSA => Private::Rsa(RsaKeyPair::from_pkcs8(der).ok()?),
            ED25519 => Private::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?),
            _ => return None,
        })
    }

    fn new(private: Private) -> Option<Self> {
        let public: PublicKeyX509Der<'_> = match &private {
            Private::Rsa(pair) => pair.public_key().as_der().ok()?,
            Private::Ed25519(pair) => pair.public_key().as_der().ok()?,
        };
        let public = public.as_ref().to_vec();
        let kid = KeyId(thumbprint(&public)?);
        Some(Self { private, public, kid })
    }

    /// The thumbprint of the public half (RFC 7638), which is what tokens carry as `kid`.
    pub(crate) fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The public half.
    pub(crate) fn public_pem(&self) -> Result<String, Error> {
        let pem = Document::try_from(self.public.as_slice()).and_then(|it| it.to_pem(PUBLIC, LineEnding::LF));
        pem.map_err(|_| unwritten())
    }

    /// The private half, in PKCS#8.
    pub(crate) fn private_pem(&self) -> Result<SecretString, Error> {
        let document = match &self.private {
            Private::Rsa(pair) => pair.as_der().ok().and_then(|der| SecretDocument::try_from(der.as_ref()).ok()),
            Private::Ed25519(pair) => {
                pair.to_pkcs8v1().ok().and_then(|der| SecretDocument::try_from(der.as_ref()).ok())
            }
        };
        let pem = document.and_then(|it| it.to_pem(PRIVATE, LineEnding::LF).ok()).ok_or_else(unwritten)?;
        Ok(SecretString::from(pem.as_str()))
    }

    /// A token by this key that logs nobody in: it ended in 1970, begins in 9999, and is for nobody. What the server says of it
    /// shows whether it takes the key's signature.
    pub(crate) fn probe(&self) -> Result<String, Error> {
        let algorithm = match self.private {
            Private::Rsa(_) => JwtAlgorithm::Rs256,
            Private::Ed25519(_) => JwtAlgorithm::EdDsa,
        };
        let header = json!({"alg": algorithm.name(), "kid": self.kid.0, "typ": "JWT"});
        let claims = json!({"aud": AUDIENCE, "exp": ENDED, "iat": ENDED, "nbf": BEGINS});
        let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = self.sign(text.as_bytes())?;
        Ok(format!("{text}.{}", BASE64.encode(signature)))
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let signed = match &self.private {
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).map(|()| signature)
            }
            Private::Ed25519(pair) => pair.try_sign(text).map(|signature| signature.as_ref().to_vec()),
        };
        signed.map_err(|_| Error::new(ErrorKind::Unexpected, "", "the new key could not sign [KR-VAULT-071]"))
    }
}

/// What the header of a token says.
#[derive(Deserialize)]
struct Header {
    kid: Option<String>,
}

/// The key that a token says that it was signed by; none if it does not say.
pub(crate) fn signer(token: &SecretString) -> Option<KeyId> {
    let (header, _) = exposed(token).trim().split_once('.')?;
    serde_json::from_slice::<Header>(&BASE64.decode(header).ok()?).ok()?.kid.map(KeyId)
}

fn unwritten() -> Error {
    Error::new(ErrorKind::Unexpected, "", "the key cannot be written; this is a bug: please report it [KR-VAULT-072]")
}

#[expect(clippy::disallowed_methods, reason = "a key is read from its text, and of a token its header")]
fn exposed(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519 as ED25519_SIGNATURE, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use pkcs8::der::Decode;
    use pkcs8::spki::SubjectPublicKeyInfoRef;

    use super::*;

    const BOTH: [JwtAlgorithm; 2] = [JwtAlgorithm::Rs256, JwtAlgorithm::EdDsa];

    #[test]
    fn a_pair_is_read_as_it_was_written() {
        for algorithm in BOTH {
            let pair = Pair::generate(algorithm).unwrap();
            let private = pair.private_pem().unwrap();
            assert!(exposed(&private).starts_with("-----BEGIN PRIVATE KEY-----\n"));
            assert!(exposed(&private).lines().all(|line| line.len() <= 64));
            let read = Pair::from_pem(&private).unwrap();
            let public = pair.public_pem().unwrap();
            assert_eq!((read.kid(), read.public_pem().unwrap()), (pair.kid(), public.clone()));
            assert_eq!(super::super::jwk::kid(&public), *pair.kid());
            assert!(Pair::from_pem(&public.into()).is_none(), "a public half is no pair");
        }
        assert!(Pair::from_pem(&SecretString::from("nothing")).is_none());
    }

    #[test]
    fn a_probe_is_signed_and_has_ended() {
        for algorithm in BOTH {
            let pair = Pair::generate(algorithm).unwrap();
            let probe = pair.probe().unwrap();
            let (text, signature) = probe.rsplit_once('.').unwrap();
            let (header, claims) = text.split_once('.').unwrap();
            let json = |part: &str| serde_json::from_slice::<serde_json::Value>(&BASE64.decode(part).unwrap()).unwrap();
            assert_eq!(
                (&json(header)["alg"], &json(header)["kid"]),
                (&algorithm.name().into(), &pair.kid.0.as_str().into())
            );
            assert_eq!(signer(&SecretString::from(probe.as_str())), Some(pair.kid.clone()));
            assert!(json(claims)["exp"] == 1 && json(claims)["sub"].is_null());
            let info = SubjectPublicKeyInfoRef::from_der(&pair.public).unwrap();
            let bits = info.subject_public_key.as_bytes().unwrap();
            let signature = BASE64.decode(signature).unwrap();
            let verified = match algorithm {
                JwtAlgorithm::Rs256 => {
                    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bits).verify(text.as_bytes(), &signature)
                }
                JwtAlgorithm::EdDsa => {
                    UnparsedPublicKey::new(&ED25519_SIGNATURE, bits).verify(text.as_bytes(), &signature)
                }
            };
            assert!(verified.is_ok(), "{algorithm:?}");
        }
    }
}
