//! Where the plugin works, and where that was found.

/// The tenancy and the region that is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenancy: String,
    pub(crate) region: String,
}

/// Where values were found, for messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// Whom the plugin signs as, and with what.
    pub(crate) credentials: String,
    /// The region.
    pub(crate) region: String,
    /// The address of the Identity service, as in "from `keyrotation:oci.endpoints.identity`".
    pub(crate) address: String,
}
