//! The runtime's rules at its edges: user code in destructors, wakes that cross, shutdown, one hub after another.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::green::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_value_nobody_gets_may_panic_in_its_destructor_and_harms_nobody() {
    run(|| {
        drop(spawn(|| OnDrop(|| panic!("in a destructor"))));
        let good = spawn(|| 1);
        assert_eq!(good.get().unwrap(), 1);
    });
}

#[test]
fn a_value_nobody_gets_may_wait_in_its_destructor() {
    virtual_run(|| {
        let dropped = Rc::new(Cell::new(None));
        let seen = dropped.clone();
        drop(spawn(move || OnDrop(move || seen.set(Some(sleep(SECOND).is_ok())))));
        sleep(SECOND * 2).unwrap();
        assert_eq!(dropped.get(), Some(true));
    });
}

#[test]
fn results_of_an_abandoned_imap_may_wait_and_panic_in_their_destructors() {
    virtual_run(|| {
        let group = Group::new();
        let dropped = Rc::new(Cell::new(0));
        let count = dropped.clone();
        let work = move |n: u32| {
            let count = count.clone();
            sleep(SECOND * n).unwrap();
            OnDrop(move || {
                sleep(MS).unwrap();
                count.set(count.get() + 1);
                panic!("in a destructor");
            })
        };
        let mut results = group.imap_unordered(work, 1..3);
        let first = results.next().unwrap().unwrap();
        std::mem::forget(first);
        drop(results);
        group.join().unwrap();
        sleep(SECOND).unwrap();
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
fn equal_deadlines_fire_in_the_order_of_making_though_an_earlier_wait_ended_early() {
    virtual_run(|| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let event = Event::new();
        let (first, log) = (event.clone(), order.clone());
        spawn(|| sleep(SECOND));
        let a = spawn(move || {
            assert!(first.wait_timeout(SECOND).unwrap());
            yield_now().unwrap();
            sleep(SECOND).unwrap();
            log.borrow_mut().push("a");
        });
        yield_now().unwrap();
        event.set();
        let log = order.clone();
        let b = spawn(move || {
            sleep(SECOND).unwrap();
            log.borrow_mut().push("b");
        });
        join_all([&a, &b]).unwrap();
        assert_eq!(*order.borrow(), ["b", "a"], "b's deadline was made first");
    });
}

#[test]
fn a_letter_sent_with_the_last_sender_is_no_deadlock() {
    run(|| {
        let (sender, mailbox) = mailbox();
        spawn(move || {
            let sending = move || {
                sender.send(1);
                drop(sender);
            };
            std::thread::spawn(sending).join().unwrap();
        });
        assert_eq!(mailbox.receive().unwrap(), Some(1));
        assert_eq!(mailbox.receive().unwrap(), None);
    });
}

#[test]
fn two_receivers_of_a_mailbox_both_get_letters() {
    run(|| {
        let (sender, mailbox) = mailbox();
        let mailbox = Rc::new(mailbox);
        let receivers = [0, 1].map(|_| {
            let mailbox = mailbox.clone();
            spawn(move || mailbox.receive().unwrap())
        });
        yield_now().unwrap();
        std::thread::spawn(move || {
            sender.send(1);
            sender.send(2);
        });
        let mut got = receivers.map(|receiver| receiver.get().unwrap().unwrap());
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    });
}

#[test]
fn items_given_back_by_killed_getters_keep_their_order() {
    run(|| {
        let queue: Queue<u32> = Queue::unbounded();
        let getters = [0, 1, 2].map(|_| {
            let queue = queue.clone();
            spawn(move || queue.get())
        });
        yield_now().unwrap();
        (1..=4).for_each(|n| queue.put(n).unwrap());
        getters.iter().for_each(Greenlet::kill_nowait);
        join_all(&getters).unwrap();
        assert_eq!((1..=4).map(|_| queue.try_get().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_timeout_behind_a_shield_says_elapsed_though_an_outer_one_was_delivered() {
    virtual_run(|| {
        let _ = timeout(SECOND, || {
            sleep(SECOND * 2).unwrap_err();
            shield(SECOND * 9, || {
                let inner = timeout(SECOND, || sleep(SECOND * 5));
                assert_eq!(inner.unwrap_err(), Elapsed { limit: SECOND });
            });
            sleep(SECOND)
        });
    });
}

#[test]
fn a_group_killed_by_its_member_kills_that_one_too() {
    run(|| {
        let group = Group::new();
        let inside = group.clone();
        let killer = group.spawn(move || inside.kill());
        group.spawn(|| sleep(SECOND * 1000));
        group.join().unwrap();
        assert!(matches!(killer.get(), Err(GetError::Killed)));
    });
}

#[test]
fn a_joined_group_is_empty_also_of_members_that_came_before_the_joiner_ran() {
    virtual_run(|| {
        let group = Group::new();
        let member = group.spawn(|| sleep(SECOND));
        let late = group.clone();
        spawn(move || {
            sleep(SECOND).unwrap();
            assert!(member.is_done(), "the joiner is scheduled, and has not run");
            late.spawn(|| sleep(SECOND));
        });
        yield_now().unwrap();
        group.join().unwrap();
        assert!(group.is_empty());
    });
}

#[test]
fn a_timeout_ends_a_loop_of_calls_that_never_block() {
    run(|| {
        let queue = Queue::bounded(1);
        let started = Instant::now();
        let looped = timeout(MS * 20, || {
            while started.elapsed() < SECOND * 5 {
                queue.put(1).map_err(|_| ())?;
                queue.get().map_err(|_| ())?;
            }
            Ok::<(), ()>(())
        });
        assert!(looped.is_err(), "it ran for {:?}", started.elapsed());
    });
}

#[test]
fn two_hundred_thousand_greenlets_left_over_unwind_in_time() {
    let dropped = Rc::new(Cell::new(0u32));
    // The limit is for a hung run; that the end is not quadratic shows in minutes.
    Config::new().shutdown_grace(SECOND * 60).run(|| {
        for _ in 0..200_000 {
            let count = dropped.clone();
            spawn(move || {
                let _guard = OnDrop(|| count.set(count.get() + 1));
                sleep(SECOND * 1000)
            });
        }
        yield_now().unwrap();
    });
    assert_eq!(dropped.get(), 200_000);
}

#[test]
fn greenlets_spawned_by_destructors_at_the_end_unwind_too() {
    let dropped = Rc::new(Cell::new(0));
    let count = dropped.clone();
    run(move || {
        spawn(move || {
            let _guard = OnDrop(|| {
                let count = count.clone();
                let held = OnDrop(move || count.set(count.get() + 1));
                spawn(move || {
                    let _held = held;
                    sleep(SECOND * 1000)
                });
            });
            let _ = sleep(SECOND * 1000);
        });
        yield_now().unwrap();
    });
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_shield_may_clean_up_after_main_has_ended_and_no_longer_than_the_grace() {
    let cleaned = Rc::new(Cell::new(false));
    let flag = cleaned.clone();
    run(move || {
        spawn(move || {
            shield(SECOND * 5, || sleep(MS * 5).unwrap());
            flag.set(true);
        });
        yield_now().unwrap();
    });
    assert!(cleaned.get());
    for clock in [ClockKind::Real, ClockKind::Virtual] {
        let start = Instant::now();
        Config::new().clock(clock).shutdown_grace(MS * 50).run(|| {
            spawn(|| shield(Duration::MAX, || offload(|| std::thread::sleep(SECOND * 2))));
            yield_now().unwrap();
        });
        assert!(start.elapsed() < SECOND, "{clock:?}: {:?}", start.elapsed());
    }
}

#[test]
fn a_greenlet_left_behind_by_one_hub_is_not_woken_by_the_next() {
    let event = Event::new();
    let inside = event.clone();
    let left = Config::new().shutdown_grace(MS * 20).run(move || {
        let left = spawn(move || shield(Duration::MAX, || inside.wait()));
        yield_now().unwrap();
        left
    });
    run(|| {
        event.set();
        sleep(MS).unwrap();
        assert!(left.is_done());
    });
}

#[test]
fn grace_may_be_without_end() {
    Config::new().shutdown_grace(Duration::MAX).run(|| spawn(|| sleep(SECOND * 1000)));
}

#[test]
fn run_works_again_after_a_panic() {
    for _ in 0..3 {
        let broken = catch_unwind(AssertUnwindSafe(|| {
            run(|| {
                spawn(|| sleep(SECOND * 1000));
                yield_now().unwrap();
                panic!("main");
            })
        }));
        assert!(broken.is_err());
        assert_eq!(run(|| spawn(|| 5).get().unwrap()), 5);
    }
}

#[test]
fn hubs_on_several_threads_do_not_know_of_each_other() {
    let threads: Vec<_> = (0..4u64)
        .map(|n| {
            std::thread::spawn(move || {
                run(|| {
                    let tasks: Vec<_> = (0..1000)
                        .map(|m| {
                            spawn(move || {
                                sleep(MS * (m % 7) as u32).unwrap();
                                n * m
                            })
                        })
                        .collect();
                    tasks.iter().map(|task| task.get().unwrap()).sum::<u64>()
                })
            })
        })
        .collect();
    for (n, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), n as u64 * 999 * 1000 / 2);
    }
}

#[test]
fn a_borrowing_main_may_lend_to_nobody_and_return_what_it_borrowed() {
    let mut words = vec!["a".to_owned()];
    let last = run(|| {
        words.push("b".to_owned());
        yield_now().unwrap();
        words.last().unwrap()
    });
    assert_eq!(last, "b");
}

#[test]
fn an_overaligned_closure_keeps_its_alignment() {
    #[repr(align(128))]
    struct Wide([u8; 128]);
    run(|| {
        for _ in 0..4 {
            let wide = Wide([1; 128]);
            let task = spawn(move || {
                let wide = &wide;
                (&raw const *wide as usize).is_multiple_of(128) && wide.0.iter().all(|&byte| byte == 1)
            });
            assert!(task.get().unwrap());
        }
    });
}

#[test]
fn a_pool_thread_outlives_a_result_that_panics_when_dropped() {
    static ONE: ThreadPool = ThreadPool::new(1);
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    run(|| {
        let slow = || {
            std::thread::sleep(MS * 30);
            Loud
        };
        assert!(timeout(MS * 5, || ONE.run(slow)).is_err());
        let next = timeout(SECOND * 5, || ONE.run(|| 7));
        assert_eq!(next.unwrap().unwrap(), 7);
    });
}

#[test]
fn an_alarm_rings_for_those_who_wait_already_and_not_behind_a_shield() {
    virtual_run(|| {
        let alarm = Alarm::new();
        let inside = alarm.clone();
        let plain = spawn(move || {
            let rung = inside.guard(|| sleep(SECOND * 100)).is_err();
            (rung, now())
        });
        let inside = alarm.clone();
        let shielded = spawn(move || {
            inside
                .guard(|| {
                    shield(SECOND * 50, || sleep(SECOND * 10)).unwrap();
                    sleep(SECOND)
                })
                .is_err()
        });
        let start = now();
        yield_now().unwrap();
        alarm.set(SECOND * 8);
        alarm.set(SECOND * 2);
        alarm.set(SECOND * 5);
        let (rung, at) = plain.get().unwrap();
        assert!(rung);
        assert_eq!(at - start, SECOND * 2);
        assert!(shielded.get().unwrap());
        assert_eq!(now() - start, SECOND * 10);
    });
}

#[test]
fn spawns_said_to_a_hub_that_has_ended_are_refused_and_dropped() {
    let handle = run(Handle::current);
    let dropped = std::sync::Arc::new(());
    let held = dropped.clone();
    assert!(!handle.spawn(move || drop(held)));
    assert_eq!(std::sync::Arc::strong_count(&dropped), 1);
}
