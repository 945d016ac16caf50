//! Queues and channels: who is served first, what a close wakes, when a join returns.

use gfetch::green::{
    Channel, JoinableQueue, Nothing, NothingUnfinished, PutError, Queue, join_all, now, sleep, spawn, yield_now,
};

use super::{Log, SECOND, virtual_run};

#[test]
fn getters_and_putters_are_served_in_the_order_in_which_they_came() {
    virtual_run(|| {
        let (queue, log) = (Queue::bounded(1), Log::new());
        let getters = ["a", "b", "c"].map(|name| {
            let (queue, log) = (queue.clone(), log.clone());
            spawn(move || log.say((name, queue.get().unwrap().unwrap())))
        });
        yield_now().unwrap();
        (1..=3).for_each(|n| queue.put(n).unwrap());
        join_all(&getters).unwrap();
        assert_eq!(log.take(), [("a", 1), ("b", 2), ("c", 3)]);
        queue.put(0).unwrap();
        let putters = [4, 5, 6].map(|n| {
            let queue = queue.clone();
            spawn(move || queue.put(n).unwrap())
        });
        yield_now().unwrap();
        assert_eq!([(); 4].map(|()| queue.get().unwrap().unwrap()), [0, 4, 5, 6]);
        join_all(&putters).unwrap();
    });
}

#[test]
fn a_close_wakes_all_getters_and_all_putters() {
    virtual_run(|| {
        let (empty, full) = (Queue::<u32>::unbounded(), Queue::bounded_with(1, [0]));
        let getters = [(); 3].map(|()| {
            let empty = empty.clone();
            spawn(move || empty.get().unwrap())
        });
        let putters = [1, 2, 3].map(|n| {
            let full = full.clone();
            spawn(move || matches!(full.put(n), Err(PutError::Closed(back)) if back == n))
        });
        yield_now().unwrap();
        empty.close();
        full.close();
        assert_eq!(getters.map(|getter| getter.get().unwrap()), [None; 3]);
        assert_eq!(putters.map(|putter| putter.get().unwrap()), [true; 3]);
        assert_eq!((full.get().unwrap(), full.get().unwrap()), (Some(0), None), "what was in comes out first");
        assert!(empty.is_closed() && matches!(empty.try_put(1), Err(PutError::Closed(1))));
        assert_eq!(empty.get_timeout(SECOND).unwrap(), Err(Nothing::Closed), "and not after its limit");
    });
}

#[test]
fn iteration_waits_for_what_is_still_put_and_ends_when_the_queue_is_closed_and_drained() {
    virtual_run(|| {
        let (queue, start) = (Queue::bounded(1), now());
        let source = queue.clone();
        spawn(move || {
            for n in 0..5 {
                sleep(SECOND).unwrap();
                source.put(n).unwrap();
            }
            source.close();
        });
        assert_eq!(queue.iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(now() - start, SECOND * 5);
        assert!(queue.iter().next().is_none(), "and stays at its end");
    });
}

#[test]
fn all_joiners_wake_when_the_last_item_is_done_and_a_later_put_makes_the_next_join_wait() {
    virtual_run(|| {
        let queue: JoinableQueue<_> = [1, 2].into_iter().collect();
        let joiners = [(); 2].map(|()| {
            let queue = queue.clone();
            spawn(move || queue.join().unwrap())
        });
        for left in [1, 0] {
            queue.get().unwrap().unwrap();
            yield_now().unwrap();
            assert!(joiners.iter().all(|joiner| !joiner.is_done()), "got is not done");
            queue.task_done().unwrap();
            assert_eq!(queue.unfinished(), left);
        }
        join_all(&joiners).unwrap();
        assert_eq!(queue.task_done(), Err(NothingUnfinished));
        queue.put(3).unwrap();
        assert!(!queue.join_timeout(SECOND).unwrap());
        queue.get().unwrap();
        queue.task_done().unwrap();
        queue.join().unwrap();
    });
}

#[test]
fn a_join_goes_on_over_a_close_until_what_was_taken_out_is_done() {
    virtual_run(|| {
        let queue: JoinableQueue<_> = [1, 2].into_iter().collect();
        queue.get().unwrap().unwrap();
        assert_eq!(queue.close_now(), [2]);
        assert_eq!(queue.unfinished(), 1, "the one in hand");
        assert!(!queue.join_timeout(SECOND).unwrap());
        queue.task_done().unwrap();
        queue.join().unwrap();
    });
}

#[test]
fn a_close_of_a_channel_wakes_all_on_both_sides() {
    virtual_run(|| {
        let (unread, unwritten) = (Channel::new(), Channel::<u32>::new());
        let putters = [1, 2].map(|n| {
            let unread = unread.clone();
            spawn(move || matches!(unread.put(n), Err(PutError::Closed(back)) if back == n))
        });
        let getters = [(); 2].map(|()| {
            let unwritten = unwritten.clone();
            spawn(move || unwritten.get().unwrap())
        });
        yield_now().unwrap();
        assert_eq!((unread.len(), unread.is_empty(), unread.is_full()), (0, true, true));
        unread.close();
        unwritten.close();
        assert_eq!(putters.map(|putter| putter.get().unwrap()), [true; 2]);
        assert_eq!(getters.map(|getter| getter.get().unwrap()), [None; 2]);
    });
}
