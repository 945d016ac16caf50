//! The rules of the queues, each a test.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::green::{ClockKind, Config, join_all, sleep, spawn, timeout, yield_now};

const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

#[test]
fn a_priority_queue_gives_the_least_of_what_was_put_before_the_getter_ran() {
    virtual_run(|| {
        let queue = PriorityQueue::unbounded();
        let jobs = queue.clone();
        let getter = spawn(move || jobs.get().unwrap());
        yield_now().unwrap();
        [3, 1, 2].into_iter().for_each(|n| queue.put(n).unwrap());
        assert_eq!(getter.get().unwrap(), Some(1));
        assert_eq!((queue.len(), queue.try_peek()), (2, Ok(2)));
        queue.close();
        assert_eq!(queue.iter().map(Result::unwrap).collect::<Vec<_>>(), [2, 3]);
    });
}

#[test]
fn a_lifo_queue_gives_the_latest_first_and_a_fifo_queue_the_earliest() {
    virtual_run(|| {
        let (stack, queue): (LifoQueue<_>, Queue<_>) = ((1..=3).collect(), (1..=3).collect());
        stack.close();
        queue.close();
        assert_eq!(stack.iter().map(Result::unwrap).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(queue.iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3]);
    });
}

#[test]
fn initial_items_may_be_more_than_the_bound_and_then_a_put_waits_for_room() {
    virtual_run(|| {
        let queue = Queue::bounded_with(2, [1, 2, 3]);
        assert!(queue.is_full() && matches!(queue.try_put(4), Err(PutError::Full(4))));
        let source = queue.clone();
        let putter = spawn(move || source.put_timeout(4, SECOND));
        yield_now().unwrap();
        assert_eq!(queue.try_get(), Ok(1));
        assert_eq!(queue.len(), 2, "still full");
        assert_eq!(queue.try_get(), Ok(2));
        putter.get().unwrap().unwrap();
        assert_eq!((queue.try_get(), queue.try_get()), (Ok(3), Ok(4)));
    });
}

/// Bug class 12.
#[test]
fn a_try_put_wakes_the_getter_that_waits_and_a_late_try_get_does_not_overtake_it() {
    virtual_run(|| {
        let queue = Queue::bounded(1);
        let jobs = queue.clone();
        let getter = spawn(move || jobs.get().unwrap());
        yield_now().unwrap();
        queue.try_put(1).unwrap();
        assert_eq!(queue.try_get(), Err(Nothing::Empty), "it is promised");
        queue.try_put(2).unwrap();
        assert_eq!(queue.try_get(), Ok(2));
        assert_eq!(getter.get().unwrap(), Some(1));
    });
}

/// Bug class 25: an item whose getter timed out or was killed after it was promised is the next one's.
#[test]
fn a_killed_or_timed_out_getter_loses_no_item() {
    virtual_run(|| {
        let queue = Queue::unbounded();
        let get = || {
            let jobs = queue.clone();
            spawn(move || jobs.get_timeout(SECOND).unwrap())
        };
        let (killed, next) = (get(), get());
        yield_now().unwrap();
        queue.put("first").unwrap();
        queue.put("second").unwrap();
        killed.kill_nowait();
        assert_eq!(next.get().unwrap(), Ok("first"), "it runs after the killed one, and nothing was taken by that");
        assert_eq!(queue.try_get(), Ok("second"));
        let late = get();
        sleep(SECOND * 2).unwrap();
        assert_eq!(late.get().unwrap(), Err(Nothing::Empty));
        queue.put("third").unwrap();
        assert_eq!(queue.try_get(), Ok("third"));
    });
}

/// Bug class 25: completion wins over a deadline of the same moment.
#[test]
fn an_item_that_comes_before_the_getter_runs_is_got_though_its_deadline_has_passed() {
    virtual_run(|| {
        let queue = Queue::unbounded();
        let jobs = queue.clone();
        let getter = spawn(move || timeout(SECOND, || jobs.get()));
        yield_now().unwrap();
        queue.put(1).unwrap();
        assert_eq!(getter.get().unwrap().unwrap().unwrap(), Some(1));
    });
}

/// Bug class 14: a timed wait that is repeated stands in the line once.
#[test]
fn a_timed_out_putter_has_its_item_back_and_stands_in_line_once() {
    virtual_run(|| {
        let queue = Queue::bounded_with(1, [0]);
        for _ in 0..3 {
            assert!(matches!(queue.put_timeout(1, SECOND), Err(PutError::Full(1))));
        }
        let source = queue.clone();
        let putter = spawn(move || source.put(1));
        yield_now().unwrap();
        assert_eq!(queue.try_get(), Ok(0));
        putter.get().unwrap().unwrap();
        assert_eq!((queue.try_get(), queue.try_get()), (Ok(1), Err(Nothing::Empty)));
    });
}

/// Bug class 27.
#[test]
fn a_peek_waits_for_an_item_leaves_it_and_passes_the_turn_on() {
    virtual_run(|| {
        let queue = Queue::unbounded();
        let (peeks, gets) = (queue.clone(), queue.clone());
        let peeker = spawn(move || peeks.peek().unwrap());
        let getter = spawn(move || gets.get().unwrap());
        yield_now().unwrap();
        queue.put(5).unwrap();
        assert_eq!((peeker.get().unwrap(), getter.get().unwrap()), (Some(5), Some(5)));
        assert_eq!(queue.peek_timeout(SECOND).unwrap(), Err(Nothing::Empty));
        let peeks = queue.clone();
        let killed = spawn(move || peeks.peek());
        yield_now().unwrap();
        queue.put(6).unwrap();
        killed.kill().unwrap();
        assert_eq!(queue.try_get(), Ok(6));
        queue.close();
        assert_eq!(queue.peek().unwrap(), None);
    });
}

/// Bug class 27.
#[test]
fn a_join_returns_at_once_if_nothing_is_unfinished_and_initial_items_are() {
    virtual_run(|| {
        let empty: JoinableQueue<()> = JoinableQueue::unbounded();
        empty.join().unwrap();
        assert_eq!(empty.task_done(), Err(NothingUnfinished));
        let queue: JoinableQueue<_> = [1, 2].into_iter().collect();
        assert!(!queue.join_timeout(SECOND).unwrap());
        queue.try_get().unwrap();
        assert_eq!(queue.unfinished(), 2, "got is not done");
        queue.task_done().unwrap();
        assert_eq!(queue.close_now(), [2], "and counts as done");
        queue.join().unwrap();
        assert_eq!(queue.task_done(), Err(NothingUnfinished));
    });
}

#[test]
fn a_joiner_wakes_when_the_last_item_is_done_also_one_put_by_who_waited_for_room() {
    virtual_run(|| {
        let queue = JoinableQueue::bounded_with(1, [1]);
        let (source, jobs) = (queue.clone(), queue.clone());
        let putter = spawn(move || source.put(2).unwrap());
        let worker = spawn(move || {
            for job in &jobs {
                sleep(SECOND * job.unwrap()).unwrap();
                jobs.task_done().unwrap();
            }
        });
        yield_now().unwrap();
        let start = crate::green::now();
        queue.join().unwrap();
        assert_eq!(crate::green::now() - start, SECOND * 3);
        putter.join().unwrap();
        queue.close();
        worker.get().unwrap();
    });
}

#[test]
fn closing_wakes_putters_and_getters_and_closing_now_takes_the_items_out() {
    virtual_run(|| {
        let queue = Queue::bounded_with(1, [1]);
        let source = queue.clone();
        let putter = spawn(move || source.put(2));
        yield_now().unwrap();
        assert_eq!(queue.close_now(), [1]);
        assert!(matches!(putter.get().unwrap(), Err(PutError::Closed(2))));
        assert_eq!(queue.get().unwrap(), None);
        let empty: Queue<()> = Queue::unbounded();
        let gets = empty.clone();
        let getter = spawn(move || gets.get().unwrap());
        yield_now().unwrap();
        empty.close();
        assert_eq!(getter.get().unwrap(), None);
    });
}

#[test]
fn what_a_getter_was_promised_it_has_though_the_queue_is_closed_now() {
    virtual_run(|| {
        let queue = Queue::unbounded();
        let gets = queue.clone();
        let getter = spawn(move || gets.get().unwrap());
        yield_now().unwrap();
        queue.put(1).unwrap();
        queue.put(2).unwrap();
        assert_eq!(queue.close_now(), [2]);
        assert_eq!(getter.get().unwrap(), Some(1));
    });
}

#[test]
fn iteration_ends_after_an_interrupt_and_loses_nothing() {
    virtual_run(|| {
        let queue: Queue<_> = [1].into_iter().collect();
        let mut seen = Vec::new();
        let ended = timeout(SECOND, || {
            seen = queue.iter().map(|item| item.is_ok()).collect();
            yield_now()
        });
        assert!(ended.is_err());
        assert_eq!(seen, [true, false]);
        queue.put(2).unwrap();
        assert_eq!(queue.try_get(), Ok(2));
    });
}

#[test]
fn many_getters_and_putters_with_kills_and_timeouts_between_see_each_item_once_and_in_order() {
    virtual_run(|| {
        let (queue, seen) = (Queue::bounded(3), Rc::new(RefCell::new(Vec::new())));
        let getters: Vec<_> = (0..20)
            .map(|n| {
                let (jobs, seen) = (queue.clone(), seen.clone());
                spawn(move || {
                    while let Ok(item) = jobs.get_timeout(SECOND * (n % 3 + 1)).unwrap() {
                        seen.borrow_mut().push(item);
                        sleep(SECOND / 10 * (n % 4)).unwrap();
                    }
                })
            })
            .collect();
        for item in 0..200 {
            if item % 20 == 7 {
                getters[item / 20].kill_nowait();
            }
            queue.put(item).unwrap();
        }
        join_all(&getters).unwrap();
        let left: Vec<_> = std::iter::from_fn(|| queue.try_get().ok()).collect();
        let mut all = seen.take();
        assert!(all.is_sorted(), "who came first was served first");
        all.extend(left);
        assert_eq!(all, (0..200).collect::<Vec<_>>());
    });
}
