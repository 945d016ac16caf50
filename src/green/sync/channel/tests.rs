//! The rules of channels, each a test.

use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::green::{ClockKind, Config, sleep, spawn, timeout, yield_now};

const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

#[test]
fn a_put_goes_on_after_its_getter() {
    virtual_run(|| {
        let (channel, events) = (Channel::new(), Rc::new(RefCell::new(Vec::new())));
        let (getter, seen) = (channel.clone(), events.clone());
        spawn(move || {
            for _ in 0..2 {
                let word = getter.get().unwrap().unwrap();
                seen.borrow_mut().push(word);
            }
        });
        events.borrow_mut().push("sending");
        channel.put("hello").unwrap();
        events.borrow_mut().push("sent hello");
        channel.put("world").unwrap();
        events.borrow_mut().push("sent world");
        assert_eq!(*events.borrow(), ["sending", "hello", "sent hello", "world", "sent world"]);
    });
}

#[test]
fn it_is_both_empty_and_full_and_a_try_put_needs_a_getter_that_waits() {
    virtual_run(|| {
        let channel = Channel::new();
        assert!(channel.is_empty() && channel.is_full());
        assert!(matches!(channel.try_put(1), Err(PutError::Full(1))));
        assert_eq!(channel.try_get(), Err(Nothing::Empty));
        let gets = channel.clone();
        let getter = spawn(move || gets.get().unwrap());
        yield_now().unwrap();
        channel.try_put(1).unwrap();
        assert!(matches!(channel.try_put(2), Err(PutError::Full(2))), "it waits for one item only");
        assert_eq!(getter.get().unwrap(), Some(1));
    });
}

/// Bug class 25.
#[test]
fn what_was_put_for_a_getter_that_is_killed_then_is_the_next_ones() {
    virtual_run(|| {
        let channel = Channel::new();
        let get = || {
            let gets = channel.clone();
            spawn(move || gets.get().unwrap())
        };
        let (killed, next) = (get(), get());
        yield_now().unwrap();
        channel.try_put(1).unwrap();
        killed.kill_nowait();
        assert_eq!(next.get().unwrap(), Some(1));
        let killed = get();
        yield_now().unwrap();
        channel.try_put(2).unwrap();
        killed.kill().unwrap();
        assert_eq!(channel.get().unwrap(), Some(2), "nobody waited: it is left for who comes");
    });
}

#[test]
fn a_getter_called_for_a_putter_that_is_killed_keeps_its_place() {
    virtual_run(|| {
        let channel = Channel::new();
        let order = Rc::new(RefCell::new(Vec::new()));
        let getters = ["first", "second"].map(|name| {
            let (gets, order) = (channel.clone(), order.clone());
            spawn(move || {
                let item = gets.get().unwrap();
                order.borrow_mut().push((name, item.unwrap()));
            })
        });
        let puts = channel.clone();
        let doomed = spawn(move || puts.put(0));
        doomed.kill_nowait();
        yield_now().unwrap();
        let puts = channel.clone();
        let doomed = spawn(move || timeout(Duration::ZERO, || puts.put(0)).is_err());
        yield_now().unwrap();
        drop(doomed);
        channel.put(1).unwrap();
        channel.put(2).unwrap();
        crate::green::join_all(&getters).unwrap();
        assert_eq!(*order.borrow(), [("first", 1), ("second", 2)]);
    });
}

/// Bug class 13.
#[test]
fn closing_ends_a_put_that_nobody_takes_and_a_get_that_nobody_serves() {
    virtual_run(|| {
        let channel = Channel::new();
        let puts = channel.clone();
        let putter = spawn(move || puts.put(1));
        yield_now().unwrap();
        channel.close();
        assert!(matches!(putter.get().unwrap(), Err(PutError::Closed(1))));
        assert!(matches!(channel.put(2), Err(PutError::Closed(2))));
        assert_eq!(channel.get().unwrap(), None);
        let other: Channel<u32> = Channel::new();
        let gets = other.clone();
        let getter = spawn(move || gets.get().unwrap());
        yield_now().unwrap();
        other.close();
        assert_eq!(getter.get().unwrap(), None);
    });
}

#[test]
fn a_timed_out_put_has_its_item_back_and_a_timed_out_get_takes_none() {
    virtual_run(|| {
        let channel = Channel::new();
        assert!(matches!(channel.put_timeout(1, SECOND), Err(PutError::Full(1))));
        assert_eq!(channel.get_timeout(SECOND).unwrap(), Err(Nothing::Empty));
        let puts = channel.clone();
        let putter = spawn(move || {
            sleep(SECOND).unwrap();
            puts.put(2)
        });
        assert_eq!(channel.get_timeout(SECOND * 2).unwrap(), Ok(2));
        putter.get().unwrap().unwrap();
    });
}
