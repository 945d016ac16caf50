//! Waits for descriptors that somebody else owns: what is ready, what is closed, what is reused, who is woken.

use std::cell::RefCell;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::green::{self, ClockKind, Config, sleep, spawn, timeout, yield_now};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A number that no descriptor of this process has.
const NOBODY: RawFd = 1_000_000;

fn ebadf<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
}

fn pipe() -> (PipeReader, PipeWriter) {
    io::pipe().unwrap()
}

#[test]
fn a_number_that_is_no_descriptor_is_an_error_and_for_poll_a_flag() {
    green::run(|| {
        ebadf(wait_readable(&NOBODY, None));
        ebadf(wait_writable(&-1, None));
        ebadf(select(&[NOBODY], &[], &[], None));
        let mut poll = Poll::new();
        poll.register(&NOBODY, Interest::READABLE);
        let found = poll.poll(None).unwrap();
        assert_eq!((found.len(), found[0].0, found[0].1.invalid), (1, NOBODY, true));
    });
}

#[test]
fn a_limit_of_zero_returns_at_once_but_lets_the_others_run() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let (reader, writer) = pipe();
        let start = green::now();
        let other = spawn(|| ());
        assert!(!wait_readable(&reader, Some(Duration::ZERO)).unwrap());
        assert!(other.is_done());
        let found = select(&[reader.as_raw_fd()], &[writer.as_raw_fd()], &[], Some(Duration::ZERO)).unwrap();
        assert_eq!((found.readable.len(), found.writable), (0, vec![writer.as_raw_fd()]));
        assert_eq!(select(&[], &[], &[], Some(Duration::ZERO)).unwrap(), Selected::default());
        assert_eq!(green::now(), start);
        select(&[], &[], &[], Some(SECOND * 2)).unwrap();
        assert_eq!(green::now() - start, SECOND * 2, "with no descriptors it is a sleep");
    });
}

#[test]
fn select_tells_each_list_in_its_order_and_one_descriptor_in_both() {
    green::run(|| {
        let (a, b) = UnixStream::pair().unwrap();
        (&b).write_all(b"x").unwrap();
        let (a, b) = (a.as_raw_fd(), b.as_raw_fd());
        let found = select(&[b, a], &[b, a], &[a], None).unwrap();
        assert_eq!(found, Selected { readable: vec![a], writable: vec![b, a], urgent: vec![] });
    });
}

#[test]
fn a_wait_ends_by_its_limit_as_a_value_and_by_a_scope_as_an_error() {
    green::run(|| {
        let (reader, writer) = pipe();
        assert!(!wait_readable(&reader, Some(MS)).unwrap());
        assert!(timeout(MS, || wait_readable(&reader, None)).is_err());
        let waiting = spawn(move || wait_readable(&reader, Some(SECOND * 10)).map(|ready| (ready, reader)));
        sleep(MS).unwrap();
        (&writer).write_all(b"x").unwrap();
        assert!(waiting.get().unwrap().unwrap().0);
        drop(writer);
    });
}

#[test]
fn a_hang_up_is_readable_and_told_as_closed() {
    green::run(|| {
        let (reader, writer) = pipe();
        drop(writer);
        let ready = wait_readwrite(&reader, None).unwrap().unwrap();
        assert!(ready.readable && ready.closed, "{ready:?}");
    });
}

#[test]
fn a_regular_file_is_always_ready() {
    green::run(|| {
        let file = tempfile::tempfile().unwrap();
        assert!(wait_readable(&file, None).unwrap() && wait_writable(&file, None).unwrap());
    });
}

#[test]
fn several_may_wait_for_one_descriptor_also_for_one_of_a_socket_of_this_module() {
    green::run(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let near = near.clone();
                spawn(move || wait_readable(&*near, None).unwrap())
            })
            .collect();
        let reading = near.clone();
        let reader = spawn(move || (&*reading).read(&mut [0; 8]).unwrap());
        sleep(MS).unwrap();
        (&far).write_all(b"abc").unwrap();
        assert_eq!(timeout(SECOND, || reader.get()).unwrap().unwrap(), 3);
        for waiter in waiters {
            assert!(timeout(SECOND, || waiter.get()).unwrap().unwrap());
        }
    });
}

#[test]
fn a_killed_or_timed_out_waiter_leaves_nothing_behind() {
    green::run(|| {
        let (reader, writer) = pipe();
        let fd = reader.as_raw_fd();
        let killed = spawn(move || wait_readable(&fd, None).map(drop));
        yield_now().unwrap();
        killed.kill().unwrap();
        assert!(!wait_readable(&fd, Some(MS)).unwrap());
        assert_eq!(cancel_wait(&fd), 0, "nobody waits");
        drop(writer);
    });
}

/// Bug class 3: libev aborted.
#[test]
fn closing_a_descriptor_in_mid_wait_is_an_error_for_select_and_a_flag_for_poll() {
    green::run(|| {
        let (reader, writer) = pipe();
        let fd = reader.as_raw_fd();
        let selecting = spawn(move || select(&[fd], &[], &[], None));
        let polling = spawn(move || {
            let mut poll = Poll::new();
            poll.register(&fd, Interest::READABLE);
            poll.poll(None).unwrap()
        });
        sleep(MS).unwrap();
        drop(reader);
        ebadf(timeout(SECOND, || selecting.get()).unwrap().unwrap());
        let found = timeout(SECOND, || polling.get()).unwrap().unwrap();
        assert!(found[0].1.invalid, "{found:?}");
        drop(writer);
    });
}

/// Bug class 3, with more descriptors than are asked after before each sleep.
#[test]
fn of_many_waited_for_the_closed_one_is_noticed_soon() {
    green::run(|| {
        let (doomed, pipes) = (pipe(), (0..60).map(|_| pipe()).collect::<Vec<_>>());
        let waiters: Vec<_> = pipes
            .iter()
            .map(|(reader, _)| {
                let fd = reader.as_raw_fd();
                spawn(move || wait_readable(&fd, None))
            })
            .collect();
        let fd = doomed.0.as_raw_fd();
        let victim = spawn(move || wait_readable(&fd, None));
        sleep(MS).unwrap();
        drop(doomed);
        ebadf(timeout(SECOND, || victim.get()).unwrap().unwrap());
        assert!(waiters.iter().all(|waiter| !waiter.is_done()));
    });
}

/// Bug class 2: nb_read and poll hung on a closed descriptor. Ours borrow it, so that it cannot be closed under them; who
/// holds the number alone is told.
#[test]
fn who_waits_by_number_between_two_reads_is_told_of_the_close() {
    green::run(|| {
        let (reader, writer) = pipe();
        make_nonblocking(&reader).unwrap();
        let (fd, shared) = (reader.as_raw_fd(), Rc::new(RefCell::new(Some(reader))));
        let reading = shared.clone();
        let waiting = spawn(move || -> io::Result<usize> {
            loop {
                let read = reading.borrow().as_ref().map(|mut reader| reader.read(&mut [0; 8]));
                match read {
                    Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => drop(wait_readable(&fd, None)?),
                    other => return other.unwrap(),
                }
            }
        });
        sleep(MS).unwrap();
        drop(shared.take());
        ebadf(timeout(SECOND, || waiting.get()).unwrap().unwrap());
        drop(writer);
    });
}

#[test]
fn nb_write_fills_a_pipe_and_goes_on_when_there_is_room() {
    green::run(|| {
        let (reader, writer) = pipe();
        assert!(make_nonblocking(&writer).unwrap() && make_nonblocking(&reader).unwrap());
        assert!(!make_nonblocking(&writer).unwrap(), "it was already");
        let total = 1 << 20;
        let writing = spawn(move || {
            let (block, mut sent) = (vec![7; 1 << 16], 0);
            while sent < total {
                sent += nb_write(&writer, &block[..block.len().min(total - sent)]).unwrap();
            }
        });
        let (mut buffer, mut got) = (vec![0; 10_000], 0);
        loop {
            match nb_read(&reader, &mut buffer).unwrap() {
                0 => break,
                read => got += read,
            }
        }
        assert_eq!(got, total);
        writing.get().unwrap();
    });
}

/// Something new that has the number `fd`, if no other thread was quicker.
fn reuse<T>(fd: RawFd, make: impl Fn() -> T, number: impl Fn(&T) -> RawFd) -> Option<T> {
    let mut others = Vec::new();
    while others.len() < 20 {
        let made = make();
        if number(&made) == fd {
            return Some(made);
        }
        others.push(made);
    }
    None
}

/// Bug classes 4 and 53: the waiters of the old owner of a number hear of its end, and those of the new one only of it.
#[test]
fn a_number_that_is_closed_and_reused_in_mid_wait_has_waiters_of_its_own() {
    green::run(|| {
        let reused = (0..50).any(|_| {
            let (reader, writer) = pipe();
            let fd = reader.as_raw_fd();
            let old = spawn(move || wait_readable(&fd, None));
            sleep(MS).unwrap();
            // A duplicate keeps the old file, and the kernel's registration of it, alive.
            let duplicate = reader.try_clone().unwrap();
            drop(reader);
            let Some((next_reader, next_writer)) = reuse(fd, pipe, |pipe| pipe.0.as_raw_fd()) else { return false };
            let new = spawn(move || wait_readable(&fd, None));
            yield_now().unwrap();
            (&writer).write_all(b"for the old one").unwrap();
            ebadf(timeout(SECOND, || old.get()).unwrap().unwrap());
            assert!(!new.join_timeout(MS * 5).unwrap(), "nothing came to the new one");
            (&next_writer).write_all(b"x").unwrap();
            assert!(timeout(SECOND, || new.get()).unwrap().unwrap().unwrap());
            drop((duplicate, next_reader));
            true
        });
        assert!(reused, "the kernel gives the lowest free number");
    });
}

/// Bug class 53: a second simultaneous reader was reported on a socket that was closed and its number reused.
#[test]
fn a_socket_with_the_number_of_one_that_was_closed_while_being_read_has_no_reader() {
    green::run(|| {
        let reused = (0..50).any(|_| {
            let (near, _far) = UnixStream::pair().unwrap();
            let (number, near) = (near.as_raw_fd(), Rc::new(near));
            let reading = near.clone();
            let reader = spawn(move || (&*reading).read(&mut [0; 8]));
            yield_now().unwrap();
            near.close();
            assert_eq!(near.as_raw_fd(), -1);
            let next = reuse(number, || UnixStream::pair().unwrap(), |pair| pair.0.as_raw_fd());
            let Some((next, far)) = next else { return false };
            (&far).write_all(b"x").unwrap();
            assert_eq!((&next).read(&mut [0; 8]).unwrap(), 1);
            assert!(reader.get().unwrap().is_err());
            true
        });
        assert!(reused, "the kernel gives the lowest free number");
    });
}

#[test]
fn cancel_wait_ends_the_waits_with_an_error() {
    green::run(|| {
        let (reader, writer) = pipe();
        let fd = reader.as_raw_fd();
        let waiting = [(); 2].map(|()| spawn(move || wait_readable(&fd, None)));
        sleep(MS).unwrap();
        assert_eq!(cancel_wait(&fd), 2);
        for waiter in waiting {
            assert_eq!(waiter.get().unwrap().unwrap_err().kind(), io::ErrorKind::NotConnected);
        }
        drop((reader, writer));
    });
}

#[test]
fn poll_knows_what_is_registered() {
    green::run(|| {
        let (reader, writer) = pipe();
        let mut poll = Poll::new();
        assert_eq!(poll.unregister(&reader).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(poll.modify(&reader, Interest::READABLE).unwrap_err().kind(), io::ErrorKind::NotFound);
        poll.register(&reader, Interest::READABLE);
        poll.register(&writer, Interest::WRITABLE);
        assert_eq!(poll.poll(None).unwrap().len(), 1);
        poll.unregister(&writer).unwrap();
        assert_eq!(poll.poll(Some(MS)).unwrap(), []);
        (&writer).write_all(b"x").unwrap();
        assert!(poll.poll(None).unwrap()[0].1.readable);
        assert!(poll.poll(None).unwrap()[0].1.readable, "and again, as it is still there");
    });
}

#[test]
fn pipes_relay_until_their_end_and_one_reader_at_a_time() {
    green::run(|| {
        let (reader, mut writer) = super::pipe().unwrap();
        let reader = Rc::new(reader);
        let reading = reader.clone();
        let first = spawn(move || {
            let mut text = String::new();
            (&*reading).read_to_string(&mut text).map(|_| text)
        });
        yield_now().unwrap();
        let busy = (&*reader).read(&mut [0; 8]).unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        assert!(busy.to_string().contains(&first.name()), "it says who is first: {busy}");
        writer.write_all(&vec![b'x'; 200_000]).unwrap();
        drop(writer);
        assert_eq!(first.get().unwrap().unwrap().len(), 200_000);
        let (reader, writer) = super::pipe().unwrap();
        assert_eq!(reader.try_read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(reader.read_timeout(&mut [0; 8], MS).unwrap(), None);
        drop(reader);
        assert_eq!((&writer).write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}

/// Bug class 4: its duplicate goes on to have events, and the number's next owner hears none of them.
#[test]
fn a_pipe_that_was_taken_over_and_closed_leaves_no_registration_behind_its_duplicate() {
    green::run(|| {
        for _ in 0..50 {
            let (reader, writer) = pipe();
            let duplicate = reader.try_clone().unwrap();
            let taken = super::PipeReader::from_fd(OwnedFd::from(reader)).unwrap();
            drop(taken);
            let (next, _far) = UnixStream::pair().unwrap();
            (&writer).write_all(b"old").unwrap();
            assert!(timeout(MS, || (&next).read(&mut [0; 8])).is_err());
            drop(duplicate);
        }
        let file = tempfile::tempfile().unwrap();
        let refused = super::PipeReader::from_fd(OwnedFd::from(file)).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    });
}

#[test]
fn a_watched_path_tells_of_its_making_change_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    Config::new().clock(ClockKind::Virtual).run(|| {
        let mut watch = watch_path(&path, SECOND).unwrap();
        assert!(timeout(SECOND * 10, || watch.wait()).is_err(), "nothing happens");
        let steps = spawn({
            let path = path.clone();
            move || {
                sleep(SECOND * 5).unwrap();
                std::fs::write(&path, "one").unwrap();
                sleep(SECOND * 5).unwrap();
                std::fs::write(&path, "more").unwrap();
                sleep(SECOND * 5).unwrap();
                std::fs::remove_file(&path).unwrap();
            }
        });
        let lengths = [(); 3].map(|()| {
            let change = watch.wait().unwrap();
            (change.before.map(|was| was.len()), change.now.map(|is| is.len()))
        });
        assert_eq!(lengths, [(None, Some(3)), (Some(3), Some(4)), (Some(4), None)]);
        steps.get().unwrap();
    });
}
