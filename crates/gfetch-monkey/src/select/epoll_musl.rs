//! What musl keeps in one object file with `epoll_wait`: a static program takes a file whole, or none of it, so that the
//! other functions have to be here as well.

use libc::{c_int, epoll_event};

use crate::sys::{self, tell};

/// epoll_create(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_create(size: c_int) -> c_int {
    if size <= 0 {
        return tell(Err(libc::EINVAL)) as c_int;
    }
    // SAFETY: no pointers.
    unsafe { epoll_create1(0) }
}

/// epoll_create1(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_create1(flags: c_int) -> c_int {
    // SAFETY: no pointers.
    tell(unsafe { sys::call(libc::SYS_epoll_create1, [flags as usize, 0, 0, 0, 0, 0]) }) as c_int
}

/// epoll_ctl(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_ctl(epoll: c_int, what: c_int, fd: c_int, event: *mut epoll_event) -> c_int {
    let arguments = [epoll as usize, what as usize, fd as usize, event as usize, 0, 0];
    // SAFETY: the caller answers for the event.
    tell(unsafe { sys::call(libc::SYS_epoll_ctl, arguments) }) as c_int
}
