//! The rules of the thread pool.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use super::*;
use crate::green::{ClockKind, Config, Event, GetError, Queue, join_all, run, sleep, spawn, timeout};

const MS: Duration = Duration::from_millis(1);

/// Bug class 29: the result of a thread is something to wait for.
#[test]
fn an_outstanding_call_keeps_the_hub_alive() {
    run(|| {
        let (go, waits) = mpsc::channel::<i32>();
        let call = ThreadPool::new(1).spawn(move || waits.recv().unwrap()).unwrap();
        std::thread::spawn(move || {
            std::thread::sleep(MS * 20);
            go.send(5).unwrap();
        });
        assert_eq!(call.get().unwrap(), 5);
    });
}

/// Bug class 29, for the clock: it must not jump over a call.
#[test]
fn a_virtual_clock_waits_for_a_call_that_is_waited_for() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let call = offload_many([|| std::thread::sleep(MS * 20)]).pop().unwrap();
        assert!(call.join_timeout(Duration::from_secs(1000)).unwrap());
    });
}

/// Bug class 51: a call that asks its own pool, all of whose threads are busy with such calls.
#[test]
fn a_call_inside_the_pool_runs_in_place() {
    run(|| {
        let pool = Arc::new(ThreadPool::new(2));
        let inner = pool.clone();
        let nested = move |n: i32| {
            let own = std::thread::current().id();
            inner.run(move || (n * 10, std::thread::current().id() == own)).unwrap()
        };
        assert_eq!(pool.map(1..=4, nested).unwrap(), [(10, true), (20, true), (30, true), (40, true)]);
    });
}

#[test]
fn as_many_calls_run_at_once_as_there_are_threads() {
    run(|| {
        let pool = ThreadPool::new(10);
        let all_here = Arc::new(Barrier::new(10));
        let met = pool.map(0..10, move |_| all_here.wait().is_leader()).unwrap();
        assert_eq!(met.iter().filter(|leads| **leads).count(), 1);
        assert_eq!((pool.most(), pool.threads()), (10, 10));
    });
}

#[test]
fn a_panic_in_one_call_is_its_result_and_harms_no_other() {
    run(|| {
        let pool = ThreadPool::new(2);
        let half = |n: i32| if n == 2 { panic!("not {n}") } else { n };
        let results: Vec<_> = pool.imap(1..=3, half).collect();
        assert!(
            matches!(&results[..], [Ok(1), Err(OffloadError::Panicked(panic)), Ok(3)] if panic.message() == "not 2")
        );
        let errors = pool.imap_unordered(1..=3, half).unwrap().filter(Result::is_err).count();
        assert_eq!(errors, 1);
        assert!(matches!(pool.map(1..=3, half), Err(OffloadError::Panicked(_))));
    });
}

#[test]
fn imap_keeps_the_order_and_takes_items_as_results_are_taken() {
    run(|| {
        let pool = ThreadPool::new(2);
        let taken = Rc::new(std::cell::Cell::new(0));
        let count = taken.clone();
        let items = (0..100).inspect(move |_| count.set(count.get() + 1));
        let mut results = pool.imap(items, |n: u64| {
            std::thread::sleep(MS * u32::from(n.is_multiple_of(2)));
            n
        });
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(taken.get() <= 5, "{}", taken.get());
        assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), (1..100).collect::<Vec<_>>());
    });
}

#[test]
fn unordered_results_come_as_they_are_ready() {
    run(|| {
        let (go, waits) = mpsc::channel();
        let waits = Mutex::new(waits);
        let pool = ThreadPool::new(2);
        let mut results = pool
            .imap_unordered(["slow", "fast"], move |name| {
                if name == "slow" {
                    locked(&waits).recv().unwrap();
                }
                name
            })
            .unwrap();
        assert_eq!(results.next().unwrap().unwrap(), "fast");
        go.send(()).unwrap();
        assert_eq!(results.next().unwrap().unwrap(), "slow");
        assert!(results.next().is_none());
    });
}

#[test]
fn a_full_queue_makes_the_next_spawn_wait_and_a_deadline_ends_that() {
    run(|| {
        let pool = ThreadPool::new(1).queue_limit(1);
        let (go, waits) = mpsc::channel::<()>();
        let running = pool.spawn(move || waits.recv().is_ok()).unwrap();
        let queued = pool.spawn(|| 1).unwrap();
        assert!(timeout(MS * 20, || pool.spawn(|| 2)).is_err());
        assert!(!queued.is_done());
        go.send(()).unwrap();
        assert_eq!(pool.run(|| 3).unwrap(), 3);
        assert!(running.get().unwrap());
        assert_eq!(queued.get().unwrap(), 1);
    });
}

#[test]
fn threads_with_nothing_to_do_end() {
    run(|| {
        let pool = ThreadPool::new(3).idle_limit(MS * 5);
        pool.map(0..3, |_| ()).unwrap();
        let gone = timeout(Duration::from_secs(10), || {
            while pool.threads() > 0 {
                sleep(MS)?;
            }
            Ok::<_, Interrupt>(())
        });
        assert!(gone.unwrap().is_ok());
        assert_eq!(pool.run(|| 1).unwrap(), 1);
    });
}

#[test]
fn a_kill_of_the_waiter_abandons_the_call_which_runs_to_its_end() {
    run(|| {
        let (pool, ran) = (Rc::new(ThreadPool::new(1)), Arc::new(AtomicUsize::new(0)));
        let (go, waits) = mpsc::channel::<()>();
        let (asking, counts) = (pool.clone(), ran.clone());
        let waiter = spawn(move || {
            asking.run(move || {
                waits.recv().unwrap();
                counts.fetch_add(1, Ordering::SeqCst);
            })
        });
        sleep(MS).unwrap();
        waiter.kill().unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 0);
        go.send(()).unwrap();
        pool.run(|| ()).unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_dropped_pool_runs_what_was_spawned() {
    run(|| {
        let pool = ThreadPool::new(1);
        let calls: Vec<_> = (0..5).map(|n| pool.spawn(move || n).unwrap()).collect();
        drop(pool);
        assert_eq!(calls.into_iter().map(|call| call.get().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_call_is_waited_for_together_with_greenlets() {
    run(|| {
        let event = Event::new();
        let sets = event.clone();
        let call = ThreadPool::new(1).spawn(|| 7).unwrap();
        let waiter = spawn(move || {
            let got = call.get().unwrap();
            sets.set();
            got
        });
        let other = spawn(move || event.wait().map(|()| 1).unwrap());
        assert_eq!([&waiter, &other].map(|greenlet| greenlet.get().unwrap()), [7, 1]);
    });
}

#[test]
fn a_call_may_be_a_greenlet_that_is_joined_linked_and_killed_among_others() {
    run(|| {
        let pool = ThreadPool::new(2);
        let (go, waits) = mpsc::channel::<i32>();
        let call = pool.spawn(move || waits.recv().unwrap()).unwrap().into_greenlet();
        let failing = pool.spawn(|| -> i32 { panic!("no luck") }).unwrap().into_greenlet();
        let own = spawn(|| 2);
        let results = Queue::unbounded();
        [&call, &failing, &own].into_iter().for_each(|task| drop(task.pipe_to(&results)));
        own.join().unwrap();
        go.send(40).unwrap();
        join_all([&call, &failing, &own]).unwrap();
        let (mut values, mut panics) = (0, Vec::new());
        while let Ok(result) = results.try_get() {
            match result {
                Ok(value) => values += value,
                Err(error) => panics.push(error.to_string()),
            }
        }
        assert_eq!(values, 42);
        assert!(panics.len() == 1 && panics[0].contains("no luck"), "{panics:?}");

        let (end, never) = mpsc::channel::<()>();
        let abandoned = pool.spawn(move || never.recv()).unwrap().into_greenlet();
        abandoned.kill().unwrap();
        assert!(matches!(abandoned.get(), Err(GetError::Killed)));
        end.send(()).unwrap();
    });
}
