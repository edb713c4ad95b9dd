/// Which of OCI's services is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Service {
    /// Identity, in the home region.
    #[default]
    Identity,
    /// The management of secrets, in the configured region.
    Vaults,
    /// The reading of secrets, in the configured region.
    Secrets,
}

impl Service {
    /// The part of its paths that names the version.
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::Identity => "20160918",
            Self::Vaults => "20180608",
            Self::Secrets => "20190301",
        }
    }

    /// How the names of its hosts begin.
    pub(crate) const fn host(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Vaults => "vaults",
            Self::Secrets => "secrets.vaults",
        }
    }
}
