//! `thread::park` and what stands on it, on greenlets: std's channels between threads, `thread::scope`; and what does not
//! become cooperative of it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green;

use crate::support::{MOMENT, SECOND, all, begun, patched, timed};

/// Who waits for ticks gives up after this.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a greenlet has run beside those that wait.
#[derive(Clone, Default)]
struct Ticks(Arc<AtomicUsize>);

impl Ticks {
    fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// Called on a thread for which greenlets wait: goes on once others have run meanwhile, however slow the machine is.
    /// If they do not because a wait blocks them, the wait is ended all the same, and the test told.
    #[must_use]
    fn go_on(&self) -> bool {
        let (before, start) = (self.count(), Instant::now());
        while self.count() < before + 2 && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
        self.count() >= before + 2
    }
}

/// Runs `f` while a greenlet ticks beside it: one tick may come before or after a wait that blocks the thread, two may not.
fn beside_ticks<T>(f: impl FnOnce(Ticks) -> T) -> T {
    let ticks = Ticks::default();
    let counts = ticks.clone();
    let ticker = green::spawn(move || {
        while green::sleep(Duration::from_millis(1)).is_ok() {
            counts.0.fetch_add(1, Ordering::Release);
        }
    });
    let done = f(ticks.clone());
    assert!(ticks.count() > 1, "the others ran {} times", ticks.count());
    ticker.kill().unwrap();
    done
}

#[test]
fn an_unpark_from_a_thread_ends_the_parks_of_greenlets_that_look() {
    patched(|| {
        let flags: Arc<Vec<AtomicBool>> = Arc::new((0..20).map(|_| AtomicBool::new(false)).collect());
        let (here, other) = (thread::current(), flags.clone());
        beside_ticks(|ticks| {
            let unparks = thread::spawn(move || {
                let others_ran = ticks.go_on();
                for flag in other.iter() {
                    thread::sleep(Duration::from_millis(2));
                    flag.store(true, Ordering::Release);
                    here.unpark();
                }
                others_ran
            });
            all(20, move |n| {
                while !flags[n].load(Ordering::Acquire) {
                    thread::park();
                }
            });
            assert!(unparks.join().unwrap());
        });
    });
}

#[test]
fn an_unpark_from_a_greenlet_of_the_same_thread_is_seen() {
    patched(|| {
        let flag = Rc::new(Cell::new(false));
        let (seen, here) = (flag.clone(), thread::current());
        let parks = begun(move || {
            while !seen.get() {
                thread::park();
            }
        });
        flag.set(true);
        here.unpark();
        let (done, wall) = timed(|| parks.join_timeout(SECOND * 10).unwrap());
        assert!(done && wall < SECOND * 5, "{wall:?}");
    });
}

#[test]
fn a_token_that_another_greenlet_takes_is_made_up_for() {
    patched(|| {
        let flag = Rc::new(Cell::new(false));
        let seen = flag.clone();
        let parks = begun(move || {
            while !seen.get() {
                thread::park();
            }
        });
        flag.set(true);
        thread::current().unpark();
        thread::park();
        assert!(!parks.is_done(), "the token was taken here, without a switch");
        assert!(parks.join_timeout(SECOND * 10).unwrap());
    });
}

#[test]
fn a_park_with_a_time_out_ends_by_itself() {
    patched(|| {
        beside_ticks(|ticks| {
            let start = Instant::now();
            all(10, move |_| {
                // On a busy machine all this time may pass without two turns of the others, and then more is waited for.
                let is_over = || start.elapsed() >= MOMENT * 5 && (ticks.count() > 1 || start.elapsed() >= PATIENCE);
                while !is_over() {
                    thread::park_timeout((MOMENT * 5).saturating_sub(start.elapsed()).max(MOMENT));
                }
            })
        });
    });
}

#[test]
fn channels_from_threads_are_received_on_greenlets() {
    patched(|| {
        beside_ticks(|ticks| {
            let sums = all(10, move |n| {
                let (send, receive) = mpsc::channel();
                let (bounded, from_bounded) = mpsc::sync_channel(2);
                let (hand_over, taken) = mpsc::sync_channel(0);
                let ticks = ticks.clone();
                let sender = thread::spawn(move || {
                    let others_ran = ticks.go_on();
                    for value in 0..20_u64 {
                        thread::sleep(Duration::from_micros(3000 + 100 * n as u64));
                        send.send(value).unwrap();
                        bounded.send(value).unwrap();
                        hand_over.send(value).unwrap();
                    }
                    others_ran
                });
                let mut sum = 0;
                for value in 0..20 {
                    assert_eq!(receive.recv().unwrap(), value);
                    assert_eq!(from_bounded.recv_timeout(SECOND * 20).unwrap(), value);
                    sum += taken.recv().unwrap();
                }
                assert!(receive.recv().is_err(), "the sender is gone");
                assert!(sender.join().unwrap());
                sum
            });
            assert_eq!(sums, [190; 10]);
        });
    });
}

#[test]
fn greenlets_wait_for_room_that_a_thread_makes() {
    patched(|| {
        let (bounded, take_bounded) = mpsc::sync_channel(1);
        let (hand_over, take_handed) = mpsc::sync_channel(0);
        beside_ticks(|ticks| {
            let taker = thread::spawn(move || {
                let others_ran = ticks.go_on();
                let values = (0..60).map(|_| {
                    thread::sleep(Duration::from_micros(1500));
                    (take_bounded.recv().unwrap(), take_handed.recv().unwrap())
                });
                let sums = values.fold((0, 0), |sums, (a, b): (u64, u64)| (sums.0 + a, sums.1 + b));
                (others_ran, sums)
            });
            all(6, move |n| {
                for value in 0..10 {
                    bounded.send(n as u64 + value).unwrap();
                    hand_over.send(n as u64 + value).unwrap();
                }
            });
            assert_eq!(taker.join().unwrap(), (true, (420, 420)));
        });
    });
}

#[test]
fn a_receiver_keeps_its_time() {
    patched(|| {
        let (send, receive) = mpsc::channel::<()>();
        beside_ticks(|ticks| {
            let start = Instant::now();
            while ticks.count() < 2 && start.elapsed() < PATIENCE {
                let (told, wall) = timed(|| receive.recv_timeout(MOMENT * 5));
                assert_eq!(told, Err(RecvTimeoutError::Timeout));
                assert!(wall >= MOMENT * 5 && wall < SECOND * 10, "{wall:?}");
            }
        });
        drop(send);
        assert_eq!(receive.recv_timeout(MOMENT), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn a_scope_of_threads_is_waited_for() {
    patched(|| {
        let told = beside_ticks(|ticks| {
            all(5, move |n| {
                let mut values = [0; 3];
                thread::scope(|scope| {
                    for (m, value) in values.iter_mut().enumerate() {
                        let ticks = &ticks;
                        scope.spawn(move || *value = if ticks.go_on() { n * 10 + m } else { 0 });
                    }
                });
                values.iter().sum::<usize>()
            })
        });
        assert_eq!(told, [3, 33, 63, 93, 123]);
    });
}

/// Why this cannot be had: std's sender passes over receivers of its own thread, so that it wakes nobody. What was sent is
/// there all the same, and so is a sender's end.
#[test]
fn channels_between_greenlets_of_one_thread_wake_their_receiver_by_their_end_only() {
    patched(|| {
        let (send, receive) = mpsc::channel();
        let receiver = begun(move || (receive.recv(), receive.try_recv()));
        send.send(1).unwrap();
        assert!(!receiver.join_timeout(MOMENT * 10).unwrap(), "std serves its own thread by now: say so in the README");
        drop(send);
        let told = receiver.get().unwrap();
        assert_eq!(told, (Ok(1), Err(TryRecvError::Disconnected)));
        // Who does not wait there, or who is sent to before it does, is well.
        let (send, receive) = mpsc::channel();
        let talks = green::spawn(move || (0..10).for_each(|n| send.send(n).unwrap()));
        green::yield_now().unwrap();
        assert_eq!(receive.iter().sum::<i32>(), 45);
        talks.get().unwrap();
    });
}
