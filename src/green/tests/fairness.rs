//! Nobody starves, stacks are given back and are nobody's while in use, and what is per thread is not mixed up by switches.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::green::hub::Hub;
use crate::green::io::watched::Watched;

/// Bug class 15.
#[test]
fn greenlets_that_yield_for_ever_starve_neither_timers_nor_descriptors_nor_other_threads() {
    run(|| {
        let stop = Rc::new(Cell::new(false));
        let busy: Vec<_> = (0..3)
            .map(|_| stop.clone())
            .map(|stop| {
                spawn(move || {
                    while !stop.get() {
                        yield_now().unwrap();
                    }
                })
            })
            .collect();
        let (mine, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        mine.set_nonblocking(true).unwrap();
        let watched = Watched::new(mine).unwrap();
        let reader = spawn(move || watched.read(None, |mut from| io::Read::read(&mut from, &mut [0; 8])));
        yield_now().unwrap();
        io::Write::write_all(&mut &theirs, b"hello").unwrap();
        let limits = timeout(SECOND * 20, || {
            sleep(MS)?;
            reader.join()?;
            offload(|| ()).map_err(|_| Interrupt::Unwinding)
        });
        assert!(limits.is_ok(), "starved");
        assert_eq!(reader.get().unwrap().unwrap(), Some(5));
        stop.set(true);
        join_all(&busy).unwrap();
    });
}

/// Bug classes 15 and 16: how late a timer may be is a number of switches, however slow the machine.
#[test]
fn a_timer_that_is_due_fires_within_sixty_one_switches_of_busy_greenlets() {
    run(|| {
        let due = std::time::Instant::now() + MS * 5;
        let late = Rc::new(Cell::new(0u32));
        let count = late.clone();
        let stop = Rc::new(Cell::new(false));
        let stopped = stop.clone();
        let busy = spawn(move || {
            while !stopped.get() {
                count.set(count.get() + u32::from(std::time::Instant::now() >= due));
                yield_now().unwrap();
            }
        });
        // A moment, not a span: what the system does between two readings of the clock is not the timer's lateness.
        assert!(!Event::new().wait_timeout(due).unwrap());
        assert!(late.get() <= 62, "{} switches late", late.get());
        stop.set(true);
        busy.join().unwrap();
    });
}

/// Bug class 16.
#[test]
fn two_greenlets_that_wake_each_other_for_ever_starve_nobody() {
    virtual_run(|| {
        let (there, back) = (Queue::bounded(1), Queue::bounded(1));
        let (from, to) = (there.clone(), back.clone());
        spawn(move || {
            while let Some(n) = from.get().unwrap() {
                to.put(n).unwrap();
            }
        });
        let (from, to) = (back.clone(), there.clone());
        let rounds = Rc::new(Cell::new(0u64));
        let count = rounds.clone();
        let stop = Rc::new(Cell::new(false));
        let stopped = stop.clone();
        let player = spawn(move || {
            while !stopped.get() {
                to.put(1).unwrap();
                from.get().unwrap();
                count.set(count.get() + 1);
            }
        });
        yield_now().unwrap();
        let before = rounds.get();
        // Five greenlets that come late each get their turn at once.
        let late: Vec<_> = (0..5).map(|n| spawn(move || yield_now().map(|()| n))).collect();
        join_all(&late).unwrap();
        assert!(rounds.get() - before < 10, "{} rounds went before", rounds.get() - before);
        stop.set(true);
        player.get().unwrap();
        there.close();
    });
}

/// Bug class 44. A burst of deep stacks is given back to the system once the hub sleeps.
#[test]
fn memory_of_a_burst_of_stacks_goes_back_when_the_hub_sleeps() {
    #[inline(never)]
    fn touch() {
        let deep = std::hint::black_box([1u8; 48 * 1024]);
        assert_eq!(deep.iter().filter(|&&byte| byte == 1).count(), deep.len());
    }
    run(|| {
        let event = Event::new();
        let all: Vec<_> = (0..2000)
            .map(|_| event.clone())
            .map(|event| {
                spawn(move || {
                    touch();
                    event.wait()
                })
            })
            .collect();
        yield_now().unwrap();
        let resident = || Hub::with(|hub| hub.stacks.borrow().resident_bytes());
        let full = resident();
        assert!(full >= 2000 * 48 * 1024, "{full}");
        event.set();
        join_all(&all).unwrap();
        assert_eq!(stats().stacks_free, 2000);
        sleep(MS * 2).unwrap();
        let left = resident();
        assert!(left < full / 4, "{left} of {full} bytes are left");
        // The trimmed ones serve again.
        let again: Vec<_> = (0..2000).map(|_| spawn(touch)).collect();
        again.iter().for_each(|task| task.get().unwrap());
        assert_eq!(stats().stacks_made, 2001);
    });
}

/// Bug class 45. What a greenlet drops and calls at its very end runs on its own stack, while others are spawned, run and
/// end: none of them may be given that stack.
#[test]
fn a_stack_is_nobody_elses_until_its_greenlet_has_left_it() {
    struct Busy(Vec<u8>);
    impl Drop for Busy {
        fn drop(&mut self) {
            let mine = std::hint::black_box([7u8; 4096]);
            for _ in 0..3 {
                spawn(|| std::hint::black_box([9u8; 4096]).len()).join().unwrap();
            }
            yield_now().unwrap();
            assert!(mine.iter().chain(&self.0).all(|&byte| byte == 7));
        }
    }
    virtual_run(|| {
        for _ in 0..100 {
            // Nobody holds the handle: the value is dropped by the greenlet, after its body.
            drop(spawn(|| Busy(vec![7; 100])));
            let group = Group::new();
            group.spawn(|| Busy(vec![7; 100]));
            group.join().unwrap();
            sleep(MS).unwrap();
        }
        assert_eq!(stats().live, 1);
        assert!(stats().stacks_made < 20, "{}", stats());
    });
}

/// Bug class 48.
#[test]
fn what_is_per_thread_is_the_same_before_and_after_a_switch_and_panics_stay_with_their_greenlet() {
    thread_local! {
        static COUNT: Cell<u32> = const { Cell::new(0) };
    }
    virtual_run(|| {
        let thread = std::thread::current().id();
        let all: Vec<_> = (0..50u64)
            .map(|n| {
                spawn(move || {
                    for round in 0..10 {
                        let caught = catch_unwind(AssertUnwindSafe(|| {
                            sleep(MS * (n * round % 7) as u32).unwrap();
                            COUNT.set(COUNT.get() + 1);
                            if n % 3 == 0 {
                                std::panic::resume_unwind(Box::new(n));
                            }
                        }));
                        // In the middle of others' waits nobody is seen to panic, and each catches its own.
                        assert!(!std::thread::panicking());
                        yield_now().unwrap();
                        match caught {
                            Ok(()) => assert!(n % 3 != 0),
                            Err(payload) => assert_eq!(*payload.downcast::<u64>().unwrap(), n),
                        }
                        assert_eq!(std::thread::current().id(), thread);
                    }
                })
            })
            .collect();
        all.iter().for_each(|task| task.get().unwrap());
        assert_eq!(COUNT.get(), 500);
    });
}

/// Bug class 48: `errno` belongs to the thread, and a wait may change it; an error is kept by value.
#[test]
fn an_os_error_survives_the_switches_after_it() {
    run(|| {
        let failing = spawn(|| {
            let error = std::fs::File::open("/nonexistent/file").unwrap_err();
            sleep(MS).unwrap();
            error.raw_os_error()
        });
        let other = spawn(|| std::fs::File::open("/proc/self/mem/x").unwrap_err().raw_os_error());
        assert_eq!(failing.get().unwrap(), Some(2));
        assert_eq!(other.get().unwrap(), Some(20));
    });
}
