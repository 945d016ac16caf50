//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers.

mod backdoor;
mod getaddrinfo;
mod names;
pub mod race;
mod server;
mod socket;
mod tcp;
mod tls;
mod unix;

pub use backdoor::Backdoor;
pub use names::{DnsError, DnsErrorKind, Family, LookUp, LookupError, Override, Resolver, ResolverConfig};
pub use race::{ConnectError, ConnectErrorKind, ConnectOptions};
pub use server::{Listen, ServerHandle, StreamServer};
pub use socket::is_out_of_descriptors;
pub use tcp::{TcpListener, TcpStream};
pub use tls::{RootCounts, Roots, Transport};
pub use tls::{TlsAcceptor, TlsConfig, TlsConfigBuilder, TlsError, TlsSetupError, TlsStream, TlsVersion};
pub use unix::{UnixListener, UnixStream};
