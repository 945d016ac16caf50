//! `getaddrinfo`, called directly: std's hides which failure it was, and takes no family.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_int};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

/// What the call said instead of addresses.
#[derive(Debug)]
pub(super) struct Failure {
    /// One of libc's `EAI_*`.
    pub code: c_int,
    /// The system's words for it.
    pub message: String,
}

/// The addresses of `host` in `family` (one of libc's `AF_*`), in the order of RFC 6724. Blocks.
pub(super) fn getaddrinfo(host: &str, family: c_int) -> Result<Vec<IpAddr>, Failure> {
    let Ok(name) = CString::new(host) else {
        return Err(Failure { code: libc::EAI_NONAME, message: "a NUL in the name".to_owned() });
    };
    let hints = libc::addrinfo {
        ai_flags: 0,
        ai_family: family,
        // One kind of socket, or every address would come three times.
        ai_socktype: libc::SOCK_STREAM,
        ai_protocol: 0,
        ai_addrlen: 0,
        ai_addr: ptr::null_mut(),
        ai_canonname: ptr::null_mut(),
        ai_next: ptr::null_mut(),
    };
    let mut list = List(ptr::null_mut());
    // SAFETY: the name is a C string and the hints are a whole `addrinfo`, both alive during the call; no service is
    // asked for. On success the call stores a list that is ours to free, which `List` does, and otherwise nothing.
    let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut list.0) };
    if code == 0 { Ok(list.addresses()) } else { Err(failure(code)) }
}

/// What `getaddrinfo` allocated.
struct List(*mut libc::addrinfo);

impl List {
    fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        let mut next = self.0;
        // SAFETY: every entry up to the null one belongs to the list, which lives and is not written while `self` is
        // borrowed.
        while let Some(entry) = unsafe { next.as_ref() } {
            addresses.extend(address_of(entry));
            next = entry.ai_next;
        }
        addresses
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: a non-null list came from a successful `getaddrinfo` and is freed here only.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

fn address_of(entry: &libc::addrinfo) -> Option<IpAddr> {
    let (family, bytes) = (entry.ai_family, entry.ai_addrlen as usize);
    if entry.ai_addr.is_null() {
        None
    } else if family == libc::AF_INET && bytes >= size_of::<libc::sockaddr_in>() {
        // SAFETY: the entry says that its address is of this family and at least so long; it may stand unaligned.
        let address = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
        Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
    } else if family == libc::AF_INET6 && bytes >= size_of::<libc::sockaddr_in6>() {
        // SAFETY: as above.
        let address = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
        Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
    } else {
        None
    }
}

/// Called right after the call, while `errno` is still that of an `EAI_SYSTEM`.
fn failure(code: c_int) -> Failure {
    let message = match code {
        libc::EAI_SYSTEM => io::Error::last_os_error().to_string(),
        // SAFETY: `gai_strerror` returns a static C string for every code, also for unknown ones.
        _ => unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned(),
    };
    Failure { code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_both_families_come_back_as_they_are() {
        for text in ["192.0.2.1", "2001:db8::1"] {
            assert_eq!(getaddrinfo(text, libc::AF_UNSPEC).unwrap(), [text.parse::<IpAddr>().unwrap()]);
        }
    }

    #[test]
    fn a_failure_has_its_code_and_words() {
        let failure = getaddrinfo("a\0b", libc::AF_UNSPEC).unwrap_err();
        assert_eq!(failure.code, libc::EAI_NONAME);
        let failure = getaddrinfo("127.0.0.1", -1).unwrap_err();
        assert_eq!(failure.code, libc::EAI_FAMILY);
        assert!(!failure.message.is_empty());
    }
}
