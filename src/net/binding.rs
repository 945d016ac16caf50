//! From where connections are made: a device, own addresses.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

/// From where connections are made. curl: `--interface`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binding {
    /// Through this network device only (`SO_BINDTODEVICE`): its name, as in `eth0`.
    pub device: Option<String>,
    /// From the first of these that is of the peer's family; with none at all from any.
    pub addresses: Vec<IpAddr>,
}

/// A socket could not be bound as asked for: no such device, no such address here, or not allowed.
#[derive(Debug)]
pub struct BindError {
    to: String,
    error: io::Error,
}

impl Binding {
    /// Whether this machine has a device of this name, as far as a socket can be bound to it.
    pub fn is_device(name: &str) -> bool {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP));
        let bound = socket.and_then(|socket| socket.bind_device(Some(name.as_bytes())));
        // Whoever may not bind to it is told so, and not that there is none.
        !bound.is_err_and(|error| error.kind() != io::ErrorKind::PermissionDenied)
    }

    /// Binds a socket that is going to be connected to `peer`.
    pub(super) fn bind(&self, socket: &Socket, peer: SocketAddr) -> io::Result<()> {
        if let Some(device) = &self.device {
            socket.bind_device(Some(device.as_bytes())).map_err(|error| failed(device, error))?;
        }
        if self.addresses.is_empty() {
            return Ok(());
        }
        let Some(own) = self.addresses.iter().find(|own| own.is_ipv4() == peer.is_ipv4()) else {
            let text = "there is no own address of this family to connect from";
            return Err(io::Error::new(io::ErrorKind::NetworkUnreachable, text));
        };
        socket.bind(&SocketAddr::new(*own, 0).into()).map_err(|error| failed(own, error))
    }
}

fn failed(to: &dyn fmt::Display, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), BindError { to: to.to_string(), error })
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect from {}: {}", self.to, self.error)
    }
}

impl Error for BindError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::green;
    use crate::net::race::{self, ConnectOptions};
    use crate::net::{ConnectErrorKind, TcpListener, TcpStream};

    fn from(address: &str) -> Binding {
        Binding { addresses: vec![address.parse().unwrap()], ..Binding::default() }
    }

    #[test]
    fn a_connection_comes_from_where_it_was_bound_to() {
        green::run(|| {
            let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            TcpStream::connect_bound(&from("127.0.0.77"), address).unwrap();
            assert_eq!(listener.accept().unwrap().1.ip().to_string(), "127.0.0.77");
            let device = Binding { device: Some("lo".into()), ..Binding::default() };
            TcpStream::connect_bound(&device, address).unwrap();
            assert!(Binding::is_device("lo") && !Binding::is_device("nosuch0"));
        });
    }

    #[test]
    fn a_failed_bind_is_told_apart_from_a_failed_connect() {
        green::run(|| {
            let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            let connect = |binding: Binding| {
                let result = race::connect_bound(&[address], &ConnectOptions::default(), &binding);
                result.err().unwrap()
            };
            let missing = connect(from("192.0.2.1"));
            assert!(missing.is_bind() && missing.to_string().contains("192.0.2.1"), "{missing}");
            assert!(connect(Binding { device: Some("nosuch0".into()), ..Binding::default() }).is_bind());
            let family = connect(from("::1"));
            assert!(!family.is_bind());
            assert_eq!(family.kind(), ConnectErrorKind::Unreachable);
        });
    }
}
