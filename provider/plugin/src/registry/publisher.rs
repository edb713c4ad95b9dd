//! The names that depend on the publisher, from `[workspace.metadata.publisher]` in the workspace's Cargo.toml.

/// As people read it.
pub(super) const NAME: &str = env!("PUBLISHER_NAME");
pub(super) const NPM: &str = env!("PUBLISHER_NPM");
pub(super) const PYPI: &str = env!("PUBLISHER_PYPI");
pub(super) const JAVA_GROUP: &str = env!("PUBLISHER_JAVA_GROUP");
pub(super) const NUGET_ROOT: &str = env!("PUBLISHER_NUGET_ROOT");
pub(super) const GO_MODULE: &str = concat!("github.com/", env!("PUBLISHER_OWNER"), "/pulumi-keyrotation/sdk/go");
pub(super) const REPOSITORY: &str = concat!("https://github.com/", env!("PUBLISHER_OWNER"), "/pulumi-keyrotation");
/// Where the CLI looks for archives: the releases of the repository.
pub(super) const DOWNLOAD_URL: &str =
    concat!("github://api.github.com/", env!("PUBLISHER_OWNER"), "/pulumi-keyrotation");
/// At the release's own tag, so that a later change does not change a released package.
pub(super) const LOGO_URL: &str = concat!(
    "https://raw.githubusercontent.com/",
    env!("PUBLISHER_OWNER"),
    "/pulumi-keyrotation/v",
    env!("CARGO_PKG_VERSION"),
    "/docs/logo.svg"
);
