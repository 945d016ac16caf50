//! TLS by rustls on ring, over any stream that parks: the client, and a thin server side.
//!
//! ```text
//!   TlsConfig ── trust, pins, versions, ALPN, ─────┐        ┌── Tickets: sessions to resume, by scope and server name
//!     own certificate, key log                     │        │
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
mod builder;
mod config;
mod error;
mod explain;
mod identity;
mod insecure;
mod key_log;
mod outlet;
mod pins;
mod records;
mod roots;
mod stream;
#[cfg(test)]
mod tests;
mod tickets;
mod verifier;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use acceptor::TlsAcceptor;
pub use builder::TlsConfigBuilder;
pub use config::{TlsConfig, TlsVersion};
pub use error::{TlsError, TlsSetupError};
pub use identity::{Encoding, Identity, IdentityFiles};
pub use key_log::KeyLogFile;
pub use pins::{BadPin, PublicKeyPin};
pub use roots::{RootCounts, Roots};
pub use stream::{TlsStream, Transport};
pub use tickets::SessionScope;

/// The one provider of cryptography: never rustls' process default, which another crate might have set.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
