//! What a path and its mount say of versions: how many are kept, and for how long.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};

/// The settings of a path, or of a mount. Both count at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Limits {
    /// How many versions are kept; 0 if nothing is said.
    #[serde(default)]
    pub(crate) max_versions: u64,
    /// After what time a version is deleted; zero if nothing is said, and of a mount less than zero if no version is ever deleted.
    #[serde(default, deserialize_with = "duration")]
    pub(crate) delete_version_after: SignedDuration,
}

/// Which of the two says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Path,
    Mount,
}

/// How many versions a path keeps if nobody says otherwise (Vault's documentation, KV v2, `max_versions`).
const USUAL_VERSIONS: u64 = 10;

impl Limits {
    /// How many versions a path with these settings keeps: of its number and the mount's the larger one counts.
    pub(crate) fn versions(&self, mount: &Self) -> u64 {
        match self.max_versions.max(mount.max_versions) {
            0 => USUAL_VERSIONS,
            most => most,
        }
    }

    /// After what time the server deletes a version of a path with these settings, and which of the two says so: the shorter time
    /// counts, and a mount that is set to delete none overrules its paths.
    pub(crate) fn deletes_after(&self, mount: &Self) -> Option<(SignedDuration, Level)> {
        if mount.delete_version_after.is_negative() {
            return None;
        }
        let both = [(self.delete_version_after, Level::Path), (mount.delete_version_after, Level::Mount)];
        both.into_iter().filter(|(after, _)| after.is_positive()).min_by_key(|(after, _)| *after)
    }
}

/// When a version was deleted or will be; none if it was not and will not.
pub(crate) fn deletion(text: &str) -> Result<Option<Timestamp>, ()> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| ()) }
}

/// As Go prints it, such as `768h30m0s`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom("not a duration"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limits(versions: u64, after: &str) -> Limits {
        serde_json::from_value(json!({"max_versions": versions, "delete_version_after": after})).unwrap()
    }

    #[test]
    fn official_d5_the_larger_number_of_versions_counts() {
        for (path, mount, kept) in [(0, 0, 10), (1, 3, 3), (3, 1, 3), (20, 0, 20), (0, 4, 4)] {
            assert_eq!(limits(path, "0s").versions(&limits(mount, "0s")), kept, "{path} {mount}");
        }
    }

    #[test]
    fn official_c1_the_shorter_time_counts_and_a_mount_can_turn_it_off() {
        let hours = SignedDuration::from_hours;
        for (path, mount, found) in [
            ("0s", "0s", None),
            ("768h30m0s", "0s", Some((hours(768) + SignedDuration::from_mins(30), Level::Path))),
            ("0s", "1h0m0s", Some((hours(1), Level::Mount))),
            ("2h0m0s", "1h0m0s", Some((hours(1), Level::Mount))),
            ("1h0m0s", "2h0m0s", Some((hours(1), Level::Path))),
            ("1h0m0s", "-1s", None),
        ] {
            assert_eq!(limits(0, path).deletes_after(&limits(0, mount)), found, "{path} {mount}");
        }
        assert_eq!(serde_json::from_value::<Limits>(json!({})).unwrap(), Limits::default());
    }

    #[test]
    fn a_deletion_is_a_time_or_nothing() {
        assert_eq!(deletion(""), Ok(None));
        assert!(deletion("2027-01-01T04:16:27.409234635Z").unwrap().is_some());
        assert!(deletion("soon").is_err());
    }
}
