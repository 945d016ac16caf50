//! `getaddrinfo`, `getnameinfo`: the system's resolver on a thread of a pool, while the greenlet waits.
//!
//! The resolver of a shared C library calls nothing that could be interposed, so that it blocks whatever thread it runs on.
//! What it is asked is copied for that thread, and what it answers belongs to the caller's process as ever: `freeaddrinfo`
//! frees it. A wait that ends early tells `EAI_SYSTEM` with `ETIMEDOUT` or `ECANCELED` in `errno`, which std tells as what
//! they are; the look-up goes on, and its answer is freed over there.
//!
//! `gethostbyname` and its kin stay as they are: their answer stands in one place for the whole process, which the next
//! greenlet's call would overwrite before the first has read it. POSIX dropped them in 2008.

use std::ffi::{CStr, CString};
use std::io;
use std::net::IpAddr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use gfetch::green::ThreadPool;
use gfetch::green::interpose::Stop;
use libc::{addrinfo, c_char, c_int, c_void, sockaddr, sockaddr_storage, socklen_t};

use crate::call::may_wait;
use crate::feature::Feature;
use crate::hub::{self, stopped};
use crate::symbols::{SignalSafety, Symbol, symbol};
use crate::sys::set_errno;

pub(crate) const SYMBOLS: &[Symbol] =
    &[symbol!(getaddrinfo, Dns, SignalSafety::Unsafe), symbol!(getnameinfo, Dns, SignalSafety::Unsafe)];

/// Threads for names, of all hubs together: apart from others, so that slow names hold up nothing else.
static POOL: ThreadPool = ThreadPool::new(16);

/// The longest name that `getnameinfo` gives: `NI_MAXHOST` and `NI_MAXSERV`.
const LONGEST: [usize; 2] = [1025, 32];

/// getaddrinfo(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: handed on to the caller.
    let plain = || unsafe { original::getaddrinfo(node, service, hints, found) };
    if !may_wait(Feature::Dns) {
        return plain();
    }
    // SAFETY: the caller answers for the strings and the hints.
    let asked = unsafe { (copied(node), copied(service), hints.as_ref().map(Hints::new)) };
    if is_known(asked.0.as_deref(), asked.1.as_deref()) {
        return plain();
    }
    let told = hub::offload(&POOL, move || look_up(&asked.0, &asked.1, asked.2.as_ref()));
    tell(told.map(|answer| {
        if answer.code == 0 {
            // SAFETY: the caller answers for the place; the list is its own from here on.
            unsafe { *found = answer.list.into_caller() };
        }
        (answer.code, answer.errno)
    }))
}

/// getnameinfo(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getnameinfo(
    address: *const sockaddr,
    length: socklen_t,
    host: *mut c_char,
    host_room: socklen_t,
    service: *mut c_char,
    service_room: socklen_t,
    flags: c_int,
) -> c_int {
    let is_numeric = flags & libc::NI_NUMERICHOST != 0 || host.is_null() || host_room == 0;
    let fits = !address.is_null() && length as usize <= size_of::<sockaddr_storage>();
    if !fits || is_numeric || !may_wait(Feature::Dns) {
        // SAFETY: handed on to the caller.
        return unsafe { original::getnameinfo(address, length, host, host_room, service, service_room, flags) };
    }
    // SAFETY: zeros are an address of no family.
    let mut copy: sockaddr_storage = unsafe { std::mem::zeroed() };
    // SAFETY: the caller answers for its address, which fits.
    unsafe { ptr::copy_nonoverlapping(address.cast::<u8>(), (&raw mut copy).cast(), length as usize) };
    let rooms = [if host.is_null() { 0 } else { host_room }, if service.is_null() { 0 } else { service_room }];
    let told = hub::offload(&POOL, move || name(&copy, length, rooms, flags));
    tell(told.map(|answer| {
        if answer.code == 0 {
            let names = [(host, &answer.host), (service, &answer.service)];
            for (place, text) in names.into_iter().filter(|(_, text)| !text.is_empty()) {
                // SAFETY: the caller answers for its places; a text with its zero is no longer than the room of its place.
                unsafe { ptr::copy_nonoverlapping(text.as_ptr().cast(), place, text.len()) };
            }
        }
        (answer.code, answer.errno)
    }))
}

/// Ends a call as its callers expect it: a code, and `errno` last of all where it says more.
fn tell(told: Result<(c_int, c_int), Stop>) -> c_int {
    let (code, error) = told.unwrap_or_else(|stop| (libc::EAI_SYSTEM, stopped(stop)));
    if code == libc::EAI_SYSTEM {
        set_errno(error);
    }
    code
}

/// Whether nobody need be asked: no name, or an address written in figures, and no service or its number.
fn is_known(node: Option<&CStr>, service: Option<&CStr>) -> bool {
    let text = |text: Option<&CStr>| text.map(|text| text.to_str().unwrap_or("?").to_owned());
    text(node).is_none_or(|node| node.parse::<IpAddr>().is_ok())
        && text(service).is_none_or(|service| service.parse::<u16>().is_ok())
}

/// # Safety
/// `text` is null or a string of C.
unsafe fn copied(text: *const c_char) -> Option<CString> {
    // SAFETY: handed on to the caller.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned())
}

/// What hints have to say: all else in them has to be zero.
struct Hints {
    flags: c_int,
    family: c_int,
    kind: c_int,
    protocol: c_int,
}

impl Hints {
    fn new(hints: &addrinfo) -> Hints {
        let addrinfo { ai_flags: flags, ai_family: family, ai_socktype: kind, ai_protocol: protocol, .. } = *hints;
        Hints { flags, family, kind, protocol }
    }

    fn whole(&self) -> addrinfo {
        // SAFETY: zeros are hints that say nothing.
        let mut whole: addrinfo = unsafe { std::mem::zeroed() };
        (whole.ai_flags, whole.ai_family) = (self.flags, self.family);
        (whole.ai_socktype, whole.ai_protocol) = (self.kind, self.protocol);
        whole
    }
}

/// What a look-up gave.
struct Found {
    code: c_int,
    errno: c_int,
    list: List,
}

/// What `getaddrinfo` allocated; freed here unless its caller gets it.
struct List(*mut addrinfo);

// SAFETY: plain memory, which is used by one owner at a time and may be freed by any thread.
unsafe impl Send for List {}

impl List {
    fn into_caller(self) -> *mut addrinfo {
        std::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: a list that is ours, freed once.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

/// On a thread of the pool.
fn look_up(node: &Option<CString>, service: &Option<CString>, hints: Option<&Hints>) -> Found {
    let text = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    let hints = hints.map(Hints::whole);
    let hints = hints.as_ref().map_or(ptr::null(), ptr::from_ref);
    let mut list = ptr::null_mut();
    // SAFETY: strings and hints that live on, and a place for the list.
    let code = unsafe { original::getaddrinfo(text(node), text(service), hints, &mut list) };
    let errno = errno();
    Found { code, errno, list: List(if code == 0 { list } else { ptr::null_mut() }) }
}

/// The names of an address, each with its zero.
struct Named {
    code: c_int,
    errno: c_int,
    host: Vec<u8>,
    service: Vec<u8>,
}

/// On a thread of the pool.
fn name(address: &sockaddr_storage, length: socklen_t, rooms: [socklen_t; 2], flags: c_int) -> Named {
    let [mut host, mut service] = [0, 1].map(|n| vec![0_u8; LONGEST[n].min(rooms[n] as usize)]);
    let place = |text: &mut Vec<u8>| if text.is_empty() { ptr::null_mut() } else { text.as_mut_ptr().cast() };
    let (host_at, service_at) = (place(&mut host), place(&mut service));
    let (host_room, service_room) = (host.len() as socklen_t, service.len() as socklen_t);
    let address = ptr::from_ref(address).cast();
    // SAFETY: an address of that length, and places of those lengths, or none.
    let code = unsafe { original::getnameinfo(address, length, host_at, host_room, service_at, service_room, flags) };
    let errno = errno();
    for text in [&mut host, &mut service] {
        let end = text.iter().position(|byte| *byte == 0).map_or(0, |zero| zero + 1);
        text.truncate(end);
    }
    Named { code, errno, host, service }
}

fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The function of that name in the next library: the C library's.
///
/// # Panics
/// Where there is none, which is no program that could have called it.
fn next(name: &CStr, known: &AtomicPtr<c_void>) -> *mut c_void {
    let mut found = known.load(Ordering::Relaxed);
    if found.is_null() {
        // SAFETY: a string of C.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        assert!(!found.is_null(), "no {name:?} in the C library");
        known.store(found, Ordering::Relaxed);
    }
    found
}

/// The functions as the system has them.
pub mod original {
    use super::{AtomicPtr, addrinfo, c_char, c_int, next, ptr, sockaddr, socklen_t};

    /// getaddrinfo(3).
    pub unsafe extern "C" fn getaddrinfo(
        node: *const c_char,
        service: *const c_char,
        hints: *const addrinfo,
        found: *mut *mut addrinfo,
    ) -> c_int {
        type Its = unsafe extern "C" fn(*const c_char, *const c_char, *const addrinfo, *mut *mut addrinfo) -> c_int;
        static KNOWN: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());
        // SAFETY: the C library's function of that name is of that type.
        let its: Its = unsafe { std::mem::transmute(next(c"getaddrinfo", &KNOWN)) };
        // SAFETY: handed on to the caller.
        unsafe { its(node, service, hints, found) }
    }

    /// getnameinfo(3).
    pub unsafe extern "C" fn getnameinfo(
        address: *const sockaddr,
        length: socklen_t,
        host: *mut c_char,
        host_room: socklen_t,
        service: *mut c_char,
        service_room: socklen_t,
        flags: c_int,
    ) -> c_int {
        type Its = unsafe extern "C" fn(
            *const sockaddr,
            socklen_t,
            *mut c_char,
            socklen_t,
            *mut c_char,
            socklen_t,
            c_int,
        ) -> c_int;
        static KNOWN: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());
        // SAFETY: the C library's function of that name is of that type.
        let its: Its = unsafe { std::mem::transmute(next(c"getnameinfo", &KNOWN)) };
        // SAFETY: handed on to the caller.
        unsafe { its(address, length, host, host_room, service, service_room, flags) }
    }
}
