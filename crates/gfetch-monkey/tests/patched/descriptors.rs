//! Numbers that are closed, by ways seen and unseen, and mean another file afterwards.

use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::net::{Shutdown, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;

use gfetch::green;

use crate::support::{MOMENT, begun, errno, patched, told};

/// A stream on a number that is somebody else's to close.
fn borrowed(fd: RawFd) -> ManuallyDrop<UnixStream> {
    // SAFETY: never dropped, so that the number stays its owner's.
    ManuallyDrop::new(unsafe { UnixStream::from_raw_fd(fd) })
}

/// Waits on the number once, so that it is known, and gives back what it belongs to.
fn known() -> (UnixStream, UnixStream) {
    let (mut near, far) = UnixStream::pair().unwrap();
    near.set_read_timeout(Some(MOMENT)).unwrap();
    assert_eq!(errno(near.read(&mut [0])), libc::EAGAIN);
    near.set_read_timeout(None).unwrap();
    (near, far)
}

/// Has `fd` mean what `new` means, in one of several ways.
fn replace(fd: RawFd, new: &UnixStream, way: usize) {
    let new = new.as_raw_fd();
    // SAFETY: no pointers; the caller has given the number up.
    unsafe {
        match way {
            0 => assert_eq!(libc::dup2(new, fd), fd),
            1 => assert_eq!(libc::dup3(new, fd, libc::O_CLOEXEC), fd),
            // Past this crate.
            2 => assert_eq!(libc::syscall(libc::SYS_dup3, new, fd, libc::O_CLOEXEC), i64::from(fd)),
            _ => {
                assert_eq!(libc::syscall(libc::SYS_close, fd), 0);
                assert_eq!(libc::syscall(libc::SYS_fcntl, new, libc::F_DUPFD_CLOEXEC, fd), i64::from(fd));
            }
        }
    }
}

#[test]
fn a_number_that_means_another_file_waits_for_that_one() {
    // In the last way the number is free for a moment, in which another test's thread might take it: high ones are not.
    for way in 0..4 {
        patched(|| {
            let ((old, mut old_far), (new, mut new_far)) = (known(), UnixStream::pair().unwrap());
            // A duplicate keeps the old file open, and with it what the poller knows.
            let kept = old.try_clone().unwrap();
            let fd = 700 + way as RawFd;
            // SAFETY: a number of this test's own.
            assert_eq!(unsafe { libc::dup2(old.as_raw_fd(), fd) }, fd);
            let mut stream = borrowed(fd);
            stream.set_read_timeout(Some(MOMENT)).unwrap();
            assert_eq!(errno(stream.read(&mut [0])), libc::EAGAIN);
            stream.set_read_timeout(None).unwrap();
            replace(fd, &new, way);
            let reads = begun(move || {
                let mut byte = [0];
                borrowed(fd).read_exact(&mut byte).unwrap();
                byte
            });
            old_far.write_all(b"o").unwrap();
            assert!(!reads.join_timeout(MOMENT).unwrap(), "way {way}: the old file's byte");
            new_far.write_all(b"n").unwrap();
            assert_eq!(reads.get().unwrap(), *b"n", "way {way}");
            // SAFETY: the test's own number.
            assert_eq!(unsafe { libc::close(fd) }, 0);
            drop(kept);
        });
    }
}

#[test]
fn who_waits_for_a_number_that_another_greenlet_closes_is_told() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let fd = near.as_raw_fd();
        let reads = begun(move || errno(borrowed(fd).read(&mut [0])));
        drop(near);
        assert_eq!(reads.get().unwrap(), libc::EBADF);
    });
}

#[test]
fn who_waits_for_a_number_that_is_closed_unseen_is_told_a_little_later() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let fd = 720;
        // SAFETY: a number of this test's own.
        assert_eq!(unsafe { libc::dup2(near.as_raw_fd(), fd) }, fd);
        let reads = begun(move || errno(borrowed(fd).read(&mut [0])));
        // SAFETY: as above.
        assert_eq!(unsafe { libc::syscall(libc::SYS_close, fd) }, 0);
        assert_eq!(reads.get().unwrap(), libc::EBADF);
    });
}

#[test]
fn a_shutdown_wakes_readers_and_accepters() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut reader = near.try_clone().unwrap();
        let reads = begun(move || reader.read(&mut [0]).unwrap());
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reads.get().unwrap(), 0);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.try_clone().unwrap();
        let accepts = begun(move || errno(own.accept()));
        // SAFETY: no pointers.
        assert_eq!(told(unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RDWR) }), Ok(0));
        assert_eq!(accepts.get().unwrap(), libc::EINVAL);
    });
}

#[test]
fn duplicates_are_waited_for_each_on_its_own() {
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let mut own = near.try_clone().unwrap();
                begun(move || own.read(&mut [0]).unwrap())
            })
            .collect();
        far.write_all(b"four").unwrap();
        assert!(waiting.iter().all(|reads| reads.get().unwrap() == 1));
    });
}

#[test]
fn a_duplication_that_fails_ends_nobodys_wait() {
    patched(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let fd = near.as_raw_fd();
        let reads = begun(move || near.read(&mut [0]).unwrap());
        // SAFETY: no pointers, and nothing is duplicated.
        unsafe {
            assert_eq!(told(libc::dup2(-1, fd)), Err(libc::EBADF));
            assert_eq!(told(libc::dup3(0, fd, libc::O_APPEND)), Err(libc::EINVAL));
            assert_eq!(told(libc::dup2(fd, fd)), Ok(fd.into()));
        }
        green::yield_now().unwrap();
        far.write_all(b"x").unwrap();
        assert_eq!(reads.get().unwrap(), 1);
    });
}

#[test]
fn closing_and_duplicating_tell_what_the_system_tells() {
    patched(|| {
        // SAFETY: no pointers, and no descriptor is harmed.
        unsafe {
            assert_eq!(told(libc::close(-1)), Err(libc::EBADF));
            assert_eq!(told(libc::dup2(-1, 5)), Err(libc::EBADF));
            assert_eq!(told(libc::dup2(0, 0)), Ok(0));
            assert_eq!(told(libc::dup3(0, 0, 0)), Err(libc::EINVAL));
        }
        green::yield_now().unwrap();
    });
}
