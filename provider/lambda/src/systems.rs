//! The systems whose keys the function rotates.

use std::sync::Arc;

use cloud::{Cloud, RotatingResource};
use futures::future::BoxFuture;
use rotation::{Clock, Error};
use system_aws::{Aws, AwsApiKey};
use system_confluent::{Confluent, ConfluentApiKey};
use system_oci::{Oci, OciApiKey, Parts};
use system_vault::{Vault, VaultSecretId};

use crate::admin::{Admin, config};
use crate::decoded::wrong_field;
use crate::document::Document;
use crate::keys::{Keys, KeysOf};

/// What a secret names, ready for calls.
pub(crate) struct Opened {
    pub(crate) keys: Box<dyn Keys>,
    /// Releases resources.
    pub(crate) close: Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

/// What systems are made with.
pub(crate) struct Parents<'a> {
    pub(crate) clock: &'a Arc<dyn Clock>,
    /// AWS as the function itself reaches it.
    pub(crate) aws: &'a Arc<Aws>,
    /// For tests that begin hundreds of times.
    pub(crate) oci: Option<&'a Parts>,
}

/// Opens the system that a secret names. Nothing of it is contacted yet.
///
/// # Errors
/// The field that is missing or wrong.
pub(crate) fn open(parents: &Parents<'_>, document: &Document, admin: Option<&Admin>) -> Result<Opened, Error> {
    let clock = Arc::clone(parents.clock);
    match document.system()? {
        "aws" => {
            let cloud = match admin {
                None => Arc::clone(parents.aws),
                Some(_) => {
                    let cloud = Arc::new(Aws::new(clock));
                    cloud.configure(config::<Aws>(admin)?);
                    cloud
                }
            };
            opened(&cloud, AwsApiKey(Arc::clone(&cloud)), ("accessKeyId", document))
        }
        "oci" => {
            let oci = parents.oci.cloned();
            let cloud = oci.map_or_else(|| Oci::new(Arc::clone(&clock)), |parts| Oci::with_parts(clock.clone(), parts));
            let cloud = Arc::new(cloud);
            cloud.configure(config::<Oci>(admin)?);
            opened(&cloud, OciApiKey(Arc::clone(&cloud)), ("fingerprint", document))
        }
        "confluent" => {
            let cloud = Arc::new(Confluent::new(clock));
            cloud.configure(config::<Confluent>(admin)?);
            opened(&cloud, ConfluentApiKey(Arc::clone(&cloud)), ("apiKey", document))
        }
        "vault" => {
            let cloud = Arc::new(Vault::new(clock));
            cloud.configure(config::<Vault>(admin)?);
            opened(&cloud, VaultSecretId::new(Arc::clone(&cloud)), ("accessor", document))
        }
        _ => Err(wrong_field(document.of(), "system", &format!("is none of {} [KR-LAMBDA-013]", NAMES.join(", ")))),
    }
}

const NAMES: [&str; 4] = ["aws", "oci", "confluent", "vault"];

/// The keys of a resource, which have their id in this field.
fn opened<C: Cloud, R: RotatingResource>(
    cloud: &Arc<C>,
    resource: R,
    (id, document): (&'static str, &Document),
) -> Result<Opened, Error> {
    let keys = Box::new(KeysOf::new(resource, id, document)?);
    let cloud = Arc::clone(cloud);
    let close = move || {
        let cloud = Arc::clone(&cloud);
        Box::pin(async move { cloud.close().await }) as BoxFuture<'static, ()>
    };
    Ok(Opened { keys, close: Box::new(close) })
}
