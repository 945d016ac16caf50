//! Judges a server's certificate: by the roots (or not at all), then by the keys that are pinned.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme};
use webpki::EndEntityCert;

use super::pins::PublicKeyPin;

/// Asks another verifier, tells a certificate that signed itself from one of an unknown issuer, and compares its key.
#[derive(Debug)]
pub(super) struct Judge {
    pub by: Arc<dyn ServerCertVerifier>,
    /// The keys allowed; none: every one is.
    pub pins: Vec<PublicKeyPin>,
}

/// The certificate signed itself and is not trusted.
#[derive(Debug)]
pub(super) struct SelfSigned;

/// The peer's key is none of those that are pinned.
#[derive(Debug)]
pub(super) struct NotPinned(PublicKeyPin);

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.by.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let verified = verified.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) if is_self_signed(end_entity) => {
                other(SelfSigned)
            }
            error => error,
        })?;
        if !self.pins.is_empty() {
            let key = PublicKeyPin::of(&ParsedCertificate::try_from(end_entity)?.subject_public_key_info());
            if !self.pins.contains(&key) {
                return Err(other(NotPinned(key)));
            }
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.by.root_hint_subjects()
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

/// An error of ours in rustls' clothes; the peer gets the alert of a bad certificate.
fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

impl fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate signed itself")
    }
}

impl std::error::Error for SelfSigned {}

impl fmt::Display for NotPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the peer's public key ({}) is none of those that are pinned", self.0)
    }
}

impl std::error::Error for NotPinned {}
