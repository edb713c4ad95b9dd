use std::net::SocketAddr;

use serde::Serialize;

/// The steps of a rotation, and of the test of a configuration (Secrets Manager User Guide, "Lambda rotation functions"; API Reference,
/// RotateSecret, `RotateImmediately`).
pub(super) const WHOLE: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];
pub(super) const TEST: [&str; 1] = ["testSecret"];

/// A rotation that is to be driven.
pub(in crate::aws) struct Driven {
    pub(super) address: SocketAddr,
    pub(super) secret: String,
    pub(super) version: String,
    pub(super) rotation_token: String,
    pub(super) steps: &'static [&'static str],
}

/// A rotation that was driven to its end.
#[derive(Clone, Debug, Serialize)]
pub struct Rotated {
    /// The secret's ARN.
    pub secret: String,
    /// The version that it filled.
    pub version: String,
    /// What the function said last, if it failed as often as it was tried.
    pub error: Option<String>,
}
