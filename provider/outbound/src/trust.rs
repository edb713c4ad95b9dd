use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The certificates of a PEM bundle that can be trusted as authorities, as DER; what else stands in it is passed over.
///
/// # Errors
/// There is none, in words that follow the bundle's name.
pub fn authorities(pem: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut roots = RootCertStore::empty();
    let read = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    let found: Vec<Vec<u8>> =
        read.filter(|certificate| roots.add(certificate.clone()).is_ok()).map(|der| der.to_vec()).collect();
    if found.is_empty() { Err("holds no certificate in PEM that could be trusted [KR-NETWORK-027]") } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_b5_a_bundle_without_a_certificate_is_refused() {
        for text in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(authorities(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
