//! What greenlets wait for: events, results, queues, permits, deadlocks.

use super::*;

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
        assert!(report.contains("#1 \"stuck\" (spawned at") && report.contains("waits for an event"), "{report}");
        assert!(
            report.contains("main") && report.contains("the end of #1 \"stuck\"") && report.contains("waits.rs"),
            "{report}"
        );
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
