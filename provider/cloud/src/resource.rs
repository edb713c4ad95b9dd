use std::collections::BTreeMap;

use rotation::{Capability, Error, KeyId, KeyIssuer, Known, Material, Problem};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// The inputs, each by its path (`user`, `owner.id`), and, if named, the key that an import id stands for.
pub type ImportedInputs = (BTreeMap<String, String>, Option<KeyId>);

/// A resource whose keys are rotated: what it adds to the inputs, what its keys look like, and its issuer.
pub trait RotatingResource: Send + Sync + 'static {
    /// The inputs that it adds to those of every rotating resource; a struct that decodes from the user's properties.
    type Args: DeserializeOwned + JsonSchema + Send + Sync;
    /// The fields of its keys, as [`Material`] names them; only its schema is used.
    type Key: JsonSchema;
    /// The type token's tail, such as `aws:RotatingApiKey`.
    const TOKEN: &'static str;
    /// The token's tail of the function that lists the keys of a principal, such as `aws:listKeys`.
    const LIST_TOKEN: &'static str;
    /// What users read about the resource, in Markdown.
    const DOCS: &'static str;
    /// What [`KeyIssuer::account`] is called in this system.
    const ACCOUNT: &'static str = "account";
    /// The fields that a delivery hands over unless `fields` chooses others; none: all.
    const DELIVERED: &'static [&'static str] = &[];
    /// Inputs whose change replaces the resource although they do not name the principal.
    const REPLACE_ON: &'static [&'static str] = &[];

    /// What the system can do with the keys that these inputs ask for, as the issuer says it; needs no network. Without inputs all that it
    /// can do for any: that is what the schema offers.
    fn capability(&self, args: Option<&Self::Args>) -> Capability;

    /// The Pulumi id that names the principal, such as a user name. It never changes for one principal.
    fn principal(&self, args: &Self::Args) -> String;

    /// Everything that replaces the resource, in one spelling: inputs with the same identity name the same thing.
    fn identity(&self, args: &Self::Args) -> String {
        self.principal(args)
    }

    /// Wrong inputs, beyond what the types say.
    fn check(&self, args: &Self::Args) -> Vec<Problem>;

    /// Parses an import id.
    ///
    /// # Errors
    /// The id is invalid; the message gives the format.
    fn import(&self, id: &str) -> Result<ImportedInputs, Error>;

    /// The import id of one key of a principal.
    fn import_id(&self, principal: &str, key: &KeyId) -> String {
        format!("{principal}/{key}")
    }

    /// The fields of an existing key whose secret the user gave, or could not give.
    fn imported(&self, args: &Self::Args, key: &KeyId, secret: Option<SecretString>) -> Material;

    /// The fields of a key that is known already, by the inputs as they are now: what only follows from others may change
    /// without a new key.
    fn derived(&self, _args: &Self::Args, material: Material) -> Material {
        material
    }

    /// The fields that all keys have together which are to be published, such as the set of their public halves. Their schema
    /// stands among those of [`Key`](Self::Key) with the mark `x-shared-output`, and their values at the top level of the outputs alone.
    fn shared_outputs(&self, _published: &[&Material]) -> Material {
        Material::new()
    }

    /// The keys of one principal, of which the state knows these.
    fn issuer(&self, args: &Self::Args, known: Known<'_>) -> Box<dyn KeyIssuer>;
}
