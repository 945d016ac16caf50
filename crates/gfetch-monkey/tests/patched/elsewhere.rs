//! Where a patched call is the system's: off greenlets, in a fork's child, in a signal handler; and what the program says
//! of itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI64, Ordering};
use std::{thread, time::Duration};

use gfetch::green;
use gfetch_monkey::{Feature, SignalSafety, get_original, is_patched, original, report, symbols};

use crate::support::{MOMENT, SECOND, begun, patched, timed, told};

#[test]
fn threads_without_a_hub_block_as_ever() {
    gfetch_monkey::patch_all();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let writes = thread::spawn(move || {
        thread::sleep(MOMENT);
        far.write_all(b"x").unwrap();
    });
    let (_, wall) = timed(|| near.read_exact(&mut [0]).unwrap());
    assert!(wall >= MOMENT / 2, "{wall:?}");
    writes.join().unwrap();
    near.set_read_timeout(Some(MOMENT)).unwrap();
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
}

#[test]
fn an_original_blocks_the_hub_on_purpose() {
    patched(|| {
        let other = green::spawn(|| ());
        // SAFETY: no pointers.
        assert_eq!(unsafe { original::usleep(MOMENT.as_micros() as u32) }, 0);
        assert!(!other.is_done());
        assert_eq!(get_original("usleep"), Some(original::usleep as *const ()));
    });
}

#[test]
fn a_forks_child_does_not_wait_on_its_parents_hub() {
    patched(|| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        let reads = begun(move || (&far).read(&mut [0]).unwrap());
        use std::os::fd::AsRawFd;
        let (pipe, fd) = (reader.as_raw_fd(), near.as_raw_fd());
        // SAFETY: the child makes system calls and ends; it takes no lock that another thread may hold.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mut byte = 0_u8;
            // SAFETY: room for a byte; no more of this process is used.
            unsafe {
                // Closing there ends no wait here.
                libc::close(fd);
                libc::usleep(1000);
                let is_right = libc::read(pipe, (&raw mut byte).cast(), 1) == 1 && byte == b'x';
                libc::_exit(if is_right { 0 } else { 1 });
            }
        }
        thread::sleep(Duration::from_millis(50));
        writer.write_all(b"x").unwrap();
        let mut status = 0;
        // SAFETY: a place for the status.
        assert_eq!(told(unsafe { libc::waitpid(child, &mut status, 0) }), Ok(i64::from(child)));
        assert_eq!(status, 0);
        (&near).write_all(b"y").unwrap();
        assert_eq!(reads.get().unwrap(), 1, "the parent's waits go on");
    });
}

#[test]
fn a_signal_handler_on_its_own_stack_blocks_as_ever() {
    static TOLD: AtomicI64 = AtomicI64::new(-1);
    extern "C" fn handler(_: i32) {
        // SAFETY: no pointers.
        TOLD.store(unsafe { libc::usleep(1000) }.into(), Ordering::Relaxed);
    }
    patched(|| {
        let mut stack = vec![0_u8; 64 << 10];
        // SAFETY: a stack that outlives the handler's only call, which this thread makes itself.
        unsafe {
            let mut before: libc::stack_t = std::mem::zeroed();
            let own = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.len() };
            assert_eq!(libc::sigaltstack(&own, &mut before), 0);
            let mut action: libc::sigaction = std::mem::zeroed();
            (action.sa_sigaction, action.sa_flags) = (handler as *const () as usize, libc::SA_ONSTACK);
            assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
            let other = green::spawn(|| ());
            assert_eq!(libc::pthread_kill(libc::pthread_self(), libc::SIGUSR1), 0);
            assert!(!other.is_done());
            libc::sigaltstack(&before, std::ptr::null_mut());
        }
        assert_eq!(TOLD.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_hub_per_thread_waits_on_its_own() {
    let (near, far) = UnixStream::pair().unwrap();
    let talks = |mut stream: UnixStream, first: bool| {
        move || {
            patched(|| {
                let ticks = green::spawn(|| (0..50).for_each(|_| thread::sleep(Duration::from_millis(1))));
                let mut byte = [0];
                for n in 0..200 {
                    if first || n > 0 {
                        stream.write_all(&byte).unwrap();
                    }
                    stream.read_exact(&mut byte).unwrap();
                    byte[0] = byte[0].wrapping_add(1);
                }
                ticks.join_timeout(SECOND * 20).unwrap();
                let _ = stream.write_all(&byte);
                byte[0]
            })
        }
    };
    let hubs = [thread::spawn(talks(near, true)), thread::spawn(talks(far, false))];
    hubs.into_iter().for_each(|hub| assert!(hub.join().unwrap() > 0));
}

#[test]
fn the_program_says_what_is_interposed() {
    gfetch_monkey::patch_all();
    assert!(Feature::ALL.iter().all(|feature| is_patched(*feature)));
    let report = report();
    assert_eq!(report.found.len(), symbols().count());
    let left_out: Vec<_> = report.left_out().map(|found| found.symbol.name()).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    let left_out: Vec<_> = report.left_out_of_libraries().map(|found| found.symbol.name()).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    let is_static = cfg!(target_feature = "crt-static");
    assert!(report.found.iter().all(|found| found.in_libraries.is_none() == is_static));
    let told = report.to_string();
    assert!(told.contains("\nrecv ") && told.contains("yes"), "{told}");
}

#[test]
fn no_name_is_there_twice_and_each_says_whether_a_handler_may_call_it() {
    let mut names: Vec<_> = symbols().map(|symbol| symbol.name()).collect();
    names.sort_unstable();
    names.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
    assert!(symbols().all(|symbol| symbol.signal_safety() != SignalSafety::Unsafe || symbol.is_patched()));
}
