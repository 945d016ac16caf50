//! Joining many, as they end, in time; killing many; waiting for idleness.

use super::*;

fn sleepers(seconds: &[u32]) -> Vec<Greenlet<u32>> {
    let sleeper = |&n: &u32| {
        spawn(move || {
            sleep(SECOND * n).unwrap();
            n
        })
    };
    seconds.iter().map(sleeper).collect()
}

#[test]
fn join_any_gives_the_first_to_end_in_that_order_and_the_others_run_on() {
    virtual_run(|| {
        let (start, tasks) = (now(), sleepers(&[3, 1, 2]));
        let first: Vec<_> = join_any(&tasks, 2).unwrap().into_iter().map(|task| task.get().unwrap()).collect();
        assert_eq!((first, now() - start), (vec![1, 2], SECOND * 2));
        assert!(tasks[0].is_started());
        assert_eq!(join_any(&tasks, 10).unwrap().len(), 3, "no more than there are");
    });
}

#[test]
fn a_timed_join_of_all_gives_those_that_ended_and_a_limit_of_zero_polls() {
    virtual_run(|| {
        let (start, tasks) = (now(), sleepers(&[3, 1, 2]));
        assert!(join_all_timeout(&tasks, Duration::ZERO).unwrap().is_empty());
        assert_eq!(tasks[1].state(), State::Scheduled, "a poll does not switch");
        let ended = join_all_timeout(&tasks, MS * 2500).unwrap();
        assert_eq!(ended.iter().map(|task| task.id()).collect::<Vec<_>>(), [tasks[1].id(), tasks[2].id()]);
        assert_eq!(now() - start, MS * 2500);
        assert_eq!(join_all_timeout(&tasks, Duration::ZERO).unwrap().len(), 2);
    });
}

#[test]
fn one_that_is_named_twice_is_joined_twice() {
    virtual_run(|| {
        let tasks = sleepers(&[2, 1]);
        let (a, b) = (&tasks[0], &tasks[1]);
        join_all([a, a, b]).unwrap();
        let ended = join_all_timeout([a, a, b], SECOND).unwrap();
        assert_eq!(ended.iter().map(|task| task.id()).collect::<Vec<_>>(), [a.id(), a.id(), b.id()]);
        try_join_all([a, a, b]).unwrap();
    });
}

#[test]
fn the_error_of_a_join_is_the_earliest_in_the_order_of_ending() {
    virtual_run(|| {
        let fail = |n: u32| {
            spawn(move || {
                sleep(SECOND * n).unwrap();
                assert!(n == 1, "failed after {n}");
            })
        };
        let tasks = [fail(3), fail(1), fail(2)];
        let start = now();
        let error = try_join_all(&tasks).unwrap_err();
        assert!(error.to_string().ends_with("panicked: failed after 2"), "{error}");
        assert_eq!(now() - start, SECOND * 2);
        assert!(tasks[0].is_started(), "the others run on");
    });
}

#[test]
fn iwait_leaves_no_link_on_those_that_still_run() {
    virtual_run(|| {
        let tasks = sleepers(&[1, 1000]);
        for _ in 0..100 {
            let mut ends = iwait(&tasks).timeout(SECOND * 2);
            assert_eq!(ends.next().unwrap().unwrap().id(), tasks[0].id());
        }
        assert_eq!(tasks[1].task.link_count(), 0);
        let ends: Vec<_> = iwait(&tasks).timeout(SECOND).map(Result::unwrap).collect();
        assert_eq!(ends.len(), 1, "a passed limit ends it silently");
    });
}

#[test]
fn an_interrupted_iwait_goes_on() {
    virtual_run(|| {
        let tasks = sleepers(&[2]);
        let mut ends = iwait(&tasks);
        assert!(timeout(SECOND, || ends.next().unwrap()).is_err());
        assert_eq!(ends.next().unwrap().unwrap().get().unwrap(), 2);
        assert!(ends.next().is_none());
    });
}

#[test]
fn iwait_gives_a_greenlet_once_it_has_ended_also_where_a_link_of_its_waits() {
    virtual_run(|| {
        let start = now();
        let task = spawn(|| 1);
        let mut ends = iwait([&task]).timeout(SECOND * 2);
        task.on_finish(|_| sleep(SECOND).unwrap());
        assert!(ends.next().unwrap().unwrap().is_done());
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn greenlets_of_different_types_are_joined_together() {
    run(|| {
        let (number, text) = (spawn(|| 1), spawn(|| "two"));
        let both: [&dyn Joinable; 2] = [&number, &text];
        join_all::<dyn Joinable>(both).unwrap();
        assert_eq!((number.get().unwrap(), text.get().unwrap()), (1, "two"));
    });
}

#[test]
fn killing_many_waits_for_their_cleaning_up_and_names_who_outlives_the_limit() {
    virtual_run(|| {
        let clean = |seconds: u32| {
            let body = move || {
                let swallowed = std::panic::catch_unwind(|| Event::new().wait());
                assert!(swallowed.is_err());
                shield(SECOND * 10, || sleep(SECOND * seconds)).unwrap();
            };
            Builder::new().name(&format!("cleans for {seconds}")).spawn(body).unwrap()
        };
        let tasks = [clean(0), clean(1), clean(5)];
        yield_now().unwrap();
        let start = now();
        let survivors = kill_all_timeout(&tasks, SECOND * 2).unwrap().unwrap_err();
        assert_eq!((survivors.names(), now() - start), (&["cleans for 5".to_owned()][..], SECOND * 2));
        assert_eq!(survivors.to_string(), "1 killed greenlets run on: cleans for 5");
        kill_all(&tasks).unwrap();
        assert_eq!(now() - start, SECOND * 5);
        assert_eq!(kill_all_timeout(&tasks, Duration::ZERO).unwrap(), Ok(()));
    });
}

#[test]
fn those_that_are_killed_together_before_their_start_never_run() {
    run(|| {
        let tasks = [(); 3].map(|()| spawn(|| unreachable!()));
        kill_all(&tasks).unwrap();
        assert!(tasks.iter().all(|task| matches!(task.get(), Err(GetError::Killed))));
    });
}

#[test]
fn idleness_is_when_nothing_can_wake_anybody_though_some_wait_for_ever() {
    virtual_run(|| {
        let start = now();
        assert!(run_until_idle_timeout(SECOND).unwrap(), "at once");
        assert_eq!(now(), start);
        let never = spawn(|| Event::new().wait());
        sleepers(&[1, 3]);
        let (other, said) = (Rc::new(Cell::new(false)), now());
        let flag = other.clone();
        spawn(move || {
            assert!(!run_until_idle_timeout(SECOND * 2).unwrap(), "its own limit came first");
            assert_eq!(now() - said, SECOND * 2);
            run_until_idle().unwrap();
            flag.set(true);
        });
        run_until_idle_timeout(SECOND * 1000).unwrap();
        assert_eq!(now() - start, SECOND * 3);
        yield_now().unwrap();
        assert!(other.get(), "both were told");
        assert_eq!(never.state(), State::Waiting);
    });
}

#[test]
fn an_offloaded_call_and_a_handle_are_something_to_wait_for() {
    run(|| {
        let done = spawn(|| offload(|| std::thread::sleep(MS * 5)));
        run_until_idle().unwrap();
        assert!(done.is_done());
        let handle = Handle::current();
        assert!(!run_until_idle_timeout(MS * 5).unwrap());
        drop(handle);
        run_until_idle().unwrap();
    });
}
