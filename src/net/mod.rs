//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers.

mod server;
mod socket;
mod tcp;
mod tls;
mod unix;

pub use server::{Listen, ServerHandle, StreamServer};
pub use tcp::{TcpListener, TcpStream};
pub use tls::{RootCounts, Roots, Transport};
pub use tls::{TlsAcceptor, TlsConfig, TlsConfigBuilder, TlsError, TlsSetupError, TlsStream, TlsVersion};
pub use unix::{UnixListener, UnixStream};
