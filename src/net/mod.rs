//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers, child processes, signals.

mod getaddrinfo;
mod names;
pub mod process;
pub mod race;
mod server;
pub mod signals;
mod socket;
mod tcp;
mod tls;
mod unix;

pub use names::{DnsError, DnsErrorKind, Family, LookUp, LookupError, Override, Resolver, ResolverConfig};
pub use race::{ConnectError, ConnectErrorKind, ConnectOptions};
pub use server::{Listen, ServerHandle, StreamServer};
pub use socket::is_out_of_descriptors;
pub use tcp::{TcpListener, TcpStream};
pub use tls::{RootCounts, Roots, Transport};
pub use tls::{TlsAcceptor, TlsConfig, TlsConfigBuilder, TlsError, TlsSetupError, TlsStream, TlsVersion};
pub use unix::{UnixListener, UnixStream};
