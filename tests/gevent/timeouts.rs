//! Time-outs of no time, silent ones, and those whose identity must not be mixed up.

use gfetch::green::{
    Channel, Event, Group, Interrupt, Mutex, Queue, Semaphore, Timeout, join_all, now, sleep, spawn, timeout,
    timeout_opt, timeout_or, yield_now,
};

use super::{SECOND, virtual_run};

/// gevent's fires in the next turn of the loop and survives a `sleep(0)`.
#[test]
fn a_time_out_of_no_time_ends_the_first_wait_and_nothing_that_does_not_wait() {
    virtual_run(|| {
        let start = now();
        assert_eq!(timeout(std::time::Duration::ZERO, || Ok::<_, Interrupt>(5)).unwrap().unwrap(), 5);
        let timer = Timeout::start_new(std::time::Duration::ZERO);
        assert!(timer.is(&sleep(SECOND).unwrap_err()) && timer.has_fired());
        assert_eq!(now(), start);
        timer.cancel();
        sleep(SECOND).unwrap();
    });
}

#[test]
fn a_silent_time_out_is_silent_about_itself_only() {
    virtual_run(|| {
        assert_eq!(timeout_opt(SECOND, || sleep(SECOND * 2)).unwrap(), None);
        assert_eq!(timeout_opt(SECOND, || sleep(SECOND / 2)).unwrap(), Some(()));
        assert_eq!(timeout_opt(SECOND, || Err::<(), _>("its own error")).unwrap_err(), "its own error");
        let outer = Timeout::start_new(SECOND);
        let inner = timeout_opt(SECOND * 2, || sleep(SECOND * 5));
        assert!(outer.is(&inner.unwrap_err()), "another's is not silenced");
    });
}

#[test]
fn the_default_is_for_the_own_time_out_and_an_inner_one_escapes() {
    virtual_run(|| {
        assert_eq!(timeout_or(SECOND, "late", || sleep(SECOND * 2).map(|()| "done")).unwrap(), "late");
        assert_eq!(timeout_or(SECOND, "late", || sleep(SECOND / 2).map(|()| "done")).unwrap(), "done");
        let inner = Timeout::new(SECOND);
        let ended = timeout_or(SECOND * 5, "late", || {
            inner.start().unwrap();
            sleep(SECOND * 60).map(|()| "done")
        });
        assert!(inner.is(&ended.unwrap_err()));
    });
}

#[test]
fn an_inner_time_out_that_fires_leaves_the_outer_one_pending() {
    virtual_run(|| {
        let (start, outer) = (now(), Timeout::start_new(SECOND * 3));
        let inner = Timeout::start_new(SECOND);
        assert!(inner.is(&sleep(SECOND * 60).unwrap_err()));
        assert!(outer.is_pending() && !outer.has_fired());
        drop(inner);
        assert!(outer.is(&sleep(SECOND * 60).unwrap_err()));
        assert_eq!(now() - start, SECOND * 3);
    });
}

#[test]
fn a_time_out_is_of_the_greenlet_that_started_it() {
    virtual_run(|| {
        let timer = Timeout::start_new(SECOND);
        let other = spawn(|| sleep(SECOND * 2));
        assert!(timer.is(&other.join().unwrap_err()));
        timer.cancel();
        other.get().unwrap().expect("another greenlet's waits are its own");
    });
}

#[test]
fn a_time_out_object_is_a_limit_of_every_kind_of_wait() {
    virtual_run(|| {
        let timer = Timeout::new(SECOND);
        let start = now();
        assert!(!Event::new().wait_timeout(&timer).unwrap());
        assert!(Queue::<u8>::unbounded().get_timeout(&timer).unwrap().is_err());
        assert!(Queue::bounded_with(1, [1]).put_timeout(2, &timer).is_err());
        assert!(Channel::<u8>::new().get_timeout(&timer).unwrap().is_err());
        assert!(Semaphore::new(0).acquire_timeout(&timer).unwrap().is_none());
        let mutex = Mutex::new(());
        let held = mutex.lock().unwrap();
        assert!(mutex.lock_timeout(&timer).unwrap().is_none());
        drop(held);
        assert_eq!((now() - start, timer.is_pending()), (SECOND * 6, false), "it lends its length and is not started");
    });
}

#[test]
fn an_event_that_is_set_and_cleared_during_a_timed_wait_was_set() {
    virtual_run(|| {
        let event = Event::new();
        let waiters = [(); 2].map(|()| {
            let event = event.clone();
            spawn(move || event.wait_timeout(SECOND).unwrap())
        });
        yield_now().unwrap();
        event.set();
        event.clear();
        join_all(&waiters).unwrap();
        assert_eq!(waiters.map(|waiter| waiter.get().unwrap()), [true, true]);
        assert!(!event.wait_timeout(SECOND).unwrap(), "and false is said by the limit alone");
    });
}

#[test]
fn a_join_of_a_group_tells_no_failure_and_ends_at_its_limit() {
    virtual_run(|| {
        let group = Group::new();
        group.spawn(|| panic!("as this test wants"));
        group.join().unwrap();
        group.spawn(|| sleep(SECOND * 2));
        assert!(!group.join_timeout(SECOND).unwrap());
        assert!(group.join_timeout(SECOND * 2).unwrap());
    });
}
