//! What the engine keeps of a stack, with every value that it encrypted in clear: the state, its history and backups, event logs and plans.

use std::num::NonZeroU32;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::leak::Secrets;

/// Pulumi's encryption by a passphrase: `v1:NONCE:TEXT` in base64, with a key of the passphrase and the salt that the stack's settings hold.
pub(crate) struct Passphrase {
    key: LessSafeKey,
}

const ROUNDS: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();

impl Passphrase {
    /// The key of the stack with these settings, proven by what they hold encrypted.
    pub(crate) fn of(settings: &str, passphrase: &str) -> Result<Self> {
        let line = settings.lines().find_map(|line| line.strip_prefix("encryptionsalt: "));
        let line = line.context("the stack's settings hold no salt")?.trim();
        let salt = line.split(':').nth(1).context("the salt is not in the known form")?;
        let mut key = [0; 32];
        derive(PBKDF2_HMAC_SHA256, ROUNDS, &STANDARD.decode(salt)?, passphrase.as_bytes(), &mut key);
        let key = UnboundKey::new(&AES_256_GCM, &key).ok().context("no key of this length")?;
        let opener = Self { key: LessSafeKey::new(key) };
        let proof = line.splitn(3, ':').nth(2).and_then(|proof| opener.open(proof));
        ensure!(proof.as_deref() == Some(&b"pulumi"[..]), "the passphrase does not open what the settings hold");
        Ok(opener)
    }

    fn open(&self, text: &str) -> Option<Vec<u8>> {
        let (nonce, sealed) = text.strip_prefix("v1:")?.split_once(':')?;
        let nonce = Nonce::try_assume_unique_for_key(&STANDARD.decode(nonce).ok()?).ok()?;
        let mut bytes = STANDARD.decode(sealed).ok()?;
        Some(self.key.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?.to_vec())
    }

    /// Everything that a text holds encrypted.
    pub(crate) fn opened(&self, text: &str) -> Vec<Vec<u8>> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+/=:".contains(letter);
        let sealed = text.match_indices("v1:").filter_map(|(at, _)| {
            let rest = &text[at..];
            self.open(&rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())])
        });
        sealed.collect()
    }
}

/// The places of files that hold one of these secrets, plainly or encrypted, and how many encrypted values were opened.
pub(crate) fn holders(files: &[(String, Vec<u8>)], by: &Passphrase, secrets: &Secrets) -> (Vec<String>, usize) {
    let (mut places, mut opened) = (Vec::new(), 0);
    for (place, bytes) in files {
        let inner = by.opened(&String::from_utf8_lossy(bytes));
        opened += inner.len();
        if inner.iter().chain([bytes]).any(|text| secrets.absent_from_text(place, text).is_err()) {
            places.push(place.clone());
        }
    }
    (places, opened)
}
