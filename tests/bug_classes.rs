//! Bugs that libraries of this kind met in practice, each looked for here: the numbers are those of docs/gevent-parity.md.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green::{
    self, ClockKind, Config, Event, Greenlet, Interrupt, Pool, Queue, Semaphore, current, mailbox, offload, run, sleep,
    spawn, timeout, yield_now,
};
use gfetch::net::UnixStream;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MIB: usize = 1 << 20;

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

/// Memory of this process that is in use now.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// The tests that look at the process's memory take turns.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Bug class 8: the hub sleeps for its nearest timer, which is no reason to miss a word from outside.
#[test]
fn a_word_from_another_thread_wakes_a_hub_whose_next_timer_is_far_away() {
    run(|| {
        spawn(|| sleep(SECOND * 60));
        let (sender, mailbox) = mailbox();
        let sent = std::thread::spawn(move || {
            std::thread::sleep(MS * 20);
            sender.send(Instant::now());
        });
        let sent_at = mailbox.receive().unwrap().unwrap();
        assert!(sent_at.elapsed() < SECOND * 10, "it came after {:?}", sent_at.elapsed());
        sent.join().unwrap();
    });
}

/// Bug class 9: what is said before anybody listens stays said.
#[test]
fn what_was_sent_before_the_first_wait_is_received() {
    run(|| {
        let (sender, mailbox) = mailbox();
        std::thread::spawn(move || (0..3).for_each(|n| sender.send(n))).join().unwrap();
        yield_now().unwrap();
        let all: Vec<i32> = std::iter::from_fn(|| mailbox.receive().unwrap()).collect();
        assert_eq!(all, [0, 1, 2]);
    });
}

/// Bug classes 10 and 11: a word between OS threads that comes in the moment of falling asleep.
#[test]
fn two_hubs_that_pass_a_token_lose_no_word() {
    const ROUNDS: u32 = 5_000;
    run(|| {
        let (to_here, here) = mailbox();
        let (tell_where, told) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            run(|| {
                let (to_there, there) = mailbox();
                tell_where.send(to_there).unwrap();
                while let Some(token) = there.receive().unwrap() {
                    to_here.send(token + 1);
                }
            });
        });
        let to_there = told.recv().unwrap();
        let mut token = 0;
        for _ in 0..ROUNDS {
            to_there.send(token);
            token = here.receive().unwrap().unwrap();
        }
        assert_eq!(token, ROUNDS);
        drop(to_there);
        assert_eq!(here.receive().unwrap(), None, "the other hub has ended");
        other.join().unwrap();
    });
}

/// Bug class 14: a waiter that is still linked would be woken a second time, in a wait that is about something else.
#[test]
fn a_wait_that_timed_out_is_never_resumed_for_what_it_waited_for() {
    virtual_run(|| {
        let (event, queue, permits) = (Event::new(), Queue::<u32>::bounded(1), Semaphore::new(0));
        let (e, q, p) = (event.clone(), queue.clone(), permits.clone());
        let waiter = spawn(move || {
            assert!(!e.wait_timeout(MS).unwrap());
            assert!(q.get_timeout(MS).unwrap().is_err());
            assert!(p.acquire_timeout(MS).unwrap().is_none());
            let start = green::now();
            sleep(SECOND).unwrap();
            green::now() - start
        });
        sleep(MS * 500).unwrap();
        event.set();
        queue.put(1).unwrap();
        permits.add(1);
        assert_eq!(waiter.get().unwrap(), SECOND, "nothing shortened the sleep");
        assert_eq!((queue.len(), permits.free()), (1, 1), "nothing was handed to who had gone");
    });
}

/// Bug class 16: who wakes each other by turns must not keep a third one, or a sleeper, waiting.
#[test]
fn a_pair_that_wakes_each_other_lets_the_rest_run() {
    run(|| {
        let (there, back) = (Queue::bounded(1), Queue::bounded(1));
        let (near, far) = ((there.clone(), back.clone()), (there, back));
        let exchanges = Rc::new(Cell::new(0u64));
        let counted = exchanges.clone();
        spawn(move || {
            loop {
                near.0.put(()).unwrap();
                near.1.get().unwrap();
                counted.set(counted.get() + 1);
            }
        });
        spawn(move || {
            loop {
                far.0.get().unwrap();
                far.1.put(()).unwrap();
            }
        });
        let turns = spawn(|| (0..100).for_each(|_| yield_now().unwrap()));
        turns.join().unwrap();
        assert!(exchanges.get() < 1_000, "{} exchanges while a third took 100 turns", exchanges.get());
        let start = Instant::now();
        sleep(MS * 20).unwrap();
        assert!(start.elapsed() < SECOND * 2, "a sleep of 20 ms took {:?}", start.elapsed());
    });
}

/// Bug class 17: who is due waits for one turn of each greenlet that was ready before, and never for a second one.
#[test]
fn a_crowd_of_ready_descriptors_delays_a_timer_by_one_turn_each() {
    const PAIRS: usize = 150;
    /// Turns after which the hub looks at its timers at the latest.
    const BETWEEN_LOOKS: usize = 61;
    run(|| {
        let (due, late_turns) = (Rc::new(Cell::new(None::<Instant>)), Rc::new(Cell::new(0usize)));
        let mut far_ends = Vec::new();
        for _ in 0..PAIRS {
            let (near, far) = UnixStream::pair().unwrap();
            let (due, late_turns) = (due.clone(), late_turns.clone());
            spawn(move || {
                while (&near).read(&mut [0]).unwrap() > 0 {
                    let start = Instant::now();
                    while start.elapsed() < MS / 5 {}
                    late_turns.set(late_turns.get() + usize::from(due.get().is_some_and(|due| start > due)));
                    yield_now().unwrap();
                }
            });
            (&far).write_all(&[0; 20]).unwrap();
            far_ends.push(far);
        }
        due.set(Some(Instant::now() + MS * 20));
        sleep(MS * 20).unwrap();
        let late = late_turns.get();
        assert!(late > 0, "they were busy at that time");
        assert!(late <= PAIRS + BETWEEN_LOOKS, "{late} turns between the deadline and the greenlet's");
    });
}

/// Bug class 21: the inner code takes every error for its own and tries again; the scope around it still ends it.
#[test]
fn code_that_swallows_a_time_out_does_not_keep_it_from_its_owner() {
    virtual_run(|| {
        let start = green::now();
        let tries = Cell::new(0);
        let outer = timeout(SECOND, || {
            while tries.get() < 10 {
                tries.set(tries.get() + 1);
                let _swallowed = timeout(SECOND * 60, || sleep(SECOND * 60));
            }
            Err::<(), &str>("gave up")
        });
        assert!(outer.is_err(), "the owner is told");
        assert_eq!(green::now() - start, SECOND, "no try after the deadline waited");
    });
}

/// Bug class 22: a greenlet that computed for a while sleeps as long as it says all the same.
#[test]
fn a_sleep_counts_from_now_and_not_from_the_last_look_at_the_clock() {
    run(|| {
        yield_now().unwrap();
        std::thread::sleep(MS * 60);
        let start = Instant::now();
        sleep(MS * 50).unwrap();
        assert!(start.elapsed() >= MS * 50, "it slept {:?}", start.elapsed());
        std::thread::sleep(MS * 60);
        let start = Instant::now();
        assert!(timeout(MS * 50, || sleep(SECOND * 60)).is_err());
        assert!(start.elapsed() >= MS * 50, "the scope gave {:?}", start.elapsed());
    });
}

/// Bug class 24: at one and the same moment the holder lets go, the waiter's deadline passes, and in half of the rounds
/// the waiter is killed too.
#[test]
fn a_permit_handed_over_at_the_deadline_is_had_or_free() {
    for kill in [false, true] {
        for holder_first in [false, true] {
            virtual_run(|| {
                let permits = Semaphore::new(1);
                let (held, wanted) = (permits.clone(), permits.clone());
                let hold = move || {
                    let permit = held.acquire().unwrap();
                    sleep(MS * 10).unwrap();
                    drop(permit);
                };
                let want = move || {
                    // The holder has it by now, whichever was spawned first.
                    sleep(MS).unwrap();
                    timeout(MS * 9, || wanted.acquire()).is_ok()
                };
                let waiter = if holder_first {
                    spawn(hold);
                    spawn(want)
                } else {
                    let waiter = spawn(want);
                    spawn(hold);
                    waiter
                };
                sleep(MS * 10).unwrap();
                if kill {
                    waiter.kill().unwrap();
                }
                waiter.join().unwrap();
                yield_now().unwrap();
                assert_eq!(permits.free(), 1, "kill {kill}, holder first {holder_first}");
            });
        }
    }
}

/// Bug class 28: waiting for a place that only the waiter could free is told, with names, instead of hanging.
#[test]
fn a_spawn_from_inside_a_full_pool_is_a_deadlock_that_names_who_waits() {
    run(|| {
        let pool = Pool::new(1);
        let inner = pool.clone();
        let member = pool.spawn(move || drop(inner.spawn(|| ()))).unwrap();
        let Err(Interrupt::Deadlock(deadlock)) = member.join() else { panic!("no deadlock was told") };
        let report = deadlock.waiting().join("\n");
        assert!(report.contains("greenlet-1") && report.contains("waits in Semaphore"), "{report}");
        assert!(report.contains("main"), "{report}");
    });
}

/// Bug class 29: nothing else is left to wait for, and yet somebody will wake us.
#[test]
fn an_outstanding_offload_is_no_deadlock() {
    run(|| {
        let answer = spawn(|| {
            offload(|| {
                std::thread::sleep(MS * 30);
                7
            })
        });
        assert_eq!(answer.get().unwrap().unwrap(), 7);
    });
}

fn chain(left: u32, ended: &Event) {
    if left == 0 {
        return ended.set();
    }
    let ended = ended.clone();
    spawn(move || chain(left - 1, &ended));
}

/// Bug class 42: each greenlet spawns the next and ends; an ancestor that were kept would keep all before it.
#[test]
fn memory_is_flat_over_a_chain_of_spawns() {
    let _alone = alone();
    run(|| {
        let tell = |length| {
            let ended = Event::new();
            chain(length, &ended);
            ended.wait().unwrap();
            resident_bytes()
        };
        let before = tell(1_000);
        let after = tell(300_000);
        assert!(after < before + 16 * MIB, "{} KiB more after 300,000 spawns", (after - before) / 1024);
    });
}

/// Bug class 43: greenlets that never finished end with their hub, stacks and all.
#[test]
fn hubs_that_come_and_go_leave_no_memory_behind() {
    let _alone = alone();
    let one = || {
        std::thread::spawn(|| {
            run(|| {
                let event = Event::new();
                for _ in 0..200 {
                    let event = event.clone();
                    spawn(move || {
                        black_box([1u8; 16 * 1024]);
                        event.wait()
                    });
                }
                yield_now().unwrap();
            });
        })
        .join()
        .unwrap();
    };
    (0..5).for_each(|_| one());
    let before = resident_bytes();
    (0..50).for_each(|_| one());
    let after = resident_bytes();
    assert!(after < before + 32 * MIB, "{} KiB more after 50 hubs", after.saturating_sub(before) / 1024);
}

#[inline(never)]
fn touch_100_kib() -> u8 {
    black_box([1u8; 100 * 1024])[black_box(77)]
}

/// Bug class 44: after a burst the stacks' memory goes back to the system.
#[test]
fn a_burst_of_deep_stacks_is_given_back_when_the_hub_sleeps() {
    const BURST: usize = 3_000;
    let _alone = alone();
    run(|| {
        let before = resident_bytes();
        let event = Event::new();
        let tasks: Vec<_> = (0..BURST)
            .map(|_| {
                let event = event.clone();
                spawn(move || {
                    touch_100_kib();
                    event.wait()
                })
            })
            .collect();
        yield_now().unwrap();
        let burst = resident_bytes();
        assert!(burst > before + BURST * 90 * 1024, "the burst took {} KiB", (burst - before) / 1024);
        event.set();
        green::join_all(&tasks).unwrap();
        drop(tasks);
        sleep(MS * 5).unwrap();
        let after = resident_bytes();
        assert!(
            after < before + (burst - before) / 4,
            "{} of {} KiB are left",
            (after - before) / 1024,
            (burst - before) / 1024
        );
    });
}

/// Bug class 46: a handle is no owner; forgetting it, or dropping it, ends nobody and frees nothing in use.
#[test]
fn a_forgotten_handle_frees_nothing_that_runs() {
    virtual_run(|| {
        let lines = Rc::new(RefCell::new(Vec::new()));
        let worker = |name: &'static str| {
            let lines = lines.clone();
            let own = vec![name; 3];
            spawn(move || {
                sleep(SECOND).unwrap();
                lines.borrow_mut().extend(own);
            })
        };
        std::mem::forget(worker("forgotten"));
        drop(worker("dropped"));
        sleep(SECOND * 2).unwrap();
        let expected = ["forgotten", "forgotten", "forgotten", "dropped", "dropped", "dropped"];
        assert_eq!(*lines.borrow(), expected);
    });
}

/// Bug class 48: whether a thread panics is kept per thread; a switch in the middle of one would show it to others.
#[test]
fn nobody_sees_another_greenlets_panic() {
    struct WaitsWhenDropped;
    impl Drop for WaitsWhenDropped {
        fn drop(&mut self) {
            let _ = sleep(MS);
        }
    }
    virtual_run(|| {
        let seen = Rc::new(Cell::new(0));
        let watch = seen.clone();
        let watcher = spawn(move || {
            for _ in 0..100 {
                watch.set(watch.get() + u32::from(std::thread::panicking()));
                yield_now().unwrap();
            }
        });
        let unwinding: Vec<Greenlet<()>> = (0..10)
            .map(|_| {
                spawn(|| {
                    let _late = WaitsWhenDropped;
                    yield_now().unwrap();
                    std::panic::resume_unwind(Box::new(format!("{} ends", current().name())));
                })
            })
            .collect();
        green::join_all(&unwinding).unwrap();
        watcher.join().unwrap();
        assert_eq!(seen.get(), 0);
        assert!(unwinding.iter().all(|task| task.get().unwrap_err().to_string().contains("ends")));
    });
}
