use serde_json::{Map, Value as Json};

/// What a package says about itself in its schema. Empty fields are left out.
///
/// ```
/// use pulumi_provider::Metadata;
///
/// let metadata = Metadata {
///     display_name: "Greetings".into(),
///     license: "Apache-2.0".into(),
///     ..Metadata::default()
/// };
/// assert!(metadata.homepage.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// The name shown to people.
    pub display_name: String,
    /// What the package is for.
    pub description: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Its home page.
    pub homepage: String,
    /// Its licence, as an SPDX expression.
    pub license: String,
    /// Where its source is.
    pub repository: String,
    /// Who publishes it.
    pub publisher: String,
    /// The address of its logo.
    pub logo_url: String,
    /// Where its plugin is downloaded from.
    pub plugin_download_url: String,
    /// The namespace of its SDKs.
    pub namespace: String,
    /// Settings of each language's SDK generator, by language.
    pub language: Map<String, Json>,
}
