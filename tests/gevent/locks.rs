//! Locks of several parties: who is told what when a barrier breaks, whom a notification reaches, who may release.

use std::rc::Rc;

use gfetch::green::{
    Barrier, BarrierError, BoundedSemaphore, Condition, Mutex, OverReleased, ReentrantMutex, Semaphore, join_all,
    sleep, spawn, yield_now,
};

use super::{SECOND, virtual_run};

#[test]
fn who_waits_at_a_barrier_that_is_aborted_or_reset_is_told_whatever_happens_before_it_runs() {
    virtual_run(|| {
        let barrier = Rc::new(Barrier::new(3));
        let wait = || {
            let barrier = barrier.clone();
            spawn(move || barrier.wait())
        };
        let waiters = [wait(), wait()];
        yield_now().unwrap();
        assert_eq!(barrier.waiting(), 2);
        barrier.reset();
        assert_eq!((barrier.waiting(), barrier.is_broken()), (0, false));
        let next = wait();
        barrier.abort();
        assert!(barrier.is_broken(), "and next comes to a broken one");
        for waiter in waiters.iter().chain([&next]) {
            assert!(matches!(waiter.get().unwrap(), Err(BarrierError::Broken)));
        }
        barrier.reset();
        let all = [wait(), wait(), wait()];
        assert_eq!(all.map(|waiter| waiter.get().unwrap().unwrap()), [0, 1, 2]);
        // One that is full stays so for those who have not run, though it breaks then.
        let all = [wait(), wait()];
        yield_now().unwrap();
        assert_eq!(barrier.wait().unwrap(), 2);
        barrier.abort();
        assert_eq!(all.map(|waiter| waiter.get().unwrap().unwrap()), [0, 1]);
    });
}

#[test]
fn a_notification_reaches_those_who_wait_now_all_or_the_first_and_nobody_later() {
    virtual_run(|| {
        let shared = Rc::new((Mutex::new(0), Condition::new()));
        let wait = |n: u32| {
            let shared = shared.clone();
            spawn(move || {
                let mut count = shared.1.wait(shared.0.lock().unwrap()).unwrap();
                *count += 1;
                (n, *count)
            })
        };
        shared.1.notify_all();
        let waiters = [wait(0), wait(1), wait(2)];
        sleep(SECOND).unwrap();
        assert!(waiters.iter().all(|waiter| !waiter.is_done()), "what was said before they came is lost");
        shared.1.notify_one();
        sleep(SECOND).unwrap();
        assert_eq!(waiters.iter().map(|waiter| waiter.is_done()).collect::<Vec<_>>(), [true, false, false]);
        shared.1.notify_all();
        join_all(&waiters).unwrap();
        assert_eq!(waiters.map(|waiter| waiter.get().unwrap()), [(0, 1), (1, 2), (2, 3)]);
    });
}

#[test]
fn a_permit_is_released_by_whom_it_was_given_to_and_never_twice() {
    virtual_run(|| {
        let one = Semaphore::new(1);
        let permit = one.acquire().unwrap();
        spawn(move || drop(permit)).join().unwrap();
        assert_eq!(one.free(), 1);
        let bounded = BoundedSemaphore::new(1);
        bounded.acquire().unwrap().forget();
        let waiting = bounded.clone();
        let waiter = spawn(move || waiting.acquire().map(drop));
        yield_now().unwrap();
        bounded.release().unwrap();
        waiter.get().unwrap().unwrap();
        assert_eq!((bounded.release(), bounded.free()), (Err(OverReleased), 1));
    });
}

#[test]
fn a_reentrant_mutex_is_released_when_its_holder_is_killed_however_often_it_had_it() {
    virtual_run(|| {
        let mutex = Rc::new(ReentrantMutex::new(()));
        let inside = mutex.clone();
        let holder = spawn(move || {
            let _guards = [inside.lock().unwrap(), inside.lock().unwrap(), inside.lock().unwrap()];
            sleep(SECOND * 1000)
        });
        yield_now().unwrap();
        assert!(mutex.try_lock().is_none());
        holder.kill().unwrap();
        assert!(mutex.try_lock().is_some() && !mutex.is_mine());
    });
}
