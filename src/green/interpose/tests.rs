//! Waits as a crate makes them that stands in for the C library: numbers that mean another file, kills as values.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{
    Stop, Ticket, can_wait, forget, is_due, is_on_a_greenlet, offload, sleep, wait_any, wait_readable, wait_writable,
    yield_now as yield_here,
};
use crate::green::hub::inside::inside;
use crate::green::{self, ClockKind, Config, Interest, Limit, ThreadPool, Watched, run, spawn, timeout, yield_now};

const SECOND: Duration = Duration::from_secs(1);

fn virtually<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

/// A blocking pair.
fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

fn errno<T: std::fmt::Debug>(result: Result<T, Stop>) -> i32 {
    result.unwrap_err().errno()
}

/// Has the number of `old`, which is closed so without a word to anybody, mean another file.
fn replaced(old: UnixStream, by: &UnixStream) -> OwnedFd {
    let mut old = OwnedFd::from(old);
    rustix::io::dup2(by, &mut old).unwrap();
    old
}

#[test]
fn only_a_greenlet_on_its_own_stack_may_wait() {
    assert!(!can_wait() && !is_on_a_greenlet());
    run(|| {
        assert!(can_wait() && is_on_a_greenlet());
        assert!(!inside(can_wait) && inside(is_on_a_greenlet));
        assert!(can_wait());
        let told = spawn(|| {
            struct Asks(std::rc::Rc<std::cell::Cell<bool>>);
            impl Drop for Asks {
                fn drop(&mut self) {
                    self.0.set(can_wait());
                }
            }
            let answer = std::rc::Rc::new(std::cell::Cell::new(true));
            let asks = Asks(answer.clone());
            assert!(
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                    let _asks = asks;
                    std::panic::resume_unwind(Box::new(()))
                }))
                .is_err()
            );
            answer.get()
        });
        assert!(!told.get().unwrap(), "unwinding");
        let (tell, told) = std::sync::mpsc::channel();
        green::Handle::current().post(move || tell.send(can_wait() || is_on_a_greenlet()).unwrap());
        green::sleep(Duration::from_millis(1)).unwrap();
        assert!(!told.recv().unwrap(), "the hub's own loop");
    });
    assert!(!is_on_a_greenlet());
}

#[test]
fn a_descriptor_is_waited_for_again_and_again_by_any_number() {
    run(|| {
        let (near, mut far) = pair();
        let fd = near.as_raw_fd();
        for _ in 0..3 {
            let waiting: Vec<_> = (0..3).map(|_| spawn(move || wait_readable(fd, Limit::NEVER).unwrap())).collect();
            yield_now().unwrap();
            far.write_all(b"x").unwrap();
            assert!(waiting.iter().all(|waits| waits.get().unwrap()));
            assert!(wait_writable(fd, Limit::NEVER).unwrap());
            (&near).read_exact(&mut [0]).unwrap();
            assert!(!wait_readable(fd, Duration::from_millis(1)).unwrap());
        }
    });
}

#[test]
fn what_was_ready_before_the_wait_is_told() {
    run(|| {
        let (near, mut far) = pair();
        for _ in 0..3 {
            far.write_all(b"x").unwrap();
            assert!(wait_readable(near.as_raw_fd(), SECOND).unwrap());
        }
        drop(far);
        assert!(wait_readable(near.as_raw_fd(), SECOND).unwrap(), "the end, too");
    });
}

#[test]
fn a_file_is_ready_and_no_descriptor_is_told() {
    run(|| {
        let file = tempfile::tempfile().unwrap();
        assert!(wait_readable(file.as_raw_fd(), Limit::NEVER).unwrap());
        assert_eq!(errno(wait_readable(-1, Limit::NEVER)), libc::EBADF);
    });
}

#[test]
fn a_number_that_means_another_file_is_registered_anew() {
    run(|| {
        let ((old, mut old_far), (new, mut new_far)) = (pair(), pair());
        // A duplicate keeps the old file, and so its registration, alive.
        let kept = old.try_clone().unwrap();
        let fd = old.as_raw_fd();
        assert!(!wait_readable(fd, Duration::from_millis(1)).unwrap());
        let owned = replaced(old, &new);
        let waits = spawn(move || wait_readable(fd, SECOND * 10).unwrap());
        yield_now().unwrap();
        old_far.write_all(b"for the old one").unwrap();
        assert!(!waits.join_timeout(Duration::from_millis(20)).unwrap(), "the old file's bytes are not the new one's");
        new_far.write_all(b"x").unwrap();
        assert!(waits.get().unwrap());
        drop((owned, kept));
    });
}

#[test]
fn who_waits_for_a_number_that_is_closed_unseen_learns_of_it() {
    run(|| {
        let ((old, _old_far), (new, _new_far)) = (pair(), pair());
        let fd = old.as_raw_fd();
        let waits = spawn(move || errno(wait_readable(fd, Limit::NEVER)));
        yield_now().unwrap();
        let _owned = replaced(old, &new);
        assert_eq!(waits.get().unwrap(), libc::EBADF);
    });
}

#[test]
fn forgetting_ends_the_waits_and_a_new_one_begins_afresh() {
    virtually(|| {
        let (near, mut far) = pair();
        let fd = near.as_raw_fd();
        let waits = spawn(move || errno(wait_readable(fd, Limit::NEVER)));
        yield_now().unwrap();
        forget(fd);
        assert_eq!(waits.get().unwrap(), libc::EBADF);
        far.write_all(b"x").unwrap();
        assert!(wait_readable(fd, SECOND).unwrap());
    });
}

/// As the library's own sockets are.
fn watched(stream: UnixStream) -> Watched<UnixStream> {
    stream.set_nonblocking(true).unwrap();
    Watched::new(stream).unwrap()
}

#[test]
fn a_socket_of_the_library_stays_the_librarys() {
    run(|| {
        let (near, mut far) = pair();
        let (near, read) = (watched(near), |mut near: &UnixStream| near.read(&mut [0; 8]));
        let fd = near.fd();
        assert!(!wait_readable(fd, Duration::from_millis(1)).unwrap());
        let reads = spawn(move || near.read(SECOND * 10, read).unwrap());
        yield_now().unwrap();
        let waits = spawn(move || wait_readable(fd, SECOND * 10).unwrap());
        yield_now().unwrap();
        far.write_all(b"x").unwrap();
        assert_eq!(reads.get().unwrap(), Some(1));
        assert!(waits.get().unwrap());
        // And one that was waited for as a number becomes the library's.
        let (near, mut far) = pair();
        assert!(!wait_readable(near.as_raw_fd(), Duration::from_millis(1)).unwrap());
        let near = watched(near);
        far.write_all(b"x").unwrap();
        assert_eq!(near.read(SECOND, read).unwrap(), Some(1));
    });
}

#[test]
fn a_time_out_is_a_value() {
    virtually(|| {
        let (near, _far) = pair();
        let fd = near.as_raw_fd();
        let waited = timeout(SECOND, || {
            assert_eq!(errno(wait_readable(fd, Limit::NEVER)), libc::ETIMEDOUT);
            assert_eq!(errno(wait_any(&[(fd, Interest::READABLE)], Limit::NEVER)), libc::ETIMEDOUT);
            assert!(is_due());
            assert_eq!(errno(yield_here()), libc::ETIMEDOUT);
            sleep(SECOND)
        });
        assert!(matches!(waited, Ok(Err(Stop::TimedOut)) | Err(_)));
        assert!(!is_due());
    });
}

#[test]
fn a_kill_is_a_value_that_stays() {
    virtually(|| {
        let (near, _far) = pair();
        let task = spawn(move || {
            for _ in 0..3 {
                let stop = wait_readable(near.as_raw_fd(), Limit::NEVER).unwrap_err();
                assert_eq!(stop.errno(), libc::ECANCELED);
                stop.give_way();
            }
            assert!(is_due());
            let start = green::now();
            sleep(SECOND).unwrap_err().give_way();
            assert!(green::now() > start, "the others ran");
            drop(green::sleep(SECOND));
            unreachable!("a wait of the library's own unwinds");
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert!(task.is_done());
    });
}

#[test]
fn a_run_of_calls_that_need_not_wait_is_due_to_let_others_run() {
    virtually(|| assert_eq!((0..640).filter(|_| is_due()).count(), 10));
}

#[test]
fn a_ticket_is_served_from_anywhere_before_or_after_the_wait() {
    run(|| {
        let served = Ticket::new();
        served.serve();
        assert!(served.wait(Limit::NEVER).unwrap());
        let ticket = Ticket::new();
        assert!(!ticket.wait(Duration::from_millis(1)).unwrap());
        let ticket = Ticket::new();
        let other = ticket.clone();
        let thread = std::thread::spawn(move || other.serve());
        assert!(ticket.wait(Limit::NEVER).unwrap());
        thread.join().unwrap();
    });
    let ticket = Ticket::new();
    assert!(!ticket.wait(Duration::from_millis(1)).unwrap());
}

#[test]
fn a_wait_through_is_ended_by_neither_kill_nor_time_out() {
    virtually(|| {
        let (tell, told) = (green::Event::new(), std::rc::Rc::new(std::cell::Cell::new(None::<Ticket>)));
        let (place, done) = (told.clone(), tell.clone());
        let task = spawn(move || {
            drop(timeout(SECOND, || {
                let ticket = Ticket::new();
                place.set(Some(ticket.clone()));
                assert!(ticket.wait_through(Limit::NEVER));
                done.set();
                assert!(!Ticket::new().wait_through(SECOND));
                Ok::<(), green::Interrupt>(())
            }));
        });
        yield_now().unwrap();
        task.kill_nowait();
        green::sleep(SECOND * 5).unwrap();
        assert!(!task.is_done());
        told.take().unwrap().serve();
        tell.wait().unwrap();
        task.join().unwrap();
    });
}

#[test]
fn an_offloaded_calls_end_and_what_ends_the_wait_are_values() {
    static POOL: ThreadPool = ThreadPool::new(1);
    run(|| {
        let beside = spawn(|| 5);
        assert_eq!(offload(&POOL, || 6 * 7).unwrap(), 42);
        assert!(beside.is_done(), "it ran meanwhile");
        assert!(matches!(offload(&POOL, || -> u8 { panic!("over there") }), Err(Stop::Other(_))));
        let moment = Duration::from_millis(20);
        let slow = move || std::thread::sleep(moment * 5);
        let ended = timeout(moment, || offload(&POOL, slow));
        assert!(ended.is_err(), "{ended:?}");
        let killed = spawn(move || offload(&POOL, slow).unwrap_err().errno());
        yield_now().unwrap();
        killed.kill_nowait();
        assert_eq!(killed.get().unwrap(), libc::ECANCELED);
    });
}
