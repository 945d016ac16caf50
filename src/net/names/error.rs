//! Why a host has no addresses.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use super::config::Family;
use crate::green::Interrupt;

/// Bytes of a host repeated in an error: as many as a name may have.
const TOLD_HOST_BYTES: usize = 253;

/// Why a host has no addresses.
#[derive(Clone, Debug)]
pub struct DnsError {
    /// The host that was asked for (its beginning, if it is longer than a name may be).
    pub host: String,
    /// What went wrong.
    pub kind: DnsErrorKind,
    /// For people; where the system said why, its words.
    pub message: String,
}

/// What went wrong with a look-up.
#[derive(Clone, Debug)]
pub enum DnsErrorKind {
    /// There is no such name, or it has no addresses. Final, as far as anything is.
    NotFound,
    /// No answer could be had; another try may have one.
    Temporary,
    /// There are addresses, but none of the wanted family.
    NoAddressInFamily,
    /// It cannot be a host; nobody was asked.
    Invalid,
    /// The wait was interrupted; the look-up goes on.
    Interrupted(Interrupt),
}

/// The same without the host: what a [`LookUp`](super::LookUp) function returns.
#[derive(Clone, Debug)]
pub struct LookupError {
    /// What went wrong.
    pub kind: DnsErrorKind,
    /// For people.
    pub message: String,
}

impl DnsError {
    /// Whether no name was asked for, but an address: there was nothing to look up.
    pub fn is_of_address(&self) -> bool {
        let bare = self.host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(&self.host);
        bare.parse::<IpAddr>().is_ok()
    }

    pub(super) fn new(host: &str, error: LookupError) -> DnsError {
        let host = &host[..host.floor_char_boundary(TOLD_HOST_BYTES)];
        DnsError { host: host.to_owned(), kind: error.kind, message: error.message }
    }
}

impl LookupError {
    pub(super) fn invalid(message: &str) -> LookupError {
        LookupError { kind: DnsErrorKind::Invalid, message: message.to_owned() }
    }

    pub(super) fn not_found(message: &str) -> LookupError {
        LookupError { kind: DnsErrorKind::NotFound, message: message.to_owned() }
    }

    pub(super) fn temporary(message: String) -> LookupError {
        LookupError { kind: DnsErrorKind::Temporary, message }
    }

    pub(super) fn no_address_in(family: Family) -> LookupError {
        let message = match family {
            Family::Any => "no address",
            Family::V4 => "no IPv4 address",
            Family::V6 => "no IPv6 address",
        };
        LookupError { kind: DnsErrorKind::NoAddressInFamily, message: message.to_owned() }
    }

    /// Whether the answer may be kept: one about the name, and not about the asking.
    pub(super) fn is_about_the_name(&self) -> bool {
        matches!(self.kind, DnsErrorKind::NotFound | DnsErrorKind::NoAddressInFamily | DnsErrorKind::Invalid)
    }
}

impl From<Interrupt> for LookupError {
    fn from(interrupt: Interrupt) -> LookupError {
        LookupError { message: interrupt.to_string(), kind: DnsErrorKind::Interrupted(interrupt) }
    }
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot resolve {}: {}", self.host, self.message)
    }
}

impl Error for DnsError {}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for LookupError {}
