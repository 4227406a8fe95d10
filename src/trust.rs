//! Which certificates encrypted connections to mail servers and PostgreSQL trust.
//!
//! A certificate counts if a well-known authority or one in the operator's file has issued it. It also counts if the
//! file holds exactly this certificate: `openssl req -x509` makes self-signed certificates that claim to be
//! authorities, which the library accepts from no server. Dates and name are checked in any case.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// TLS that trusts the well-known authorities and the certificates in a PEM file.
pub fn tls(file: Option<&Path>) -> Result<ClientConfig, String> {
    let named = file.map(certificates).transpose()?.unwrap_or_default();
    let mut authorities = RootCertStore::empty();
    authorities.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in &named {
        let added = authorities.add(certificate.clone());
        added.map_err(|cause| unusable(file, &cause.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let impossible = |cause: &dyn std::error::Error| format!("TLS cannot be used: {cause}");
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider));
    let authorities = builder.build().map_err(|cause| impossible(&cause))?;
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|cause| impossible(&cause))?;
    let verifier = Arc::new(Verifier { authorities, named });
    Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unusable = |cause: rustls::pki_types::pem::Error| unusable(Some(path), &cause.to_string());
    let found = CertificateDer::pem_file_iter(path).map_err(unusable)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(unusable)?;
    if found.is_empty() { Err(self::unusable(Some(path), "there is none in PEM")) } else { Ok(found) }
}

fn unusable(file: Option<&Path>, reason: &str) -> String {
    let file = file.unwrap_or(Path::new(""));
    format!("the certificates in {} cannot be used: {reason}", file.display())
}

#[derive(Debug)]
struct Verifier {
    authorities: Arc<WebPkiServerVerifier>,
    /// Those in the operator's file.
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.authorities.verify_server_cert(shown, intermediates, name, ocsp, now);
        // The library checks dates first: these two errors mean valid today, but without an acceptable issuer.
        let lacks_issuer = match &verified {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_))) => true,
            Ok(_) | Err(_) => false,
        };
        if lacks_issuer && self.named.iter().any(|named| named == shown) {
            verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}
