use super::*;
use crate::keypair::Pair;

/// As OpenSSL 3.0 made them for this test: one key in each form, and things that are no key. They guard nothing.
const PKCS8: &str = include_str!("../keypair/tests/pkcs8.pem");
const PKCS1: &str = include_str!("../keypair/tests/pkcs1.pem");
const ENCRYPTED: &str = include_str!("../keypair/tests/encrypted.pem");
const DEK_AES: &str = include_str!("../keypair/tests/old.pem");
const ELLIPTIC: &str = include_str!("../keypair/tests/elliptic.pem");
const PUBLIC: &str = include_str!("../keypair/tests/public.pem");
const FINGERPRINT: &str = include_str!("../keypair/tests/fingerprint");
const PBES2_3DES_SHA1: &str = include_str!("tests/pbes2_3des_sha1.pem");
const PBES2_DES_SHA1: &str = include_str!("tests/pbes2_des_sha1.pem");
const PBES2_RC2: &str = include_str!("tests/pbes2_rc2.pem");
const PBES2_MD5: &str = include_str!("tests/pbes2_md5.pem");
const PBE_MD5_DES: &str = include_str!("tests/pbe_md5_des.pem");
const PBE_SHA1_3DES: &str = include_str!("tests/pbe_sha1_3des.pem");
const DEK_3DES: &str = include_str!("tests/dek_3des.pem");
const DEK_DES: &str = include_str!("tests/dek_des.pem");
const SMALL: &str = include_str!("tests/small.pem");
const CERTIFICATE: &str = include_str!("tests/certificate.pem");
const PASSPHRASE: &str = "for this test";

fn read(text: &str, passphrase: Option<&str>) -> Result<String, BadKey> {
    let pair = Pair::from_pem(&text.into(), passphrase.map(SecretString::from).as_ref())?;
    Ok(pair.fingerprint().to_owned())
}

fn bad(text: &str, passphrase: Option<&str>) -> BadKey {
    read(text, passphrase).err().unwrap()
}

fn is_read(text: &str, passphrase: Option<&str>) {
    assert_eq!(read(text, passphrase).as_deref(), Ok(FINGERPRINT.trim()), "{text}");
}

#[test]
fn official_b2_what_stands_around_the_key_is_passed_over() {
    for (text, passphrase) in [(PKCS8, None), (ENCRYPTED, Some(PASSPHRASE))] {
        for tail in ["OCI_API_KEY", "OCI_PRIVATE_KEY\n", "\r\n\r\nOCI_API_KEY"] {
            is_read(&format!("# mine\n{text}{tail}"), passphrase);
        }
        for head in
            ["Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n", CERTIFICATE, PUBLIC, "\u{feff}"]
        {
            is_read(&format!("{head}{text}"), passphrase);
        }
    }
    is_read(&PKCS1.replace('\n', "\r\n"), None);
}

#[test]
fn official_b2_ends_of_lines_may_be_written_out() {
    for (text, passphrase) in [(PKCS8, None), (PKCS1, None), (ENCRYPTED, Some(PASSPHRASE))] {
        is_read(&text.replace('\n', "\\n"), passphrase);
        is_read(&format!("\"{}\"", text.replace('\n', "\\r\\n")), passphrase);
        is_read(&text.replace('\n', " "), passphrase);
    }
    assert!(matches!(bad(&DEK_3DES.replace('\n', "\\n"), None), BadKey::Cipher(_)));
}

#[test]
fn official_b2_old_pbes2_is_decrypted() {
    for text in [PBES2_3DES_SHA1, PBES2_DES_SHA1] {
        is_read(text, Some(PASSPHRASE));
        assert_eq!(bad(text, None), BadKey::NeedsPassphrase);
        assert_eq!(bad(text, Some("another")), BadKey::WrongPassphrase);
    }
}

#[test]
fn official_b2_a_cipher_that_is_not_read_is_named_with_the_command_that_converts() {
    let command = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem";
    for (text, name, legacy) in [
        (DEK_AES, "AES-256-CBC", false),
        (DEK_3DES, "DES-EDE3-CBC", false),
        (DEK_DES, "DES-CBC", true),
        (PBE_MD5_DES, "PBE-MD5-DES", true),
        (PBE_SHA1_3DES, "PBE-SHA1-3DES", false),
        (PBES2_RC2, "RC2", true),
        (PBES2_MD5, "hmacWithMD5", false),
    ] {
        for passphrase in [None, Some(PASSPHRASE), Some("another")] {
            let message = bad(text, passphrase).to_string();
            assert!(message.contains(name) && message.contains(command), "{message}");
            assert_eq!(message.contains("-provider legacy"), legacy, "{message}");
            assert!(!message.contains("passphrase") && !message.contains("bits"), "{message}");
        }
    }
}

#[test]
fn official_b2_what_is_no_private_key_is_said_to_be_that() {
    let end = PKCS8.find("-----END").unwrap();
    for (text, other) in [
        (PUBLIC, BadKey::Other(Other::PublicKey)),
        ("ssh-rsa AAAA me@host", BadKey::Other(Other::PublicKey)),
        (CERTIFICATE, BadKey::Other(Other::Certificate)),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAA==\n-----END OPENSSH PRIVATE KEY-----", BadKey::Other(Other::OpenSsh)),
        ("PuTTY-User-Key-File-3: ssh-rsa", BadKey::Other(Other::Putty)),
        ("-----BEGIN PKCS7-----\nAA==\n-----END PKCS7-----", BadKey::Other(Other::Unknown)),
        (ELLIPTIC, BadKey::NotRsa),
        ("-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----", BadKey::NotRsa),
        ("", BadKey::NotPem),
        ("~/.oci/key.pem", BadKey::NotPem),
        (&PKCS8[..end], BadKey::CutOff),
        (&PKCS8[40..], BadKey::CutOff),
    ] {
        for passphrase in [None, Some(PASSPHRASE)] {
            assert_eq!(bad(text, passphrase), other, "{text}");
        }
        let message = other.to_string();
        assert!(!message.contains("passphrase") && !message.contains("bits"), "{message}");
    }
}

#[test]
fn official_b2_size_and_passphrase_are_named_only_if_they_are_at_fault() {
    assert_eq!(bad(SMALL, None), BadKey::Bits(1024));
    assert!(bad(SMALL, None).to_string().contains("1024 bits: OCI requires 2048"));
    let (begin, end) = PKCS8.split_at(200);
    let damaged = bad(&format!("{begin}{}", &end[64..]), None);
    assert_eq!(damaged, BadKey::Damaged);
    assert!(!damaged.to_string().contains("bits"));
    assert_eq!(bad(&PKCS1.replacen('M', "N", 1), None), BadKey::Damaged);
    assert_eq!(bad(ENCRYPTED, None), BadKey::NeedsPassphrase);
    assert_eq!(bad(ENCRYPTED, Some("another")), BadKey::WrongPassphrase);
}
