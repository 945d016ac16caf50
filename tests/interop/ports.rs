//! Ports for servers of tests; gfetch-monkey's take theirs here, too.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports that were free a moment ago, each given once. They lie below those that the kernel gives to who connects: one of
/// those would be taken now and then before its server has it.
pub fn free_ports<const N: usize>() -> [u16; N] {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Other processes test, too.
    let start = std::process::id().wrapping_mul(97);
    let next = || FIRST + start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::array::from_fn(|_| (0..COUNT).map(|_| next() as u16).find(free).expect("a free port"))
}
