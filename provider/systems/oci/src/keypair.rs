use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use rotation::{Error, ErrorKind};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// How many bits a key has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyBits {
    /// 2048, the least that OCI takes.
    #[default]
    B2048,
    /// 3072.
    B3072,
    /// 4096.
    B4096,
}

impl KeyBits {
    /// The size with this number of bits; none if it is not offered.
    pub fn new(bits: u32) -> Option<Self> {
        match bits {
            2048 => Some(Self::B2048),
            3072 => Some(Self::B3072),
            4096 => Some(Self::B4096),
            _ => None,
        }
    }
}

/// An RSA key pair: made here, or read from PEM. OCI gets its public half only. Not in any `Debug`.
pub struct Pair {
    rsa: KeyPair,
    public: Vec<u8>,
    fingerprint: String,
}

/// Where key pairs come from. The plugin has [`Generator`]; tests that make hundreds of keys may hand in one that keeps
/// pairs which were generated earlier.
pub trait KeySource: Send + Sync {
    /// A pair that was never given before to anybody who uploads to the same user. Takes a tenth of a second and more: called
    /// where it holds nobody up.
    ///
    /// # Errors
    /// The machine has no randomness.
    fn pair(&self, bits: KeyBits) -> Result<Arc<Pair>, Error>;
}

/// Generates each pair anew, with AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Generator;

impl KeySource for Generator {
    fn pair(&self, bits: KeyBits) -> Result<Arc<Pair>, Error> {
        Pair::generate(bits).map(Arc::new)
    }
}

/// Why a text is no private key that can sign for OCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadKey {
    NotPem,
    NotPrivate,
    NotRsa,
    Unreadable,
    NeedsPassphrase,
    WrongPassphrase,
    OldEncryption,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPem => "is not PEM: it must begin with a line such as -----BEGIN PRIVATE KEY-----",
            Self::NotPrivate => "is not a private key: give the private half of the API key",
            Self::NotRsa => "is not an RSA key, and OCI takes no other",
            Self::Unreadable => "is PEM, but the key in it cannot be read, or has fewer than 2048 bits",
            Self::NeedsPassphrase => "is encrypted, and no passphrase is given",
            Self::WrongPassphrase => "cannot be decrypted with the passphrase that is given",
            Self::OldEncryption => {
                "is encrypted in OpenSSL's old way (Proc-Type), which is not read here: convert it with `openssl pkcs8 -topk8`"
            }
        })
    }
}

impl Pair {
    /// A new pair. Needs processor time: not for a thread that others wait for.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn generate(bits: KeyBits) -> Result<Self, Error> {
        let size = match bits {
            KeyBits::B2048 => KeySize::Rsa2048,
            KeyBits::B3072 => KeySize::Rsa3072,
            KeyBits::B4096 => KeySize::Rsa4096,
        };
        let pair = KeyPair::generate(size).ok().and_then(Self::new);
        pair.ok_or_else(|| Error::new(ErrorKind::Unexpected, "", "no RSA key could be generated on this machine"))
    }

    /// Reads PKCS#8, plain or encrypted, or PKCS#1. What stands before or after the PEM is passed over, such as the line
    /// `OCI_API_KEY` that Oracle's console writes.
    pub(crate) fn from_pem(text: &SecretString, passphrase: Option<&SecretString>) -> Result<Self, BadKey> {
        let pem = Pem::find(exposed(text)).ok_or(BadKey::NotPem)?;
        let read = match pem.label {
            "PRIVATE KEY" => of_pkcs8(&pem.der()?)?,
            "ENCRYPTED PRIVATE KEY" => of_pkcs8(&decrypted(&pem.der()?, passphrase)?)?,
            "RSA PRIVATE KEY" if pem.body.contains("Proc-Type:") => return Err(BadKey::OldEncryption),
            "RSA PRIVATE KEY" => KeyPair::from_der(&pem.der()?).map_err(|_| BadKey::Unreadable)?,
            label if label.ends_with("PRIVATE KEY") => return Err(BadKey::NotRsa),
            _ => return Err(BadKey::NotPrivate),
        };
        Self::new(read).ok_or(BadKey::Unreadable)
    }

    fn new(rsa: KeyPair) -> Option<Self> {
        let public = rsa.public_key().as_der().ok()?.as_ref().to_vec();
        let fingerprint = fingerprint(&public);
        Some(Self { rsa, public, fingerprint })
    }

    /// OCI's name of the key: the MD5 of the public half's DER, as sixteen pairs of digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The public half, as it is uploaded.
    pub(crate) fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public).to_string()
    }

    /// The private half, in PKCS#8.
    pub(crate) fn private_pem(&self) -> Result<SecretString, Error> {
        let der = self.rsa.as_der().map_err(|_| {
            Error::new(ErrorKind::Unexpected, "", "the RSA key cannot be written; this is a bug: please report it")
        })?;
        Ok(SecretString::from(pem("PRIVATE KEY", der.as_ref()).to_string()))
    }

    /// The signature of a text: PKCS#1 version 1.5 with SHA-256.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let signed = self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
        signed.map_err(|_| Error::new(ErrorKind::Unexpected, "", "the request could not be signed"))?;
        Ok(signature)
    }
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

fn of_pkcs8(der: &[u8]) -> Result<KeyPair, BadKey> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| BadKey::Unreadable)?;
    if info.algorithm.oid != RSA {
        return Err(BadKey::NotRsa);
    }
    KeyPair::from_pkcs8(der).map_err(|_| BadKey::Unreadable)
}

fn decrypted(der: &[u8], passphrase: Option<&SecretString>) -> Result<Zeroizing<Vec<u8>>, BadKey> {
    let passphrase = passphrase.ok_or(BadKey::NeedsPassphrase)?;
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| BadKey::Unreadable)?;
    let plain = info.decrypt(exposed(passphrase)).map_err(|_| BadKey::WrongPassphrase)?;
    Ok(Zeroizing::new(plain.as_bytes().to_vec()))
}

/// One PEM block in a text.
struct Pem<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Pem<'a> {
    fn find(text: &'a str) -> Option<Self> {
        let (_, rest) = text.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        Some(Self { label, body })
    }

    fn der(&self) -> Result<Zeroizing<Vec<u8>>, BadKey> {
        let letters = Zeroizing::new(self.body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>());
        BASE64_STANDARD.decode(&*letters).map(Zeroizing::new).map_err(|_| BadKey::Unreadable)
    }
}

fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(BASE64_STANDARD.encode(der));
    let mut pem = Zeroizing::new(String::with_capacity(text.len() * 2));
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

fn fingerprint(public: &[u8]) -> String {
    let pairs: Vec<_> = Md5::digest(public).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

#[expect(clippy::disallowed_methods, reason = "a key is read from its text")]
fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

#[cfg(test)]
mod tests;
