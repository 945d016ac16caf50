//! `JoinHandle::join` on greenlets.

use std::ffi::c_void;
use std::io;
use std::thread;
use std::time::Duration;

use gfetch::green::{self, timeout};

use crate::support::{MOMENT, SECOND, all, begun, patched, timed};

#[test]
fn threads_are_joined_side_by_side_with_what_they_returned() {
    patched(|| {
        let other = green::spawn(|| thread::sleep(MOMENT));
        let (told, wall) = timed(|| {
            all(20, |n| {
                thread::spawn(move || {
                    thread::sleep(MOMENT * 5);
                    n.to_string()
                })
                .join()
                .unwrap()
            })
        });
        assert_eq!(told, (0..20).map(|n: usize| n.to_string()).collect::<Vec<_>>());
        assert!(other.is_done() && wall < MOMENT * 5 * 15, "{wall:?}");
    });
}

#[test]
fn a_panic_of_the_thread_is_told() {
    patched(|| {
        let panics = thread::spawn(|| {
            thread::sleep(MOMENT);
            panic!("as asked")
        });
        assert_eq!(panics.join().map(|()| "").unwrap_err().downcast_ref(), Some(&"as asked"));
        let ends = thread::spawn(|| 3);
        thread::sleep(MOMENT);
        assert_eq!(ends.join().unwrap(), 3);
    });
}

#[test]
fn neither_a_kill_nor_a_scope_ends_a_join_but_the_wait_after_it() {
    patched(|| {
        let slow = || thread::spawn(|| thread::sleep(MOMENT * 4));
        let killed = begun(move || {
            slow().join().unwrap();
            let _ = green::sleep(SECOND * 30);
        });
        killed.kill_nowait();
        let ended = timeout(MOMENT, || -> io::Result<()> {
            slow().join().unwrap();
            Ok(green::sleep(SECOND * 30)?)
        });
        assert!(ended.is_err());
        let (_, wall) = timed(|| killed.join().unwrap());
        assert!(wall < SECOND * 10, "{wall:?}");
    });
}

#[test]
fn a_c_threads_value_comes_through_and_errors_too() {
    extern "C" fn gives(argument: *mut c_void) -> *mut c_void {
        thread::sleep(Duration::from_millis(5));
        argument
    }
    let asks = || {
        // SAFETY: a function that takes any pointer, and places for what is told.
        unsafe {
            let (mut id, mut value) = (std::mem::zeroed(), std::ptr::null_mut());
            let argument = std::ptr::without_provenance_mut(4711);
            assert_eq!(libc::pthread_create(&mut id, std::ptr::null(), gives, argument), 0);
            assert_eq!((libc::pthread_join(id, &mut value), value.addr()), (0, 4711));
            assert_eq!(libc::pthread_create(&mut id, std::ptr::null(), gives, argument), 0);
            assert_eq!(libc::pthread_join(id, std::ptr::null_mut()), 0);
        }
    };
    asks();
    patched(asks);
}
