//! Looks blocking, parks instead: TCP, UDP, Unix sockets, pipes, any descriptor, names, TLS, servers.

mod backdoor;
mod datagram;
mod getaddrinfo;
mod names;
mod pipe;
pub mod race;
mod select;
mod server;
mod socket;
mod stream;
mod tcp;
mod tls;
mod udp;
mod unix;
mod unix_datagram;
mod wait;
mod watch_path;

pub use backdoor::Backdoor;
pub use datagram::Received;
pub use names::{DnsError, DnsErrorKind, Family, LookUp, LookupError, Override, Resolver, ResolverConfig};
pub use pipe::{PipeReader, PipeWriter, make_nonblocking, nb_read, nb_write, pipe};
pub use race::{ConnectError, ConnectErrorKind, ConnectOptions};
pub use select::{Poll, Selected, select};
pub use server::{DatagramSender, DatagramServer, DatagramServerHandle};
pub use server::{Listen, ServerHandle, StreamServer, TlsServer};
pub use socket::is_out_of_descriptors;
pub use tcp::{ListenOptions, TcpListener, TcpStream};
pub use tls::{RootCounts, Roots, Transport};
pub use tls::{TlsAcceptor, TlsConfig, TlsConfigBuilder, TlsError, TlsSetupError, TlsStream, TlsVersion};
pub use udp::UdpSocket;
pub use unix::{UnixListener, UnixStream};
pub use unix_datagram::UnixDatagram;
pub use wait::{cancel_wait, wait, wait_readable, wait_readwrite, wait_writable};
pub use watch_path::{PathChange, PathWatch, watch_path};

pub use crate::green::{Interest, Ready};
