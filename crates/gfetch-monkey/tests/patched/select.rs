//! `poll`, `select` and `epoll_wait`: what they tell, when they end, and that the others run meanwhile.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::time::Duration;

use gfetch::green::{self, timeout};
use libc::{c_int, epoll_event, fd_set, pollfd, timespec, timeval};

use crate::support::{MOMENT, SECOND, begun, patched, timed, told};

unsafe extern "C" {
    // The libc crate leaves it out, and musl has none of its own.
    fn epoll_pwait2(
        epoll: c_int,
        events: *mut epoll_event,
        most: c_int,
        limit: *const timespec,
        mask: *const libc::sigset_t,
    ) -> c_int;
}

fn poll(asked: &[(RawFd, i16)], milliseconds: i32) -> (Result<i64, i32>, Vec<i16>) {
    let mut descriptors: Vec<_> =
        asked.iter().map(|(fd, events)| pollfd { fd: *fd, events: *events, revents: 0 }).collect();
    // SAFETY: as many as there are.
    let told = told(unsafe { libc::poll(descriptors.as_mut_ptr(), descriptors.len() as _, milliseconds) });
    (told, descriptors.iter().map(|descriptor| descriptor.revents).collect())
}

#[test]
fn poll_tells_of_one_of_several_and_of_none() {
    patched(|| {
        let ((near, mut far), (other, _other_far)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let (near, other_fd) = (near.as_raw_fd(), other.as_raw_fd());
        for asked in
            [vec![(near, libc::POLLIN)], vec![(near, libc::POLLIN), (-1, libc::POLLIN), (other_fd, libc::POLLIN)]]
        {
            let (of_none, wall) = timed(|| poll(&asked, MOMENT.as_millis() as i32));
            assert_eq!(of_none, (Ok(0), vec![0; asked.len()]));
            assert!(wall >= MOMENT, "{wall:?}");
            let waits = {
                let asked = asked.clone();
                begun(move || poll(&asked, -1))
            };
            far.write_all(b"x").unwrap();
            let mut found = vec![0; asked.len()];
            found[0] = libc::POLLIN;
            assert_eq!(waits.get().unwrap(), (Ok(1), found));
            let mut byte = 0_u8;
            // SAFETY: room for a byte.
            assert_eq!(told(unsafe { libc::recv(near, (&raw mut byte).cast(), 1, 0) }), Ok(1));
        }
        assert_eq!(poll(&[(near, libc::POLLIN | libc::POLLOUT)], -1), (Ok(1), vec![libc::POLLOUT]));
        assert_eq!(poll(&[(999_999, libc::POLLIN)], -1), (Ok(1), vec![libc::POLLNVAL]));
        let hangs = begun(move || poll(&[(near, 0)], -1));
        drop(far);
        assert_eq!(hangs.get().unwrap(), (Ok(1), vec![libc::POLLHUP]));
        let (of_nothing, wall) = timed(|| poll(&[], MOMENT.as_millis() as i32));
        assert_eq!(of_nothing.0, Ok(0));
        assert!(wall >= MOMENT, "{wall:?}");
    });
}

#[test]
fn polling_for_what_epoll_tells_together_with_more_does_not_spin() {
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"x").unwrap();
        let asked = [(near.as_raw_fd(), libc::POLLRDHUP)];
        let before = green::stats().switches;
        assert_eq!(poll(&asked, 100), (Ok(0), vec![0]));
        assert!(green::stats().switches - before < 500);
        let waits = begun(move || poll(&asked, -1));
        drop(far);
        assert_eq!(waits.get().unwrap().0, Ok(1));
    });
}

#[test]
fn a_scope_ends_a_poll_and_no_time_is_no_wait() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let asked = [(near.as_raw_fd(), libc::POLLIN)];
        let mut seen = None;
        let _ = timeout(MOMENT, || -> io::Result<()> {
            seen = Some(poll(&asked, -1).0);
            Ok(())
        });
        assert_eq!(seen, Some(Err(libc::ETIMEDOUT)));
        let other = green::spawn(|| ());
        assert_eq!(poll(&asked, 0).0, Ok(0));
        assert!(!other.is_done());
        let waits = begun(move || poll(&asked, -1).0);
        waits.kill_nowait();
        assert_eq!(waits.get().unwrap(), Err(libc::ECANCELED));
    });
}

#[test]
fn a_signal_that_only_the_mask_lets_through_ends_a_ppoll() {
    extern "C" fn nothing(_: i32) {}
    patched(|| {
        // SAFETY: a handler that does nothing; sets of signals on this stack; the signal goes to this thread.
        unsafe {
            let (mut usr2, mut none) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigemptyset(&mut none);
            libc::sigemptyset(&mut usr2);
            libc::sigaddset(&mut usr2, libc::SIGUSR2);
            libc::signal(libc::SIGUSR2, nothing as *const () as usize);
            libc::pthread_sigmask(libc::SIG_BLOCK, &usr2, ptr::null_mut());
            let this = libc::pthread_self();
            green::spawn(move || assert_eq!(libc::pthread_kill(this, libc::SIGUSR2), 0));
            let limit = timespec { tv_sec: 20, tv_nsec: 0 };
            let (ended, wall) = timed(|| told(libc::ppoll(ptr::null_mut(), 0, &limit, &none)));
            assert_eq!(ended, Err(libc::EINTR));
            assert!(wall < SECOND * 10, "{wall:?}");
        }
    });
}

#[test]
fn select_tells_what_is_ready_and_what_is_left_of_the_time() {
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let fd = near.as_raw_fd();
        let select = move |reading: bool, limit: Duration| {
            let mut limit = timeval { tv_sec: limit.as_secs() as i64, tv_usec: limit.subsec_micros().into() };
            // SAFETY: a set that is emptied first, and a number that fits.
            unsafe {
                let mut set: fd_set = std::mem::zeroed();
                libc::FD_SET(fd, &mut set);
                let place = &raw mut set;
                let (read, write) = if reading { (place, ptr::null_mut()) } else { (ptr::null_mut(), place) };
                let told = told(libc::select(fd + 1, read, write, ptr::null_mut(), &mut limit));
                (told, libc::FD_ISSET(fd, &set), limit.tv_sec)
            }
        };
        let (none, wall) = timed(|| select(true, MOMENT));
        assert_eq!(none, (Ok(0), false, 0));
        assert!(wall >= MOMENT, "{wall:?}");
        let waits = begun(move || select(true, SECOND * 100));
        far.write_all(b"x").unwrap();
        let (told_of, is_set, left) = waits.get().unwrap();
        assert_eq!((told_of, is_set), (Ok(1), true));
        assert!((50..=100).contains(&left), "{left}");
        assert_eq!(select(false, SECOND).0, Ok(1));
        // SAFETY: no sets; a good span.
        let nothing = || unsafe {
            let limit = timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 };
            let none = ptr::null_mut;
            told(libc::pselect(0, none(), none(), none(), &limit, ptr::null()))
        };
        let (told_of, wall) = timed(nothing);
        assert_eq!(told_of, Ok(0));
        assert!(wall >= MOMENT, "{wall:?}");
    });
}

#[test]
fn a_select_that_is_ended_leaves_its_sets_as_they_were() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let fd = near.as_raw_fd();
        // SAFETY: a set that is emptied first, and a number that fits.
        let waits = begun(move || unsafe {
            let mut set: fd_set = std::mem::zeroed();
            libc::FD_SET(fd, &mut set);
            let told = told(libc::select(fd + 1, &mut set, ptr::null_mut(), ptr::null_mut(), ptr::null_mut()));
            (told, libc::FD_ISSET(fd, &set))
        });
        waits.kill_nowait();
        assert_eq!(waits.get().unwrap(), (Err(libc::ECANCELED), true));
    });
}

#[test]
fn an_epoll_of_others_is_waited_for() {
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        // SAFETY: no pointers.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        let mut interest = epoll_event { events: libc::EPOLLIN as u32, u64: 42 };
        // SAFETY: a good event.
        let added = unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, near.as_raw_fd(), &mut interest) };
        assert_eq!(told(added), Ok(0));
        let wait = move |milliseconds| {
            let mut events = [epoll_event { events: 0, u64: 0 }; 4];
            // SAFETY: room for four.
            let count = told(unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), 4, milliseconds) });
            (count, { events[0].u64 })
        };
        let (none, wall) = timed(|| wait(MOMENT.as_millis() as i32));
        assert_eq!(none, (Ok(0), 0));
        assert!(wall >= MOMENT, "{wall:?}");
        let waits = begun(move || wait(-1));
        far.write_all(b"x").unwrap();
        assert_eq!(waits.get().unwrap(), (Ok(1), 42));
        // And by the call whose time is finer.
        let wait = move |limit: Option<timespec>| {
            let mut events = [epoll_event { events: 0, u64: 0 }; 4];
            let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
            // SAFETY: room for four, and a good span or none.
            told(unsafe { epoll_pwait2(epoll, events.as_mut_ptr(), 4, limit, ptr::null()) })
        };
        assert_eq!(wait(Some(timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1));
        (&near).read_exact(&mut [0]).unwrap();
        let (none, wall) = timed(|| wait(Some(timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 })));
        assert_eq!(none, Ok(0));
        assert!(wall >= MOMENT, "{wall:?}");
        assert_eq!(wait(Some(timespec { tv_sec: 0, tv_nsec: -1 })), Err(libc::EINVAL));
        let waits = begun(move || wait(None));
        far.write_all(b"x").unwrap();
        assert_eq!(waits.get().unwrap(), Ok(1));
        // SAFETY: the test's own.
        assert_eq!(told(unsafe { libc::close(epoll) }), Ok(0));
    });
}
