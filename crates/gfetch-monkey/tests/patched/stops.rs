//! Time-outs and kills come as error numbers, and nothing unwinds through a patched call.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;

use gfetch::green::{self, timeout};

use crate::support::{MOMENT, SECOND, begun, errno, patched, timed, told};

#[test]
fn a_time_out_scope_ends_reads_writes_accepts_and_connects() {
    patched(|| {
        let (mut near, _far) = UnixStream::pair().unwrap();
        let read = timeout(MOMENT, || near.read(&mut [0]));
        assert!(read.is_err(), "the scope tells of itself");
        let mut seen = None;
        let _ = timeout(MOMENT, || -> io::Result<()> {
            let error = near.read(&mut [0]).unwrap_err();
            seen = Some((error.kind(), error.raw_os_error()));
            Ok(())
        });
        assert_eq!(seen, Some((ErrorKind::TimedOut, Some(libc::ETIMEDOUT))));
        let _ = timeout(MOMENT, || -> io::Result<()> {
            let error = std::iter::repeat_with(|| near.write(&[0; 65_536])).find_map(Result::err).unwrap();
            assert_eq!(error.raw_os_error(), Some(libc::ETIMEDOUT));
            Ok(())
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _ = timeout(MOMENT, || -> io::Result<()> {
            assert_eq!(errno(listener.accept()), libc::ETIMEDOUT);
            // Once past, every wait in it is: nothing that has to wait goes on.
            assert_eq!(errno(near.read(&mut [0])), libc::ETIMEDOUT);
            Ok(())
        });
    });
}

#[test]
fn what_is_always_ready_does_not_outlive_a_scope() {
    patched(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        green::spawn(move || while far.write_all(&[0; 4096]).is_ok() {});
        let (_, wall) = timed(|| {
            timeout(MOMENT, || -> io::Result<()> {
                loop {
                    near.read_exact(&mut [0])?;
                }
            })
        });
        assert!(wall < SECOND * 5, "{wall:?}");
    });
}

#[test]
fn a_kill_is_told_and_destructors_run() {
    struct Note(Rc<Cell<bool>>);
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    patched(|| {
        let (mut near, _far) = UnixStream::pair().unwrap();
        let dropped = Rc::new(Cell::new(false));
        let (note, seen) = (Note(dropped.clone()), Rc::new(Cell::new(None)));
        let tells = seen.clone();
        let task = begun(move || {
            let _note = note;
            tells.set(near.read(&mut [0]).unwrap_err().raw_os_error());
        });
        task.kill().unwrap();
        assert_eq!(seen.get(), Some(libc::ECANCELED));
        assert!(dropped.get());
    });
}

#[test]
fn who_ignores_a_kill_starves_nobody() {
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let calls = Rc::new(Cell::new(0));
        let counts = calls.clone();
        let is_over = Rc::new(Cell::new(false));
        let over = is_over.clone();
        let deaf = begun(move || {
            while !over.get() {
                let _ = listener.accept();
                counts.set(counts.get() + 1);
            }
        });
        deaf.kill_nowait();
        let ((), wall) = timed(|| (0..5).for_each(|_| green::sleep(MOMENT).unwrap()));
        assert!(!deaf.is_done() && calls.get() > 0, "it goes on, and so do we");
        is_over.set(true);
        deaf.join().unwrap();
        assert!(calls.get() < 10 * wall.as_millis(), "{} calls in {wall:?}", calls.get());
    });
}

#[test]
fn a_sleep_that_is_ended_returns_as_if_done() {
    patched(|| {
        let ((), wall) = timed(|| {
            drop(timeout(MOMENT, || -> io::Result<()> {
                thread::sleep(SECOND * 30);
                Ok(())
            }))
        });
        assert!(wall < SECOND * 10, "{wall:?}");
        let sleeps = begun(|| thread::sleep(SECOND * 30));
        let (_, wall) = timed(|| sleeps.kill().unwrap());
        assert!(wall < SECOND * 10, "{wall:?}");
    });
}

#[test]
fn errno_is_set_after_the_others_have_run() {
    patched(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        near.set_read_timeout(Some(MOMENT)).unwrap();
        let waits = begun(move || {
            let mut byte = 0_u8;
            // SAFETY: room for a byte.
            told(unsafe { libc::recv(near.as_raw_fd(), (&raw mut byte).cast(), 1, 0) })
        });
        // While it waits, and at the moment when it wakes, another error number is the thread's.
        let spoils = green::spawn(move || {
            while !waits.is_done() {
                // SAFETY: no descriptor.
                assert_eq!(unsafe { libc::dup(-1) }, -1);
                green::yield_now().unwrap();
            }
            waits.get().unwrap()
        });
        assert_eq!(spoils.get().unwrap(), Err(libc::EAGAIN));
    });
}

#[test]
fn errno_stays_as_it_was_where_a_call_that_waited_succeeds() {
    fn kept(wait: impl FnOnce()) {
        // SAFETY: no descriptor.
        assert_eq!(unsafe { libc::dup(-1) }, -1);
        wait();
        assert_eq!(io::Error::last_os_error().raw_os_error(), Some(libc::EBADF));
    }
    patched(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let (mut reader, mut writer) = io::pipe().unwrap();
        let mutex = std::sync::Arc::new(std::sync::Mutex::new(()));
        let own = mutex.clone();
        let helper = thread::spawn(move || {
            let held = own.lock().unwrap();
            far.write_all(b"x").unwrap();
            thread::sleep(MOMENT);
            writer.write_all(b"x").unwrap();
            thread::sleep(MOMENT);
            drop(held);
            thread::sleep(MOMENT);
            far
        });
        let over = Rc::new(Cell::new(false));
        let seen = over.clone();
        let spoils = green::spawn(move || {
            while !seen.get() {
                // SAFETY: no such option.
                assert_eq!(unsafe { libc::fcntl(0, 12_345) }, -1);
                green::sleep(std::time::Duration::from_micros(100)).unwrap();
            }
        });
        kept(|| near.read_exact(&mut [0]).unwrap());
        kept(|| reader.read_exact(&mut [0]).unwrap());
        kept(|| drop(mutex.lock().unwrap()));
        let mut far = None;
        kept(|| far = Some(helper.join().unwrap()));
        kept(|| thread::sleep(MOMENT));
        // SAFETY: no descriptors.
        kept(|| assert_eq!(unsafe { libc::poll(std::ptr::null_mut(), 0, 20) }, 0));
        // Calls that need not wait give the others their turns.
        kept(|| (0..200).for_each(|_| assert_eq!(near.write(b"x").unwrap(), 1)));
        over.set(true);
        spoils.get().unwrap();
    });
}

#[test]
fn a_destructor_that_runs_while_unwinding_blocks_its_thread_as_ever() {
    struct Says(TcpStream);
    impl Drop for Says {
        fn drop(&mut self) {
            self.0.write_all(b"bye").unwrap();
            thread::sleep(MOMENT);
        }
    }
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let says = Says(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let (mut far, _) = listener.accept().unwrap();
        let task = begun(move || {
            let _says = says;
            let _ = green::sleep(SECOND * 30);
        });
        task.kill().unwrap();
        let mut heard = String::new();
        far.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "bye");
    });
}
