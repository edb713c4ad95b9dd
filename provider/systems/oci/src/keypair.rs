use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use rotation::{Error, ErrorKind};
use secrecy::SecretString;
use zeroize::Zeroizing;

pub(crate) use crate::pem::BadKey;
use crate::pem::{Der, private_key};

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
        pair.ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "", "no RSA key could be generated on this machine [KR-OCI-031]")
        })
    }

    /// Reads a private key in PEM, as the settings give it.
    ///
    /// # Errors
    /// Why it is none that can sign for OCI, and what to do.
    pub fn read(text: &SecretString, passphrase: Option<&SecretString>) -> Result<Self, Error> {
        let wrong = |bad: BadKey| Error::new(ErrorKind::Invalid, "", format!("the private key {bad}"));
        Self::from_pem(text, passphrase).map_err(wrong)
    }

    /// Reads a private key in PEM: PKCS#8, plain or encrypted, or PKCS#1.
    pub(crate) fn from_pem(text: &SecretString, passphrase: Option<&SecretString>) -> Result<Self, BadKey> {
        let der = private_key(text, passphrase)?;
        let read = match &der {
            Der::Pkcs8(der) => KeyPair::from_pkcs8(der),
            Der::Pkcs1(der) => KeyPair::from_der(der),
        };
        read.ok().and_then(Self::new).ok_or_else(|| der.refusal())
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
            Error::new(
                ErrorKind::Unexpected,
                "",
                "the RSA key cannot be written; this is a bug: please report it [KR-OCI-032]",
            )
        })?;
        Ok(SecretString::from(pem("PRIVATE KEY", der.as_ref()).to_string()))
    }

    /// The signature of a text: PKCS#1 version 1.5 with SHA-256.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let signed = self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
        signed.map_err(|_| Error::new(ErrorKind::Unexpected, "", "the request could not be signed [KR-OCI-033]"))?;
        Ok(signature)
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

#[cfg(test)]
mod tests;
