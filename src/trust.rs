//! Whom encrypted connections to other servers trust, for mail and for PostgreSQL alike.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// TLS that trusts the well-known authorities and the certificates in a PEM file.
pub fn tls(file: Option<&Path>) -> Result<ClientConfig, String> {
    let mut trusted = RootCertStore::empty();
    trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = file {
        let unusable = |reason: String| format!("the certificates in {} cannot be used: {reason}", path.display());
        let mut found = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|cause| unusable(cause.to_string()))? {
            let certificate = certificate.map_err(|cause| unusable(cause.to_string()))?;
            trusted.add(certificate).map_err(|cause| unusable(cause.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(unusable("there is none in PEM".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|cause| format!("TLS cannot be used: {cause}"))?;
    Ok(versions.with_root_certificates(trusted).with_no_client_auth())
}
