//! The server's side, thin: one certificate, ALPN, tickets.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::crypto::ring::Ticketer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection};

use super::error::{TlsError, TlsSetupError};
use super::stream::TlsStream;

/// Accepts TLS on connections, with one certificate for all names; clients may resume (TLS 1.3 tickets, TLS 1.2 tickets
/// and session ids). Clones share the keys of the tickets.
#[derive(Clone)]
pub struct TlsAcceptor {
    pub(super) config: Arc<ServerConfig>,
}

impl TlsAcceptor {
    /// With a certificate chain (leaf first) and its private key, each in PEM, or in DER (then one certificate).
    pub fn new(chain: &[u8], key: &[u8]) -> Result<TlsAcceptor, TlsSetupError> {
        let (chain, key) = (certificates(chain)?, private_key(key)?);
        let mut config = ServerConfig::builder_with_provider(super::provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.ticketer = Ticketer::new().map_err(unusable)?;
        Ok(TlsAcceptor { config: Arc::new(config) })
    }

    /// The protocols spoken, dearest first. A client that offers some and none of these is refused.
    pub fn alpn(mut self, protocols: impl IntoIterator<Item: AsRef<[u8]>>) -> TlsAcceptor {
        let names = protocols.into_iter().map(|name| name.as_ref().to_vec()).collect();
        Arc::make_mut(&mut self.config).alpn_protocols = names;
        self
    }

    /// Shakes hands with the client at the other end. Waits; put a [`timeout`](crate::green::timeout) around it.
    pub fn accept<S: Read + Write>(&self, transport: S) -> Result<TlsStream<S>, TlsError> {
        let connection =
            ServerConnection::new(self.config.clone()).map_err(|error| TlsError::Protocol(error.to_string()))?;
        TlsStream::shake_hands(connection.into(), transport, 0)
    }
}

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    if !is_pem(bytes) {
        return Ok(vec![CertificateDer::from(bytes.to_vec())]);
    }
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(bytes).collect();
    chain.map_err(unusable)
}

fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
    if is_pem(bytes) {
        PrivateKeyDer::from_pem_slice(bytes).map_err(unusable)
    } else {
        PrivateKeyDer::try_from(bytes.to_vec()).map_err(unusable)
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|window| window == b"-----BEGIN")
}

fn unusable(error: impl ToString) -> TlsSetupError {
    TlsSetupError::Identity(error.to_string())
}
