//! Time: sleeps, scopes, shields, the virtual clock.

use super::*;

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines_and_equal_ones_in_the_order_of_making() {
    let order = virtual_run(|| {
        let (log, say) = log();
        let tasks = [("c", 30), ("a", 10), ("b1", 20), ("b2", 20)].map(|(name, ms)| {
            let say = say.clone();
            spawn(move || {
                sleep(MS * ms).unwrap();
                say(name);
            })
        });
        join_all(&tasks).unwrap();
        log.take()
    });
    assert_eq!(order, ["a", "b1", "b2", "c"]);
}

#[test]
fn a_virtual_hour_takes_no_time_and_is_exact() {
    let real = std::time::Instant::now();
    let slept = virtual_run(|| {
        let start = now();
        sleep(SECOND * 3600).unwrap();
        now() - start
    });
    assert_eq!(slept, SECOND * 3600);
    assert!(real.elapsed() < SECOND * 60);
}

#[test]
fn a_timeout_ends_a_wait_and_only_its_own_scope_says_elapsed() {
    virtual_run(|| {
        let outer = timeout(SECOND * 5, || {
            let inner = timeout(SECOND, || sleep(SECOND * 60));
            assert_eq!(inner.unwrap_err(), Elapsed { limit: SECOND });
            let handed_up = timeout(SECOND * 60, || sleep(SECOND * 60)).expect("the outer one is first");
            assert!(matches!(handed_up, Err(Interrupt::TimedOut(t)) if t.limit == SECOND * 5));
            handed_up
        });
        assert_eq!(outer.unwrap_err(), Elapsed { limit: SECOND * 5 });
    });
}

#[test]
fn of_two_equal_deadlines_the_earlier_made_wins() {
    virtual_run(|| {
        assert!(timeout(SECOND, || sleep(SECOND)).is_err());
        let nested = timeout(SECOND, || {
            let inner = timeout(SECOND, || sleep(SECOND * 9));
            assert!(inner.is_ok(), "the outer scope was made first");
            inner.unwrap()
        });
        assert!(nested.is_err());
    });
}

#[test]
fn while_a_scope_is_past_every_wait_inside_fails_at_once() {
    virtual_run(|| {
        let mut failures = 0;
        let result = timeout(SECOND, || {
            for _ in 0..10 {
                failures += u32::from(sleep(SECOND * 2).is_err());
            }
            assert!(yield_now().is_err());
            Event::new().wait()
        });
        assert!(result.is_err());
        assert_eq!(failures, 10);
        assert!(yield_now().is_ok(), "outside the scope waits are well again");
    });
}

#[test]
fn ok_passes_a_timeout_even_when_it_is_late() {
    virtual_run(|| {
        let late = timeout(SECOND, || {
            let _ = sleep(SECOND * 2);
            Ok::<_, Interrupt>("done")
        });
        assert_eq!(late.unwrap().unwrap(), "done");
    });
}

#[test]
fn a_shield_holds_off_kills_and_outer_deadlines_until_it_ends() {
    virtual_run(|| {
        let (log, say) = log();
        let task = spawn(move || {
            shield(SECOND * 5, || {
                sleep(SECOND).unwrap();
                say("cleaned up");
            });
            let _ = sleep(SECOND);
            say("not reached");
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert!(matches!(task.get(), Err(GetError::Killed)));
        assert_eq!(log.take(), ["cleaned up"]);
        let late = timeout(SECOND, || {
            sleep(SECOND * 2).unwrap_err();
            shield(SECOND, || sleep(SECOND / 2)).unwrap();
            shield(SECOND, || sleep(SECOND * 2)).unwrap_err();
            sleep(SECOND)
        });
        assert!(late.is_err());
    });
}

#[test]
fn a_limit_may_be_a_span_a_moment_or_a_timeout_also_for_greenlets_groups_and_those_behind_a_shield() {
    virtual_run(|| {
        fn each(limit: impl Fn(Duration) -> Limit) {
            let stubborn = || spawn(|| shield(SECOND * 100, || sleep(SECOND * 100)).unwrap());
            let took = |most: Duration, f: &dyn Fn()| {
                let start = now();
                f();
                assert_eq!(now() - start, most);
            };
            let (sleeper, group, pool) = (stubborn(), Group::new(), Pool::new(1));
            group.add(&sleeper);
            pool.add(&sleeper).unwrap();
            yield_now().unwrap();
            took(SECOND, &|| assert!(!sleeper.join_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(!sleeper.any().join_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(sleeper.get_timeout(limit(SECOND)).unwrap().is_none()));
            took(SECOND, &|| assert!(join_all_timeout([&sleeper], limit(SECOND)).unwrap().is_empty()));
            took(SECOND, &|| assert_eq!(iwait([&sleeper]).timeout(limit(SECOND)).count(), 0));
            took(SECOND, &|| assert!(!group.join_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(!pool.wait_available_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(pool.spawn_timeout(limit(SECOND), || ()).unwrap().is_err()));
            took(SECOND, &|| assert!(!run_until_idle_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(!sleeper.kill_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(kill_all_timeout([&sleeper], limit(SECOND)).unwrap().is_err()));
            took(SECOND, &|| assert!(!group.kill_timeout(limit(SECOND)).unwrap()));
            took(SECOND, &|| assert!(!crate::green::threads::Event::new().wait_timeout(limit(SECOND)).unwrap()));
            sleeper.join().unwrap();
        }
        each(Limit::from);
        each(|span| (now() + span).into());
        each(|span| (&Timeout::new(span)).into());
        each(|span| Some(span).into());
        let sleeper = spawn(|| sleep(SECOND));
        assert!(sleeper.join_timeout(None).unwrap(), "no limit");
    });
}
