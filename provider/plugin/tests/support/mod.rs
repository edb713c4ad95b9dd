//! What several test programs of the plugin need.
#![allow(dead_code, reason = "no program needs all of it")]

use localcloud::{Credentials, LocalCloud};
use prost_types::Struct;
use pulumi_provider::testing::object;
use pulumi_provider::wire::{Unknowns, to_struct};
use pulumi_provider::{Object, Value};

/// The provider configuration that reaches every stand-in as its administrator.
pub(crate) fn config_of_all(cloud: &LocalCloud) -> Object {
    config_at(cloud, cloud.endpoint())
}

/// The same credentials for another address.
pub(crate) fn config_at(cloud: &LocalCloud, endpoint: &str) -> Object {
    let (oci, confluent) = (cloud.oci().config(), cloud.confluent().admin_credentials());
    let oci = object([
        ("tenancyOcid", oci.tenancy.as_str().into()),
        ("userOcid", oci.user.as_str().into()),
        ("fingerprint", oci.fingerprint.as_str().into()),
        ("privateKey", Value::secret(oci.key_content.as_str())),
        ("region", oci.region.as_str().into()),
        ("endpoints", object([("identity", format!("{endpoint}/oci/{{region}}").into())]).into()),
    ]);
    let confluent = object([
        ("cloudApiKey", Value::secret(confluent.api_key.as_str())),
        ("cloudApiSecret", Value::secret(confluent.api_secret.as_str())),
        ("endpoint", endpoint.into()),
    ]);
    let aws = aws(endpoint, &cloud.aws().admin_credentials());
    object([("aws", aws.into()), ("oci", oci.into()), ("confluent", confluent.into())])
}

/// The provider configuration that reaches AWS alone, with these credentials.
pub(crate) fn config_of_aws(cloud: &LocalCloud, given: &Credentials) -> Object {
    object([("aws", aws(cloud.endpoint(), given).into())])
}

/// The part of the configuration that is about AWS.
pub(crate) fn aws(endpoint: &str, given: &Credentials) -> Object {
    object([
        ("region", "us-east-1".into()),
        ("accessKey", Value::secret(given.access_key_id.as_str())),
        ("secretKey", Value::secret(given.secret_access_key.as_str())),
        ("endpoints", object([("iam", endpoint.into()), ("sts", endpoint.into())]).into()),
    ])
}

/// Credentials of AWS, by their two halves.
pub(crate) fn credentials(id: &str, secret: &str) -> Credentials {
    Credentials { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() }
}

/// A text among properties.
pub(crate) fn text(object: &Object, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {name}")).to_owned()
}

/// Properties as they are sent.
pub(crate) fn wire(object: &Object) -> Struct {
    to_struct(object.clone(), Unknowns::Allowed).unwrap()
}
