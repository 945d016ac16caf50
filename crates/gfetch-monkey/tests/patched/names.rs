//! Names: by the system's resolver, on a thread of the pool; musl's own in a static program, on the greenlet.

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::ptr;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use gfetch::green::{self, timeout};
use libc::{addrinfo, c_int};

use crate::apart::apart_with_names;
use crate::name_server::serve;
use crate::support::{MOMENT, SECOND, all, begun, patched, timed};

const IS_STATIC: bool = cfg!(target_feature = "crt-static");

/// A code, or the addresses that the list says, which is freed.
fn asked(node: Option<&str>, service: Option<&str>, hints: Option<[c_int; 3]>) -> Result<Vec<String>, c_int> {
    let text = |text: Option<&str>| text.map(|text| CString::new(text).unwrap());
    let at = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    let (node, service) = (text(node), text(service));
    // SAFETY: zeros are hints that say nothing.
    let mut whole: addrinfo = unsafe { std::mem::zeroed() };
    if let Some([flags, family, kind]) = hints {
        (whole.ai_flags, whole.ai_family, whole.ai_socktype) = (flags, family, kind);
    }
    let hints = if hints.is_some() { &raw const whole } else { ptr::null() };
    let mut list = ptr::null_mut();
    // SAFETY: strings of C, hints and a place, or none.
    let code = unsafe { libc::getaddrinfo(at(&node), at(&service), hints, &mut list) };
    if code != 0 {
        return Err(code);
    }
    let (mut told, mut next) = (Vec::new(), list);
    // SAFETY: the list is ours until it is freed.
    while let Some(entry) = unsafe { next.as_ref() } {
        // SAFETY: a string of C, or none; an address of that length.
        let (name, address) = unsafe {
            let name = (!entry.ai_canonname.is_null()).then(|| CStr::from_ptr(entry.ai_canonname));
            (name, std::slice::from_raw_parts(entry.ai_addr.cast::<u8>(), entry.ai_addrlen as usize))
        };
        told.push(format!("{name:?} {} {} {address:?}", entry.ai_family, entry.ai_socktype));
        next = entry.ai_next;
    }
    // SAFETY: what the call gave, once.
    unsafe { libc::freeaddrinfo(list) };
    Ok(told)
}

#[test]
fn what_is_told_is_what_the_system_tells() {
    let cases = [
        (Some("localhost"), None, Some([0, libc::AF_INET, libc::SOCK_STREAM])),
        (Some("localhost"), Some("80"), None),
        (Some("localhost"), Some("80"), Some([libc::AI_CANONNAME, libc::AF_INET, libc::SOCK_DGRAM])),
        (Some("127.0.0.1"), Some("80"), None),
        (Some("::1"), None, Some([libc::AI_NUMERICHOST, libc::AF_UNSPEC, 0])),
        (Some("localhost"), None, Some([libc::AI_NUMERICHOST, libc::AF_UNSPEC, 0])),
        (Some("localhost"), Some("no-such-service"), None),
        (None, Some("80"), Some([libc::AI_PASSIVE, libc::AF_INET, libc::SOCK_STREAM])),
        (None, None, None),
        (Some("localhost"), None, Some([1 << 30, libc::AF_UNSPEC, 0])),
        (Some("localhost"), None, Some([0, 12345, 0])),
    ];
    for (node, service, hints) in cases {
        let blocking = asked(node, service, hints);
        let waiting = patched(|| all(3, move |_| asked(node, service, hints)));
        assert!(waiting.iter().all(|told| *told == blocking), "{node:?} {service:?}: {blocking:?}, {waiting:?}");
    }
    assert_eq!(gfetch_monkey::get_original("getaddrinfo").is_none(), IS_STATIC);
}

#[test]
fn an_address_has_its_name_and_figures() {
    let blocking = [named(Ipv4Addr::LOCALHOST, 0), named(Ipv4Addr::LOCALHOST, libc::NI_NUMERICHOST)];
    let waiting = patched(|| {
        green::spawn(|| [named(Ipv4Addr::LOCALHOST, 0), named(Ipv4Addr::LOCALHOST, libc::NI_NUMERICHOST)])
            .get()
            .unwrap()
    });
    assert_eq!(blocking, waiting);
    assert_eq!(waiting[1], Ok(("127.0.0.1".to_owned(), "8080".to_owned())));
    assert!(waiting[0].is_ok(), "{waiting:?}");
    // No room.
    patched(|| {
        let told = green::spawn(|| {
            let (address, mut place) = (address(Ipv4Addr::LOCALHOST), [0; 2]);
            let (at, length) = (ptr::from_ref(&address).cast(), size_of_val(&address) as u32);
            // SAFETY: an address of that length and room for two bytes.
            unsafe { libc::getnameinfo(at, length, place.as_mut_ptr(), 2, ptr::null_mut(), 0, 0) }
        });
        assert_eq!(told.get().unwrap(), libc::EAI_OVERFLOW);
    });
}

fn address(address: Ipv4Addr) -> libc::sockaddr_in {
    let in_order = libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) };
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: 8080_u16.to_be(),
        sin_addr: in_order,
        sin_zero: [0; 8],
    }
}

/// The names of an address and of the port 8080, in figures.
fn named(of: Ipv4Addr, flags: c_int) -> Result<(String, String), c_int> {
    let address = address(of);
    let (mut host, mut service) = ([0; 256], [0; 32]);
    let (at, length) = (ptr::from_ref(&address).cast(), size_of_val(&address) as u32);
    let flags = flags | libc::NI_NUMERICSERV;
    // SAFETY: an address of that length, and room as told.
    let code = unsafe { libc::getnameinfo(at, length, host.as_mut_ptr(), 256, service.as_mut_ptr(), 32, flags) };
    // SAFETY: strings of C, if it went well.
    let text = |text: &[_]| unsafe { CStr::from_ptr(text.as_ptr()) }.to_str().unwrap().to_owned();
    if code == 0 { Ok((text(&host), text(&service))) } else { Err(code) }
}

fn looked_up(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 80).to_socket_addrs()?.map(|address: SocketAddr| address.ip()).collect())
}

/// Counts while others wait.
fn counter() -> (green::Greenlet<()>, Rc<Cell<u32>>) {
    let turns = Rc::new(Cell::new(0));
    let counts = turns.clone();
    let task = green::spawn(move || {
        while green::sleep(MOMENT).is_ok() {
            counts.set(counts.get() + 1);
        }
    });
    (task, turns)
}

#[test]
fn many_names_take_as_long_as_the_slowest() {
    let server = "127.77.1.53";
    apart_with_names("names::many_names_take_as_long_as_the_slowest", server, || {
        serve(server);
        // Of a thread that ends: what a look-up leaves behind on it would be run then.
        let looks_up = thread::spawn(|| {
            patched(|| {
                let (counter, turns) = counter();
                let (found, wall) = timed(|| {
                    all(12, |n| {
                        let delay = 300 + 25 * (n * 7 % 12);
                        looked_up(&format!("{n}-{delay}.test")).unwrap()
                    })
                });
                for (n, found) in found.iter().enumerate() {
                    assert_eq!(*found, [IpAddr::from([10, 0, 0, n as u8])]);
                }
                assert!(wall >= Duration::from_millis(550) && wall < SECOND * 3, "{wall:?}");
                assert!(turns.get() >= 3, "{} turns", turns.get());
                counter.kill().unwrap();
            })
        });
        looks_up.join().unwrap();
    });
}

#[test]
fn many_addresses_names_take_as_long_as_one() {
    let server = "127.77.2.53";
    apart_with_names("names::many_addresses_names_take_as_long_as_one", server, || {
        serve(server);
        let (names, wall) = timed(|| patched(|| all(12, |n| named(Ipv4Addr::new(10, 0, 0, n as u8), 0))));
        for (n, name) in names.iter().enumerate() {
            assert_eq!(*name, Ok((format!("host-{n}.test"), "8080".to_owned())));
        }
        assert!(wall >= Duration::from_millis(200) && wall < Duration::from_millis(200 * 10), "{wall:?}");
    });
}

#[test]
fn a_name_that_is_not_there_is_told_as_ever() {
    let server = "127.77.3.53";
    apart_with_names("names::a_name_that_is_not_there_is_told_as_ever", server, || {
        serve(server);
        let blocking = looked_up("none.test").unwrap_err().to_string();
        let waiting = patched(|| green::spawn(|| looked_up("none.test").unwrap_err().to_string()).get().unwrap());
        assert_eq!(blocking, waiting);
    });
}

#[test]
fn a_time_out_and_a_kill_end_a_look_up() {
    let server = "127.77.4.53";
    apart_with_names("names::a_time_out_and_a_kill_end_a_look_up", server, || {
        serve(server);
        patched(|| {
            let seen = Rc::new(Cell::new(None));
            let tells = seen.clone();
            let (scope, wall) = timed(move || {
                timeout(MOMENT, || {
                    let looked_up = looked_up("silent.test");
                    tells.set(looked_up.as_ref().err().map(|error| (error.kind(), error.raw_os_error())));
                    looked_up
                })
            });
            assert!(scope.is_err());
            let tells = seen.clone();
            let task = begun(move || tells.set(looked_up("1-300.test").err().map(|e| (e.kind(), e.raw_os_error()))));
            assert!(wall < SECOND * 5, "{wall:?}");
            if IS_STATIC {
                // musl's resolver tries again whatever `poll` tells it, until its own time-out.
                assert_eq!(seen.get().map(|(_, number)| number), Some(None), "a failure that is the resolver's own");
            } else {
                assert_eq!(seen.get(), Some((ErrorKind::TimedOut, Some(libc::ETIMEDOUT))));
            }
            task.kill().unwrap();
            assert!(task.is_done());
            if !IS_STATIC {
                assert_eq!(seen.get().unwrap().1, Some(libc::ECANCELED));
            }
            // What was abandoned comes to its end on its thread, and the pool goes on.
            green::sleep(SECOND).unwrap();
            assert_eq!(all(1, |_| looked_up("2-1.test").unwrap())[0], [IpAddr::from([10, 0, 0, 2])]);
        });
    });
}
