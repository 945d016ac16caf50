//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers.

mod socket;
mod tcp;
mod unix;

pub use tcp::{TcpListener, TcpStream};
pub use unix::{UnixListener, UnixStream};
