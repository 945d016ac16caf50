//! The rules of what crosses threads.

use std::thread;
use std::time::Duration;

use super::*;
use crate::green::{self, ClockKind, Config, Interrupt, run, sleep, spawn, timeout};

const MS: Duration = Duration::from_millis(1);

/// Bug class 8: the hub sleeps for a minute when the word comes.
#[test]
fn an_event_set_by_a_thread_wakes_a_hub_that_sleeps_for_something_else() {
    run(|| {
        spawn(|| sleep(Duration::from_secs(60)));
        let (event, result) = (Event::new(), AsyncResult::new());
        let (sets, gives) = (event.clone(), result.clone());
        thread::spawn(move || {
            thread::sleep(MS * 10);
            sets.set();
            gives.set(5).unwrap();
        });
        let start = std::time::Instant::now();
        event.wait().unwrap();
        assert_eq!(result.get().unwrap(), 5);
        assert!(start.elapsed() < Duration::from_secs(30));
    });
}

/// Bug class 8, with nothing else that could wake the hub: no deadlock is reported.
#[test]
fn a_hub_that_waits_for_a_thread_only_is_not_deadlocked() {
    let event = Event::new();
    let sets = event.clone();
    let setter = thread::spawn(move || {
        thread::sleep(MS * 20);
        sets.set();
    });
    run(|| event.wait()).unwrap();
    setter.join().unwrap();
}

/// Bug class 9: what is said before anybody waits is not lost.
#[test]
fn what_is_posted_before_the_hub_sleeps_is_done() {
    run(|| {
        let (sender, receiver) = unbounded();
        let handle = green::Handle::current();
        assert!(handle.post(move || sender.try_send(1).unwrap()));
        assert_eq!(receiver.recv().unwrap(), Some(1));
    });
}

#[test]
fn posts_run_in_order_and_a_panic_in_one_harms_nobody() {
    run(|| {
        let (sender, receiver) = unbounded();
        let handle = green::Handle::current();
        thread::spawn(move || {
            for n in 0..10 {
                let sender = sender.clone();
                handle.post(move || if n == 4 { panic!("in a post") } else { sender.try_send(n).unwrap() });
            }
        });
        let mut all = Vec::new();
        while let Some(n) = receiver.recv().unwrap() {
            all.push(n);
        }
        assert_eq!(all, [0, 1, 2, 3, 5, 6, 7, 8, 9]);
    });
}

#[test]
fn a_post_to_a_hub_that_has_ended_is_refused() {
    let handle = run(green::Handle::current);
    assert!(!handle.post(|| ()));
}

/// Bug class 10: two hubs and a thread contend for one lock; nobody starves and no count is lost.
#[test]
fn a_lock_across_threads_is_passed_on_and_never_lost() {
    let counter = Lock::new(0_u32);
    let native = counter.clone();
    let thread = thread::spawn(move || (0..300).for_each(|_| *native.lock().unwrap() += 1));
    run_on_threads(2, |_| {
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let counter = counter.clone();
                spawn(move || {
                    for _ in 0..100 {
                        let mut count = counter.lock().unwrap();
                        let before = *count;
                        green::yield_now().unwrap();
                        *count = before + 1;
                    }
                })
            })
            .collect();
        green::join_all(&tasks).unwrap();
    });
    thread.join().unwrap();
    assert_eq!(run(|| counter.lock().map(|count| *count)).unwrap(), 900);
}

/// Bug class 10: the permit of a waiter that is killed at the moment of its hand-over goes on.
#[test]
fn a_permit_handed_to_a_killed_waiter_goes_to_the_next() {
    run(|| {
        let one = Semaphore::new(1);
        let permit = one.acquire().unwrap();
        let [first, second] = [one.clone(), one.clone()].map(|one| spawn(move || one.acquire().is_ok()));
        green::yield_now().unwrap();
        drop(permit);
        first.kill().unwrap();
        assert!(second.get().unwrap());
        assert_eq!(one.free(), 1);
    });
}

#[test]
fn a_timed_out_waiter_for_a_permit_leaves_nothing_behind() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let none = Semaphore::new(1);
        let permit = none.acquire().unwrap();
        assert!(none.acquire_timeout(MS).unwrap().is_none());
        assert!(timeout(MS, || none.acquire()).is_err());
        drop(permit);
        assert_eq!(none.free(), 1);
    });
}

/// Bug class 11: a channel written by native threads, item by item, loses no wake-up.
#[test]
fn no_wake_up_is_lost_between_native_threads_and_a_hub() {
    let (sender, receiver) = bounded(1);
    let (back, answers) = bounded(1);
    let native = thread::spawn(move || {
        for n in 0..2000 {
            sender.send(n).unwrap();
            assert_eq!(answers.recv().unwrap(), Some(n + 1));
        }
    });
    run(|| {
        while let Some(n) = receiver.recv().unwrap() {
            back.send(n + 1).unwrap();
        }
    });
    native.join().unwrap();
}

/// Bug class 11, in a crowd: all that is sent arrives once, each sender's items in order.
#[test]
fn many_hubs_share_a_channel_without_loss() {
    let (sender, receiver) = bounded::<(usize, u32)>(4);
    let senders = thread::spawn(move || {
        run_on_threads(3, |hub| (0..500).for_each(|n| sender.send((hub, n)).unwrap()));
    });
    let got = run_on_threads(2, |_| {
        let mut got = Vec::new();
        while let Some(item) = receiver.recv().unwrap() {
            got.push(item);
        }
        got
    });
    senders.join().unwrap();
    for part in &got {
        for hub in 0..3 {
            let numbers: Vec<_> = part.iter().filter(|item| item.0 == hub).map(|item| item.1).collect();
            assert!(numbers.is_sorted(), "{numbers:?}");
        }
    }
    let mut all = got.concat();
    all.sort_unstable();
    let sent: Vec<_> = (0..3).flat_map(|hub| (0..500).map(move |n| (hub, n))).collect();
    assert_eq!(all, sent);
}

/// Bug class 11: a wait that never began, since its deadline had passed, must not be ended later in another's place.
#[test]
fn a_word_for_a_wait_that_timed_out_wakes_no_later_wait() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let event = Event::new();
        for _ in 0..100 {
            let sets = event.clone();
            let setter = spawn(move || {
                sleep(MS).unwrap();
                sets.set();
            });
            event.wait_timeout(MS).unwrap();
            let start = green::now();
            sleep(MS * 10).unwrap();
            assert!(green::now() - start >= MS * 10);
            setter.join().unwrap();
            event.clear();
        }
    });
}

#[test]
fn a_killed_receiver_loses_no_item_and_the_order_stays() {
    run(|| {
        let (sender, receiver) = unbounded();
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let receiver = receiver.clone();
                spawn(move || receiver.recv())
            })
            .collect();
        green::yield_now().unwrap();
        (1..=4).for_each(|n| sender.send(n).unwrap());
        waiters.iter().for_each(green::Greenlet::kill_nowait);
        green::join_all(&waiters).unwrap();
        drop(sender);
        let mut left = Vec::new();
        while let Some(n) = receiver.recv().unwrap() {
            left.push(n);
        }
        assert_eq!(left, [1, 2, 3, 4]);
    });
}

#[test]
fn a_rendezvous_ends_when_the_item_is_taken_or_the_receiver_goes() {
    run(|| {
        let (sender, receiver) = bounded(0);
        assert!(matches!(sender.try_send(0), Err(SendError::Full(0))));
        assert!(matches!(sender.send_timeout(0, MS), Err(SendError::Full(0))));
        let sends = sender.clone();
        let sending = spawn(move || sends.send(1));
        green::yield_now().unwrap();
        assert!(!sending.is_done());
        assert_eq!(receiver.try_recv(), Some(1));
        sending.get().unwrap().unwrap();
        let sends = sender.clone();
        let sending = spawn(move || sends.send(2));
        green::yield_now().unwrap();
        drop(receiver);
        assert!(matches!(sending.get().unwrap(), Err(SendError::Closed(2))));
        assert!(matches!(sender.send(3), Err(SendError::Closed(3))));
    });
}

#[test]
fn a_timeout_scope_ends_a_wait_for_another_thread() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let (_sender, receiver) = bounded::<()>(1);
        assert!(timeout(Duration::from_secs(5), || receiver.recv()).is_err());
        assert_eq!(receiver.recv_timeout(Duration::from_secs(5)).unwrap(), Err(RecvTimeoutError));
    });
}

#[test]
fn the_gone_last_sender_ends_the_wait() {
    run(|| {
        let (sender, receiver) = bounded::<()>(1);
        let dropper = thread::spawn(move || drop(sender));
        assert_eq!(receiver.recv().unwrap(), None);
        dropper.join().unwrap();
    });
}

#[test]
fn a_value_is_set_once() {
    let result = AsyncResult::new();
    assert_eq!((result.set(1), result.set(2)), (Ok(()), Err(2)));
    assert_eq!(result.try_get(), Some(1));
}

#[test]
fn each_hub_has_a_thread_and_a_panic_in_one_is_told_when_all_have_ended() {
    let ids = run_on_threads(3, |n| (n, thread::current().id()));
    assert_eq!(ids.iter().map(|id| id.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(ids[0].1 != ids[1].1 && ids[1].1 != ids[2].1);
    let ended = std::panic::catch_unwind(|| run_on_threads(2, |n| assert!(n != 1, "hub {n} is broken")));
    assert_eq!(ended.unwrap_err().downcast_ref::<String>().unwrap(), "hub 1 is broken");
}

#[test]
fn a_runner_inside_a_hub_is_refused() {
    let refused = spawn_in_run(|| run_on_threads(1, |_| ()));
    assert!(refused.contains("would block this hub"), "{refused}");
}

fn spawn_in_run<T: 'static>(f: impl FnOnce() -> T + 'static) -> String {
    run(|| match spawn(f).get() {
        Err(green::GetError::Panicked(panic)) => panic.message().to_owned(),
        _ => String::new(),
    })
}

#[test]
fn a_deadlock_is_still_seen_beside_unused_ends() {
    run(|| {
        let (_sender, _receiver) = bounded::<()>(1);
        assert!(matches!(green::Event::new().wait(), Err(Interrupt::Deadlock(_))));
    });
}
