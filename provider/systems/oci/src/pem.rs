//! Private keys as people have them: PEM in a file or a variable, plain or encrypted, and what stands there by mistake.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pkcs8::der::asn1::{AnyRef, OctetStringRef, UintRef};
use pkcs8::der::{Decode, Reader, SliceReader, Tag, Tagged};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef, pkcs5};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Why a text is no private key that can sign for OCI. Nothing of the text is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadKey {
    NotPem,
    CutOff,
    /// It is something else.
    Other(Other),
    NotRsa,
    Damaged,
    /// It has this many bits.
    Bits(u32),
    NeedsPassphrase,
    WrongPassphrase,
    /// It is encrypted in a way that is not read here.
    Cipher(Cipher),
}

/// What stands where a private key should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    PublicKey,
    Certificate,
    OpenSsh,
    Putty,
    Unknown,
}

/// A way to encrypt a key, as OpenSSL calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cipher {
    name: String,
    /// Whether OpenSSL 3 reads it with its provider `legacy` only.
    legacy: bool,
}

/// The sizes of keys that can be read.
const BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPem => {
                f.write_str("is not PEM: a line such as -----BEGIN PRIVATE KEY----- must be in it [KR-OCI-037]")
            }
            Self::CutOff => {
                f.write_str("is cut off: PEM has a line -----BEGIN …----- and one -----END …----- [KR-OCI-038]")
            }
            Self::Other(other) => write!(f, "{other}"),
            Self::NotRsa => f.write_str("is not an RSA key, and OCI takes no other [KR-OCI-039]"),
            Self::Damaged => f.write_str(
                "is PEM, but the RSA key in it is damaged: check that its whole text was copied [KR-OCI-040]",
            ),
            Self::Bits(bits) if bits < BITS.start() => {
                write!(f, "has {bits} bits: OCI requires {} or more [KR-OCI-041]", BITS.start())
            }
            Self::Bits(bits) => {
                write!(f, "has {bits} bits: the plugin reads keys of up to {} [KR-OCI-042]", BITS.end())
            }
            Self::NeedsPassphrase => f.write_str("is encrypted, and no passphrase is given [KR-OCI-043]"),
            Self::WrongPassphrase => f.write_str("cannot be decrypted with the passphrase that is given [KR-OCI-044]"),
            Self::Cipher(cipher) => write!(
                f,
                "is encrypted with {}, which the plugin does not read: convert the key with `{}`{} [KR-OCI-045]",
                cipher.name,
                cipher.command(),
                if cipher.legacy { "; with OpenSSL 1 leave out both providers" } else { "" }
            ),
        }
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicKey => "is a public key: give the private half of the API key [KR-OCI-046]",
            Self::Certificate => "is a certificate: give the private half of the API key [KR-OCI-047]",
            Self::OpenSsh => {
                "is a key in OpenSSH's own format: convert a copy of it with `ssh-keygen -p -m PEM -f COPY`, which changes that file [KR-OCI-048]"
            }
            Self::Putty => "is a key in PuTTY's format: export it from PuTTYgen in OpenSSL's format [KR-OCI-049]",
            Self::Unknown => "is not a private key: give the private half of the API key [KR-OCI-050]",
        })
    }
}

impl Cipher {
    /// The command that makes PKCS#8 with AES-256 of it.
    fn command(&self) -> String {
        let providers = if self.legacy { " -provider legacy -provider default" } else { "" };
        format!("openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem{providers}")
    }
}

/// A private key's DER.
pub(crate) enum Der {
    Pkcs8(Zeroizing<Vec<u8>>),
    Pkcs1(Zeroizing<Vec<u8>>),
}

/// Finds the private key in a text. What stands before and after it is passed over, such as the line `OCI_API_KEY` that Oracle's
/// console writes; ends of lines may be written as `\n`, as in JSON and in variables.
pub(crate) fn private_key(text: &SecretString, passphrase: Option<&SecretString>) -> Result<Der, BadKey> {
    let text = Zeroizing::new(exposed(text).replace("\\r", "").replace("\\n", "\n"));
    let pem = Pem::find(&text)?;
    match pem.label {
        "PRIVATE KEY" => of_pkcs8(pem.der()?),
        "ENCRYPTED PRIVATE KEY" => of_pkcs8(decrypted(&pem.der()?, passphrase)?),
        "RSA PRIVATE KEY" => match pem.cipher() {
            Some(cipher) => Err(BadKey::Cipher(cipher)),
            None => Ok(Der::Pkcs1(pem.der()?)),
        },
        "OPENSSH PRIVATE KEY" => Err(BadKey::Other(Other::OpenSsh)),
        _ => Err(BadKey::NotRsa),
    }
}

impl Der {
    /// Why AWS-LC does not take this key.
    pub(crate) fn refusal(&self) -> BadKey {
        let bits = match self {
            Self::Pkcs1(der) => bits(der),
            Self::Pkcs8(der) => {
                PrivateKeyInfoRef::try_from(der.as_slice()).ok().and_then(|key| bits(key.private_key.as_bytes()))
            }
        };
        bits.filter(|bits| !BITS.contains(bits)).map_or(BadKey::Damaged, BadKey::Bits)
    }
}

/// The bits of the modulus in an `RSAPrivateKey`.
fn bits(der: &[u8]) -> Option<u32> {
    let key = AnyRef::from_der(der).ok()?;
    let mut fields = SliceReader::new(key.value()).ok()?;
    fields.decode::<u8>().ok()?;
    let modulus = fields.decode::<UintRef<'_>>().ok()?;
    let first = modulus.as_bytes().first()?;
    Some(u32::try_from(modulus.as_bytes().len()).ok()? * 8 - first.leading_zeros())
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

fn of_pkcs8(der: Zeroizing<Vec<u8>>) -> Result<Der, BadKey> {
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| BadKey::Damaged)?;
    if info.algorithm.oid == RSA { Ok(Der::Pkcs8(der)) } else { Err(BadKey::NotRsa) }
}

fn decrypted(der: &[u8], passphrase: Option<&SecretString>) -> Result<Zeroizing<Vec<u8>>, BadKey> {
    let unreadable = || cipher_of(der).map_or(BadKey::Damaged, BadKey::Cipher);
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unreadable())?;
    if info.encryption_algorithm.pbes1().is_some() {
        return Err(unreadable());
    }
    let passphrase = passphrase.ok_or(BadKey::NeedsPassphrase)?;
    let plain = info.decrypt(exposed(passphrase)).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) => BadKey::WrongPassphrase,
        pkcs8::Error::EncryptedPrivateKey(_) => unreadable(),
        // The padding fitted by chance.
        _ => BadKey::WrongPassphrase,
    })?;
    let plain = Zeroizing::new(plain.as_bytes().to_vec());
    match PrivateKeyInfoRef::try_from(plain.as_slice()) {
        Ok(_) => Ok(plain),
        Err(_) => Err(BadKey::WrongPassphrase),
    }
}

/// Ways to encrypt PKCS#8 by their object identifiers: OpenSSL's name, and whether OpenSSL 3 counts it among the legacy ones.
const CIPHERS: [(&str, &str, bool); 12] = [
    ("1.2.840.113549.1.5.1", "PBE-MD2-DES", true),
    ("1.2.840.113549.1.5.3", "PBE-MD5-DES", true),
    ("1.2.840.113549.1.5.4", "PBE-MD2-RC2-64", true),
    ("1.2.840.113549.1.5.6", "PBE-MD5-RC2-64", true),
    ("1.2.840.113549.1.5.10", "PBE-SHA1-DES", true),
    ("1.2.840.113549.1.5.11", "PBE-SHA1-RC2-64", true),
    ("1.2.840.113549.1.12.1.1", "PBE-SHA1-RC4-128", true),
    ("1.2.840.113549.1.12.1.2", "PBE-SHA1-RC4-40", true),
    ("1.2.840.113549.1.12.1.3", "PBE-SHA1-3DES", false),
    ("1.2.840.113549.1.12.1.4", "PBE-SHA1-2DES", false),
    ("1.2.840.113549.1.12.1.5", "PBE-SHA1-RC2-128", true),
    ("1.2.840.113549.1.12.1.6", "PBE-SHA1-RC2-40", true),
];

/// What PBES2 is made of, where it is not read here.
const PARTS: [(&str, &str, bool); 9] = [
    ("1.2.840.113549.3.2", "RC2", true),
    ("1.2.840.113549.2.6", "hmacWithMD5", false),
    ("1.2.392.200011.61.1.1.1.2", "CAMELLIA-128", false),
    ("1.2.392.200011.61.1.1.1.3", "CAMELLIA-192", false),
    ("1.2.392.200011.61.1.1.1.4", "CAMELLIA-256", false),
    ("1.2.410.200046.1.1.2", "ARIA-128", false),
    ("1.2.410.200046.1.1.7", "ARIA-192", false),
    ("1.2.410.200046.1.1.12", "ARIA-256", false),
    ("1.2.410.200004.1.4", "SEED", true),
];

/// How a PKCS#8 key is encrypted; none if that cannot be read.
fn cipher_of(der: &[u8]) -> Option<Cipher> {
    let info = AnyRef::from_der(der).ok()?;
    let mut fields = SliceReader::new(info.value()).ok()?;
    let algorithm: AlgorithmIdentifierRef<'_> = fields.decode().ok()?;
    fields.decode::<&OctetStringRef>().ok()?;
    let oid = algorithm.oid.to_string();
    if let Some((_, name, legacy)) = CIPHERS.into_iter().find(|(known, ..)| *known == oid) {
        return Some(Cipher { name: name.to_owned(), legacy });
    }
    if algorithm.oid != pkcs5::pbes2::PBES2_OID {
        return Some(Cipher { name: format!("the algorithm {oid}"), legacy: false });
    }
    let text = algorithm.parameters.map(|parameters| identifiers(parameters.value())).unwrap_or_default();
    let odd: Vec<_> = PARTS.into_iter().filter(|(known, ..)| text.iter().any(|oid| oid == known)).collect();
    let names: Vec<_> = odd.iter().map(|(_, name, _)| *name).collect();
    let name = if names.is_empty() { text.join(", ") } else { names.join(" and ") };
    Some(Cipher { name: format!("PBES2 ({name})"), legacy: odd.iter().any(|(.., legacy)| *legacy) })
}

/// All object identifiers in a sequence, however deep.
fn identifiers(der: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(mut fields) = SliceReader::new(der) else { return found };
    while let Ok(field) = fields.decode::<AnyRef<'_>>() {
        match field.decode_as::<ObjectIdentifier>() {
            Ok(oid) => found.push(oid.to_string()),
            Err(_) if field.tag() == Tag::Sequence => found.extend(identifiers(field.value())),
            Err(_) => {}
        }
    }
    found
}

/// One PEM block in a text.
struct Pem<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Pem<'a> {
    /// The first private key, whatever else is in the text.
    fn find(text: &'a str) -> Result<Self, BadKey> {
        let mut labels = text.split("-----BEGIN ").skip(1).filter_map(|rest| rest.split_once("-----"));
        let Some((label, rest)) = labels.clone().find(|(label, _)| label.ends_with("PRIVATE KEY")) else {
            return Err(match labels.next() {
                Some((label, _)) if label.ends_with("PUBLIC KEY") => BadKey::Other(Other::PublicKey),
                Some((label, _)) if label.ends_with("CERTIFICATE") => BadKey::Other(Other::Certificate),
                Some(_) => BadKey::Other(Other::Unknown),
                None => without_pem(text),
            });
        };
        let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or(BadKey::CutOff)?;
        Ok(Self { label, body })
    }

    /// The cipher that OpenSSL's traditional form names.
    fn cipher(&self) -> Option<Cipher> {
        self.body.contains("Proc-Type:").then(|| {
            let name = self.body.split_once("DEK-Info:").map_or("", |(_, rest)| rest);
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let name: String = name.trim_start().chars().take_while(|c| plain(*c)).take(32).collect();
            let old = ["DES-CBC", "DES-CFB", "DES-OFB", "DES-ECB", "RC2", "RC4", "RC5", "IDEA", "SEED", "BF", "CAST"];
            let legacy = old.iter().any(|old| name.starts_with(old));
            Cipher { name: format!("{name} in OpenSSL's traditional form (DEK-Info)"), legacy }
        })
    }

    fn der(&self) -> Result<Zeroizing<Vec<u8>>, BadKey> {
        let letters = Zeroizing::new(self.body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>());
        BASE64_STANDARD.decode(&*letters).map(Zeroizing::new).map_err(|_| BadKey::Damaged)
    }
}

/// What a text is that has no line -----BEGIN …-----.
fn without_pem(text: &str) -> BadKey {
    let text = text.trim_start();
    match text {
        _ if text.starts_with("ssh-") || text.starts_with("ecdsa-") => BadKey::Other(Other::PublicKey),
        _ if text.starts_with("PuTTY-User-Key-File") => BadKey::Other(Other::Putty),
        _ if text.contains("-----END ") || text.contains("-----BEGIN") => BadKey::CutOff,
        _ => BadKey::NotPem,
    }
}

#[expect(clippy::disallowed_methods, reason = "a key is read from its text")]
fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

#[cfg(test)]
mod tests;
