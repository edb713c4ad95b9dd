//! Public keys as JSON Web Keys, and their names.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Decode, Document, Reader, SliceReader};
use pkcs8::spki::SubjectPublicKeyInfoRef;
use rotation::KeyId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An algorithm of JSON Web Signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(extend("x-module" = "vault"))]
pub enum JwtAlgorithm {
    /// RSA with 2048 bits, PKCS#1 version 1.5 and SHA-256.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl JwtAlgorithm {
    /// Its name in the header of a token and in `jwt_supported_algs`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The label of a public key in PEM.
pub(crate) const PUBLIC: &str = "PUBLIC KEY";

/// The members of a JWK that RFC 7638, section 3, takes.
type Members = BTreeMap<&'static str, String>;

/// The name of a public key in PEM: the thumbprint by RFC 7638 of an RSA or Ed25519 key, and else, or of a text that is no such
/// PEM, its SHA-256.
pub(crate) fn kid(pem: &str) -> KeyId {
    let found = document(pem).and_then(|document| thumbprint(document.as_bytes()));
    KeyId(found.unwrap_or_else(|| format!("sha256-{}", BASE64.encode(Sha256::digest(pem.trim())))))
}

/// The set of these public keys (RFC 7517, section 5), each with the name that tokens carry. What is no key is left out.
pub(crate) fn set<'a>(pems: impl Iterator<Item = &'a str>) -> String {
    let keys: Vec<_> = pems.filter_map(jwk).collect();
    json!({ "keys": keys }).to_string()
}

fn jwk(pem: &str) -> Option<Value> {
    let document = document(pem)?;
    let (algorithm, members) = members(document.as_bytes())?;
    let mut jwk = json!(members);
    let told = [("kid", kid(pem).0), ("use", "sig".to_owned()), ("alg", algorithm.name().to_owned())];
    jwk.as_object_mut()?.extend(told.map(|(name, value)| (name.to_owned(), value.into())));
    Some(jwk)
}

fn document(pem: &str) -> Option<Document> {
    let (label, document) = Document::from_pem(pem.trim()).ok()?;
    (label == PUBLIC).then_some(document)
}

/// RFC 7638, section 3: SHA-256 over the required members of the JWK, in the order of their names and without spaces.
pub(crate) fn thumbprint(public: &[u8]) -> Option<String> {
    let (_, members) = members(public)?;
    Some(BASE64.encode(Sha256::digest(json!(members).to_string())))
}

fn members(public: &[u8]) -> Option<(JwtAlgorithm, Members)> {
    let info = SubjectPublicKeyInfoRef::from_der(public).ok()?;
    let bits = info.subject_public_key.as_bytes()?;
    match info.algorithm.oid {
        ED25519 => {
            let x = BASE64.encode(bits);
            let members = [("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", x)];
            Some((JwtAlgorithm::EdDsa, members.into()))
        }
        RSA => {
            let pair: Result<_, pkcs8::der::Error> = SliceReader::new(bits)
                .and_then(|mut reader| reader.sequence(|it| Ok((UintRef::decode(it)?, UintRef::decode(it)?))));
            let (n, e) = pair.ok()?;
            let (n, e) = (BASE64.encode(n.as_bytes()), BASE64.encode(e.as_bytes()));
            Some((JwtAlgorithm::Rs256, [("e", e), ("kty", "RSA".to_owned()), ("n", n)].into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::keypair::Pair;
    use super::*;

    /// The key and the thumbprint of RFC 7638, section 3.1, and of RFC 8037, appendix A.3.
    #[test]
    fn thumbprints_are_those_of_the_standards() {
        const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let mut rsa = vec![0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d];
        rsa.extend([0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a]);
        rsa.extend([0x02, 0x82, 0x01, 0x01, 0x00]);
        rsa.extend(BASE64.decode(N).unwrap());
        rsa.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
        assert_eq!(thumbprint(&rsa).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let mut edwards = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        edwards.extend(BASE64.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap());
        assert_eq!(thumbprint(&edwards).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn what_is_no_key_of_these_kinds_has_a_name_too() {
        let (one, two) = (kid("something"), kid("something else"));
        assert!(one != two && one.0.starts_with("sha256-"), "{one}");
        assert_eq!(kid("something\n"), one);
    }

    #[test]
    fn a_set_has_the_names_that_tokens_carry() {
        let pairs = [JwtAlgorithm::Rs256, JwtAlgorithm::EdDsa].map(|algorithm| Pair::generate(algorithm).unwrap());
        let pems: Vec<_> = pairs.iter().map(|pair| pair.public_pem().unwrap()).collect();
        let set: Value = serde_json::from_str(&set(pems.iter().map(String::as_str).chain([""]))).unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        for (key, (pair, algorithm)) in keys.iter().zip(pairs.iter().zip(["RS256", "EdDSA"])) {
            assert!(key["kid"] == pair.kid().0.as_str() && key["alg"] == algorithm && key["use"] == "sig", "{key}");
        }
        assert!(keys[0]["kty"] == "RSA" && keys[0]["e"] == "AQAB" && keys[1]["crv"] == "Ed25519");
        assert!(keys.iter().all(|key| key.get("d").is_none()));
        assert_eq!(super::set([].into_iter()), r#"{"keys":[]}"#);
    }
}
