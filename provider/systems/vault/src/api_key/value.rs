//! The value itself: made of the operating system's random source, and known again without being kept.

use std::fmt::Write;

use rotation::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What a value is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) length: u32,
    pub(crate) characters: &'a str,
    pub(crate) prefix: &'a str,
}

const LENGTHS: std::ops::RangeInclusive<u32> = 16..=512;
const LONGEST_PREFIX: usize = 64;
/// A value with fewer bits could be guessed.
const FEWEST_BITS: f64 = 80.0;

impl Shape<'_> {
    /// What is wrong with it, by property.
    pub(crate) fn problems(self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let count = self.characters.len();
        let is_once = |(at, c): (usize, char)| c.is_ascii_graphic() && !self.characters[..at].contains(c);
        let (least, most) = (LENGTHS.start(), LENGTHS.end());
        if count < 2 || !self.characters.char_indices().all(is_once) {
            let reason = "must be at least two different visible ASCII characters, each written once [KR-VAULT-020]";
            problems.push(("characters", reason.to_owned()));
        } else if !LENGTHS.contains(&self.length) {
            problems.push(("length", format!("must be from {least} to {most} [KR-VAULT-021]")));
        } else if f64::from(self.length) * (count as f64).log2() < FEWEST_BITS {
            let least = (FEWEST_BITS / (count as f64).log2()).ceil();
            problems.push((
                "length",
                format!(
                    "must be at least {least} with {count} characters, or the value could be guessed [KR-VAULT-022]"
                ),
            ));
        }
        if self.prefix.len() > LONGEST_PREFIX || !self.prefix.chars().all(|c| c.is_ascii_graphic()) {
            problems
                .push(("prefix", format!("may hold at most {LONGEST_PREFIX} visible ASCII characters [KR-VAULT-023]")));
        }
        problems
    }

    /// A new value.
    pub(crate) fn generate(self) -> Result<SecretString, Error> {
        let characters = self.characters.as_bytes();
        let wrong =
            || Error::new(ErrorKind::Invalid, "", "`characters` must be visible ASCII characters [KR-VAULT-024]");
        let count = u8::try_from(characters.len()).ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        // Bytes beyond the last whole round would make the first characters likelier.
        let fair = u8::MAX - u8::MAX % count;
        let length = self.prefix.len() + self.length as usize;
        let mut value = Zeroizing::new(String::with_capacity(length));
        value.push_str(self.prefix);
        let mut bytes = Zeroizing::new([0_u8; 64]);
        while value.len() < length {
            getrandom::fill(&mut *bytes).map_err(|_| {
                Error::new(ErrorKind::Unexpected, "", "the operating system gave no random numbers [KR-VAULT-025]")
            })?;
            let drawn =
                bytes.iter().filter(|byte| **byte < fair).map(|byte| char::from(characters[usize::from(byte % count)]));
            let missing = length - value.len();
            value.extend(drawn.take(missing));
        }
        Ok(SecretString::from(value.as_str()))
    }
}

/// By which the one who wrote a value can be told from anybody else, and from which nobody can find the value: a part of a hash over
/// at least 80 random bits, with the attempt's nonce.
pub(crate) fn print(nonce: &str, value: &str) -> String {
    let digest = Sha256::new().chain_update(nonce).chain_update([0]).chain_update(value).finalize();
    let mut text = format!("{nonce}:");
    for byte in digest.iter().take(12) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether the print was made of this value.
pub(crate) fn fits(mark: &str, value: &str) -> bool {
    mark.split_once(':').is_some_and(|(nonce, _)| print(nonce, value) == mark)
}

/// Whether two values are the same, in a time that does not depend on where they differ.
#[expect(clippy::disallowed_methods, reason = "equality of two secrets reveals neither")]
pub(crate) fn is_same(one: &SecretString, other: &str) -> bool {
    let hash = |text: &str| Sha256::digest(text.as_bytes());
    hash(one.expose_secret()) == hash(other)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test's own values")]
    fn generate(length: u32, characters: &str, prefix: &str) -> String {
        Shape { length, characters, prefix }.generate().unwrap().expose_secret().to_owned()
    }

    #[test]
    fn a_value_has_its_prefix_its_length_and_only_its_characters() {
        for length in [16, 63, 64, 65, 512] {
            let value = generate(length, "abc", "app_");
            let rest = value.strip_prefix("app_").unwrap();
            assert!(rest.len() == length as usize && rest.chars().all(|c| "abc".contains(c)), "{value}");
        }
        assert_ne!(generate(32, "abcdefgh", ""), generate(32, "abcdefgh", ""));
    }

    #[test]
    fn every_character_has_the_same_chance() {
        // 48 characters: without the fair limit the first 16 would come up a fifth more often than the rest.
        let characters: String = (33..81_u8).map(char::from).collect();
        let mut counts = BTreeMap::new();
        for _ in 0..400 {
            for c in generate(480, &characters, "").chars() {
                *counts.entry(c).or_insert(0_u32) += 1;
            }
        }
        let expected = 400 * 480 / 48;
        assert_eq!(counts.len(), 48);
        assert!(counts.values().all(|count| count.abs_diff(expected) < expected / 10), "{counts:?}");
    }

    #[test]
    fn a_print_fits_its_value_alone() {
        let mark = print("n1", "value");
        assert!(fits(&mark, "value") && !fits(&mark, "other") && !fits("", "value"));
        assert!(!mark.contains("value"));
        assert_ne!(print("n1", "value")[3..], print("n2", "value")[3..]);
    }
}
