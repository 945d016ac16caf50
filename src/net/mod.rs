//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers.

mod getaddrinfo;
mod names;
pub mod race;
mod socket;
mod tcp;
mod unix;

pub use names::{DnsError, DnsErrorKind, Family, LookUp, LookupError, Override, Resolver, ResolverConfig};
pub use tcp::{TcpListener, TcpStream};
pub use unix::{UnixListener, UnixStream};
