use std::hash::{BuildHasher, Hasher, RandomState};

/// A name that nobody else chooses; it need not be secret.
pub fn nonce() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
