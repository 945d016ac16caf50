//! Groups and pools: mapping in bounds, failures in their places, waiting for room.

use std::cell::Cell;
use std::rc::Rc;

use gfetch::green::{
    self, Event, GetError, Greenlet, Group, Interrupt, Pool, join_all, now, sleep, spawn, timeout, yield_now,
};

use super::{Log, SECOND, virtual_run};

#[test]
fn imap_with_one_outstanding_starts_the_next_only_when_a_result_is_taken() {
    virtual_run(|| {
        let started = Rc::new(Cell::new(0));
        let count = started.clone();
        let work = move |n: u32| {
            count.set(count.get() + 1);
            n
        };
        let mut results = Group::new().imap(work, 0..100).max_outstanding(1);
        let mut after_each = Vec::new();
        for n in 0..5 {
            assert_eq!(results.next().unwrap().unwrap(), n);
            (0..10).for_each(|_| yield_now().unwrap());
            after_each.push(started.get());
        }
        assert_eq!(after_each, [2, 3, 4, 5, 6]);
    });
}

#[test]
fn imap_unordered_gives_failures_as_they_come_and_the_sources_at_the_end() {
    virtual_run(|| {
        let work = |n: u32| {
            sleep(SECOND * n).unwrap();
            assert!(n != 1, "item {n}");
            n
        };
        let source = [3, 1, 2].into_iter().chain(std::iter::once_with(|| panic!("the source")));
        let told = |result: Result<u32, GetError>| match result {
            Ok(value) => value.to_string(),
            Err(GetError::Panicked(panic)) => panic.message().to_owned(),
            Err(other) => other.to_string(),
        };
        let results: Vec<_> = Pool::new(3).imap_unordered(work, source).map(told).collect();
        assert_eq!(results.len(), 4);
        assert_eq!(results.iter().filter(|result| *result == "item 1" || *result == "the source").count(), 2);
        let values: Vec<_> = results.iter().filter(|result| result.len() == 1).collect();
        assert_eq!(values, ["2", "3"]);
    });
}

/// gevent's `imap(f, *iterables)` ends with the shortest: that is std's `zip`.
#[test]
fn several_sources_are_zipped_and_the_shortest_ends_them() {
    virtual_run(|| {
        let sums = Group::new().imap(|(a, b): (u32, u32)| a + b, (1..=3).zip(10..));
        assert_eq!(sums.map(Result::unwrap).collect::<Vec<_>>(), [11, 13, 15]);
    });
}

#[test]
fn a_failing_map_names_the_first_by_index_and_its_siblings_run_on() {
    virtual_run(|| {
        let (group, log) = (Group::new(), Log::new());
        let page = log.clone();
        let work = move |n: u32| {
            sleep(SECOND * (4 - n)).unwrap();
            assert!(n != 1 && n != 3, "item {n}");
            page.say(n);
        };
        let error = group.map(work, 0..4).unwrap_err();
        assert!(error.to_string().ends_with("panicked: item 1"), "though 3 failed before: {error}");
        group.join().unwrap();
        assert_eq!(log.take(), [2, 0]);
        assert!(Group::new().map(|n: u32| n, []).unwrap().is_empty());
    });
}

#[test]
fn adding_and_starting_wait_for_a_place_and_a_dead_one_takes_none() {
    virtual_run(|| {
        let (pool, start) = (Pool::new(1), now());
        let sleeper = |seconds: u32| spawn(move || sleep(SECOND * seconds).unwrap());
        pool.add(&sleeper(2)).unwrap();
        let (second, third) = (sleeper(5), Greenlet::new(|| 7));
        pool.add(&second).unwrap();
        assert_eq!((now() - start, pool.is_full()), (SECOND * 2, true));
        pool.start(&third).unwrap();
        assert_eq!((now() - start, third.get().unwrap()), (SECOND * 5, 7));
        pool.add(&third).unwrap();
        assert_eq!((pool.free(), pool.len()), (1, 0), "it has ended");
        assert!(timeout(SECOND, || pool.add(&sleeper(9)).and_then(|()| pool.add(&sleeper(9)))).is_err());
        assert_eq!(pool.len(), 1, "who gave up waiting added nothing");
    });
}

#[test]
fn spawners_on_a_full_pool_are_served_in_their_order_and_a_kill_of_it_lets_them_go_on() {
    virtual_run(|| {
        let (pool, log, go) = (Pool::new(1), Log::new(), Event::new());
        let (inside, page) = (pool.clone(), log.clone());
        let spawner = move |name: &'static str| {
            let (pool, log) = (inside.clone(), page.clone());
            spawn(move || pool.spawn(move || log.say(name)).map(drop))
        };
        let waits = go.clone();
        pool.spawn(move || waits.wait().unwrap()).unwrap();
        let spawners = ["first", "second", "third"].map(&spawner);
        yield_now().unwrap();
        assert!(spawners.iter().all(|spawner| !spawner.is_done()));
        go.set();
        join_all(&spawners).unwrap();
        pool.join().unwrap();
        assert_eq!(log.take(), ["first", "second", "third"]);

        pool.spawn(|| Event::new().wait()).unwrap();
        let waiting = spawner("after the kill");
        yield_now().unwrap();
        pool.kill().unwrap();
        waiting.get().unwrap().expect("it had its place");
        pool.join().unwrap();
        assert_eq!((pool.free(), pool.len()), (1, 0));
    });
}

#[test]
fn one_that_is_discarded_is_neither_joined_nor_killed_with_the_group() {
    virtual_run(|| {
        let group = Group::new();
        let (kept, let_go) = (group.spawn(|| sleep(SECOND)), group.spawn(|| sleep(SECOND * 9)));
        group.discard(&let_go);
        let start = now();
        group.join().unwrap();
        assert_eq!((now() - start, kept.is_done(), let_go.is_done()), (SECOND, true, false));
        group.kill().unwrap();
        let_go.get().unwrap().unwrap();
    });
}

#[test]
fn a_kill_without_waiting_changes_nothing_until_the_members_run() {
    virtual_run(|| {
        let group = Group::new();
        let members = [(); 3].map(|()| group.spawn(|| Event::new().wait()));
        yield_now().unwrap();
        group.kill_nowait();
        assert_eq!((group.len(), members.iter().filter(|member| member.is_done()).count()), (3, 0));
        yield_now().unwrap();
        assert!(group.is_empty() && members.iter().all(|member| matches!(member.get(), Err(GetError::Killed))));
    });
}

#[test]
fn an_unbounded_pools_size_is_none_and_a_full_one_reports_who_cannot_come_in() {
    virtual_run(|| {
        assert_eq!(Pool::unbounded().size(), usize::MAX);
        let none = Pool::new(0);
        assert_eq!((none.size(), none.free(), none.is_full()), (0, 0, true));
        assert!(matches!(none.wait_available(), Err(Interrupt::Deadlock(_))));
    });
}

#[test]
fn members_that_are_killed_before_their_start_never_run_and_give_their_places_back() {
    virtual_run(|| {
        let pool = Pool::new(2);
        let members = [(); 2].map(|()| pool.spawn(|| unreachable!()).unwrap());
        let waits = pool.apply_async(|| "had a place");
        assert!(pool.is_full());
        pool.kill_nowait();
        join_all(&members).unwrap();
        let killed = |member: &Greenlet<()>| matches!(member.get(), Err(GetError::Killed));
        assert!(members.iter().all(killed));
        assert_eq!(waits.get().unwrap(), "had a place", "it was no member when the others were killed");
        pool.join().unwrap();
        assert_eq!((pool.free(), pool.len()), (2, 0));
    });
}

#[test]
fn an_item_whose_greenlet_is_killed_is_an_error_in_its_place() {
    virtual_run(|| {
        let work = |n: u32| {
            if n == 1 {
                green::current().kill().unwrap();
            }
            n
        };
        let mut results = Pool::new(2).imap(work, 0..3);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(matches!(results.next().unwrap(), Err(GetError::Killed)));
        assert_eq!(results.next().unwrap().unwrap(), 2);
        assert!(results.next().is_none());
        assert!(matches!(Group::new().map(work, 0..3), Err(GetError::Killed)));
    });
}
