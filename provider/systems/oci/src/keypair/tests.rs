use super::*;

/// As OpenSSL made them for this test: the same key in each form, with this fingerprint. They guard nothing.
const PKCS8: &str = include_str!("tests/pkcs8.pem");
const PKCS1: &str = include_str!("tests/pkcs1.pem");
const ENCRYPTED: &str = include_str!("tests/encrypted.pem");
const OLD: &str = include_str!("tests/old.pem");
const ELLIPTIC: &str = include_str!("tests/elliptic.pem");
const PUBLIC: &str = include_str!("tests/public.pem");
const FINGERPRINT: &str = include_str!("tests/fingerprint");
const PASSPHRASE: &str = "for this test";

fn read(text: &str, passphrase: Option<&str>) -> Result<Pair, BadKey> {
    Pair::from_pem(&text.into(), passphrase.map(SecretString::from).as_ref())
}

fn bad(text: &str, passphrase: Option<&str>) -> BadKey {
    read(text, passphrase).err().unwrap()
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
fn what_stands_around_the_key_is_passed_over() {
    for tail in ["OCI_API_KEY", "OCI_PRIVATE_KEY\n", "\r\n\r\nOCI_API_KEY"] {
        for (text, passphrase) in [(PKCS8, None), (ENCRYPTED, Some(PASSPHRASE))] {
            assert!(read(&format!("# mine\n{text}{tail}"), passphrase).is_ok(), "{tail}");
        }
    }
    assert!(read(&PKCS1.replace('\n', "\r\n"), None).is_ok());
}

#[test]
fn what_is_no_key_for_oci_is_told_apart() {
    assert_eq!(bad("", None), BadKey::NotPem);
    assert_eq!(bad("ssh-rsa AAAA", None), BadKey::NotPem);
    assert_eq!(bad(PUBLIC, None), BadKey::NotPrivate);
    assert_eq!(bad(ELLIPTIC, None), BadKey::NotRsa);
    assert_eq!(bad("-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----", None), BadKey::NotRsa);
    assert_eq!(bad(ENCRYPTED, None), BadKey::NeedsPassphrase);
    assert_eq!(bad(ENCRYPTED, Some("another")), BadKey::WrongPassphrase);
    assert_eq!(bad(OLD, Some(PASSPHRASE)), BadKey::OldEncryption);
    let (begin, end) = PKCS8.split_at(200);
    assert_eq!(bad(&format!("{begin}{}", &end[64..]), None), BadKey::Unreadable);
    assert_eq!(bad(begin, None), BadKey::NotPem);
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
