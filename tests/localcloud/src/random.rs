//! Ids and secrets that look random and come out the same for the same seed and starting time.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A generator whose whole output follows from its seed. Good enough for a stand-in whose secrets
/// guard nothing, and replayable.
pub(crate) struct Random {
    state: Hmac<Sha256>,
    drawn: u64,
}

impl Random {
    pub(crate) fn new(seed: u64, start: Timestamp) -> Self {
        let mut key = [0; 24];
        key[..8].copy_from_slice(&seed.to_be_bytes());
        key[8..].copy_from_slice(&start.as_nanosecond().to_be_bytes());
        Self { state: Hmac::new(&hmac_key(&key)), drawn: 0 }
    }

    /// The same with a name: nothing that it gives occurs in what one with another name gives.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.state.update(name.as_bytes());
        self
    }

    /// Another generator, whose output does not depend on how often this one is used later.
    pub(crate) fn split(&mut self) -> Self {
        Self { state: Hmac::new(&hmac_key(&self.block())), drawn: 0 }
    }

    /// `length` capital letters and digits.
    pub(crate) fn base32(&mut self, length: usize) -> String {
        self.text(BASE32, length)
    }

    /// `length` characters of the base64 alphabet, `/` and `+` among them.
    pub(crate) fn base64(&mut self, length: usize) -> String {
        self.text(BASE64, length)
    }

    /// Text in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = hex::encode(self.block());
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    // Both alphabets have a power of two of characters, so no character is likelier than another.
    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let missing = length - text.len();
            let block = self.block();
            text.extend(
                block.iter().take(missing).map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])),
            );
        }
        text
    }

    fn block(&mut self) -> [u8; 32] {
        self.drawn += 1;
        let mut mac = self.state.clone();
        mac.update(&self.drawn.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn hmac_key(seed: &[u8]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (to, from) in key.iter_mut().zip(seed) {
        *to = *from;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_start_give_the_same_text() {
        let draw = |seed, start| Random::new(seed, start).base64(40);
        let later = Timestamp::from_second(1).unwrap();
        assert_eq!(draw(1, later), draw(1, later));
        assert_ne!(draw(1, later), draw(2, later));
        assert_ne!(draw(1, later), draw(1, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn nothing_is_drawn_twice_and_lengths_are_kept() {
        let mut random = Random::new(0, Timestamp::UNIX_EPOCH);
        assert_ne!(random.base32(16), random.base32(16));
        assert_eq!(random.base64(100).len(), 100);
        assert_eq!(random.uuid().len(), 36);
    }
}
