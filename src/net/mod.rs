//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers.

mod socket;
mod tcp;
mod tls;
mod unix;

pub use tcp::{TcpListener, TcpStream};
pub use tls::{RootCounts, Roots, Transport};
pub use tls::{TlsAcceptor, TlsConfig, TlsConfigBuilder, TlsError, TlsSetupError, TlsStream, TlsVersion};
pub use unix::{UnixListener, UnixStream};
