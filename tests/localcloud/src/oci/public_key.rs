//! RSA public keys, as they are uploaded and as they check signatures.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, PublicEncryptingKey, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

use crate::random::Random;

/// An RSA public key of 2048 bits or more.
#[derive(Clone)]
pub(super) struct PublicKey {
    /// Its SubjectPublicKeyInfo.
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads a PEM of the form `-----BEGIN PUBLIC KEY-----`.
    pub(super) fn parse(pem: &str) -> Result<Self, &'static str> {
        let der =
            SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| "it is not a public key in PEM")?;
        // Fewer than 2048 bits are refused here, and so are other kinds of keys.
        PublicEncryptingKey::from_der(&der).map_err(|_| "it is not an RSA key of at least 2048 bits")?;
        Ok(Self { der: der.to_vec() })
    }

    /// The public half of a private key in PKCS#8.
    pub(super) fn of_private(pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        let der = pair.public_key().as_der().ok()?;
        Some(Self { der: der.as_ref().to_vec() })
    }

    /// A key that nobody can sign with: its modulus is made up, so nobody knows its factors.
    pub(super) fn without_private_half(random: &mut Random) -> Option<Self> {
        let mut modulus = random.bytes(256);
        *modulus.first_mut()? |= 0x80;
        *modulus.last_mut()? |= 1;
        let components = PublicKeyComponents { n: modulus, e: vec![1, 0, 1] };
        let der = components.as_der().ok()?;
        Some(Self { der: der.as_ref().to_vec() })
    }

    /// The MD5 of the key's DER, as sixteen pairs of digits.
    pub(super) fn fingerprint(&self) -> String {
        let pairs = Md5::digest(&self.der).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        pairs.join(":")
    }

    pub(super) fn pem(&self) -> String {
        let text = BASE64_STANDARD.encode(&self.der);
        let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// Whether this is the key's signature of `message`: PKCS#1 version 1.5 with SHA-256.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.der);
        key.verify(message, signature).is_ok()
    }
}
