//! `thread::park` and what stands on it, on greenlets: std's channels between threads, `thread::scope`; and what does not
//! become cooperative of it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use gfetch::green;

use crate::support::{MOMENT, SECOND, all, begun, patched, timed};

/// Runs `f` while a greenlet ticks beside it, and wants some ticks for each `MOMENT` that it took at least.
fn beside_ticks<T>(f: impl FnOnce() -> T) -> T {
    let ticks = Rc::new(Cell::new(0));
    let counts = ticks.clone();
    let ticker = green::spawn(move || {
        while green::sleep(Duration::from_millis(1)).is_ok() {
            counts.set(counts.get() + 1);
        }
    });
    let done = f();
    assert!(ticks.get() > 2, "the others ran {} times", ticks.get());
    ticker.kill().unwrap();
    done
}

#[test]
fn an_unpark_from_a_thread_ends_the_parks_of_greenlets_that_look() {
    patched(|| {
        let flags: Arc<Vec<AtomicBool>> = Arc::new((0..20).map(|_| AtomicBool::new(false)).collect());
        let (here, other) = (thread::current(), flags.clone());
        let unparks = thread::spawn(move || {
            for flag in other.iter() {
                thread::sleep(Duration::from_millis(2));
                flag.store(true, Ordering::Release);
                here.unpark();
            }
        });
        beside_ticks(|| {
            all(20, move |n| {
                while !flags[n].load(Ordering::Acquire) {
                    thread::park();
                }
            })
        });
        unparks.join().unwrap();
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
        let (_, wall) = timed(|| {
            beside_ticks(|| {
                all(10, |_| {
                    let end = std::time::Instant::now() + MOMENT;
                    while let Some(left) = end.checked_duration_since(std::time::Instant::now()) {
                        thread::park_timeout(left);
                    }
                })
            })
        });
        assert!(wall >= MOMENT && wall < SECOND * 10, "{wall:?}");
    });
}

#[test]
fn channels_from_threads_are_received_on_greenlets() {
    patched(|| {
        beside_ticks(|| {
            let sums = all(10, |n| {
                let (send, receive) = mpsc::channel();
                let (bounded, from_bounded) = mpsc::sync_channel(2);
                let (hand_over, taken) = mpsc::sync_channel(0);
                let sender = thread::spawn(move || {
                    for value in 0..20_u64 {
                        thread::sleep(Duration::from_micros(200 + 10 * n as u64));
                        send.send(value).unwrap();
                        bounded.send(value).unwrap();
                        hand_over.send(value).unwrap();
                    }
                });
                let mut sum = 0;
                for value in 0..20 {
                    assert_eq!(receive.recv().unwrap(), value);
                    assert_eq!(from_bounded.recv_timeout(SECOND * 20).unwrap(), value);
                    sum += taken.recv().unwrap();
                }
                assert!(receive.recv().is_err(), "the sender is gone");
                sender.join().unwrap();
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
        let taker = thread::spawn(move || {
            let values = (0..60).map(|_| {
                thread::sleep(Duration::from_micros(300));
                (take_bounded.recv().unwrap(), take_handed.recv().unwrap())
            });
            values.fold((0, 0), |sums, (a, b): (u64, u64)| (sums.0 + a, sums.1 + b))
        });
        beside_ticks(|| {
            all(6, move |n| {
                for value in 0..10 {
                    bounded.send(n as u64 + value).unwrap();
                    hand_over.send(n as u64 + value).unwrap();
                }
            })
        });
        assert_eq!(taker.join().unwrap(), (420, 420));
    });
}

#[test]
fn a_receiver_keeps_its_time() {
    patched(|| {
        let (send, receive) = mpsc::channel::<()>();
        let (told, wall) = timed(|| beside_ticks(|| receive.recv_timeout(MOMENT)));
        assert_eq!(told, Err(RecvTimeoutError::Timeout));
        assert!(wall >= MOMENT && wall < SECOND * 10, "{wall:?}");
        drop(send);
        assert_eq!(receive.recv_timeout(MOMENT), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn a_scope_of_threads_is_waited_for() {
    patched(|| {
        let told = beside_ticks(|| {
            all(5, |n| {
                let mut values = [0; 3];
                thread::scope(|scope| {
                    for (m, value) in values.iter_mut().enumerate() {
                        scope.spawn(move || {
                            thread::sleep(MOMENT);
                            *value = n * 10 + m;
                        });
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
