//! The runtime's rules, each a test.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

type Log = Rc<RefCell<Vec<String>>>;

fn log() -> (Log, impl Fn(&str) + Clone + 'static) {
    let log = Log::default();
    let into = log.clone();
    (log, move |text: &str| into.borrow_mut().push(text.to_owned()))
}

#[test]
fn spawned_greenlets_run_first_in_first_out_when_the_spawner_waits() {
    let order = run(|| {
        let (log, say) = log();
        for name in ["a", "b", "c"] {
            let say = say.clone();
            spawn(move || say(name));
        }
        say("spawner");
        yield_now().unwrap();
        log.take()
    });
    assert_eq!(order, ["spawner", "a", "b", "c"]);
}

#[test]
fn a_value_is_got_once() {
    run(|| {
        let task = spawn(|| 42);
        assert_eq!(task.state(), State::Scheduled);
        assert_eq!(task.get().unwrap(), 42);
        assert!(task.is_done());
        assert!(matches!(task.get(), Err(GetError::Taken)));
    });
}

#[test]
fn a_panic_is_kept_in_the_handle_and_harms_nobody_else() {
    run(|| {
        let bad = spawn(|| panic!("boom {}", 7));
        let good = spawn(|| 1);
        assert_eq!(good.get().unwrap(), 1);
        match bad.get() {
            Err(GetError::Panicked(panic)) => assert_eq!(panic.message(), "boom 7"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_panic_of_the_main_greenlet_leaves_run_after_the_rest_has_unwound() {
    let dropped = Rc::new(Cell::new(false));
    let flag = dropped.clone();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(move || {
            let guard = OnDrop(move || flag.set(true));
            spawn(move || {
                let _guard = guard;
                let _ = sleep(Duration::from_secs(1000));
            });
            yield_now().unwrap();
            panic!("main");
        })
    }));
    assert_eq!(*caught.unwrap_err().downcast_ref::<&str>().unwrap(), "main");
    assert!(dropped.get());
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines_and_equal_ones_in_the_order_of_making() {
    let order = virtual_run(|| {
        let (log, say) = log();
        let tasks = [("c", 30), ("a", 10), ("b1", 20), ("b2", 20)].map(|(name, ms)| {
            let say = say.clone();
            spawn(move || {
                sleep(MS * ms).unwrap();
                say(name);
            })
        });
        join_all(&tasks).unwrap();
        log.take()
    });
    assert_eq!(order, ["a", "b1", "b2", "c"]);
}

#[test]
fn a_virtual_hour_takes_no_time_and_is_exact() {
    let real = std::time::Instant::now();
    let slept = virtual_run(|| {
        let start = now();
        sleep(SECOND * 3600).unwrap();
        now() - start
    });
    assert_eq!(slept, SECOND * 3600);
    assert!(real.elapsed() < SECOND * 60);
}

#[test]
fn a_timeout_ends_a_wait_and_only_its_own_scope_says_elapsed() {
    virtual_run(|| {
        let outer = timeout(SECOND * 5, || {
            let inner = timeout(SECOND, || sleep(SECOND * 60));
            assert_eq!(inner.unwrap_err(), Elapsed { limit: SECOND });
            let handed_up = timeout(SECOND * 60, || sleep(SECOND * 60)).expect("the outer one is first");
            assert!(matches!(handed_up, Err(Interrupt::TimedOut(t)) if t.limit == SECOND * 5));
            handed_up
        });
        assert_eq!(outer.unwrap_err(), Elapsed { limit: SECOND * 5 });
    });
}

#[test]
fn of_two_equal_deadlines_the_earlier_made_wins() {
    virtual_run(|| {
        assert!(timeout(SECOND, || sleep(SECOND)).is_err());
        let nested = timeout(SECOND, || {
            let inner = timeout(SECOND, || sleep(SECOND * 9));
            assert!(inner.is_ok(), "the outer scope was made first");
            inner.unwrap()
        });
        assert!(nested.is_err());
    });
}

#[test]
fn while_a_scope_is_past_every_wait_inside_fails_at_once() {
    virtual_run(|| {
        let mut failures = 0;
        let result = timeout(SECOND, || {
            for _ in 0..10 {
                failures += u32::from(sleep(SECOND * 2).is_err());
            }
            assert!(yield_now().is_err());
            Event::new().wait()
        });
        assert!(result.is_err());
        assert_eq!(failures, 10);
        assert!(yield_now().is_ok(), "outside the scope waits are well again");
    });
}

#[test]
fn ok_passes_a_timeout_even_when_it_is_late() {
    virtual_run(|| {
        let late = timeout(SECOND, || {
            let _ = sleep(SECOND * 2);
            Ok::<_, Interrupt>("done")
        });
        assert_eq!(late.unwrap().unwrap(), "done");
    });
}

#[test]
fn a_kill_unwinds_from_the_wait_and_runs_destructors() {
    run(|| {
        let (log, say) = log();
        let task = spawn(move || {
            let tell = say.clone();
            let _guard = OnDrop(move || tell("dropped"));
            let _ = sleep(SECOND * 1000);
            say("not reached");
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert!(matches!(task.get(), Err(GetError::Killed)));
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_greenlet_killed_before_its_start_never_runs_but_drops_what_it_holds() {
    run(|| {
        let (log, say) = log();
        let tell = say.clone();
        let guard = OnDrop(move || tell("dropped"));
        let task = spawn(move || {
            let _guard = &guard;
            say("ran");
        });
        task.kill().unwrap();
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_swallowed_kill_comes_again_at_the_next_wait() {
    run(|| {
        let swallowed = Rc::new(Cell::new(0));
        let count = swallowed.clone();
        let task = spawn(move || {
            loop {
                let attempt = std::panic::catch_unwind(|| sleep(SECOND * 1000));
                if attempt.is_err() {
                    count.set(count.get() + 1);
                }
                if count.get() == 3 {
                    return "gave in";
                }
            }
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert_eq!(swallowed.get(), 3);
        assert_eq!(task.get().unwrap(), "gave in");
    });
}

#[test]
fn a_shield_holds_off_kills_and_outer_deadlines_until_it_ends() {
    virtual_run(|| {
        let (log, say) = log();
        let task = spawn(move || {
            shield(SECOND * 5, || {
                sleep(SECOND).unwrap();
                say("cleaned up");
            });
            let _ = sleep(SECOND);
            say("not reached");
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert!(matches!(task.get(), Err(GetError::Killed)));
        assert_eq!(log.take(), ["cleaned up"]);
        let late = timeout(SECOND, || {
            sleep(SECOND * 2).unwrap_err();
            shield(SECOND, || sleep(SECOND / 2)).unwrap();
            shield(SECOND, || sleep(SECOND * 2)).unwrap_err();
            sleep(SECOND)
        });
        assert!(late.is_err());
    });
}

#[test]
fn a_wait_while_unwinding_is_an_error_and_never_a_switch() {
    run(|| {
        let seen = Rc::new(RefCell::new(None));
        let into = seen.clone();
        let task = spawn(move || {
            let _guard = OnDrop(move || *into.borrow_mut() = Some(sleep(MS)));
            panic!("on purpose");
        });
        assert!(task.get().is_err());
        assert!(matches!(*seen.borrow(), Some(Err(Interrupt::Unwinding))));
    });
}

#[test]
fn a_deadlock_is_told_to_the_main_greenlet_with_who_waits_for_what() {
    run(|| {
        let event = Event::new();
        let waiting = event.clone();
        let stuck = Builder::new().name("stuck").spawn(move || waiting.wait()).unwrap();
        let Err(Interrupt::Deadlock(deadlock)) = stuck.join() else { panic!("no deadlock") };
        let report = deadlock.waiting().join("\n");
        assert!(report.contains("stuck") && report.contains("Event"), "{report}");
        assert!(report.contains("main") && report.contains("greenlet-1") && report.contains("tests.rs"), "{report}");
        event.set();
        stuck.get().unwrap().unwrap();
    });
}

#[test]
fn an_event_set_and_cleared_at_once_still_wakes_its_waiters_in_order() {
    run(|| {
        let (log, say) = log();
        let event = Event::new();
        let waiters = ["a", "b"].map(|name| {
            let (event, say) = (event.clone(), say.clone());
            spawn(move || {
                event.wait().unwrap();
                say(name);
            })
        });
        yield_now().unwrap();
        event.set();
        event.clear();
        join_all(&waiters).unwrap();
        assert_eq!(log.take(), ["a", "b"]);
        assert!(!event.wait_timeout(MS).unwrap());
    });
}

#[test]
fn an_async_result_is_set_once_and_the_setter_goes_on_first() {
    run(|| {
        let result = AsyncResult::new();
        let (log, say) = log();
        let (setter, tell) = (result.clone(), say.clone());
        spawn(move || {
            setter.set("hello").unwrap();
            tell("set");
        });
        say(result.get().unwrap());
        assert_eq!(log.take(), ["set", "hello"]);
        assert_eq!(result.set("again"), Err("again"));
        assert_eq!(result.get_timeout(MS).unwrap(), Some("hello"));
    });
}

#[test]
fn a_bounded_queue_makes_the_putter_wait_and_loses_nothing() {
    run(|| {
        let queue = Queue::bounded(2);
        let source = queue.clone();
        let putter = spawn(move || (0..10).for_each(|n| source.put(n).unwrap()));
        yield_now().unwrap();
        assert_eq!(queue.len(), 2);
        assert!(matches!(queue.try_put(99), Err(PutError::Full(99))));
        let got: Vec<i32> = (0..10).map(|_| queue.get().unwrap().unwrap()).collect();
        assert_eq!(got, (0..10).collect::<Vec<_>>());
        putter.get().unwrap();
        assert_eq!(queue.get_timeout(MS).unwrap(), Err(Nothing::Empty));
    });
}

#[test]
fn a_closed_queue_drains_and_refuses() {
    run(|| {
        let queue = Queue::bounded(1);
        queue.put(1).unwrap();
        let blocked = queue.clone();
        let putter = spawn(move || blocked.put(2));
        yield_now().unwrap();
        queue.close();
        assert!(matches!(putter.get().unwrap(), Err(PutError::Closed(2))));
        assert_eq!(queue.get().unwrap(), Some(1));
        assert_eq!(queue.get().unwrap(), None);
        assert_eq!(queue.try_get(), Err(Nothing::Closed));
    });
}

#[test]
fn an_item_handed_to_a_greenlet_that_is_then_killed_goes_to_the_next() {
    run(|| {
        let queue: Queue<i32> = Queue::unbounded();
        let getters = [0, 1].map(|_| {
            let queue = queue.clone();
            spawn(move || queue.get())
        });
        yield_now().unwrap();
        queue.try_put(7).unwrap();
        getters[0].kill_nowait();
        assert_eq!(getters[1].get().unwrap().unwrap(), Some(7));
        assert!(matches!(getters[0].get(), Err(GetError::Killed)));
    });
}

#[test]
fn a_permit_handed_to_a_greenlet_that_is_then_killed_is_not_lost() {
    run(|| {
        let one = Semaphore::new(1);
        let held = one.acquire().unwrap();
        let waiting = one.clone();
        let waiter = spawn(move || waiting.acquire().map(drop));
        yield_now().unwrap();
        drop(held);
        assert!(one.try_acquire().is_none(), "it was handed to the waiter");
        waiter.kill().unwrap();
        assert!(one.try_acquire().is_some());
    });
}

#[test]
fn a_timed_wait_leaves_nothing_behind() {
    virtual_run(|| {
        let queue: Queue<i32> = Queue::unbounded();
        for _ in 0..1000 {
            assert_eq!(queue.get_timeout(MS).unwrap(), Err(Nothing::Empty));
        }
        queue.put(1).unwrap();
        assert_eq!(queue.try_get(), Ok(1), "no stale waiter took it");
    });
}

#[test]
fn semaphore_waiters_are_served_in_order() {
    run(|| {
        let (log, say) = log();
        let two = Semaphore::new(2);
        let workers: Vec<_> = (0..6)
            .map(|n| {
                let (two, say) = (two.clone(), say.clone());
                spawn(move || {
                    let _permit = two.acquire().unwrap();
                    say(&format!("{n}"));
                    yield_now().unwrap();
                })
            })
            .collect();
        join_all(&workers).unwrap();
        assert_eq!(log.take(), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(two.free(), 2);
    });
}

#[test]
fn a_pool_runs_no_more_than_its_size_at_once() {
    virtual_run(|| {
        let pool = Pool::new(3);
        let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let peak = most.clone();
        let work = move |n: u64| {
            running.set(running.get() + 1);
            peak.set(peak.get().max(running.get()));
            sleep(MS * (10 - n as u32)).unwrap();
            running.set(running.get() - 1);
            n
        };
        assert_eq!(pool.map(work, 0..10).unwrap(), (0..10).collect::<Vec<_>>());
        assert_eq!(most.get(), 3);
        assert_eq!(pool.free(), 3);
    });
}

#[test]
fn a_full_pool_gives_the_closure_back() {
    run(|| {
        let pool = Pool::new(1);
        let _first = pool.spawn(|| sleep(MS)).unwrap();
        let refused = pool.try_spawn(|| ());
        assert!(refused.is_err());
        pool.join().unwrap();
        assert!(pool.try_spawn(|| ()).is_ok());
    });
}

#[test]
fn a_failing_item_is_an_error_in_its_place_and_the_rest_goes_on() {
    run(|| {
        let group = Group::new();
        let work = |n: i32| if n == 1 { panic!("one") } else { n };
        let mut results = group.imap(work, 0..3);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(matches!(results.next().unwrap(), Err(GetError::Panicked(_))));
        assert_eq!(results.next().unwrap().unwrap(), 2);
        assert!(results.next().is_none());
        assert!(results.next().is_none(), "fused");
    });
}

#[test]
fn imap_unordered_gives_results_as_they_come() {
    let order = virtual_run(|| {
        let pool = Pool::new(3);
        let work = |n: u32| {
            sleep(SECOND * n).unwrap();
            n
        };
        pool.imap_unordered(work, [10, 1, 2]).map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(order, [1, 2, 10]);
}

#[test]
fn imap_starts_no_more_than_max_outstanding_ahead_of_its_reader() {
    run(|| {
        let started = Rc::new(Cell::new(0));
        let count = started.clone();
        let group = Group::new();
        let mut results = group
            .imap(
                move |n: u64| {
                    count.set(count.get() + 1);
                    n
                },
                0..,
            )
            .max_outstanding(2);
        for expected in 0..5 {
            assert_eq!(results.next().unwrap().unwrap(), expected);
            for _ in 0..10 {
                yield_now().unwrap();
            }
            assert!(started.get() <= expected + 3, "{} started after {expected}", started.get());
        }
        drop(results);
        group.join().unwrap();
    });
}

#[test]
fn imap_over_nothing_ends() {
    run(|| assert!(Group::new().imap(|n: i32| n, Vec::new()).next().is_none()));
}

#[test]
fn a_panicking_source_is_the_last_error_of_imap() {
    run(|| {
        let source = (0..3).inspect(|n| assert!(*n < 2, "source broke"));
        let results: Vec<_> = Pool::new(2).imap(|n| n, source).collect();
        assert_eq!(results.len(), 3);
        assert!(matches!(&results[2], Err(GetError::Panicked(panic)) if panic.message().contains("source broke")));
    });
}

#[test]
fn a_group_is_killed_with_its_newcomers() {
    run(|| {
        let group = Group::new();
        let inner = group.clone();
        group.spawn(move || {
            let _spawn_more = OnDrop(move || drop(inner.spawn(|| sleep(SECOND * 1000))));
            sleep(SECOND * 1000)
        });
        yield_now().unwrap();
        group.kill().unwrap();
        assert!(group.is_empty());
    });
}

#[test]
fn an_offloaded_call_runs_elsewhere_while_greenlets_go_on() {
    run(|| {
        let here = std::thread::current().id();
        let ticks = Rc::new(Cell::new(0));
        let count = ticks.clone();
        let ticker = spawn(move || {
            loop {
                count.set(count.get() + 1);
                sleep(MS).unwrap();
            }
        });
        let there = offload(|| {
            std::thread::sleep(MS * 30);
            std::thread::current().id()
        });
        assert_ne!(there.unwrap(), here);
        assert!(ticks.get() > 2, "{}", ticks.get());
        ticker.kill().unwrap();
    });
}

#[test]
fn a_panic_in_an_offloaded_call_is_carried_back() {
    run(|| match offload(|| panic!("over there")) {
        Err(OffloadError::Panicked(panic)) => assert_eq!(panic.message(), "over there"),
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_timeout_abandons_an_offloaded_call() {
    run(|| {
        let slow = timeout(MS * 5, || offload(|| std::thread::sleep(MS * 200)));
        assert!(slow.is_err());
    });
}

#[test]
fn another_thread_wakes_a_sleeping_hub_at_once() {
    run(|| {
        let (sender, mailbox) = mailbox();
        std::thread::spawn(move || {
            for n in 0..100 {
                if n % 10 == 0 {
                    std::thread::sleep(MS);
                }
                sender.send(n);
            }
        });
        let mut got = Vec::new();
        while let Some(n) = mailbox.receive().unwrap() {
            got.push(n);
        }
        assert_eq!(got, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_hub_waits_for_a_handle_and_reports_the_deadlock_once_it_is_gone() {
    run(|| {
        let handle = Handle::current();
        std::thread::spawn(move || {
            std::thread::sleep(MS * 20);
            drop(handle);
        });
        assert!(matches!(Event::new().wait(), Err(Interrupt::Deadlock(_))));
    });
}

#[test]
fn run_ends_at_once_when_what_is_left_has_unwound() {
    let start = std::time::Instant::now();
    let (sender, waiting) = run(|| {
        let (sender, mailbox) = mailbox::<()>();
        spawn(move || mailbox.receive());
        yield_now().unwrap();
        (sender, Handle::current())
    });
    assert!(start.elapsed() < SECOND * 3, "{:?}", start.elapsed());
    sender.send(());
    assert!(!waiting.spawn(|| ()), "the hub has ended");
}

#[test]
fn a_busy_pair_starves_neither_timers_nor_descriptors() {
    run(|| {
        let stop = Rc::new(Cell::new(false));
        for _ in 0..2 {
            let stop = stop.clone();
            spawn(move || {
                while !stop.get() {
                    yield_now().unwrap()
                }
            });
        }
        let start = now();
        sleep(MS * 20).unwrap();
        assert!(now() - start < SECOND * 10);
        stop.set(true);
    });
}

#[test]
fn a_hundred_thousand_greenlets_live_at_once_on_guarded_stacks() {
    run(|| {
        let event = Event::new();
        let tasks: Vec<_> = (0..100_000u64)
            .map(|n| {
                let event = event.clone();
                spawn(move || event.wait().map(|()| n))
            })
            .collect();
        yield_now().unwrap();
        event.set();
        let sum: u64 = tasks.iter().map(|task| task.get().unwrap().unwrap()).sum();
        assert_eq!(sum, 99_999 * 100_000 / 2);
    });
}

#[test]
fn protected_guards_serve_where_the_kernel_has_no_better_ones_and_end_in_an_error() {
    // Twice: what the first hub took is given back.
    (0..2).for_each(|_| Config::new().protected_guards().run(spawn_until_refused));
}

fn spawn_until_refused() {
    let event = Event::new();
    let mut tasks = Vec::new();
    let refused = loop {
        let event = event.clone();
        match Builder::new().stack_bytes(MIN_STACK_BYTES).spawn(move || event.wait()) {
            Ok(task) => tasks.push(task),
            Err(error) => break error,
        }
    };
    assert!(refused.to_string().contains("max_map_count"), "{refused}");
    assert!(tasks.len() > 1000, "{}", tasks.len());
    event.set();
    join_all(&tasks).unwrap();
}

#[test]
fn stacks_are_reused_over_a_million_spawns() {
    run(|| {
        for n in 0..1_000_000u64 {
            assert_eq!(spawn(move || n).get().unwrap(), n);
        }
    });
}

#[test]
fn a_large_closure_is_boxed() {
    run(|| {
        let large = [7u8; 4096];
        assert_eq!(spawn(move || large.iter().map(|&b| u64::from(b)).sum::<u64>()).get().unwrap(), 7 * 4096);
    });
}

#[test]
fn the_hub_is_usable_again_on_the_same_thread() {
    assert_eq!(run(|| 1) + run(|| 2), 3);
}

#[test]
#[should_panic(expected = "inside gfetch::green::run")]
fn a_wait_outside_run_says_what_to_do() {
    let _ = sleep(MS);
}

#[test]
#[should_panic(expected = "cannot join itself")]
fn a_join_on_oneself_is_refused() {
    run(|| {
        let own: Rc<RefCell<Option<Greenlet<()>>>> = Rc::default();
        let inside = own.clone();
        let task = spawn(move || inside.borrow().as_ref().unwrap().join().unwrap());
        *own.borrow_mut() = Some(task);
        yield_now().unwrap();
        let task = own.borrow_mut().take().unwrap();
        if let Err(GetError::Panicked(panic)) = task.get() {
            std::panic::resume_unwind(panic.into_payload());
        }
    });
}
