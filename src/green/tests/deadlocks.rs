//! What a deadlock's report and a dump say of who holds up whom, word for word.

use super::*;
use crate::green::hub::Hub;
use crate::green::threads as across;

type Lock = Rc<Mutex<()>>;

#[track_caller]
fn named<T: 'static>(name: &str, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
    Builder::new().name(name).spawn(f).unwrap()
}

fn locks<const N: usize>() -> [Lock; N] {
    [(); N].map(|()| Lock::default())
}

/// Takes `first`, lets the others run, and wants `second`.
#[track_caller]
fn takes(name: &str, first: &Lock, second: &Lock) -> Greenlet<()> {
    let (first, second) = (first.clone(), second.clone());
    named(name, move || {
        let _held = first.lock().unwrap();
        yield_now().unwrap();
        drop(second.lock());
    })
}

/// The report, when the main greenlet waits for an event that nobody sets.
fn deadlock() -> Deadlock {
    let Err(Interrupt::Deadlock(deadlock)) = Event::new().wait() else { panic!("no deadlock") };
    deadlock
}

/// `text` with the lines of this file counted from `base`.
fn relative(text: &str, base: u32) -> String {
    let mut pieces = text.split(concat!(file!(), ":"));
    let mut relative = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (line, rest) = piece.split_once(')').unwrap();
        relative += &format!("+{}){rest}", line.parse::<u32>().unwrap() - base);
    }
    relative
}

fn assert_report(deadlock: &Deadlock, base: u32, expected: &[&str]) {
    let text = relative(&deadlock.to_string(), base);
    let text = text.strip_prefix("deadlock: nothing is left that could wake anybody; waiting: ").expect("it says so");
    assert_eq!(text.split("; ").collect::<Vec<_>>(), expected, "{text}");
}

fn wait_of(task: &Greenlet<impl Sized>) -> Option<Wait> {
    dump_tasks().tasks.into_iter().find(|info| info.id == task.id()).and_then(|info| info.waits_for)
}

#[test]
fn joins_in_a_circle_are_told_in_order() {
    let base = line!();
    run(|| {
        let later = Rc::new(RefCell::new(None::<Greenlet<()>>));
        let last = later.clone();
        let hen = named("hen", move || drop(last.borrow().as_ref().unwrap().join()));
        let egg = named("egg", move || drop(hen.join()));
        *later.borrow_mut() = Some(egg);
        let expected = [
            r##"#0 "main" (spawned at +1) waits for an event"##,
            r##"#1 "hen" (spawned at +4) waits for the end of #2 "egg""##,
            r##"#2 "egg" (spawned at +5) waits for the end of #1 "hen""##,
            r##"in a circle: #1 "hen" (spawned at +4) waits for the end of #2 "egg" (spawned at +5), which waits for the end of #1 "hen""##,
        ];
        assert_report(&deadlock(), base, &expected);
        later.borrow().as_ref().unwrap().kill_nowait();
    });
}

#[test]
fn two_locks_taken_in_two_orders_are_a_circle() {
    let base = line!();
    run(|| {
        let [one, two] = locks();
        takes("a", &one, &two);
        takes("b", &two, &one);
        let deadlock = deadlock();
        assert_eq!(deadlock.cycles(), [["a", "b"]]);
        let expected = [
            r##"#0 "main" (spawned at +1) waits for an event"##,
            r##"#1 "a" (spawned at +3) waits for a lock held by #2 "b""##,
            r##"#2 "b" (spawned at +4) waits for a lock held by #1 "a""##,
            r##"in a circle: #1 "a" (spawned at +3) waits for a lock held by #2 "b" (spawned at +4), which waits for a lock held by #1 "a""##,
        ];
        assert_report(&deadlock, base, &expected);
    });
}

#[test]
fn three_locks_are_a_circle_of_three_and_who_waits_outside_of_it_is_not_in_it() {
    let base = line!();
    run(|| {
        let [one, two, three, four] = locks();
        takes("outside", &four, &one);
        takes("a", &one, &two);
        takes("b", &two, &three);
        takes("c", &three, &one);
        let expected = [
            r##"#0 "main" (spawned at +1) waits for an event"##,
            r##"#1 "outside" (spawned at +3) waits for a lock held by #2 "a""##,
            r##"#2 "a" (spawned at +4) waits for a lock held by #3 "b""##,
            r##"#3 "b" (spawned at +5) waits for a lock held by #4 "c""##,
            r##"#4 "c" (spawned at +6) waits for a lock held by #2 "a""##,
            r##"in a circle: #2 "a" (spawned at +4) waits for a lock held by #3 "b" (spawned at +5), which waits for a lock held by #4 "c" (spawned at +6), which waits for a lock held by #2 "a""##,
        ];
        assert_report(&deadlock(), base, &expected);
    });
}

#[test]
fn a_join_under_a_lock_is_a_mixed_circle() {
    let base = line!();
    run(|| {
        let lock = Lock::default();
        let held = lock.lock().unwrap();
        let wanted = lock.clone();
        let worker = named("worker", move || drop(wanted.lock()));
        let Err(Interrupt::Deadlock(deadlock)) = worker.join() else { panic!("no deadlock") };
        let expected = [
            r##"#0 "main" (spawned at +1) waits for the end of #1 "worker""##,
            r##"#1 "worker" (spawned at +5) waits for a lock held by #0 "main""##,
            r##"in a circle: #0 "main" (spawned at +1) waits for the end of #1 "worker" (spawned at +5), which waits for a lock held by #0 "main""##,
        ];
        assert_report(&deadlock, base, &expected);
        drop(held);
        worker.join().unwrap();
    });
}

#[test]
fn a_lock_taken_twice_is_a_circle_of_one() {
    let base = line!();
    run(|| {
        let lock = Mutex::new(());
        let _held = lock.lock().unwrap();
        let Err(Interrupt::Deadlock(deadlock)) = lock.lock() else { panic!("no deadlock") };
        assert_eq!(deadlock.cycles(), [["main"]]);
        let expected = [
            r##"#0 "main" (spawned at +1) waits for a lock held by itself"##,
            r##"in a circle: #0 "main" (spawned at +1) waits for a lock held by itself"##,
        ];
        assert_report(&deadlock, base, &expected);
    });
}

#[test]
fn waits_for_what_nobody_owns_are_told_by_kind_and_are_no_circle() {
    let base = line!();
    run(|| {
        let (event, queue, permits) = (Event::new(), Queue::<u8>::bounded(1), Semaphore::new(0));
        let bounded = BoundedSemaphore::new(1);
        bounded.acquire().unwrap().forget();
        let waiting = event.clone();
        named("event", move || drop(waiting.wait()));
        let getting = queue.clone();
        named("get", move || drop(getting.get()));
        named("permit", move || drop(permits.acquire()));
        named("bounded", move || drop(bounded.acquire()));
        let deadlock = deadlock();
        assert!(deadlock.cycles().is_empty());
        let expected = [
            r##"#0 "main" (spawned at +1) waits for an event"##,
            r##"#1 "event" (spawned at +6) waits for an event"##,
            r##"#2 "get" (spawned at +8) waits for an item of a queue"##,
            r##"#3 "permit" (spawned at +9) waits for a permit of a semaphore"##,
            r##"#4 "bounded" (spawned at +10) waits for a permit of a semaphore"##,
        ];
        assert_report(&deadlock, base, &expected);
    });
}

#[test]
fn a_reader_that_reads_again_behind_a_writer_is_a_circle() {
    let base = line!();
    run(|| {
        let lock = Rc::new(RwLock::new(()));
        let reading = lock.clone();
        named("reader", move || {
            let _first = reading.read().unwrap();
            yield_now().unwrap();
            drop(reading.read());
        });
        named("writer", move || drop(lock.write()));
        let expected = [
            r##"#0 "main" (spawned at +1) waits for an event"##,
            r##"#1 "reader" (spawned at +4) waits for a lock held by #2 "writer""##,
            r##"#2 "writer" (spawned at +9) waits for a lock read by #1 "reader""##,
            r##"in a circle: #1 "reader" (spawned at +4) waits for a lock held by #2 "writer" (spawned at +9), which waits for a lock read by #1 "reader""##,
        ];
        assert_report(&deadlock(), base, &expected);
    });
}

#[test]
fn of_many_readers_four_are_named_and_the_rest_counted_also_as_they_leave() {
    virtual_run(|| {
        let lock = Rc::new(RwLock::new(()));
        let readers: Vec<_> = (1..=6)
            .map(|n| {
                let lock = lock.clone();
                spawn(move || {
                    let _read = lock.read().unwrap();
                    sleep(SECOND * n).unwrap();
                })
            })
            .collect();
        let writing = lock.clone();
        let writer = named("writer", move || drop(writing.write().unwrap()));
        sleep(MS).unwrap();
        assert_eq!(wait_of(&writer), Some(Wait::Readers { known: vec![1, 2, 3, 4], others: 2 }));
        let text = dump_tasks().to_string();
        assert!(text.contains(r##"waits for a lock read by #1 "greenlet-1", #2 "greenlet-2", "##), "{text}");
        assert!(text.contains(r##"#4 "greenlet-4", 2 more  [stack"##), "{text}");
        sleep(SECOND * 3).unwrap();
        assert_eq!(wait_of(&writer), Some(Wait::Readers { known: vec![4], others: 2 }));
        join_all(&readers).unwrap();
        writer.get().unwrap();
        assert_eq!(Hub::with(|hub| hub.holdings.len()), 0);
    });
}

#[test]
fn a_dump_of_the_living_shows_the_holder_of_now_through_every_hand_over() {
    run(|| {
        let lock = Lock::default();
        let held = lock.lock().unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|name| {
            let lock = lock.clone();
            named(name, move || {
                let _held = lock.lock().unwrap();
                Event::new().wait()
            })
        });
        yield_now().unwrap();
        assert_eq!([&a, &b, &c].map(wait_of), [(); 3].map(|()| Some(Wait::Lock(Some(0)))));
        assert!(dump_tasks().to_string().contains(r##"waits for a lock held by #0 "main"  [stack"##));
        drop(held);
        assert_eq!(wait_of(&a), None, "it has been handed the lock and has not run yet");
        assert_eq!([&b, &c].map(wait_of), [(); 2].map(|()| Some(Wait::Lock(Some(a.id())))));
        a.kill().unwrap();
        assert_eq!(wait_of(&c), Some(Wait::Lock(Some(b.id()))), "killed before it had it: the next one's");
        yield_now().unwrap();
        assert_eq!(wait_of(&c), Some(Wait::Lock(Some(b.id()))));
        b.kill().unwrap();
        yield_now().unwrap();
        assert!(lock.is_locked() && wait_of(&c) == Some(Wait::Other("for an event".into())));
        c.kill().unwrap();
        assert!(!lock.is_locked());
        assert_eq!(Hub::with(|hub| hub.holdings.len()), 0);
    });
}

#[test]
fn a_wait_for_a_lock_that_times_out_leaves_no_entry() {
    virtual_run(|| {
        let lock = Mutex::new(());
        let held = lock.lock().unwrap();
        for _ in 0..100 {
            assert!(lock.lock_timeout(MS).unwrap().is_none());
        }
        assert_eq!(Hub::with(|hub| hub.holdings.len()), 0);
        drop(held);
        assert!(lock.try_lock().is_some());
    });
}

#[test]
fn a_lock_whose_holder_has_ended_says_so() {
    run(|| {
        let lock = Lock::default();
        let kept = lock.clone();
        named("careless", move || std::mem::forget(kept.lock().unwrap())).join().unwrap();
        let Err(Interrupt::Deadlock(deadlock)) = lock.lock() else { panic!("no deadlock") };
        assert!(deadlock.waiting()[0].ends_with("waits for a lock held by greenlet 1, which has ended"), "{deadlock}");
        assert!(deadlock.cycles().is_empty());
    });
}

#[test]
fn a_lock_taken_outside_of_a_hub_has_no_holder_to_name() {
    let lock = Mutex::new(());
    let held = lock.try_lock().unwrap();
    run(|| {
        let Err(Interrupt::Deadlock(deadlock)) = lock.lock() else { panic!("no deadlock") };
        assert!(deadlock.waiting()[0].ends_with("waits for a lock held by no greenlet of this hub"), "{deadlock}");
    });
    drop(held);
    assert!(lock.try_lock().is_some());
}

#[test]
fn a_reentrant_lock_names_who_has_it_however_often() {
    run(|| {
        let lock = Rc::new(ReentrantMutex::new(()));
        let held = (lock.lock().unwrap(), lock.lock().unwrap());
        let wanted = lock.clone();
        let waiter = named("waiter", move || drop(wanted.lock().unwrap()));
        yield_now().unwrap();
        assert_eq!(wait_of(&waiter), Some(Wait::Lock(Some(0))));
        drop(held.0);
        yield_now().unwrap();
        assert_eq!(wait_of(&waiter), Some(Wait::Lock(Some(0))));
        drop(held.1);
        assert!(!lock.is_mine() && lock.try_lock().is_none(), "it is the waiter's");
        waiter.get().unwrap();
        assert!(lock.try_lock().is_some());
    });
}

/// Of such waits nobody on this hub can say who ends them; the kind is told.
#[test]
fn waits_for_other_threads_are_told_by_kind() {
    run(|| {
        let (event, permits, lock) = (across::Event::new(), across::Semaphore::new(0), across::Lock::new(()));
        let (_sender, receiver) = across::bounded::<u8>(1);
        let held = lock.lock().unwrap();
        let (for_event, for_permit, for_lock, for_item) =
            (event.clone(), permits.clone(), lock.clone(), receiver.clone());
        let all = [
            named("event", move || drop(for_event.wait())),
            named("permit", move || drop(for_permit.acquire())),
            named("lock", move || drop(for_lock.lock())),
            named("item", move || drop(for_item.recv())),
        ];
        yield_now().unwrap();
        let waits: Vec<String> = all.iter().map(|task| wait_of(task).unwrap().to_string()).collect();
        let expected = [
            "for an event of several threads",
            "for a permit of a semaphore of several threads",
            "for a lock of several threads",
            "for the other side of a channel between threads",
        ];
        assert_eq!(waits, expected);
        drop(held);
        kill_all(&all).unwrap();
    });
}

#[test]
fn what_a_greenlet_waits_for_takes_two_words_of_it() {
    assert_eq!(size_of::<crate::green::task::Why>(), 16);
}
