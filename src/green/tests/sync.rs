//! Events, results, locks, locals and time-out objects.

use super::*;

use crate::green::Timeout;

/// Bug class 6.
#[test]
fn a_late_waiter_on_a_set_event_does_not_overtake_those_it_has_woken() {
    virtual_run(|| {
        let ((log, say), event) = (log(), Event::new());
        let waiters = ["first", "second"].map(|name| {
            let (event, say) = (event.clone(), say.clone());
            spawn(move || {
                event.wait().unwrap();
                say(name);
            })
        });
        yield_now().unwrap();
        event.set();
        event.wait().unwrap();
        say("late");
        join_all(&waiters).unwrap();
        assert_eq!(log.take(), ["first", "second", "late"]);
    });
}

#[test]
fn a_failure_is_got_anew_each_time_and_a_greenlets_end_may_set_a_result() {
    virtual_run(|| {
        let linked: AsyncResult<Result<u32, Rc<GetError>>> = AsyncResult::new();
        spawn(|| 7).pipe_to(&linked);
        assert_eq!(linked.get_ok().unwrap(), 7);
        assert!(linked.is_successful() && linked.error().is_none());
        let failed: AsyncResult<Result<u32, Rc<GetError>>> = AsyncResult::new();
        let doomed = spawn(|| sleep(SECOND).map(|()| 1).unwrap());
        doomed.pipe_to(&failed);
        doomed.kill().unwrap();
        for _ in 0..2 {
            assert!(matches!(failed.get_ok(), Err(Failure::Failed(error)) if matches!(*error, GetError::Killed)));
        }
        assert!(failed.set_error(Rc::new(GetError::Taken)).is_err(), "set once");
        let never: AsyncResult<u32> = AsyncResult::new();
        assert!(!never.wait_timeout(SECOND).unwrap());
        assert_eq!((never.get_timeout(SECOND).unwrap(), never.try_get()), (None, None));
    });
}

/// Bug class 5.
#[test]
fn two_duelling_greenlets_have_a_semaphore_by_turns() {
    virtual_run(|| {
        let ((log, say), semaphore) = (log(), Semaphore::new(1));
        let duellists = ["a", "b"].map(|name| {
            let (semaphore, say) = (semaphore.clone(), say.clone());
            spawn(move || {
                for _ in 0..3 {
                    let _permit = semaphore.acquire().unwrap();
                    say(name);
                    yield_now().unwrap();
                }
            })
        });
        join_all(&duellists).unwrap();
        assert_eq!(log.take(), ["a", "b", "a", "b", "a", "b"]);
    });
}

/// Bug class 7: a wait on a semaphore that is free returns at once.
#[test]
fn waiting_on_a_semaphore_takes_nothing_and_says_how_many_are_free() {
    virtual_run(|| {
        let semaphore = Semaphore::new(2);
        assert_eq!(semaphore.wait().unwrap(), 2);
        let held = [semaphore.acquire().unwrap(), semaphore.acquire().unwrap()];
        assert_eq!(semaphore.wait_timeout(SECOND).unwrap(), None);
        let waiting = semaphore.clone();
        let waiter = spawn(move || (waiting.wait().unwrap(), waiting.free()));
        yield_now().unwrap();
        drop(held);
        assert_eq!(waiter.get().unwrap(), (2, 2));
        semaphore.add(3);
        assert_eq!(semaphore.free(), 5, "more than at first");
    });
}

#[test]
fn a_bounded_semaphore_refuses_a_release_too_many_also_while_guards_hold_permits() {
    virtual_run(|| {
        let semaphore = BoundedSemaphore::new(2);
        assert_eq!(semaphore.release(), Err(OverReleased));
        let guard = semaphore.acquire().unwrap();
        semaphore.acquire().unwrap().forget();
        assert_eq!((semaphore.free(), semaphore.release()), (1 - 1, Ok(())));
        assert_eq!(semaphore.release(), Err(OverReleased), "the other one is the guard's");
        drop(guard);
        assert_eq!((semaphore.free(), semaphore.permits()), (2, 2));
    });
}

/// Bug class 24.
#[test]
fn a_time_out_or_a_kill_in_lock_leaves_no_lock_held_and_none_lost() {
    virtual_run(|| {
        let mutex = Rc::new(Mutex::new(0));
        let held = mutex.lock().unwrap();
        let (late, killed) = (mutex.clone(), mutex.clone());
        let late = spawn(move || late.lock_timeout(SECOND).map(|guard| guard.is_some()));
        let killed = spawn(move || killed.lock().map(drop));
        assert!(timeout(SECOND * 2, || mutex.lock().map(drop)).is_err());
        assert!(!late.get().unwrap().unwrap());
        drop(held); // hands it to the one that is killed before it runs
        killed.kill().unwrap();
        *mutex.try_lock().expect("it is free") += 1;
        let holder = mutex.clone();
        let holder = spawn(move || {
            let mut guard = holder.lock().unwrap();
            *guard += 1;
            sleep(SECOND)
        });
        yield_now().unwrap();
        assert!(mutex.is_locked());
        holder.kill().unwrap();
        assert_eq!(*mutex.lock().unwrap(), 2, "not poisoned");
    });
}

/// Bug class 54: held across waits, it lets the others run.
#[test]
fn a_mutex_held_across_a_wait_keeps_out_others_and_lets_the_hub_go_on() {
    virtual_run(|| {
        let ((log, say), mutex) = (log(), Rc::new(Mutex::new(())));
        let tasks = ["a", "b"].map(|name| {
            let (mutex, say) = (mutex.clone(), say.clone());
            spawn(move || {
                let _guard = mutex.lock().unwrap();
                say(name);
                sleep(SECOND).unwrap();
                say(name);
            })
        });
        sleep(SECOND / 2).unwrap();
        say("main");
        join_all(&tasks).unwrap();
        assert_eq!(log.take(), ["a", "main", "a", "b", "b"]);
    });
}

#[test]
fn a_reentrant_mutex_is_its_greenlets_until_the_last_guard_goes() {
    virtual_run(|| {
        let mutex = Rc::new(ReentrantMutex::new(()));
        let (outer, inner) = (mutex.lock().unwrap(), mutex.lock().unwrap());
        let other = mutex.clone();
        let other = spawn(move || (other.try_lock().is_none(), other.lock_timeout(SECOND).unwrap().is_none()));
        drop(outer);
        assert_eq!(other.get().unwrap(), (true, true));
        assert!(mutex.is_mine());
        drop(inner);
        assert!(!mutex.is_mine());
        let other = mutex.clone();
        assert!(spawn(move || other.try_lock().is_some()).get().unwrap());
    });
}

#[test]
fn a_notification_whose_waiter_is_killed_or_timed_out_goes_to_the_next() {
    virtual_run(|| {
        let shared = Rc::new((Mutex::new(0), Condition::new()));
        let wait = || {
            let shared = shared.clone();
            spawn(move || shared.1.wait(shared.0.lock().unwrap()).map(|guard| *guard).unwrap())
        };
        let (killed, next) = (wait(), wait());
        yield_now().unwrap();
        *shared.0.lock().unwrap() = 5;
        shared.1.notify_one();
        killed.kill_nowait();
        assert_eq!(next.get().unwrap(), 5);
        // Notified, but the lock does not come before its deadline.
        let (held, inside) = (shared.0.lock().unwrap(), shared.clone());
        drop(held);
        let late = spawn(move || timeout(SECOND, || inside.1.wait(inside.0.lock().unwrap()).map(drop)).is_err());
        let next = wait();
        yield_now().unwrap();
        let held = shared.0.lock().unwrap();
        shared.1.notify_one();
        sleep(SECOND * 2).unwrap();
        drop(held);
        assert!(late.get().unwrap());
        assert_eq!(next.get().unwrap(), 5);
        let (guard, notified) = shared.1.wait_timeout(shared.0.lock().unwrap(), SECOND).unwrap();
        assert_eq!((*guard, notified), (5, false));
    });
}

#[test]
fn a_barrier_lets_all_go_at_once_again_and_again_and_breaks_when_one_leaves() {
    virtual_run(|| {
        let barrier = Rc::new(Barrier::new(2));
        for _ in 0..2 {
            let other = barrier.clone();
            let other = spawn(move || other.wait().unwrap());
            yield_now().unwrap();
            assert_eq!((barrier.wait().unwrap(), other.get().unwrap()), (1, 0));
        }
        assert!(matches!(barrier.wait_timeout(SECOND), Err(BarrierError::Elapsed)));
        assert!(matches!(barrier.wait(), Err(BarrierError::Broken)));
        barrier.reset();
        let three = Rc::new(Barrier::new(3));
        let [killed, told] = [three.clone(), three.clone()].map(|barrier| spawn(move || barrier.wait()));
        yield_now().unwrap();
        killed.kill().unwrap();
        assert!(matches!(told.get().unwrap(), Err(BarrierError::Broken)));
        assert!(three.is_broken() && !barrier.is_broken());
    });
}

#[test]
fn readers_share_a_writer_excludes_and_a_waiting_writer_is_not_starved() {
    virtual_run(|| {
        let ((log, say), lock) = (log(), Rc::new(RwLock::new(0)));
        let reader = |name: &'static str| {
            let (lock, say) = (lock.clone(), say.clone());
            spawn(move || {
                let value = lock.read().unwrap();
                say(&format!("{name} {}", *value));
                sleep(SECOND).unwrap();
            })
        };
        let first = [reader("r1"), reader("r2")];
        let (writing, said) = (lock.clone(), say.clone());
        let writer = spawn(move || {
            *writing.write().unwrap() = 1;
            said("w");
        });
        let last = reader("r3");
        join_all(first.iter().chain([&writer, &last])).unwrap();
        assert_eq!(log.take(), ["r1 0", "r2 0", "w", "r3 1"]);
        let value = lock.read().unwrap();
        assert!(lock.write_timeout(SECOND).unwrap().is_none());
        assert!(lock.read_timeout(SECOND).unwrap().is_some(), "the writer that gave up stands in nobody's way");
        drop(value);
    });
}

green_local! {
    static NUMBER: Cell<u32> = Cell::new(1);
    inherit static USER: RefCell<String> = RefCell::new("nobody".to_owned());
    static HELD: RefCell<Vec<Rc<()>>> = RefCell::default();
}

#[test]
fn each_greenlet_has_its_own_local_and_an_inherited_one_begins_as_the_spawners() {
    virtual_run(|| {
        assert!(!NUMBER.is_set());
        NUMBER.set(2);
        USER.with(|user| *user.borrow_mut() = "ann".to_owned());
        let child = spawn(|| {
            let seen = (NUMBER.get(), USER.with(|user| user.borrow().clone()));
            USER.with(|user| *user.borrow_mut() = "bob".to_owned());
            seen
        });
        assert_eq!(child.get().unwrap(), (1, "ann".to_owned()));
        assert_eq!((NUMBER.get(), USER.with(|user| user.borrow().clone())), (2, "ann".to_owned()));
    });
}

#[test]
fn locals_are_dropped_when_their_greenlet_ends_however_it_does() {
    virtual_run(|| {
        let held = Rc::new(());
        let hold = || {
            let held = held.clone();
            spawn(move || {
                HELD.with(|list| list.borrow_mut().push(held));
                sleep(SECOND).unwrap();
            })
        };
        let (ends, killed) = (hold(), hold());
        yield_now().unwrap();
        assert_eq!(Rc::strong_count(&held), 3);
        killed.kill().unwrap();
        ends.join().unwrap();
        assert_eq!(Rc::strong_count(&held), 1);
    });
}

#[test]
#[cfg(debug_assertions)]
fn a_wait_inside_with_is_refused_in_debug_builds() {
    virtual_run(|| {
        let waits = spawn(|| NUMBER.with(|_| yield_now().unwrap()));
        assert!(matches!(waits.get(), Err(GetError::Panicked(panic)) if panic.message().contains("LocalKey::with")));
    });
}

/// Bug class 21: the inner scope does not eat what is the outer one's.
#[test]
fn a_time_out_knows_its_own_and_nested_ones_are_told_apart() {
    virtual_run(|| {
        let (outer, inner) = (Timeout::start_new(SECOND), Timeout::start_new(SECOND * 2));
        let interrupt = sleep(SECOND * 5).unwrap_err();
        assert!(outer.is(&interrupt) && !inner.is(&interrupt));
        assert!(outer.has_fired() && inner.is_pending());
        outer.cancel();
        let interrupt = sleep(SECOND * 5).unwrap_err();
        assert!(inner.is(&interrupt));
        inner.close();
        let outer = timeout_opt(SECOND, || {
            let inner = timeout_opt(SECOND * 2, || sleep(SECOND * 5));
            assert!(inner.is_err(), "not silenced: it is the outer one's");
            inner
        });
        assert_eq!(outer.unwrap(), None);
        let escapes = timeout(SECOND, || timeout_or(SECOND * 2, (), || sleep(SECOND * 5)));
        assert!(escapes.is_err(), "no default for another's deadline");
    });
}

/// Bug class 22.
#[test]
fn a_time_out_is_started_once_and_after_a_cancel_counts_from_now() {
    virtual_run(|| {
        let (timer, start) = (Timeout::new(SECOND), now());
        timer.start().unwrap();
        assert!(timer.start().is_err() && timer.is_pending());
        sleep(SECOND / 2).unwrap();
        timer.cancel();
        sleep(SECOND).unwrap();
        timer.start().unwrap();
        assert!(timer.is(&sleep(SECOND * 9).unwrap_err()));
        assert_eq!(now() - start, SECOND * 5 / 2);
        timer.start().expect("one that has fired starts anew");
        sleep(SECOND / 2).unwrap();
        let never = Timeout::never();
        never.start().unwrap();
        timer.cancel();
        sleep(SECOND * 3600).unwrap();
    });
}

/// Bug class 23.
#[test]
fn a_dropped_time_out_interrupts_nobody_also_when_another_greenlet_drops_it() {
    virtual_run(|| {
        drop(Timeout::start_new(SECOND));
        sleep(SECOND * 2).unwrap();
        let shared = Rc::new(RefCell::new(None));
        let (inside, start) = (shared.clone(), now());
        let sleeper = spawn(move || {
            *inside.borrow_mut() = Some(Timeout::start_new(SECOND * 2));
            Event::new().wait_timeout(SECOND * 5)
        });
        sleep(SECOND).unwrap();
        drop(shared.take());
        assert!(!sleeper.get().unwrap().unwrap(), "its own limit ends it, not the time-out");
        assert_eq!(now() - start, SECOND * 5);
    });
}

#[test]
fn a_time_out_guards_and_is_a_limit_with_its_own_moment() {
    virtual_run(|| {
        let (timer, start) = (Timeout::new(SECOND), now());
        assert_eq!(timer.guard(|| sleep(SECOND * 2)).unwrap_err(), Elapsed { limit: SECOND });
        assert!(!timer.is_pending() && timer.guard(|| sleep(SECOND / 2)).is_ok());
        sleep(SECOND).unwrap();
        assert!(!Event::new().wait_timeout(&timer).unwrap(), "lends its length");
        assert_eq!(now() - start, SECOND * 7 / 2);
        assert!(!Event::new().wait_timeout(start + SECOND * 4).unwrap());
        timer.start().unwrap();
        let interrupt = Event::new().wait_timeout(&timer).unwrap_err();
        assert!(timer.is(&interrupt), "a started one was made first");
    });
}

/// Bug class 55: a scope behind a shield, entered while an outer deadline is on its way up, does not take that for its own.
#[test]
fn a_shield_switched_on_while_a_deadline_propagates_swallows_nothing() {
    virtual_run(|| {
        let outer = timeout(SECOND, || {
            let on_its_way = sleep(SECOND * 2);
            let inner = shield(SECOND * 9, || timeout(SECOND * 5, || on_its_way));
            let on_its_way = inner.expect("this scope's deadline was not delivered");
            shield(SECOND, || sleep(SECOND / 2)).unwrap();
            on_its_way
        });
        assert!(outer.is_err());
    });
}

/// Bug class 9: what is set before anybody waits is not lost.
#[test]
fn what_comes_before_the_wait_stays() {
    virtual_run(|| {
        let (event, result, queue, none) = (Event::new(), AsyncResult::new(), Queue::unbounded(), Semaphore::new(0));
        event.set();
        result.set(1).unwrap();
        queue.put(2).unwrap();
        none.add(1);
        event.wait().unwrap();
        assert_eq!((result.get().unwrap(), queue.get().unwrap(), none.wait().unwrap()), (1, Some(2), 1));
    });
}

/// Bug class 14: many timed waits on one event leave one waiter each at most, and one set wakes once.
#[test]
fn a_timed_wait_that_is_repeated_is_woken_once() {
    virtual_run(|| {
        let event = Event::new();
        for _ in 0..100 {
            assert!(!event.wait_timeout(MS).unwrap());
        }
        let waiting = event.clone();
        let waiter = spawn(move || {
            let woken = waiting.wait_timeout(SECOND).unwrap();
            let start = now();
            sleep(SECOND).unwrap();
            (woken, now() - start)
        });
        yield_now().unwrap();
        event.set();
        assert_eq!(waiter.get().unwrap(), (true, SECOND), "the sleep was not cut short by a second wake");
    });
}
