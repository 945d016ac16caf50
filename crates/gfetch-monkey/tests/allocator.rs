//! A program whose allocator has a lock of std's, which another thread has each time that the hub's wants it: who waits for it
//! inside the runtime blocks the thread as ever.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green;

struct Locked(Mutex<()>);

/// What the hub's thread and the other tell each other.
static STEP: AtomicU32 = AtomicU32::new(IDLE);
const IDLE: u32 = 0;
const ASKED: u32 = 1;
const HELD: u32 = 2;
const OVER: u32 = 3;

thread_local! {
    static IS_HUBS: Cell<bool> = const { Cell::new(false) };
}

/// The other thread: it takes the lock when it is asked, for long enough that the one who asked stops turning and waits.
fn holds() {
    loop {
        match STEP.load(Ordering::Acquire) {
            ASKED => {
                let _held = ALLOCATOR.0.lock().unwrap();
                STEP.store(HELD, Ordering::Release);
                let until = Instant::now() + Duration::from_micros(200);
                while Instant::now() < until {}
                STEP.store(IDLE, Ordering::Release);
            }
            OVER => return,
            _ => std::hint::spin_loop(),
        }
    }
}

impl Locked {
    fn with<T>(&self, f: impl FnOnce() -> T) -> T {
        if IS_HUBS.get() && STEP.compare_exchange(IDLE, ASKED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            while STEP.load(Ordering::Acquire) == ASKED {
                std::hint::spin_loop();
            }
        }
        let _held = self.0.lock().unwrap();
        f()
    }
}

// SAFETY: the system's, one call at a time.
unsafe impl GlobalAlloc for Locked {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: handed on to the caller.
        self.with(|| unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: handed on to the caller.
        self.with(|| unsafe { System.dealloc(at, layout) });
    }
}

#[global_allocator]
static ALLOCATOR: Locked = Locked(Mutex::new(()));

#[test]
fn an_allocators_own_lock_is_waited_for_as_a_thread_does() {
    gfetch_monkey::patch_all();
    let other = thread::spawn(holds);
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    IS_HUBS.set(true);
    let sum = green::run(|| {
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let shared = shared.clone();
                green::spawn(move || {
                    thread::sleep(Duration::from_micros(n * 10));
                    let words: Vec<String> = (0..3).map(|n| n.to_string()).collect();
                    let mut count = shared.0.lock().unwrap();
                    thread::sleep(Duration::from_micros(1));
                    *count += words.len();
                    shared.1.notify_one();
                })
            })
            .collect();
        green::join_all(&tasks).unwrap();
        *shared.0.lock().unwrap()
    });
    IS_HUBS.set(false);
    while STEP.compare_exchange(IDLE, OVER, Ordering::AcqRel, Ordering::Acquire).is_err() {
        thread::yield_now();
    }
    other.join().unwrap();
    assert_eq!(sum, 24);
}
