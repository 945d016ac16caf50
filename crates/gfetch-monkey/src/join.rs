//! `pthread_join`, by which `JoinHandle::join` waits: a thread of its own joins, and the greenlet waits for that.
//!
//! A thread per join that has to wait, because a pool would let joins wait for one another. No scope and no kill ends it:
//! std takes anything but success for a fault of the program. Where the system gives no thread, it blocks as ever.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use std::thread;

use gfetch::green::Limit;
use gfetch::green::interpose::Ticket;
use libc::{c_int, pthread_t};

use crate::call::may_wait;
use crate::feature::Feature;
use crate::futex::Entering;
use crate::hub;
use crate::symbols::{SignalSafety, Symbol, symbol};

pub(crate) const SYMBOLS: &[Symbol] = &[symbol!(pthread_join, Thread, SignalSafety::Unsafe)];

/// What that thread needs.
const STACK_BYTES: usize = 64 << 10;

/// pthread_join(3): returns the error rather than set errno.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_join(thread: pthread_t, value: *mut *mut c_void) -> c_int {
    // SAFETY: handed on to the caller.
    unsafe {
        if !may_wait(Feature::Thread) {
            return original::pthread_join(thread, value);
        }
        match libc::pthread_tryjoin_np(thread, value) {
            libc::EBUSY => join_elsewhere(thread, value),
            told => told,
        }
    }
}

/// What the joining thread has to tell.
struct Joined {
    told: AtomicI32,
    value: AtomicPtr<c_void>,
    ticket: Ticket,
}

/// # Safety
/// As for `pthread_join`.
unsafe fn join_elsewhere(thread: pthread_t, value: *mut *mut c_void) -> c_int {
    // The ticket is for the next wait: none may come in between.
    let entering = Entering::begin();
    let joined = Joined { told: AtomicI32::new(0), value: AtomicPtr::new(ptr::null_mut()), ticket: Ticket::new() };
    let joined = Arc::new(joined);
    let tells = joined.clone();
    // A pointer in musl, which is not to be sent as one.
    let number = thread as usize;
    let joins = move || {
        let mut value = ptr::null_mut();
        // SAFETY: the caller answers for the thread, which nobody else joins; a place for the value.
        let told = unsafe { original::pthread_join(number as pthread_t, &raw mut value) };
        tells.told.store(told, Ordering::Relaxed);
        tells.value.store(value, Ordering::Relaxed);
        tells.ticket.serve();
    };
    let joiner = thread::Builder::new().name("gfetch-join".to_owned()).stack_size(STACK_BYTES);
    if joiner.spawn(joins).is_err() {
        // SAFETY: handed on to the caller.
        return unsafe { original::pthread_join(thread, value) };
    }
    drop(entering);
    while !hub::wait_through(&joined.ticket, Limit::NEVER) {}
    let told = joined.told.load(Ordering::Relaxed);
    if told == 0 && !value.is_null() {
        // SAFETY: the caller's place for it.
        unsafe { value.write(joined.value.load(Ordering::Relaxed)) };
    }
    told
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, c_void, pthread_t, ptr};

    /// pthread_join(3), as the C library has it under another name too.
    pub unsafe extern "C" fn pthread_join(thread: pthread_t, value: *mut *mut c_void) -> c_int {
        // SAFETY: handed on to the caller; without a time it waits for ever.
        unsafe { libc::pthread_timedjoin_np(thread, value, ptr::null()) }
    }
}
