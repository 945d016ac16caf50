//! Why no address could be connected to: what was tried, and which failure tells the most.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::green::Interrupt;
use crate::net::BindError;

/// Failures written out in the text; the rest is counted.
const TOLD: usize = 4;

/// Why no address could be connected to.
#[derive(Debug)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    failures: Vec<(SocketAddr, io::Error)>,
    /// Which of the failures the kind is of.
    telling: usize,
    interrupt: Option<Interrupt>,
}

/// The most telling of the failures: of several kinds the one that stands last here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectErrorKind {
    /// There was no address to try.
    NoAddress,
    /// No way leads there: no route, no such family on this machine, a network that says so.
    Unreachable,
    /// None of the others; see [`ConnectError::io_kind`].
    Other,
    /// The kernel gave up waiting for an answer.
    TimedOut,
    /// Somebody is there, and nobody listens.
    Refused,
    /// This machine has no port left to connect from (`EADDRNOTAVAIL`): wait and try again.
    OutOfPorts,
    /// This process, or the system, has no descriptor left (`EMFILE`, `ENFILE`): wait and try again.
    OutOfDescriptors,
    /// The caller's wait was interrupted before any address had answered.
    Interrupted,
}

impl ConnectError {
    pub(super) fn of_one(address: SocketAddr, error: io::Error) -> ConnectError {
        match Interrupt::of(&error).cloned() {
            Some(interrupt) => ConnectError::interrupted(interrupt, Vec::new()),
            None => ConnectError::of_all(vec![(address, error)]),
        }
    }

    pub(super) fn of_all(failures: Vec<(SocketAddr, io::Error)>) -> ConnectError {
        let mut most = (ConnectErrorKind::NoAddress, 0);
        for (at, (address, error)) in failures.iter().enumerate() {
            let kind = kind_of(*address, error);
            if kind > most.0 {
                most = (kind, at);
            }
        }
        ConnectError { kind: most.0, failures, telling: most.1, interrupt: None }
    }

    pub(super) fn interrupted(interrupt: Interrupt, failures: Vec<(SocketAddr, io::Error)>) -> ConnectError {
        let all = ConnectError::of_all(failures);
        ConnectError { kind: ConnectErrorKind::Interrupted, interrupt: Some(interrupt), ..all }
    }

    /// The most telling of the failures.
    pub fn kind(&self) -> ConnectErrorKind {
        self.kind
    }

    /// The same as the system sees it.
    pub fn io_kind(&self) -> io::ErrorKind {
        match (&self.interrupt, self.failures.get(self.telling)) {
            (Some(interrupt), _) => io::Error::from(interrupt.clone()).kind(),
            (None, Some((_, error))) => error.kind(),
            (None, None) => io::ErrorKind::AddrNotAvailable,
        }
    }

    /// Each address that failed, in the order in which they did; those still under way at an interrupt are not among them.
    pub fn failures(&self) -> &[(SocketAddr, io::Error)] {
        &self.failures
    }

    /// What ended the wait, where that ended it.
    pub fn interrupt(&self) -> Option<&Interrupt> {
        self.interrupt.as_ref()
    }

    /// Whether a descriptor was wanting: another try after one has been closed may succeed.
    pub fn is_out_of_descriptors(&self) -> bool {
        self.kind == ConnectErrorKind::OutOfDescriptors
    }

    /// Whether the socket could not be bound to the device or the own address asked for.
    pub fn is_bind(&self) -> bool {
        let telling = self.failures.get(self.telling).and_then(|(_, error)| error.get_ref());
        telling.is_some_and(|inner| inner.is::<BindError>())
    }

    /// Whether a local port was wanting: another try after a while may succeed.
    pub fn is_out_of_ports(&self) -> bool {
        self.kind == ConnectErrorKind::OutOfPorts
    }
}

fn kind_of(address: SocketAddr, error: &io::Error) -> ConnectErrorKind {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => return ConnectErrorKind::OutOfDescriptors,
        Some(libc::EADDRNOTAVAIL) if has_a_way_to(address) => return ConnectErrorKind::OutOfPorts,
        Some(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT | libc::EHOSTDOWN) => return ConnectErrorKind::Unreachable,
        _ => {}
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectErrorKind::Refused,
        io::ErrorKind::TimedOut => ConnectErrorKind::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            ConnectErrorKind::Unreachable
        }
        _ => ConnectErrorKind::Other,
    }
}

/// The kernel says `EADDRNOTAVAIL` both when its ports are used up and when it has no address of its own to speak to the
/// peer from (IPv6 switched off, as in many containers, where `localhost` is still tried as `::1`). A datagram socket
/// needs the address and none of TCP's ports; connecting it sends nothing.
fn has_a_way_to(address: SocketAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(address)).is_ok()
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interrupt {
            Some(interrupt) => write!(f, "cannot connect: {interrupt}")?,
            None if self.failures.is_empty() => f.write_str("cannot connect: no address")?,
            None => f.write_str("cannot connect")?,
        }
        let mut before = if self.interrupt.is_some() { "; " } else { ": " };
        for (address, error) in self.failures.iter().take(TOLD) {
            write!(f, "{before}{address}: {error}")?;
            before = "; ";
        }
        match self.failures.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.interrupt {
            Some(interrupt) => Some(interrupt),
            None => self.failures.get(self.telling).map(|(_, error)| error as _),
        }
    }
}

impl From<ConnectError> for io::Error {
    /// Keeps the kind, and what interrupted it.
    fn from(error: ConnectError) -> io::Error {
        match error.interrupt {
            Some(interrupt) => interrupt.into(),
            None => io::Error::new(error.io_kind(), error),
        }
    }
}
