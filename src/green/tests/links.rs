//! Links: what happens at the end of a greenlet.

use super::*;

#[test]
fn a_thousand_links_are_called_in_the_order_in_which_they_were_added() {
    run(|| {
        let called = Rc::new(RefCell::new(Vec::new()));
        let task = spawn(|| ());
        for n in 0..1000 {
            let called = called.clone();
            task.on_finish(move |_| called.borrow_mut().push(n));
        }
        task.join().unwrap();
        assert_eq!(*called.borrow(), (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn a_failing_link_stops_neither_the_others_nor_the_joiner() {
    run(|| {
        let (log, say) = log();
        let task = spawn(|| 1);
        let (before, after) = (say.clone(), say.clone());
        task.on_finish(move |_| before("before"));
        task.on_finish(|_| panic!("a link fails"));
        task.on_finish(move |_| after("after"));
        assert_eq!(task.get().unwrap(), 1);
        assert_eq!(log.take(), ["before", "after"]);
    });
}

#[test]
fn a_link_added_after_the_end_is_called_in_the_next_turn() {
    run(|| {
        let task = spawn(|| 5);
        task.join().unwrap();
        let seen = Rc::new(Cell::new(0));
        let into = seen.clone();
        let late = task.on_ok(move |value| into.set(*value));
        assert_eq!(seen.get(), 0, "not at once");
        yield_now().unwrap();
        assert_eq!(seen.get(), 5);
        assert!(!task.unlink(late), "called already");
    });
}

#[test]
fn a_link_taken_back_is_not_called_and_what_it_holds_is_dropped() {
    run(|| {
        let held = Rc::new(());
        let task = spawn(|| ());
        let inside = held.clone();
        let link = task.on_finish(move |_| unreachable!("{inside:?}"));
        assert!(task.unlink(link.clone()));
        assert_eq!(Rc::strong_count(&held), 1);
        assert!(!task.unlink(link), "it is gone");
        task.join().unwrap();
        let inside = held.clone();
        let late = task.on_finish(move |_| unreachable!("{inside:?}"));
        assert!(task.unlink(late));
        yield_now().unwrap();
        assert_eq!(Rc::strong_count(&held), 1);
    });
}

#[test]
fn a_link_may_take_back_a_later_one_and_add_another() {
    run(|| {
        let (log, say) = log();
        let task = Rc::new(spawn(|| ()));
        let later: Rc<RefCell<Option<LinkId>>> = Rc::default();
        let (own, unwanted, added) = (task.clone(), later.clone(), say.clone());
        task.on_finish(move |_| {
            assert!(own.unlink(unwanted.take().unwrap()));
            own.on_finish(move |_| added("added"));
        });
        *later.borrow_mut() = Some(task.on_finish(|_| unreachable!()));
        task.on_finish(move |_| say("last"));
        task.join().unwrap();
        assert_eq!(log.take(), ["last", "added"]);
    });
}

#[test]
fn success_and_failure_have_links_of_their_own_and_a_kill_is_a_failure() {
    run(|| {
        let (log, say) = log();
        let tasks = [spawn(|| 1), spawn(|| panic!("two")), spawn(|| Event::new().wait().map(|()| 3).unwrap())];
        for task in &tasks {
            let (ok, err) = (say.clone(), say.clone());
            task.on_ok(move |value| ok(&format!("ok {value}")));
            task.on_err(move |outcome| match outcome {
                Outcome::Panicked(panic) => err(&format!("panicked {}", panic.message())),
                other => err(&format!("err {other:?}")),
            });
        }
        tasks[2].kill().unwrap();
        join_all(&tasks).unwrap();
        assert_eq!(log.take(), ["ok 1", "panicked two", "err Killed"]);
    });
}

#[test]
fn values_and_failures_are_piped_into_queues_and_results() {
    run(|| {
        let queue = Queue::bounded(1);
        let tasks = [spawn(|| 1), spawn(|| panic!("two")), spawn(|| 3)];
        tasks.iter().for_each(|task| drop(task.pipe_to(&queue)));
        join_all(&tasks).unwrap();
        assert_eq!(queue.len(), 1, "the others wait for room");
        let got: Vec<_> = (0..3).map(|_| queue.get().unwrap().unwrap().ok()).collect();
        assert_eq!(got, [Some(1), None, Some(3)]);
        assert!(matches!(tasks[0].get(), Err(GetError::Taken)));

        let answer: AsyncResult<Rc<Result<i32, GetError>>> = AsyncResult::new();
        spawn(|| 42).pipe_to(&answer);
        assert_eq!(*answer.get().unwrap().as_ref().as_ref().unwrap(), 42);
    });
}
