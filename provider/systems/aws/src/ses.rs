use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The password for Amazon SES's SMTP interface in `region` that belongs to a secret access key; the user name is the access key id.
///
/// Signature Version 4 over fixed texts: SES Developer Guide, "Obtaining SES SMTP credentials by converting existing AWS credentials".
#[expect(clippy::disallowed_methods, reason = "the password is computed from the secret and is a secret itself")]
pub(crate) fn smtp_password(secret: &SecretString, region: &str) -> SecretString {
    let mut key = format!("AWS4{}", secret.expose_secret()).into_bytes();
    for part in ["11111111", region, "ses", "aws4_request", "SendRawEmail"] {
        key = sign(&key, part);
    }
    let mut versioned = vec![VERSION];
    versioned.append(&mut key);
    BASE64_STANDARD.encode(versioned).into()
}

const VERSION: u8 = 4;

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    // An HMAC takes a key of any length; an empty result would be a wrong password, never a leak.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut hmac| {
            hmac.update(text.as_bytes());
            hmac.finalize().into_bytes().to_vec()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a published example, no secret")]
    fn the_published_example_is_met() {
        let password = smtp_password(&"some+secret+key".into(), "eu-central-1");
        assert_eq!(password.expose_secret(), "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2");
    }
}
