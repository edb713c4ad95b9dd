use cloud::{Deliverable, DeliveryShape, RotatingResource};
use pulumi_provider::ObjectSchema;
use rotation::{Capability, Error, KeyIssuer, Known, Material};
use secrecy::SecretString;

use crate::decoded::{read, sound};
use crate::document::Document;

/// The keys of the principal that a secret names.
pub(crate) trait Keys: Send + Sync {
    /// What the system can do with them.
    fn capability(&self) -> Capability;

    /// Whether another version of the secret names the same principal.
    fn is_same_principal(&self, other: &Document) -> bool;

    /// The names of a key's fields.
    fn names(&self) -> &[String];

    /// The id of the key that a version holds; none if it holds none.
    fn id(&self, document: &Document) -> Option<String>;

    /// The fields of the key that a version holds; none if its secret is not known.
    fn material(&self, document: &Document) -> Option<Material>;

    /// A key's fields as a JSON object.
    ///
    /// # Errors
    /// Its secret is not known.
    fn render(&self, material: &Material) -> Result<SecretString, Error>;

    /// Their issuer, for a state that knows these.
    fn issuer(&self, known: Known<'_>) -> Box<dyn KeyIssuer>;
}

/// The keys of a resource of the plugin.
pub(crate) struct KeysOf<R: RotatingResource> {
    resource: R,
    args: R::Args,
    of: Deliverable,
    /// The field that is the key's id.
    id: &'static str,
}

impl<R: RotatingResource> KeysOf<R> {
    /// Those that a secret names.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub(crate) fn new(resource: R, id: &'static str, document: &Document) -> Result<Self, Error> {
        let args: R::Args = args::<R>(document)?;
        sound(&resource.check(&args), document.of())?;
        Ok(Self { resource, args, of: deliverable::<R>(), id })
    }
}

/// The fields that name the principal and say what its keys are to be.
fn args<R: RotatingResource>(document: &Document) -> Result<R::Args, Error> {
    let own = ObjectSchema::of::<R::Args>();
    read(&document.only(|name| own.names().any(|known| known == name)), document.of())
}

/// What keys of this kind consist of.
fn deliverable<R: RotatingResource>() -> Deliverable {
    let key = ObjectSchema::of::<R::Key>();
    let names: Vec<String> = key.names().filter(|name| *name != ENDS).map(str::to_owned).collect();
    let secrets = names.iter().filter(|name| key.is_secret(name)).cloned().collect();
    let optional = names.iter().filter(|name| !key.is_required(name)).cloned().collect();
    Deliverable { ordinary: names.clone(), names, optional, secrets, open: false, map: None }
}

/// What the model knows of a key is no field of it.
const ENDS: &str = "expiresAt";

impl<R: RotatingResource> Keys for KeysOf<R> {
    fn capability(&self) -> Capability {
        self.resource.capability(Some(&self.args))
    }

    fn is_same_principal(&self, other: &Document) -> bool {
        let own = self.resource.identity(&self.args);
        args::<R>(other).is_ok_and(|other| self.resource.identity(&other) == own)
    }

    fn names(&self) -> &[String] {
        &self.of.names
    }

    fn id(&self, document: &Document) -> Option<String> {
        document.key_text(self.id).map(str::to_owned)
    }

    fn material(&self, document: &Document) -> Option<Material> {
        let is_known = |name: &String| document.key_text(name).is_some();
        if !self.of.secrets.iter().filter(|name| !self.of.optional.contains(name)).any(is_known) {
            return None;
        }
        DeliveryShape::default().read(&document.texts(&self.of.names), &self.of)
    }

    fn render(&self, material: &Material) -> Result<SecretString, Error> {
        DeliveryShape::default().render(material, &self.of)
    }

    fn issuer(&self, known: Known<'_>) -> Box<dyn KeyIssuer> {
        self.resource.issuer(&self.args, known)
    }
}
