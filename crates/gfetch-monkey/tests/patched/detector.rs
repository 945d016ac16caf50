//! What still blocks the thread is told, with who does it.

use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green::{self, Builder};
use gfetch_monkey::{Blocked, Call, Detector};

use crate::support::{MOMENT, SECOND, all, patched};

/// What is told while `blocks` runs on a greenlet called "rude"; `ends` is called on another thread once it is told.
fn told_of(blocks: impl FnOnce() + 'static, ends: impl FnOnce() + Send + 'static) -> Blocked {
    patched(|| {
        let (tell, told) = mpsc::channel();
        let detector = Detector::new().max_blocking(MOMENT);
        let _watch = detector.start(move |blocked| drop(tell.send(blocked.clone())));
        let ends = thread::spawn(move || {
            let blocked = told.recv_timeout(SECOND * 30);
            ends();
            blocked.expect("it was to be told of")
        });
        Builder::new().name("rude").spawn(blocks).unwrap().get().unwrap();
        let blocked = ends.join().unwrap();
        assert_eq!(blocked.greenlet.name, "rude");
        let told = blocked.to_string();
        assert!(told.starts_with("rude (spawned at ") && told.contains("detector.rs:"), "{told}");
        blocked
    })
}

/// The name of the call, and its file.
fn call(blocked: &Blocked) -> (&'static str, Option<PathBuf>) {
    match &blocked.call {
        Call::System(call) => (call.name().unwrap_or_else(|| panic!("{blocked}")), call.file.clone()),
        _ => panic!("{blocked}"),
    }
}

/// A path of this test's own.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gfetch-monkey-{}-{name}", std::process::id()))
}

#[test]
fn opening_a_fifo_without_a_writer() {
    let fifo = path("fifo");
    let name = CString::new(fifo.to_str().unwrap()).unwrap();
    // SAFETY: a string that ends in zero.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let (reads, writes) = (fifo.clone(), fifo.clone());
    let blocks = move || drop(File::open(reads).unwrap());
    let blocked = told_of(blocks, move || drop(File::options().write(true).open(writes).unwrap()));
    fs::remove_file(fifo).unwrap();
    assert!(matches!(call(&blocked), ("open" | "openat", None)), "{blocked}");
    assert!(blocked.to_string().contains("green::fs"), "{blocked}");
}

#[test]
fn a_lock_of_a_file_that_another_has() {
    let path = path("lock");
    let (ours, theirs) = (File::create(&path).unwrap(), File::open(&path).unwrap());
    let locks = |file: &File, how: i32| {
        // SAFETY: no pointers.
        assert_eq!(unsafe { libc::flock(file.as_raw_fd(), how) }, 0);
    };
    locks(&theirs, libc::LOCK_EX);
    let blocked = told_of(move || locks(&ours, libc::LOCK_EX), move || locks(&theirs, libc::LOCK_UN));
    fs::remove_file(&path).unwrap();
    assert_eq!(call(&blocked), ("flock", Some(path.clone())));
    assert!(blocked.to_string().contains(path.to_str().unwrap()), "{blocked}");
}

#[test]
fn a_futex_that_is_no_greenlets() {
    thread_local! {
        static OWN: std::sync::atomic::AtomicU32 = const { std::sync::atomic::AtomicU32::new(0) };
    }
    let (give, given) = mpsc::channel();
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let waits = move || {
        OWN.with(|own| {
            give.send(own.as_ptr() as usize).unwrap();
            // SAFETY: a word of this thread, which waits until it is woken.
            unsafe { libc::syscall(libc::SYS_futex, own.as_ptr(), operation, 0, std::ptr::null::<libc::timespec>()) };
        });
    };
    let ends = move || {
        let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: the address of a word, which the kernel takes for a name only.
        assert_eq!(unsafe { libc::syscall(libc::SYS_futex, given.recv().unwrap(), wake, 1) }, 1);
    };
    let blocked = told_of(waits, ends);
    assert_eq!(call(&blocked).0, "futex");
}

#[test]
fn who_computes_is_in_no_call() {
    let (tell, over) = mpsc::channel();
    let computes = move || {
        let until = Instant::now() + SECOND * 30;
        while over.try_recv().is_err() && Instant::now() < until {
            std::hint::spin_loop();
        }
    };
    let blocked = told_of(computes, move || tell.send(()).unwrap());
    assert_eq!(blocked.call, Call::Computes);
    assert!(blocked.to_string().contains("no call: it computes; call green::yield_now"), "{blocked}");
}

#[test]
fn who_waits_as_a_greenlet_is_not_told_of() {
    patched(|| {
        let (tell, told) = mpsc::channel();
        let _watch = Detector::new().max_blocking(SECOND).start(move |blocked| drop(tell.send(blocked.to_string())));
        let (send, receive) = mpsc::channel();
        let sends = thread::spawn(move || {
            thread::sleep(SECOND * 2);
            send.send(()).unwrap();
        });
        let sleeps = green::spawn(|| all(10, |_| thread::sleep(SECOND * 2)));
        receive.recv().unwrap();
        sends.join().unwrap();
        sleeps.get().unwrap();
        assert_eq!(told.try_recv().ok(), None);
    });
}

/// Runs `beside`, which is told who has waited for `most` and longer.
fn who_has_waited<T>(most: Duration, beside: impl FnOnce(&mpsc::Receiver<Blocked>) -> T) -> T {
    patched(move || {
        let (tell, told) = mpsc::channel();
        let detector = Detector::new().max_waiting(most);
        // The main greenlet waits too: to be told.
        let tells = move |blocked: &Blocked| {
            if blocked.greenlet.name != "main" {
                let _ = tell.send(blocked.clone());
            }
        };
        let _watch = detector.start(tells);
        beside(&told)
    })
}

#[test]
fn a_receiver_that_its_senders_own_thread_does_not_wake() {
    let (blocked, again) = who_has_waited(MOMENT * 20, |told| {
        let (send, receive) = mpsc::channel();
        let receives = Builder::new().name("in vain").spawn(move || receive.recv().unwrap()).unwrap();
        green::yield_now().unwrap();
        send.send(7).unwrap();
        let blocked = told.recv_timeout(SECOND * 30).expect("it was to be told of");
        // Once a wait, however often it begins anew within.
        let again = told.recv_timeout(MOMENT * 60).is_ok();
        drop(send);
        assert_eq!(receives.get().unwrap(), 7);
        (blocked, again)
    });
    assert_eq!((&*blocked.greenlet.name, &blocked.call, again), ("in vain", &Call::Park, false));
    assert!(blocked.greenlet.blocked_for >= MOMENT * 20);
    let told = blocked.to_string();
    assert!(told.contains("detector.rs:") && told.contains(" ms, for thread::park") && told.contains("green::Channel"));
}

#[test]
fn a_lock_that_its_holder_keeps() {
    let blocked = who_has_waited(MOMENT * 5, |told| {
        let (lock, over) = (Arc::new(Mutex::new(())), green::Event::new());
        let (held, ends) = (lock.clone(), over.clone());
        let holds = green::spawn(move || {
            let _guard = held.lock().unwrap();
            ends.wait().unwrap();
        });
        let waits = Builder::new().name("waits").spawn(move || drop(lock.lock().unwrap())).unwrap();
        let blocked = told.recv_timeout(SECOND * 30).expect("it was to be told of");
        over.set();
        green::join_all(&[holds, waits]).unwrap();
        blocked
    });
    assert_eq!((&*blocked.greenlet.name, &blocked.call), ("waits", &Call::Lock));
    assert!(blocked.to_string().contains(" ms, for one of std's locks; "), "{blocked}");
}

/// Each wait is short; all together are long. Where the machine stands still for so long itself, once more.
#[test]
fn who_waits_often_is_not_told_of() {
    let most = SECOND / 2;
    let is_told = |_| {
        who_has_waited(most, move |told| {
            let (send, receive) = mpsc::channel();
            let sends = thread::spawn(move || {
                let (start, mut last, mut longest) = (Instant::now(), Instant::now(), Duration::ZERO);
                while start.elapsed() < most * 3 {
                    thread::sleep(MOMENT);
                    send.send(()).unwrap();
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                longest
            });
            let receives = green::spawn(move || receive.iter().for_each(drop));
            receives.get().unwrap();
            let stood_still = sends.join().unwrap() > most / 2;
            if stood_still { None } else { Some(told.try_recv().is_ok()) }
        })
    };
    assert_eq!((0..20).find_map(is_told), Some(false));
}
