//! The server's side, thin: one certificate, ALPN, tickets.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::crypto::ring::Ticketer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection};

use super::error::{TlsError, TlsSetupError};
use super::identity;
use super::roots::{self, Roots};
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
        let chain = identity::certificates(chain).map_err(TlsSetupError::Identity)?;
        let key = identity::private_key(key).map_err(TlsSetupError::Identity)?;
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

    /// Asks clients for a certificate by one of these authorities; whoever has none is refused if `required`, and else
    /// served. What was shown is [`TlsStream::peer_certificates`].
    pub fn ask_clients(mut self, authorities: &Roots, required: bool) -> Result<TlsAcceptor, TlsSetupError> {
        let (store, _) = roots::load(authorities)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(store), super::provider());
        let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
        let mut config = ServerConfig::builder_with_provider(super::provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_client_cert_verifier(verifier.build().map_err(unusable)?)
            .with_cert_resolver(self.config.cert_resolver.clone());
        config.ticketer = self.config.ticketer.clone();
        config.alpn_protocols = self.config.alpn_protocols.clone();
        self.config = Arc::new(config);
        Ok(self)
    }

    /// Shakes hands with the client at the other end. Waits; put a [`timeout`](crate::green::timeout) around it.
    pub fn accept<S: Read + Write>(&self, transport: S) -> Result<TlsStream<S>, TlsError> {
        let connection =
            ServerConnection::new(self.config.clone()).map_err(|error| TlsError::Protocol(error.to_string()))?;
        TlsStream::shake_hands(connection.into(), transport, 0)
    }
}

fn unusable(error: impl ToString) -> TlsSetupError {
    TlsSetupError::Identity(error.to_string())
}
