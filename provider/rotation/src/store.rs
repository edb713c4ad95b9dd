//! Where consumers read keys from: the trait that a secret manager implements.

use std::fmt::Write;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{Error, Key, KeyId, Material, OwnerId, Trigger};

/// The name of one delivery, 64 hexadecimal digits: 16 of the resource's URN ([`OwnerId::hash`]), 24 of generation and key id, 12 of [`Store::shape`], 12
/// of what the key was minted for.
/// The same key in the same shape is one version in a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(String);

/// How many digits name the resource.
const OF_OWNER: usize = 16;
/// How many digits name the resource and the key.
const OF_KEY: usize = 40;
/// How many digits name all but what the key was minted for.
const OF_SHAPE: usize = 52;
/// How many digits a name has.
const LENGTH: usize = 64;

impl DeliveryId {
    /// The delivery of this key to this store.
    pub(crate) fn of(owner: &OwnerId, key: &Key, target: &Target) -> Self {
        Self::new(owner, (&key.id, key.generation), &target.shape, key.trigger.as_ref())
    }

    /// The delivery of this key of the resource and its generation, in the shape with this fingerprint.
    pub fn new(owner: &OwnerId, (key, generation): (&KeyId, u64), shape: &str, trigger: Option<&Trigger>) -> Self {
        let of_key = format!("{}\n{generation}\n{key}", owner.hash);
        let mut name = digits(&owner.hash);
        if owner.hash.len() == OF_OWNER {
            name.clone_from(&owner.hash);
        }
        name.truncate(OF_OWNER);
        name.push_str(&digits(&of_key));
        name.truncate(OF_KEY);
        // With the key in it, so that the same shape looks different for each key.
        name.push_str(&digits(&format!("{of_key}\n{shape}")));
        name.truncate(OF_SHAPE);
        name.push_str(&fingerprint(&of_key, trigger));
        name.truncate(LENGTH);
        Self(name)
    }

    /// The delivery with this name; none if it is not one that a resource may have written.
    pub fn parse(name: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (name.len() == LENGTH && name.bytes().all(is_digit)).then(|| Self(name.to_owned()))
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key was minted for this trigger.
    pub(crate) fn serves(&self, owner: &OwnerId, key: (&KeyId, u64), trigger: &Trigger) -> bool {
        self.0.get(OF_SHAPE..) == Self::new(owner, key, "", Some(trigger)).0.get(OF_SHAPE..)
    }

    /// Whether both are deliveries of the same resource, or of one that had its URN.
    pub fn is_of_owner_of(&self, other: &Self) -> bool {
        self.0.get(..OF_OWNER) == other.0.get(..OF_OWNER)
    }

    /// Whether both hand over the same key in the same shape.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.0.get(..OF_SHAPE) == other.0.get(..OF_SHAPE)
    }

    /// Whether both hand over the same key, in whatever shape.
    pub fn is_of_key_of(&self, other: &Self) -> bool {
        self.0.get(..OF_KEY) == other.0.get(..OF_KEY)
    }
}

fn fingerprint(of_key: &str, trigger: Option<&Trigger>) -> String {
    let window = trigger.and_then(|trigger| trigger.window).map(|window| window.to_string());
    let hash = trigger.map(|trigger| trigger.hash.as_str());
    digits(&format!("{of_key}\n{hash:?}\n{window:?}"))
}

fn digits(text: &str) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// A store that a key is to be delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// [`Store::identity`].
    pub identity: String,
    /// [`Store::label`].
    pub label: String,
    /// A fingerprint of [`Store::shape`].
    pub shape: String,
    /// [`Store::reads_back`].
    pub reads_back: bool,
    /// [`Store::keeps_secrets`].
    pub keeps_secrets: bool,
    /// [`Store::holds_staged`].
    pub holds_staged: bool,
}

impl Target {
    /// The entry of this store.
    pub fn of(store: &dyn Store) -> Self {
        let mut shape = digits(&store.shape());
        shape.truncate(OF_OWNER);
        Self {
            identity: store.identity(),
            label: store.label(),
            shape,
            reads_back: store.reads_back(),
            keeps_secrets: store.keeps_secrets(),
            holds_staged: store.holds_staged(),
        }
    }
}

/// A label without the property that messages name in it.
pub fn plain_label(label: &str) -> &str {
    label.split_once(" (`").map_or(label, |(plain, _)| plain)
}

/// One version in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// The store's own id of it.
    pub version: String,
    /// Which delivery it is, as the store reports it; none: it does not look like one of a resource's.
    pub delivery: Option<DeliveryId>,
}

/// The versions in a store's entry, as read now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Whether the entry exists, or stands to be restored.
    pub exists: bool,
    /// The store's own unambiguous name of the entry, where it has one: two spellings of one entry have the same.
    pub entry: Option<String>,
    /// What consumers read.
    pub current: Option<StoredVersion>,
    /// What they read before, where the store keeps that under a label.
    pub previous: Option<StoredVersion>,
    /// What was staged and is not current; consumers do not read it.
    pub pending: Option<StoredVersion>,
    /// Why nothing may be delivered to it, as a sentence that says what to do: it must exist and does not, or something else rotates it.
    pub blocked: Option<String>,
}

impl Head {
    /// Every version that it shows: the current one, the one before, the staged one.
    pub fn versions(&self) -> impl Iterator<Item = &StoredVersion> {
        self.current.iter().chain(&self.previous).chain(&self.pending)
    }
}

/// One generation of a key, as it is handed over.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// The name of this delivery: a store makes the version's id or note from it.
    pub delivery: &'a DeliveryId,
    /// The key's generation.
    pub generation: u64,
    /// The key.
    pub key: &'a KeyId,
    /// All its fields; the store takes those that its shape names.
    pub material: &'a Material,
}

/// One entry of a secret manager that consumers read a key from. Called by [`run`](fn@crate::run) and by the caller's Read.
///
/// An error says in `effect` whether the call may have had an effect; after one, only [`head`](Self::head) is believed.
#[async_trait]
pub trait Store: Send + Sync {
    /// The entry as messages name it: what it is, its name, and the input that names it, such as
    /// "Secrets Manager secret ci/key (`deliveries[0]`)".
    fn label(&self) -> String;

    /// The entry in normal form, kept in the state: another spelling of the same entry is the same text. Never a secret.
    fn identity(&self) -> String;

    /// Which fields of a key are delivered and in which form (`format`, `fields`, `extra`), in normal form. A different shape is a new version of the same key.
    fn shape(&self) -> String {
        String::new()
    }

    /// Whether [`read`](Self::read) gives back whole keys: the shape keeps all fields.
    fn reads_back(&self) -> bool {
        false
    }

    /// Whether [`read`](Self::read) gives back at least every secret field of a key, so that the state need not keep them.
    fn keeps_secrets(&self) -> bool {
        self.reads_back()
    }

    /// Whether the store holds the value of a staged version. Where it does not, [`promote`](Self::promote) writes what the same process
    /// staged, and a later process stages it again; [`head`](Self::head) may then show that a version was announced.
    fn holds_staged(&self) -> bool {
        true
    }

    /// What stands there now. An entry that does not exist is an answer, with `exists` false.
    ///
    /// # Errors
    /// Anything but a definite answer. That another system rotates the entry is no error: it is [`Head::blocked`].
    async fn head(&self) -> Result<Head, Error>;

    /// Writes the version that consumers do not read yet, and makes the entry where the inputs say so. The same delivery twice is once: success,
    /// with the version that stands. Gives the version's id.
    ///
    /// In a new or empty entry the first version may become current at once; the run calls this only for keys that are proven.
    ///
    /// # Errors
    /// Other data under the same delivery is an [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) that names both versions.
    async fn stage(&self, payload: &Payload<'_>, head: &Head) -> Result<String, Error>;

    /// Lets consumers read this version, if the current one is still that of `head` (compare and set). A version that is current already is success,
    /// whatever `head` says.
    ///
    /// # Errors
    /// Another version became current meanwhile: a [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) that names both.
    async fn promote(&self, version: &str, head: &Head) -> Result<(), Error>;

    /// Withdraws a version of this resource: a staged version loses its label, and `head.previous`, which is set only where it is not of this
    /// resource, replaces a current one. A missing version is success.
    ///
    /// # Errors
    /// It may stand as before.
    async fn withdraw(&self, version: &str, head: &Head) -> Result<(), Error>;

    /// Deletes the entry if this resource created it, with the recovery window from the inputs. False, without a change, where others created
    /// it. True if the entry is gone already.
    ///
    /// # Errors
    /// It may stand as before.
    async fn remove(&self) -> Result<bool, Error>;

    /// The fields of the key that a version of ours holds, as far as the shape keeps them; none if they cannot be told. Asked only where
    /// [`reads_back`](Self::reads_back) or [`keeps_secrets`](Self::keeps_secrets) says so.
    ///
    /// # Errors
    /// Anything but a definite answer.
    async fn read(&self, _version: &str) -> Result<Option<Material>, Error> {
        Ok(None)
    }
}
