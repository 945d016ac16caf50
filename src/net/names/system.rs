//! The system's look-up: which family is asked for, and what its failures mean.

use std::ffi::c_int;
use std::net::IpAddr;

use super::config::Family;
use super::error::{DnsErrorKind, LookupError};
use crate::net::getaddrinfo::getaddrinfo;

/// glibc's "the name has addresses, of other families only", which the libc crate leaves out.
const EAI_ADDRFAMILY: c_int = -9;

/// The addresses of `name`, in the order of RFC 6724. Blocks for as long as the system's resolver does: for threads only.
pub(super) fn look_up(name: &str, family: Family) -> Result<Vec<IpAddr>, LookupError> {
    let asked = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    getaddrinfo(name, asked)
        .map_err(|failure| LookupError { kind: kind(failure.code, family), message: failure.message })
}

/// Only an answer that the name has nothing for us is final; everything else (no server answered or one refused, no
/// memory, no descriptor) says nothing about the name.
fn kind(code: c_int, family: Family) -> DnsErrorKind {
    match code {
        libc::EAI_NODATA | EAI_ADDRFAMILY if family != Family::Any => DnsErrorKind::NoAddressInFamily,
        libc::EAI_NONAME | libc::EAI_NODATA | EAI_ADDRFAMILY => DnsErrorKind::NotFound,
        _ => DnsErrorKind::Temporary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_asked() {
        assert_eq!(look_up("localhost", Family::V4).unwrap(), [IpAddr::from([127, 0, 0, 1])]);
    }

    #[test]
    fn an_address_of_the_other_family_is_told_from_no_name() {
        let error = look_up("127.0.0.1", Family::V6).unwrap_err();
        assert!(matches!(error.kind, DnsErrorKind::NoAddressInFamily), "{error:?}");
        assert!(!error.message.is_empty());
    }

    #[test]
    fn only_an_answer_about_the_name_is_final() {
        assert!(matches!(kind(libc::EAI_NONAME, Family::V4), DnsErrorKind::NotFound));
        assert!(matches!(kind(libc::EAI_NODATA, Family::Any), DnsErrorKind::NotFound));
        assert!(matches!(kind(libc::EAI_NODATA, Family::V6), DnsErrorKind::NoAddressInFamily));
        for code in [libc::EAI_AGAIN, libc::EAI_FAIL, libc::EAI_MEMORY, libc::EAI_SYSTEM] {
            assert!(matches!(kind(code, Family::Any), DnsErrorKind::Temporary), "{code}");
        }
    }
}
