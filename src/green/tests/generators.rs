//! Generators and scopes.

use super::*;

#[test]
fn a_generator_keeps_its_place_between_resumes_and_runs_only_then() {
    run(|| {
        let (log, say) = log();
        let tell = say.clone();
        let mut generator = Generator::new(move |yielder, mut heard: u32| {
            for n in 0..2 {
                tell(&format!("heard {heard}"));
                heard = yielder.suspend(n).unwrap();
            }
            heard * 100
        });
        yield_now().unwrap();
        say("not started");
        assert_eq!(generator.resume(7).unwrap(), Step::Yielded(0));
        assert_eq!(generator.resume(8).unwrap(), Step::Yielded(1));
        say("suspended");
        yield_now().unwrap();
        assert_eq!(generator.resume(9).unwrap(), Step::Returned(900));
        assert!(generator.is_done());
        assert!(matches!(generator.resume(10), Err(GetError::Taken)));
        assert_eq!(log.take(), ["not started", "heard 7", "heard 8", "suspended"]);
    });
}

#[test]
fn an_endless_generator_is_an_iterator_and_a_panic_in_it_the_last_item() {
    run(|| {
        let fibonacci = Generator::new(|yielder, ()| {
            let (mut a, mut b) = (0_u64, 1);
            while yielder.suspend(a).is_ok() {
                (a, b) = (b, a + b);
            }
        });
        let first: Vec<_> = fibonacci.map(Result::unwrap).take(10).collect();
        assert_eq!(first, [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]);
        let mut broken = Generator::new(|yielder, ()| {
            yielder.suspend(1).unwrap();
            panic!("broke");
        });
        assert_eq!(broken.next().unwrap().unwrap(), 1);
        assert!(matches!(broken.next(), Some(Err(GetError::Panicked(_)))));
        assert!(broken.next().is_none());
    });
}

#[test]
fn a_generator_may_wait_and_an_interrupted_resume_loses_no_step() {
    virtual_run(|| {
        let mut generator = Generator::new(|yielder, mut n: u32| {
            loop {
                sleep(SECOND).unwrap();
                n = yielder.suspend(n * 10).unwrap();
            }
        });
        assert_eq!(generator.resume(1).unwrap(), Step::<u32, ()>::Yielded(10));
        let late = timeout(MS, || generator.resume(2));
        assert!(late.is_err());
        assert_eq!(generator.resume(3).unwrap(), Step::Yielded(20));
        assert_eq!(generator.resume(4).unwrap(), Step::Yielded(30));
    });
}

#[test]
fn a_suspended_generator_that_is_dropped_unwinds_and_an_unstarted_one_drops_what_it_holds() {
    let (log, say) = log();
    run(|| {
        let (inside, unstarted) = (say.clone(), OnDrop(move || say("unstarted")));
        let mut suspended = Generator::new(move |yielder, ()| {
            let _guard = OnDrop(|| inside("suspended"));
            let _ = yielder.suspend(1);
            unreachable!();
        });
        assert_eq!(suspended.resume(()).unwrap(), Step::<i32, ()>::Yielded(1));
        drop(suspended);
        drop(Generator::<(), (), ()>::new(move |_, ()| drop(unstarted)));
        yield_now().unwrap();
    });
    assert_eq!(log.take(), ["suspended", "unstarted"]);
}

/// Bug class 47.
#[test]
fn a_dropped_generator_that_swallows_its_unwinding_is_unwound_again_and_may_not_yield_meanwhile() {
    let (log, say) = log();
    run(|| {
        let mut generator = Generator::new(move |yielder, ()| {
            let while_unwinding = OnDrop(|| say(&format!("{}", yielder.suspend(2).unwrap_err())));
            for n in 0..3 {
                let swallowed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| yielder.suspend(n)));
                say(&format!("{n} {}", if swallowed.is_ok() { "resumed" } else { "swallowed" }));
            }
            let _ = yielder.suspend(3);
            drop(while_unwinding);
        });
        assert_eq!(generator.resume(()).unwrap(), Step::<i32, ()>::Yielded(0));
        assert_eq!(generator.resume(()).unwrap(), Step::Yielded(1));
        drop(generator);
        run_until_idle().unwrap();
    });
    let unwinding = Interrupt::Unwinding.to_string();
    assert_eq!(log.take(), ["0 resumed", "1 swallowed", "2 swallowed", &unwinding]);
}

/// Bug class 46.
#[test]
fn forgotten_handles_generators_iterations_and_scopes_are_unwound_at_the_end_of_the_run() {
    let alive = Rc::new(());
    run(|| {
        let held = || alive.clone();
        let (a, b, c, d) = (held(), held(), held(), held());
        std::mem::forget(spawn(move || (Event::new().wait(), a)));
        let mut generator = Generator::new(move |yielder, ()| (yielder.suspend(()), b));
        generator.resume(()).unwrap();
        std::mem::forget(generator);
        let group = Group::new();
        let mut results = group.imap(move |n: u32| (n < 1 || Event::new().wait().is_ok(), c.clone()), 0..3);
        results.next().unwrap().unwrap();
        std::mem::forget(results);
        let outer = spawn(move || {
            scope(|scope| {
                std::mem::forget(scope.spawn(move || (Event::new().wait(), d)));
                Ok::<_, Interrupt>(())
            })
        });
        yield_now().unwrap();
        std::mem::forget(outer);
        assert!(Rc::strong_count(&alive) > 4);
    });
    assert_eq!(Rc::strong_count(&alive), 1);
}

#[test]
fn a_scope_ends_after_its_greenlets_and_those_that_they_spawn() {
    virtual_run(|| {
        let (log, say) = log();
        let start = now();
        let result = scope(|scope| {
            let (members, tell) = (scope.members().clone(), say.clone());
            scope.spawn(move || {
                sleep(SECOND).unwrap();
                members.spawn(move || {
                    sleep(SECOND).unwrap();
                    tell("grandchild");
                });
            });
            say("body");
            Ok::<_, Interrupt>("value")
        });
        say("after");
        assert_eq!((result.unwrap(), now() - start), ("value", SECOND * 2));
        assert_eq!(log.take(), ["body", "grandchild", "after"]);
    });
}

#[test]
fn a_scope_whose_body_fails_or_is_timed_out_kills_its_greenlets_and_waits_for_their_cleaning_up() {
    virtual_run(|| {
        for timed_out in [false, true] {
            let cleaned = Rc::new(Cell::new(false));
            let flag = cleaned.clone();
            let attempt = timeout(SECOND, || {
                scope(|scope| {
                    scope.spawn(move || {
                        let swallowed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Event::new().wait()));
                        shield(SECOND, || sleep(MS * 100)).unwrap();
                        flag.set(swallowed.is_err());
                    });
                    yield_now()?;
                    if timed_out { Ok(()) } else { Err(Interrupt::Unwinding) }
                })
            });
            assert_eq!(attempt.is_err(), timed_out, "else it is the body's own error");
            assert!(cleaned.get(), "before the scope ended");
        }
    });
}

#[test]
fn a_scope_whose_body_unwinds_kills_its_greenlets() {
    let (log, say) = log();
    run(|| {
        let outer = spawn(move || {
            scope(|scope| -> Result<(), Interrupt> {
                scope.spawn(move || {
                    let _guard = OnDrop(|| say("child"));
                    Event::new().wait()
                });
                yield_now()?;
                panic!("body");
            })
        });
        assert!(matches!(outer.get(), Err(GetError::Panicked(panic)) if panic.message() == "body"));
        yield_now().unwrap();
    });
    assert_eq!(log.take(), ["child"]);
}
