//! TLS by rustls on ring, over any stream that parks: the client, and a thin server side.
//!
//! ```text
//!   TlsConfig ── roots, verifier, versions, ALPN ──┐        ┌── Tickets: sessions to resume, by server name
//!                                                  ▼        ▼
//!   TlsStream::connect ──────────────────────► rustls (no I/O) ◄────────── TlsAcceptor::accept
//!                                               ▲        │
//!           Records: is one half here? ─────────┤        ├───────── Outlet: small ones joined
//!                                               │        ▼
//!                                           transport (TcpStream, …)
//! ```
//!
//! Nothing is taken from the environment or from process-wide defaults: the caller says where the trusted certificates
//! are, and the provider is always the one named in `provider`.

mod acceptor;
mod config;
mod error;
mod explain;
mod insecure;
mod outlet;
mod records;
mod roots;
mod stream;
#[cfg(test)]
mod tests;
mod tickets;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use acceptor::TlsAcceptor;
pub use config::{TlsConfig, TlsConfigBuilder, TlsVersion};
pub use error::{TlsError, TlsSetupError};
pub use roots::{RootCounts, Roots};
pub use stream::{TlsStream, Transport};

/// The one provider of cryptography: never rustls' process default, which another crate might have set.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
