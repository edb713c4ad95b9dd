use super::*;

/// As OpenSSL made them for this test: the same key in each form, with this fingerprint. They guard nothing.
const PKCS8: &str = include_str!("tests/pkcs8.pem");
const PKCS1: &str = include_str!("tests/pkcs1.pem");
const ENCRYPTED: &str = include_str!("tests/encrypted.pem");
const PUBLIC: &str = include_str!("tests/public.pem");
const FINGERPRINT: &str = include_str!("tests/fingerprint");
const PASSPHRASE: &str = "for this test";

fn read(text: &str, passphrase: Option<&str>) -> Result<Pair, BadKey> {
    Pair::from_pem(&text.into(), passphrase.map(SecretString::from).as_ref())
}

#[test]
fn openssl_and_this_agree_on_fingerprint_and_public_half() {
    for (text, passphrase) in [(PKCS8, None), (PKCS1, None), (ENCRYPTED, Some(PASSPHRASE))] {
        let pair = read(text, passphrase).unwrap();
        assert_eq!(pair.fingerprint(), FINGERPRINT.trim());
        assert_eq!(pair.public_pem(), PUBLIC);
    }
    let written = read(PKCS8, None).unwrap().private_pem().unwrap();
    assert_eq!(exposed(&written), PKCS8);
}

#[test]
fn a_generated_key_is_read_back_as_itself() {
    let (one, two) = (Pair::generate(KeyBits::B2048).unwrap(), Pair::generate(KeyBits::B2048).unwrap());
    assert_ne!(one.fingerprint(), two.fingerprint());
    let back = Pair::from_pem(&one.private_pem().unwrap(), None).unwrap();
    assert_eq!((back.fingerprint(), back.public_pem()), (one.fingerprint(), one.public_pem()));
    assert_eq!(one.sign(b"text").unwrap(), back.sign(b"text").unwrap());
}

#[test]
fn a_key_has_as_many_bits_as_asked() {
    for (bits, bytes) in [(2048, 256), (3072, 384)] {
        let pair = Pair::generate(KeyBits::new(bits).unwrap()).unwrap();
        assert_eq!(pair.sign(b"").unwrap().len(), bytes);
    }
    assert_eq!(KeyBits::new(4096), Some(KeyBits::B4096));
    assert_eq!((KeyBits::new(1024), KeyBits::new(0)), (None, None));
}

#[expect(clippy::disallowed_methods, reason = "a key that the test wrote is compared")]
fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}
