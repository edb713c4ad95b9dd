//! A certificate authority of its own, for stand-ins that are reached by TLS.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;

/// The authority's certificate in PEM, and what a server of this name or address shows; none where no key can be made.
pub fn authority(name: &str) -> Option<(String, Arc<ServerConfig>)> {
    let key = KeyPair::generate().ok()?;
    let mut params = CertificateParams::new(Vec::new()).ok()?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).ok()?.pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().ok()?;
    let certificate = CertificateParams::new(vec![name.to_owned()]).ok()?.signed_by(&key, &issuer).ok()?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).ok()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private).ok()?;
    Some((pem, Arc::new(config)))
}
