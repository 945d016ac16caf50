//! When greenlets start, and what a kill before that does.

use super::*;

#[test]
fn a_new_greenlet_runs_once_it_is_started_and_starts_once() {
    virtual_run(|| {
        let runs = Rc::new(Cell::new(0));
        let count = runs.clone();
        let task = Greenlet::new(move || count.set(count.get() + 1));
        sleep(SECOND).unwrap();
        assert_eq!((task.state(), task.is_started(), task.is_done(), runs.get()), (State::New, false, false, 0));
        task.start();
        task.start();
        assert_eq!((task.state(), task.is_started()), (State::Scheduled, true));
        task.join().unwrap();
        task.start();
        task.start_later(SECOND);
        sleep(SECOND * 2).unwrap();
        assert_eq!((task.state(), task.is_started(), runs.get()), (State::Done, false, 1));
    });
}

#[test]
fn a_delayed_greenlet_counts_as_started_and_starts_on_time() {
    virtual_run(|| {
        let start = now();
        let later = spawn_later(SECOND * 3, move || now() - start);
        let told = Greenlet::new(move || now() - start);
        told.start_later(SECOND * 2);
        assert!(later.is_started() && told.is_started() && !later.is_done());
        assert_eq!(told.get().unwrap(), SECOND * 2);
        assert_eq!(later.get().unwrap(), SECOND * 3);
        assert_eq!(now() - start, SECOND * 3);
    });
}

/// Bug class 18.
#[test]
fn a_kill_before_the_start_keeps_the_body_from_running_calls_the_links_and_ends_the_wait() {
    virtual_run(|| {
        let start = now();
        let (log, say) = log();
        let made: Vec<(&'static str, Greenlet<()>)> = vec![
            ("scheduled", spawn(|| unreachable!())),
            ("delayed", spawn_later(SECOND * 1000, || unreachable!())),
            ("new", Greenlet::new(|| unreachable!())),
        ];
        for (name, task) in &made {
            let (say, name) = (say.clone(), *name);
            task.on_finish(move |outcome| say(&format!("{name} {outcome:?}")));
            task.kill().unwrap();
            task.start();
            assert!(task.is_done() && !task.is_successful());
            assert!(matches!(task.get(), Err(GetError::Killed)));
        }
        assert_eq!(log.take(), ["scheduled Killed", "delayed Killed", "new Killed"]);
        run_until_idle().unwrap();
        assert_eq!(now(), start, "the delayed one's timer is gone");
    });
}

#[test]
fn a_new_greenlet_whose_handle_is_dropped_never_runs_and_drops_what_it_holds() {
    run(|| {
        let held = Rc::new(());
        let inside = held.clone();
        drop(Greenlet::new(move || unreachable!("{inside:?}")));
        yield_now().unwrap();
        assert_eq!(Rc::strong_count(&held), 1);
    });
}

#[test]
fn a_new_greenlet_that_is_left_over_is_dropped_at_the_end_of_the_run() {
    let held = Rc::new(());
    let inside = held.clone();
    let kept = run(move || Greenlet::new(move || unreachable!("{inside:?}")));
    assert_eq!((kept.state(), Rc::strong_count(&held)), (State::Done, 1));
}

/// Bug class 19.
#[test]
fn who_swallows_a_kill_is_killed_again_and_a_timed_kill_tells_that_it_lives() {
    virtual_run(|| {
        let stubborn = spawn(|| {
            let first = std::panic::catch_unwind(|| sleep(SECOND * 1000));
            assert!(first.is_err());
            shield(SECOND * 2, || sleep(SECOND * 1)).unwrap();
            sleep(SECOND * 1000)
        });
        yield_now().unwrap();
        let start = now();
        assert!(!stubborn.kill_timeout(MS * 500).unwrap());
        assert!(stubborn.kill_timeout(SECOND * 5).unwrap());
        assert_eq!(now() - start, SECOND);
        assert!(matches!(stubborn.get(), Err(GetError::Killed)));
        assert!(stubborn.kill_timeout(Duration::ZERO).unwrap(), "a dead one is dead at once");
    });
}

/// Bug class 20.
#[test]
fn what_is_left_when_main_ends_is_unwound_wherever_it_stands() {
    let (log, say) = log();
    run(|| {
        let guarded = |name: &'static str| {
            let say = say.clone();
            OnDrop(move || say(name))
        };
        let (waits, ready, delayed, new) = (guarded("waits"), guarded("ready"), guarded("delayed"), guarded("new"));
        spawn(move || {
            let _guard = waits;
            Event::new().wait()
        });
        yield_now().unwrap();
        spawn(move || drop(ready));
        spawn_later(SECOND * 1000, move || drop(delayed));
        std::mem::forget(Greenlet::new(move || drop(new)));
    });
    assert_eq!(log.take(), ["ready", "waits", "delayed", "new"]);
}

/// Bug class 43.
#[test]
fn greenlets_that_never_finish_leave_nothing_behind_when_their_thread_ends() {
    let alive = std::sync::Arc::new(());
    for _ in 0..20 {
        let held = alive.clone();
        let thread = std::thread::spawn(move || {
            run(move || {
                for _ in 0..50 {
                    let held = held.clone();
                    spawn(move || {
                        let _held = held;
                        let own = Event::new();
                        let _keeps_itself = (current(), own.clone());
                        own.wait()
                    });
                }
                yield_now().unwrap();
            });
        });
        thread.join().unwrap();
    }
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}

/// Bug class 42.
#[test]
fn a_hundred_thousand_generations_keep_no_ancestor_and_one_place() {
    fn descend(left: u32, held: Rc<()>, most: Rc<Cell<usize>>) {
        most.set(most.get().max(Rc::strong_count(&held)));
        if left > 0 {
            spawn(move || descend(left - 1, held, most));
        }
    }
    run(|| {
        let (held, most) = (Rc::new(()), Rc::new(Cell::new(0)));
        let (first, peak) = (held.clone(), most.clone());
        spawn(move || descend(100_000, first, peak));
        run_until_idle().unwrap();
        assert_eq!(Rc::strong_count(&held), 1);
        assert!(most.get() <= 4, "{} generations at once", most.get());
        assert!(spawn(|| ()).minimal_ident() <= 4, "places are given again");
    });
}

#[test]
fn a_value_is_seen_without_being_taken_and_a_panic_is_told_to_every_get() {
    run(|| {
        let (win, fail) = (spawn(|| "You win!".to_owned()), spawn(|| -> String { panic!("You fail") }));
        assert!(win.outcome().is_none());
        join_all(&[&win, &fail].map(|task| task.any())).unwrap();
        assert!(matches!(&*win.outcome().unwrap(), Outcome::Returned(value) if value == "You win!"));
        assert_eq!(win.get().unwrap(), "You win!");
        assert!(matches!(&*win.outcome().unwrap(), Outcome::Taken));
        assert!(win.is_successful() && !fail.is_successful());
        for _ in 0..2 {
            assert!(matches!(fail.get(), Err(GetError::Panicked(panic)) if panic.message() == "You fail"));
        }
    });
}

#[test]
fn a_timed_get_gives_up_and_loses_nothing() {
    virtual_run(|| {
        let task = spawn(|| {
            sleep(SECOND).unwrap();
            7
        });
        assert!(matches!(task.get_timeout(MS), Ok(None)));
        assert_eq!(task.get_timeout(SECOND).unwrap(), Some(7));
    });
}

#[test]
fn a_greenlet_tells_its_name_its_numbers_and_where_it_was_spawned() {
    run(|| {
        let here = line!() + 1;
        let task = Builder::new().name("worker").spawn(|| (current().name(), current().minimal_ident())).unwrap();
        assert_eq!((task.spawned_at().file(), task.spawned_at().line()), (file!(), here));
        let ident = task.minimal_ident();
        assert_eq!(task.get().unwrap(), ("worker".to_owned(), ident));
        let next = spawn(|| ());
        assert_eq!(next.minimal_ident(), ident, "given again");
        assert_ne!(next.id(), task.id());
        assert_eq!(next.name(), format!("greenlet-{}", next.id()));
    });
}
