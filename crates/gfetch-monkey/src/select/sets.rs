//! `select`, `pselect`.

use std::time::{Duration, Instant};

use gfetch::green;
use gfetch::net::Interest;
use libc::{c_int, fd_set, sigset_t, timespec, timeval};

use super::{AT_ONCE, SIGSET_BYTES, patiently, to_wait};
use crate::call::may_wait;
use crate::feature::Feature;
use crate::hub;
use crate::sys::{self, Outcome, tell};

/// select(2). What is left of the time is written back, as Linux does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn select(
    count: c_int,
    reading: *mut fd_set,
    writing: *mut fd_set,
    urgent: *mut fd_set,
    limit: *mut timeval,
) -> c_int {
    // SAFETY: the caller answers for the sets and the span.
    unsafe {
        let span = limit.as_ref().map(of_timeval);
        let is_plain = span.is_some_and(|span| span.is_none_or(|span| span.is_zero()));
        if is_plain || count < 0 || !may_wait(Feature::Select) {
            return original::select(count, reading, writing, urgent, limit);
        }
        let span = span.flatten();
        let end = span.and_then(|span| green::now().checked_add(span));
        let told = cooperate(count, [reading, writing, urgent], span, std::ptr::null());
        if let (Some(limit), Some(end)) = (limit.as_mut(), end) {
            *limit = left_until(end);
        }
        tell(told) as c_int
    }
}

/// pselect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pselect(
    count: c_int,
    reading: *mut fd_set,
    writing: *mut fd_set,
    urgent: *mut fd_set,
    limit: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller answers for the sets, the span and the mask.
    unsafe {
        match to_wait(limit).filter(|_| count >= 0 && may_wait(Feature::Select)) {
            Some(limit) => tell(cooperate(count, [reading, writing, urgent], limit, mask)) as c_int,
            None => original::pselect(count, reading, writing, urgent, limit, mask),
        }
    }
}

/// Reading, writing, urgent.
type Sets = [*mut fd_set; 3];

const INTERESTS: [Interest; 3] = [Interest::READABLE, Interest::WRITABLE, Interest::PRIORITY];

/// # Safety
/// Each set is null or has room for `count` bits.
unsafe fn cooperate(count: c_int, sets: Sets, limit: Option<Duration>, mask: *const sigset_t) -> Outcome {
    // SAFETY: handed on to the caller.
    let asked = sets.map(|set| unsafe { words(set, count) }.to_vec());
    // A look empties them; an error leaves them as they were.
    let restore = || {
        for (set, asked) in sets.iter().zip(&asked) {
            // SAFETY: as above.
            unsafe { words(*set, count) }.copy_from_slice(asked);
        }
    };
    let look = || {
        restore();
        // SAFETY: as above.
        unsafe { look(count, sets, &AT_ONCE, mask) }
    };
    let all: Vec<_> = asked.iter().zip(INTERESTS).flat_map(|(set, interest)| numbers(set, interest)).collect();
    let told = patiently(limit, !mask.is_null(), look, |limit| hub::wait_any(&all, limit));
    if told.is_err() {
        restore();
    }
    told
}

/// # Safety
/// `set` is null or has room for `count` bits, in whole words, as the kernel reads them.
unsafe fn words<'a>(set: *mut fd_set, count: c_int) -> &'a mut [u64] {
    if set.is_null() {
        return &mut [];
    }
    // SAFETY: handed on to the caller; sets are aligned for words.
    unsafe { std::slice::from_raw_parts_mut(set.cast(), (count as usize).div_ceil(64)) }
}

fn numbers(set: &[u64], interest: Interest) -> impl Iterator<Item = (c_int, Interest)> {
    let bits = (0..set.len() * 64).filter(|bit| set[bit / 64] >> (bit % 64) & 1 != 0);
    bits.map(move |bit| (bit as c_int, interest))
}

/// What the kernel would take.
fn of_timeval(time: &timeval) -> Option<Duration> {
    let (seconds, micros) = (u64::try_from(time.tv_sec).ok()?, u64::try_from(time.tv_usec).ok()?);
    Duration::from_secs(seconds).checked_add(Duration::from_micros(micros))
}

fn left_until(end: Instant) -> timeval {
    let left = end.saturating_duration_since(green::now());
    timeval { tv_sec: left.as_secs() as i64, tv_usec: left.subsec_micros().into() }
}

/// # Safety
/// Each set is null or has room for `count` bits; `limit` and `mask` are good or null.
unsafe fn look(count: c_int, sets: Sets, limit: *const timespec, mask: *const sigset_t) -> Outcome {
    // The kernel writes there what is left.
    // SAFETY: handed on to the caller.
    let mut copy = unsafe { limit.as_ref() }.copied();
    let limit = copy.as_mut().map_or(0, |limit| std::ptr::from_mut(limit) as usize);
    let mask = [mask as usize, SIGSET_BYTES];
    let [reading, writing, urgent] = sets.map(|set| set as usize);
    // SAFETY: as above; the last argument points to the mask and its size.
    unsafe { sys::call(libc::SYS_pselect6, [count as usize, reading, writing, urgent, limit, mask.as_ptr() as usize]) }
}

/// The functions as the system has them.
pub mod original {
    use super::{c_int, fd_set, look, of_timeval, sigset_t, sys, tell, timespec, timeval};
    use std::time::Instant;

    /// select(2).
    pub unsafe extern "C" fn select(
        count: c_int,
        reading: *mut fd_set,
        writing: *mut fd_set,
        urgent: *mut fd_set,
        limit: *mut timeval,
    ) -> c_int {
        let sets = [reading, writing, urgent];
        // SAFETY: handed on to the caller.
        unsafe {
            let Some(place) = limit.as_mut() else {
                return tell(look(count, sets, std::ptr::null(), std::ptr::null())) as c_int;
            };
            let Some(span) = of_timeval(place) else {
                sys::set_errno(libc::EINVAL);
                return -1;
            };
            let start = Instant::now();
            let time = timespec { tv_sec: span.as_secs() as i64, tv_nsec: span.subsec_nanos().into() };
            let told = look(count, sets, &time, std::ptr::null());
            let left = span.saturating_sub(start.elapsed());
            *place = timeval { tv_sec: left.as_secs() as i64, tv_usec: left.subsec_micros().into() };
            tell(told) as c_int
        }
    }

    /// pselect(2).
    pub unsafe extern "C" fn pselect(
        count: c_int,
        reading: *mut fd_set,
        writing: *mut fd_set,
        urgent: *mut fd_set,
        limit: *const timespec,
        mask: *const sigset_t,
    ) -> c_int {
        // SAFETY: handed on to the caller.
        tell(unsafe { look(count, [reading, writing, urgent], limit, mask) }) as c_int
    }
}
