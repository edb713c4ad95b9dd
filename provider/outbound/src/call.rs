use jiff::SignedDuration;
use rotation::{Effect, Error, ErrorKind};

/// A call as messages name it, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The system's own name of it, such as `identity:UploadApiKey`.
    pub operation: &'static str,
    /// Who answers it, such as `OCI Identity`.
    pub service: &'static str,
    /// What the user checks if nobody answers, such as `keyrotation:oci.region`.
    pub setting: &'static str,
    /// How long one attempt may take.
    pub limit: SignedDuration,
}

impl Call {
    /// A failure of this call.
    pub fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, self.operation, message)
    }

    /// An answer that cannot be understood: what was done is not known.
    pub fn unreadable(&self) -> Error {
        let message = format!("the answer of {} could not be read [KR-NETWORK-001]", self.service);
        self.error(ErrorKind::Unexpected, message).effect(Effect::Unknown)
    }
}
