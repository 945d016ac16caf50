//! One greenlet: whether it lives, what a get and a join tell, how it is killed, who is told of its end.

use std::cell::Cell;
use std::rc::Rc;

use gfetch::green::{
    self, Channel, Event, GetError, Greenlet, Interrupt, Queue, State, current, green_local, interval, iwait, now, run,
    run_until_idle, run_until_idle_timeout, shield, sleep, spawn, spawn_later, timeout, yield_now,
};
use gfetch::green::{Handle, Timeout};

use super::{Log, MS, SECOND, SaysAtTheEnd, virtual_run};

/// gevent#2166: `dead` was true in a running greenlet.
#[test]
fn a_running_greenlet_is_never_dead_and_one_killed_before_its_start_is() {
    virtual_run(|| {
        let own = spawn(|| (current().state(), current().is_done()));
        assert_eq!(own.get().unwrap(), (State::Running, false));
        let waiting = spawn(|| sleep(SECOND));
        yield_now().unwrap();
        assert_eq!((waiting.state(), waiting.is_done(), waiting.is_started()), (State::Waiting, false, true));
        let killed = spawn(|| ());
        assert!(!killed.is_done());
        killed.kill().unwrap();
        assert_eq!((killed.is_done(), killed.is_started(), killed.is_successful()), (true, false, false));
    });
}

#[test]
fn a_get_that_does_not_wait_has_nothing_and_one_that_is_interrupted_from_outside_loses_nothing() {
    virtual_run(|| {
        let start = now();
        let task = spawn(|| sleep(SECOND * 3).map(|()| "value"));
        assert!(task.try_get().is_none());
        assert!(matches!(task.get_timeout(SECOND), Ok(None)), "its own limit is a value");
        let outer = timeout(SECOND, || {
            let inner = task.get_timeout(SECOND * 60);
            assert!(matches!(inner, Err(GetError::Interrupted(Interrupt::TimedOut(_)))), "another's is an error");
            inner
        });
        assert!(outer.is_err(), "which reaches its owner");
        assert_eq!(now() - start, SECOND * 2);
        assert_eq!(task.get().unwrap().unwrap(), "value");
    });
}

#[test]
fn a_join_tells_whether_it_has_ended_and_never_how() {
    virtual_run(|| {
        let (fails, killed) = (spawn(|| panic!("as this test wants")), spawn(|| Event::new().wait()));
        fails.join().unwrap();
        assert!(fails.join_timeout(SECOND).unwrap());
        assert!(!killed.join_timeout(SECOND).unwrap());
        killed.kill().unwrap();
        killed.join().unwrap();
        assert!(!fails.is_successful() && !killed.is_successful());
    });
}

#[test]
fn a_kill_of_oneself_acts_at_once_and_runs_the_destructors() {
    let log = Log::new();
    run(|| {
        let page = log.clone();
        let task = spawn(move || {
            let _last = SaysAtTheEnd(page.clone(), "cleaned up");
            page.say("before");
            current().kill().unwrap();
            page.say("after");
        });
        assert!(matches!(task.get(), Err(GetError::Killed)));
    });
    assert_eq!(log.take(), ["before", "cleaned up"]);
}

#[test]
fn a_kill_of_one_that_has_ended_returns_at_once_and_takes_nothing_from_it() {
    run(|| {
        let ended = spawn(|| 5);
        ended.join().unwrap();
        let other = spawn(|| ());
        ended.kill().unwrap();
        assert!(ended.kill_timeout(SECOND).unwrap());
        ended.kill_nowait();
        assert_eq!(other.state(), State::Scheduled, "nobody else had a turn");
        assert_eq!(ended.get().unwrap(), 5);
    });
}

#[test]
fn a_kill_waits_for_the_cleaning_up_and_one_that_does_not_wait_for_it_is_asynchronous() {
    virtual_run(|| {
        let log = Log::new();
        let cleans = || {
            let page = log.clone();
            spawn(move || {
                let attempt = std::panic::catch_unwind(|| sleep(SECOND * 1000));
                shield(SECOND, || sleep(MS * 50)).unwrap();
                page.say("clean");
                std::panic::resume_unwind(attempt.unwrap_err())
            })
        };
        let (waited, unwaited): (Greenlet<()>, Greenlet<()>) = (cleans(), cleans());
        yield_now().unwrap();
        let start = now();
        waited.kill().unwrap();
        assert_eq!((now() - start, log.take()), (MS * 50, vec!["clean"]));
        unwaited.kill_nowait();
        assert_eq!((unwaited.state(), now() - start), (State::Scheduled, MS * 50), "it has not run yet");
        assert!(matches!(unwaited.get(), Err(GetError::Killed)));
        assert_eq!((now() - start, log.take()), (MS * 100, vec!["clean"]));
    });
}

#[test]
fn a_kill_before_the_time_of_a_delayed_start_takes_its_timer_away() {
    virtual_run(|| {
        let start = now();
        let later = spawn_later(SECOND * 1000, || ());
        later.kill_nowait();
        assert!(matches!(later.get(), Err(GetError::Killed)));
        run_until_idle().unwrap();
        assert_eq!(now(), start);
    });
}

#[test]
fn iwait_gives_greenlets_in_the_order_of_their_ends_and_those_that_have_ended_first() {
    virtual_run(|| {
        let task = |seconds: u32| spawn(move || sleep(SECOND * seconds).map(|()| seconds).unwrap());
        let tasks = [task(3), task(0), task(2), task(1)];
        sleep(SECOND / 2).unwrap();
        let ends: Vec<_> = iwait(&tasks).map(|ended| ended.unwrap().get().unwrap()).collect();
        assert_eq!(ends, [0, 1, 2, 3]);
    });
}

#[test]
fn a_handler_of_signals_and_timers_that_nobody_waits_for_keep_no_hub_busy() {
    virtual_run(|| {
        let start = now();
        let _handler = gfetch::net::signals::on(signal_hook::consts::SIGWINCH, || ()).unwrap();
        yield_now().unwrap();
        let _ticks = interval(SECOND);
        let _pending = Timeout::start_new(SECOND * 1000);
        run_until_idle().unwrap();
        assert_eq!(now(), start);
        let waits = spawn(|| sleep(SECOND * 2));
        assert!(!run_until_idle_timeout(SECOND).unwrap(), "a sleeper counts");
        assert!(run_until_idle_timeout(SECOND * 5).unwrap() && waits.is_done());
    });
}

#[test]
fn an_end_is_piped_into_a_channel_also_one_that_nobody_reads_yet() {
    virtual_run(|| {
        let channel = Channel::new();
        spawn(|| 1).pipe_to(&channel);
        spawn(|| 2).pipe_to(&channel);
        sleep(SECOND).unwrap();
        assert_eq!([(); 2].map(|()| channel.get().unwrap().unwrap().unwrap()), [1, 2]);
        let gets = channel.clone();
        let getter = spawn(move || gets.get().unwrap().unwrap().is_err());
        yield_now().unwrap();
        spawn(|| -> i32 { panic!("as this test wants") }).pipe_to(&channel);
        assert!(getter.get().unwrap(), "a failure too");
        channel.close();
        spawn(|| 3).pipe_to(&channel);
        run_until_idle().unwrap();
    });
}

/// gevent: the `nowait` calls may be used in callbacks of the loop, where nothing may wait.
#[test]
fn what_is_put_by_a_link_or_a_post_wakes_who_waits_for_it() {
    run(|| {
        let queue = Queue::bounded(1);
        let gets = queue.clone();
        let getter = spawn(move || [gets.get().unwrap(), gets.get().unwrap()]);
        let linked = queue.clone();
        spawn(|| ()).on_finish(move |_| linked.try_put("by a link").unwrap());
        sleep(MS).unwrap();
        let event = green::threads::Event::new();
        let sets = event.clone();
        assert!(Handle::current().post(move || sets.set()));
        event.wait().unwrap();
        queue.try_put("by main").unwrap();
        assert_eq!(getter.get().unwrap(), [Some("by a link"), Some("by main")]);
    });
}

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
}

green_local! {
    static COUNTED: Rc<u32> = {
        MADE.set(MADE.get() + 1);
        Rc::new(MADE.get())
    };
}

/// gevent: the `__init__` of a subclass of `local` runs again for each greenlet, with the same arguments.
#[test]
fn what_makes_a_local_runs_once_in_each_greenlet_that_looks_at_it() {
    run(|| {
        let look = || COUNTED.with(|number| **number);
        assert_eq!((look(), look()), (1, 1));
        let others = [spawn(move || (look(), look())), spawn(move || (look(), look()))];
        assert_eq!(others.map(|other| other.get().unwrap()), [(2, 2), (3, 3)]);
        spawn(|| ()).join().unwrap();
        assert_eq!((MADE.get(), look()), (3, 1), "who does not look has none");
    });
}

#[test]
fn of_several_starts_the_first_counts_and_a_greenlet_may_be_joined_before_any() {
    virtual_run(|| {
        let start = now();
        let task = Rc::new(Greenlet::new(move || now() - start));
        let joined = task.clone();
        let joiner = spawn(move || joined.join().is_ok());
        yield_now().unwrap();
        assert_eq!(task.state(), State::New, "a join starts nobody");
        task.start_later(SECOND * 2);
        task.start();
        task.start_later(SECOND);
        assert!(joiner.get().unwrap());
        assert_eq!(task.get().unwrap(), SECOND * 2);
    });
}
