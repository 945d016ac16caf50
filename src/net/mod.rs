//! Looks blocking, parks instead: TCP, UDP, Unix sockets, pipes, any descriptor, names, TLS, servers, processes, signals.

mod backdoor;
mod binding;
mod create_connection;
mod datagram;
mod getaddrinfo;
mod names;
mod pipe;
pub mod process;
pub mod race;
mod reach;
mod select;
mod server;
pub mod signals;
mod socket;
mod stream;
#[cfg(test)]
mod stream_tests;
mod tcp;
mod tls;
mod udp;
mod unix;
mod unix_datagram;
mod wait;
#[cfg(test)]
mod wait_tests;
mod watch_path;

pub use backdoor::Backdoor;
pub use binding::{BindError, Binding};
pub use create_connection::create_connection;
pub use datagram::Received;
pub use names::{DnsError, DnsErrorKind, Family, LookUp, LookupError, Override, Resolver, ResolverConfig};
pub use pipe::{PipeReader, PipeWriter, make_nonblocking, nb_read, nb_write, pipe};
pub use race::{ConnectError, ConnectErrorKind, ConnectOptions};
pub use reach::not_public;
pub use select::{Poll, Selected, select};
pub use server::{DatagramSender, DatagramServer, DatagramServerHandle};
pub use server::{Listen, ServerHandle, StreamServer, TlsServer};
pub use socket::is_out_of_descriptors;
pub use tcp::{ListenOptions, TcpListener, TcpStream};
pub use tls::{BadPin, Encoding, Identity, IdentityFiles, KeyLogFile, PublicKeyPin};
pub use tls::{RootCounts, Roots, SessionScope, Transport};
pub use tls::{TlsAcceptor, TlsConfig, TlsConfigBuilder, TlsError, TlsSetupError, TlsStream, TlsVersion};
pub use udp::UdpSocket;
pub use unix::{UnixListener, UnixStream};
pub use unix_datagram::UnixDatagram;
pub use wait::{cancel_wait, wait, wait_readable, wait_readwrite, wait_writable};
pub use watch_path::{PathChange, PathWatch, watch_path};

pub use crate::green::{Interest, Ready};
