//! Greenlets live and end: spawn, value, panic, kill, the end of a run.

use super::*;

#[test]
fn spawned_greenlets_run_first_in_first_out_when_the_spawner_waits() {
    let order = run(|| {
        let (log, say) = log();
        for name in ["a", "b", "c"] {
            let say = say.clone();
            spawn(move || say(name));
        }
        say("spawner");
        yield_now().unwrap();
        log.take()
    });
    assert_eq!(order, ["spawner", "a", "b", "c"]);
}

#[test]
fn a_value_is_got_once() {
    run(|| {
        let task = spawn(|| 42);
        assert_eq!(task.state(), State::Scheduled);
        assert_eq!(task.get().unwrap(), 42);
        assert!(task.is_done());
        assert!(matches!(task.get(), Err(GetError::Taken)));
    });
}

#[test]
fn a_panic_of_the_main_greenlet_leaves_run_after_the_rest_has_unwound() {
    let dropped = Rc::new(Cell::new(false));
    let flag = dropped.clone();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(move || {
            let guard = OnDrop(move || flag.set(true));
            spawn(move || {
                let _guard = guard;
                let _ = sleep(Duration::from_secs(1000));
            });
            yield_now().unwrap();
            panic!("main");
        })
    }));
    assert_eq!(*caught.unwrap_err().downcast_ref::<&str>().unwrap(), "main");
    assert!(dropped.get());
}

#[test]
fn a_kill_unwinds_from_the_wait_and_runs_destructors() {
    run(|| {
        let (log, say) = log();
        let task = spawn(move || {
            let tell = say.clone();
            let _guard = OnDrop(move || tell("dropped"));
            let _ = sleep(SECOND * 1000);
            say("not reached");
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert!(matches!(task.get(), Err(GetError::Killed)));
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_greenlet_killed_before_its_start_never_runs_but_drops_what_it_holds() {
    run(|| {
        let (log, say) = log();
        let tell = say.clone();
        let guard = OnDrop(move || tell("dropped"));
        let task = spawn(move || {
            let _guard = &guard;
            say("ran");
        });
        task.kill().unwrap();
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_swallowed_kill_comes_again_at_the_next_wait() {
    run(|| {
        let swallowed = Rc::new(Cell::new(0));
        let count = swallowed.clone();
        let task = spawn(move || {
            loop {
                let attempt = std::panic::catch_unwind(|| sleep(SECOND * 1000));
                if attempt.is_err() {
                    count.set(count.get() + 1);
                }
                if count.get() == 3 {
                    return "gave in";
                }
            }
        });
        yield_now().unwrap();
        task.kill().unwrap();
        assert_eq!(swallowed.get(), 3);
        assert_eq!(task.get().unwrap(), "gave in");
    });
}

#[test]
fn run_ends_at_once_when_what_is_left_has_unwound() {
    let start = std::time::Instant::now();
    let (sender, waiting) = run(|| {
        let (sender, mailbox) = mailbox::<()>();
        spawn(move || mailbox.receive());
        yield_now().unwrap();
        (sender, Handle::current())
    });
    assert!(start.elapsed() < SECOND * 3, "{:?}", start.elapsed());
    sender.send(());
    assert!(!waiting.spawn(|| ()), "the hub has ended");
}

#[test]
#[should_panic(expected = "inside gfetch::green::run")]
fn a_wait_outside_run_says_what_to_do() {
    let _ = sleep(MS);
}

#[test]
#[should_panic(expected = "cannot join itself")]
fn a_join_on_oneself_is_refused() {
    run(|| {
        let own: Rc<RefCell<Option<Greenlet<()>>>> = Rc::default();
        let inside = own.clone();
        let task = spawn(move || inside.borrow().as_ref().unwrap().join().unwrap());
        *own.borrow_mut() = Some(task);
        yield_now().unwrap();
        let task = own.borrow_mut().take().unwrap();
        if let Err(GetError::Panicked(panic)) = task.get() {
            std::panic::resume_unwind(panic.into_payload());
        }
    });
}
