//! std's locks: their futexes park greenlets, of one hub, of two, and beside plain threads.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green::{self, timeout};

use crate::support::{MOMENT, SECOND, all, begun, patched, timed, told};

#[test]
fn a_mutex_is_held_across_a_sleep_and_handed_on() {
    let ((), wall) = timed(|| {
        patched(|| {
            let mutex = Rc::new(Mutex::new(0));
            all(20, move |_| {
                let mut count = mutex.lock().unwrap();
                let seen = *count;
                thread::sleep(Duration::from_millis(2));
                *count = seen + 1;
                seen
            })
            .into_iter()
            .enumerate()
            .for_each(|(n, seen)| assert_eq!(n, seen, "first come, first served"));
        });
    });
    assert!(wall >= Duration::from_millis(40), "{wall:?}");
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    patched(|| {
        let (lock, readers) = (Rc::new(RwLock::new(0)), Rc::new(Cell::new((0, 0))));
        let told = all(30, move |n| {
            if n % 5 == 0 {
                let mut value = lock.write().unwrap();
                assert_eq!(readers.get().0, 0, "nobody reads");
                let seen = *value;
                thread::sleep(Duration::from_millis(1));
                *value = seen + 1;
            } else {
                let value = lock.read().unwrap();
                let (now, most) = readers.get();
                readers.set((now + 1, most.max(now + 1)));
                let seen = *value;
                thread::sleep(Duration::from_millis(1));
                assert_eq!(seen, *value);
                readers.set((readers.get().0 - 1, readers.get().1));
            }
            (lock.read().map(|value| *value).unwrap(), readers.get().1)
        });
        assert_eq!(told.iter().map(|(writes, _)| *writes).max(), Some(6));
        assert!(told.iter().any(|(_, most)| *most > 1), "{told:?}");
    });
}

#[test]
fn a_condvar_wakes_one_and_all_and_keeps_its_time() {
    patched(|| {
        let pair = Rc::new((Mutex::new(0), Condvar::new()));
        let waiters: Vec<_> = (0..50)
            .map(|_| {
                let pair = pair.clone();
                begun(move || {
                    drop(pair.1.wait_while(pair.0.lock().unwrap(), |tokens| *tokens == 0).map(|mut t| *t -= 1))
                })
            })
            .collect();
        *pair.0.lock().unwrap() = 1;
        pair.1.notify_one();
        waiters[0].join_timeout(SECOND * 10).unwrap();
        assert!(waiters[0].is_done() && waiters[1..].iter().all(|waiter| !waiter.is_done()));
        *pair.0.lock().unwrap() = 49;
        pair.1.notify_all();
        green::join_all(&waiters).unwrap();
        let other = green::spawn(|| thread::sleep(MOMENT / 4));
        let (result, wall) = timed(|| pair.1.wait_timeout(pair.0.lock().unwrap(), MOMENT).unwrap().1);
        assert!(result.timed_out() && wall >= MOMENT && wall < SECOND * 5, "{wall:?}");
        assert!(other.is_done());
    });
}

#[test]
fn what_is_made_once_is_made_once_whoever_waits() {
    static LAZY: LazyLock<u32> = LazyLock::new(|| {
        thread::sleep(MOMENT);
        MADE.fetch_add(1, Ordering::Relaxed)
    });
    static MADE: AtomicU32 = AtomicU32::new(7);
    static CELL: OnceLock<u32> = OnceLock::new();
    static ONCE: Once = Once::new();
    patched(|| {
        let ticks = Rc::new(Cell::new(0));
        let counts = ticks.clone();
        green::spawn(move || {
            while green::sleep(Duration::from_millis(1)).is_ok() {
                counts.set(counts.get() + 1);
            }
        });
        let made = |value: u32| {
            thread::sleep(MOMENT);
            value
        };
        let seen = all(10, move |n| {
            ONCE.call_once(|| thread::sleep(MOMENT));
            (*LAZY, *CELL.get_or_init(|| made(n as u32)))
        });
        assert!(seen.iter().all(|value| *value == seen[0]) && seen[0].0 == 7, "{seen:?}");
        assert!(ticks.get() > 1, "the others run meanwhile: {}", ticks.get());
    });
}

#[test]
fn a_barrier_lets_all_go_and_names_one_leader() {
    patched(|| {
        let barrier = Rc::new(Barrier::new(12));
        for _ in 0..3 {
            let barrier = barrier.clone();
            let leaders = all(12, move |_| barrier.wait().is_leader());
            assert_eq!(leaders.iter().filter(|is| **is).count(), 1);
        }
    });
}

#[test]
fn a_greenlet_and_a_thread_hand_a_lock_to_each_other() {
    let (mutex, changed) = (Arc::new((Mutex::new(0_u32), Condvar::new())), 200);
    let plays = |mutex: Arc<(Mutex<u32>, Condvar)>, is: u32| {
        move || {
            for _ in 0..changed {
                let turn = mutex.1.wait_while(mutex.0.lock().unwrap(), |turn| *turn % 2 != is);
                *turn.unwrap() += 1;
                mutex.1.notify_all();
            }
        }
    };
    let plain = thread::spawn(plays(mutex.clone(), 0));
    let play = plays(mutex.clone(), 1);
    patched(|| {
        let ticks = green::spawn(|| (0..20).for_each(|_| thread::sleep(Duration::from_millis(1))));
        play();
        ticks.get().unwrap();
    });
    plain.join().unwrap();
    assert_eq!(*mutex.0.lock().unwrap(), 400);
}

#[test]
fn a_thread_is_not_passed_over_for_ever_by_greenlets() {
    let (mutex, is_over) = (Arc::new(Mutex::new(0_u64)), Arc::new(AtomicUsize::new(0)));
    let (other, over) = (mutex.clone(), is_over.clone());
    let plain = thread::spawn(move || {
        thread::sleep(MOMENT);
        (0..20).for_each(|_| *other.lock().unwrap() += 1);
        over.store(1, Ordering::Relaxed);
    });
    patched(|| {
        let until = Instant::now() + SECOND * 30;
        all(8, move |_| {
            while is_over.load(Ordering::Relaxed) == 0 && Instant::now() < until {
                let mut held = mutex.lock().unwrap();
                green::yield_now().unwrap();
                *held += 1;
            }
            assert_eq!(is_over.load(Ordering::Relaxed), 1, "it had no turn in half a minute");
        });
    });
    plain.join().unwrap();
}

#[test]
fn two_hubs_wake_each_other() {
    let shared = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let hub = |is: u32| {
        let shared = shared.clone();
        thread::spawn(move || {
            patched(|| {
                let sum = Rc::new(Cell::new(0));
                let counts = sum.clone();
                all(4, move |n| {
                    for _ in 0..25 {
                        let mine = |turn: &mut u32| *turn % 8 != is * 4 + n as u32;
                        let turn = shared.1.wait_while(shared.0.lock().unwrap(), mine);
                        *turn.unwrap() += 1;
                        shared.1.notify_all();
                        counts.set(counts.get() + 1);
                    }
                });
                sum.get()
            })
        })
    };
    let hubs = [hub(0), hub(1)];
    assert_eq!(hubs.map(|hub| hub.join().unwrap()), [100, 100]);
    assert_eq!(*shared.0.lock().unwrap(), 200);
}

#[test]
fn neither_a_kill_nor_a_scope_ends_a_wait_for_a_lock_but_the_wait_after_it() {
    patched(|| {
        let mutex = Rc::new(Mutex::new(()));
        let held = mutex.lock().unwrap();
        let reached = Rc::new(Cell::new(0));
        let (other, notes) = (mutex.clone(), reached.clone());
        let killed = begun(move || {
            drop(other.lock().unwrap());
            notes.set(1);
            let _ = green::sleep(SECOND * 30);
            notes.set(2);
        });
        let (other, notes) = (mutex.clone(), Rc::new(RefCell::new(None)));
        let tells = notes.clone();
        let scoped = begun(move || {
            let ended = timeout(MOMENT, || -> io::Result<()> {
                drop(other.lock().unwrap());
                Ok(green::sleep(SECOND * 30)?)
            });
            *tells.borrow_mut() = Some(ended.is_err());
        });
        killed.kill_nowait();
        green::sleep(MOMENT * 2).unwrap();
        assert!(!killed.is_done() && !scoped.is_done() && reached.get() == 0);
        drop(held);
        let (_, wall) = timed(|| green::join_all(&[killed, scoped]).unwrap());
        assert!(wall < SECOND * 10, "{wall:?}");
        assert_eq!((reached.get(), *notes.borrow()), (1, Some(true)));
        assert!(!mutex.is_poisoned());
    });
}

/// The call as C makes it.
fn futex(word: &AtomicU32, operation: i32, value: u32, time: Option<libc::timespec>, bits: u32) -> Result<i64, i32> {
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: a word and a time that outlive the call.
    let value = unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), operation | libc::FUTEX_PRIVATE_FLAG, value, time, 0, bits)
    };
    told(value)
}

fn clock(clock: i32, later: Duration) -> libc::timespec {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a place for it.
    unsafe { libc::clock_gettime(clock, &mut now) };
    let all = Duration::new(now.tv_sec as u64, now.tv_nsec as u32) + later;
    libc::timespec { tv_sec: all.as_secs() as i64, tv_nsec: all.subsec_nanos().into() }
}

#[test]
fn futexes_tell_what_the_kernel_tells() {
    let word = Arc::new(AtomicU32::new(5));
    let moment = libc::timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 };
    let bad = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000_000 };
    let (wait, bitset) = (libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET);
    let in_real_time = bitset | libc::FUTEX_CLOCK_REALTIME;
    let asks = move || {
        let ended = |told: Result<i64, i32>, wall: Duration| {
            assert_eq!(told, Err(libc::ETIMEDOUT));
            assert!(wall >= MOMENT - Duration::from_millis(1) && wall < SECOND * 5, "{wall:?}");
        };
        assert_eq!(futex(&word, wait, 4, None, 0), Err(libc::EAGAIN));
        assert_eq!(futex(&word, bitset, 5, None, 0), Err(libc::EINVAL));
        assert_eq!(futex(&word, wait, 5, Some(bad), 0), Err(libc::EINVAL));
        assert_eq!(futex(&word, libc::FUTEX_WAKE, 1, None, 0), Ok(0));
        let past = libc::timespec { tv_sec: 1, tv_nsec: 0 };
        assert_eq!(futex(&word, bitset, 5, Some(past), !0), Err(libc::ETIMEDOUT));
        let (told, wall) = timed(|| futex(&word, wait, 5, Some(moment), 0));
        ended(told, wall);
        let (told, wall) = timed(|| futex(&word, bitset, 5, Some(clock(libc::CLOCK_MONOTONIC, MOMENT)), 1));
        ended(told, wall);
        let (told, wall) = timed(|| futex(&word, in_real_time, 5, Some(clock(libc::CLOCK_REALTIME, MOMENT)), 1));
        ended(told, wall);
    };
    asks();
    patched(asks);
}

#[test]
fn a_wake_counts_greenlets_and_threads_together() {
    static WORD: AtomicU32 = AtomicU32::new(0);
    let waits = |bits: u32| move || futex(&WORD, libc::FUTEX_WAIT_BITSET, 0, None, bits).unwrap();
    let plain: Vec<_> = (0..3).map(|_| thread::spawn(waits(1))).collect();
    let wakes = |most: u32, bits: u32| futex(&WORD, libc::FUTEX_WAKE_BITSET, most, None, bits).unwrap();
    patched(|| {
        let green: Vec<_> = (0..3).map(|n| begun(waits(1 << n))).collect();
        thread::sleep(MOMENT * 5);
        assert_eq!(wakes(7, 1 << 1), 1);
        assert_eq!(green[1].get().unwrap(), 0);
        let mut woken = 0;
        while woken < 4 {
            let more = wakes(2, 1);
            assert!(more <= 2);
            woken += more;
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!((woken, wakes(9, 1)), (4, 0));
        green[0].get().unwrap();
        assert!(!green[2].is_done());
        assert_eq!(wakes(u32::MAX >> 1, !0), 1);
        green[2].get().unwrap();
    });
    plain.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), 0));
}

#[test]
fn who_is_to_be_moved_to_another_word_is_woken_and_so_is_who_waits_for_a_changed_one() {
    static FIRST: AtomicU32 = AtomicU32::new(0);
    static SECOND_WORD: AtomicU32 = AtomicU32::new(0);
    let both = |operation: i32, second: usize, third: u32| {
        let operation = operation | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: two words for the life of the program.
        told(unsafe {
            libc::syscall(libc::SYS_futex, FIRST.as_ptr(), operation, 1, second, SECOND_WORD.as_ptr(), third)
        })
    };
    patched(|| {
        let waits = |word: &'static AtomicU32| begun(move || futex(word, libc::FUTEX_WAIT, 0, None, 0));
        let waiting = [waits(&FIRST), waits(&FIRST)];
        assert_eq!(both(libc::FUTEX_CMP_REQUEUE, 5, 1), Err(libc::EAGAIN), "the word is another");
        assert!(!waiting[0].join_timeout(MOMENT).unwrap());
        assert_eq!(both(libc::FUTEX_CMP_REQUEUE, 5, 0), Ok(2));
        assert!(waiting.iter().all(|waits| waits.get().unwrap() == Ok(0)));
        let waiting = waits(&FIRST);
        assert_eq!(both(libc::FUTEX_REQUEUE, 5, 0), Ok(1));
        assert_eq!(waiting.get().unwrap(), Ok(0));
        let waiting = [waits(&FIRST), waits(&SECOND_WORD)];
        let set_to_one_if_zero = 1 << 12;
        assert_eq!(both(libc::FUTEX_WAKE_OP, 1, set_to_one_if_zero), Ok(2));
        assert!(waiting.iter().all(|waits| waits.get().unwrap() == Ok(0)));
        assert_eq!(SECOND_WORD.load(Ordering::Relaxed), 1, "the kernel did it");
    });
}

#[test]
fn a_word_in_thread_local_storage_blocks_its_thread_as_ever() {
    thread_local! {
        static OWN: AtomicU32 = const { AtomicU32::new(0) };
    }
    patched(|| {
        let other = green::spawn(|| ());
        let moment = libc::timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 };
        let told = OWN.with(|own| futex(own, libc::FUTEX_WAIT, 0, Some(moment), 0));
        assert_eq!(told, Err(libc::ETIMEDOUT));
        assert!(!other.is_done());
    });
}

#[test]
fn a_forks_child_wakes_and_waits_by_the_kernel() {
    patched(|| {
        let mutex = Rc::new(Mutex::new(()));
        let held = mutex.lock().unwrap();
        let waits = begun({
            let mutex = mutex.clone();
            move || drop(mutex.lock().unwrap())
        });
        // SAFETY: the child makes system calls and ends; it takes no lock that another thread may hold.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let word = AtomicU32::new(0);
            let moment = libc::timespec { tv_sec: 0, tv_nsec: 1000 };
            let is_right = futex(&word, libc::FUTEX_WAIT, 0, Some(moment), 0) == Err(libc::ETIMEDOUT)
                && futex(&word, libc::FUTEX_WAKE, 1, None, 0) == Ok(0);
            drop(held);
            // SAFETY: no pointers.
            unsafe { libc::_exit(if is_right { 0 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: a place for the status.
        assert_eq!(told(unsafe { libc::waitpid(child, &mut status, 0) }), Ok(i64::from(child)));
        assert_eq!(status, 0);
        drop(held);
        waits.get().unwrap();
    });
}

#[test]
fn who_is_left_behind_by_a_hub_that_has_ended_takes_nobodys_turn() {
    gfetch_monkey::patch_all();
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.lock().unwrap();
    let waits = |mutex: Arc<Mutex<()>>| move || drop(mutex.lock().unwrap());
    green::Config::new().shutdown_grace(MOMENT).run(|| {
        (0..3).for_each(|_| drop(begun(waits(mutex.clone()))));
    });
    let plain = thread::spawn(waits(mutex.clone()));
    thread::sleep(MOMENT * 3);
    drop(held);
    plain.join().unwrap();
}
