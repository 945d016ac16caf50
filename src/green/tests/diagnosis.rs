//! What the runtime says of itself: dumps, trees, circles, statistics, monitors, assertions, panics.

use std::io;
use std::sync::mpsc;

use super::*;
use crate::green::greenlet::join::join_task;
use crate::green::hub::Hub;

fn named<T: 'static>(name: &str, f: impl FnOnce() -> T + 'static) -> Greenlet<T> {
    Builder::new().name(name).spawn(f).unwrap()
}

/// Where [`named`] spawns.
const NAMED_LINE: u32 = 11;

/// A greenlet that joins whatever is put into `whom` before it runs.
fn joiner(name: &str, whom: &Rc<RefCell<Option<Greenlet<()>>>>) -> Greenlet<()> {
    let whom = whom.clone();
    named(name, move || drop(whom.borrow().as_ref().unwrap().join()))
}

#[test]
fn a_dump_says_of_each_greenlet_what_it_waits_for_and_whom() {
    Config::new().clock(ClockKind::Virtual).track().run(|| {
        let queue = Queue::<u32>::unbounded();
        let getting = queue.clone();
        let getter = named("getter", move || getting.get());
        let watched = getter.task.clone();
        let joining = named("joiner", move || join_task(&watched, (SECOND * 9).into()));
        let ready = named("ready", || ());
        sleep(SECOND).unwrap();
        let late = named("late", || ());
        let dump = dump_tasks();
        let by_name = |name: &str| dump.tasks.iter().find(|task| task.name == name).unwrap().clone();
        assert!(ready.is_done() && !dump.tasks.iter().any(|task| task.name == "ready"));
        assert_eq!(by_name("main").state, State::Running);
        assert_eq!(by_name("late").stack_used_bytes, None);
        let getter_info = by_name("getter");
        assert_eq!(getter_info.waited, Some(SECOND));
        assert_eq!((getter_info.parent, getter_info.spawned_at.file()), (Some(0), file!()));
        assert_eq!(getter_info.stack_bytes, DEFAULT_STACK_BYTES);
        assert!((100..64 * 1024).contains(&getter_info.stack_used_bytes.unwrap()), "{getter_info:?}");
        let joiner = by_name("joiner");
        assert_eq!((joiner.waits_for, joiner.ends_in), (Some(Wait::End(getter.id())), Some(SECOND * 8)));
        let text = dump.to_string();
        assert!(text.contains("waits for the end of #1 \"getter\", for 1s now, for 8s more at most"), "{text}");
        assert!(text.contains("waits for an item of a queue, for 1s now"), "{text}");
        assert!(text.contains("is ready to run") && text.contains(" of 256 KiB]"), "{text}");
        queue.close();
        getter.get().unwrap().unwrap();
        assert!(joining.get().unwrap().unwrap());
        late.join().unwrap();
    });
}

#[test]
fn a_dump_names_the_descriptor_that_is_waited_for() {
    run(|| {
        let (mine, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        mine.set_nonblocking(true).unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&mine);
        let reader =
            spawn(move || Watched::new(mine).unwrap().read(None, |mut from| io::Read::read(&mut from, &mut [0])));
        yield_now().unwrap();
        sleep(MS).unwrap();
        let dump = dump_tasks();
        assert_eq!(dump.tasks[1].waits_for, Some(Wait::Read(fd)), "{dump}");
        drop(theirs);
        assert_eq!(reader.get().unwrap().unwrap(), Some(0));
    });
}

#[test]
fn the_tree_shows_who_spawned_whom_and_orphans_at_the_left() {
    run(|| {
        let event = Event::new();
        let wait = |event: &Event| {
            let event = event.clone();
            move || event.wait()
        };
        let (inner, orphan) = (wait(&event), wait(&event));
        let outer_wait = wait(&event);
        let outer = named("outer", move || {
            named("inner", inner);
            outer_wait()
        });
        named("gone", move || drop(named("orphan", orphan))).join().unwrap();
        yield_now().unwrap();
        let tree = dump_tasks().tree().to_string();
        let shape: Vec<String> = tree.lines().map(|line| line.split(" (").next().unwrap().to_owned()).collect();
        assert_eq!(shape, [r##"#0 "main""##, r##"  #1 "outer""##, r##"    #3 "inner""##, r##"#4 "orphan""##], "{tree}");
        event.set();
        outer.join().unwrap();
    });
}

/// Bug class 28, told as a graph.
#[test]
fn a_deadlock_names_each_circle_once_and_from_its_oldest() {
    run(|| {
        let (to_b, to_c, to_a, to_y, to_x) = <(Rc<_>, Rc<_>, Rc<_>, Rc<_>, Rc<_>)>::default();
        let (a, b, c) = (joiner("a", &to_b), joiner("b", &to_c), joiner("c", &to_a));
        let (x, y) = (joiner("x", &to_y), joiner("y", &to_x));
        let watched = c.task.clone();
        named("bystander", move || drop(join_task(&watched, Limit::NEVER)));
        for (place, whom) in [(&to_b, b), (&to_c, c), (&to_a, a), (&to_y, y), (&to_x, x)] {
            *place.borrow_mut() = Some(whom);
        }
        let Err(Interrupt::Deadlock(deadlock)) = Event::new().wait() else { panic!("no deadlock") };
        assert_eq!(deadlock.cycles(), [vec!["a", "b", "c"], vec!["x", "y"]]);
        let text = Interrupt::Deadlock(deadlock).to_string();
        let at = format!("(spawned at {}:{})", file!(), NAMED_LINE);
        let expected = format!(
            r##"; in a circle: #1 "a" {at} waits for the end of #2 "b" {at}, which waits for the end of #3 "c" {at}, "##
        ) + r##"which waits for the end of #1 "a""##
            + &format!(
                r##"; in a circle: #4 "x" {at} waits for the end of #5 "y" {at}, which waits for the end of #4 "x""##
            );
        assert!(text.ends_with(&expected), "{text}");
        assert!(
            text.contains("\"bystander\" (spawned at") && text.contains("waits for the end of #3 \"c\";"),
            "{text}"
        );
        for place in [to_b, to_x] {
            place.borrow().as_ref().unwrap().kill_nowait();
        }
        sleep(MS).unwrap();
        assert_eq!(dump_tasks().tasks.len(), 1, "all ended, each after whom it waited for");
    });
}

#[test]
fn a_deadlock_of_many_names_twenty_and_counts_the_rest() {
    run(|| {
        let event = Event::new();
        let all: Vec<_> = (0..30).map(|_| event.clone()).map(|event| spawn(move || event.wait())).collect();
        let Err(Interrupt::Deadlock(deadlock)) = all[0].join() else { panic!("no deadlock") };
        assert_eq!((deadlock.waiting().len(), deadlock.unnamed(), deadlock.cycles().len()), (20, 11, 0));
        assert!(deadlock.to_string().ends_with("; and 11 more"), "{deadlock}");
        event.set();
    });
}

#[test]
fn a_killed_greenlet_is_found_by_its_id_and_an_ended_one_is_not() {
    run(|| {
        let sleeper = spawn(|| sleep(SECOND * 1000));
        yield_now().unwrap();
        assert!(kill_by_id(sleeper.id()));
        assert!(matches!(sleeper.get(), Err(GetError::Killed)));
        assert!(!kill_by_id(sleeper.id()) && !kill_by_id(u64::MAX));
    });
}

#[test]
fn statistics_count_greenlets_switches_polls_timers_and_stacks() {
    run(|| {
        let event = Event::new();
        let all: Vec<_> = (0..40).map(|_| event.clone()).map(|event| spawn(move || event.wait())).collect();
        let before = stats();
        assert_eq!((before.live, before.ready, before.spawned, before.timers), (41, 40, 41, 0));
        sleep(MS).unwrap();
        let parked = stats();
        assert_eq!((parked.ready, parked.peak, parked.switches - before.switches), (0, 41, 41));
        assert!(parked.polls > before.polls);
        event.set();
        join_all(&all).unwrap();
        let after = stats();
        assert_eq!((after.live, after.peak, after.stacks_made, after.stacks_free), (1, 41, 41, 40));
        std::thread::sleep(MS * 30);
        sleep(MS).unwrap();
        assert!(stats().longest_without_poll >= MS * 30, "{}", stats());
        assert!(stats().to_string().contains("live 1 (peak 41), ready 0, timers "));
    });
}

#[test]
fn statistics_come_every_period_of_the_hubs_time_and_end_with_their_handle() {
    virtual_run(|| {
        let told = Rc::new(RefCell::new(Vec::new()));
        let (into, start) = (told.clone(), now());
        let every = stats_every(SECOND * 10, move |stats| into.borrow_mut().push((now() - start, stats.live)));
        let task = spawn(|| sleep(SECOND * 25));
        sleep(SECOND * 35).unwrap();
        assert_eq!(*told.borrow(), [(SECOND * 10, 2), (SECOND * 20, 2), (SECOND * 30, 1)]);
        assert!(task.is_done());
        drop(every);
        sleep(SECOND * 100).unwrap();
        assert_eq!(told.borrow().len(), 3);
    });
}

#[test]
fn statistics_hide_no_deadlock_and_one_that_panics_harms_nobody() {
    for clock in [ClockKind::Real, ClockKind::Virtual] {
        Config::new().clock(clock).run(|| {
            let _every = stats_every(MS, |_| panic!("in a report"));
            sleep(MS * 5).unwrap();
            assert!(matches!(Event::new().wait(), Err(Interrupt::Deadlock(_))));
        });
    }
}

/// Table A, S0.3.
#[test]
fn the_monitor_names_the_greenlet_that_blocks_the_loop_once_a_stretch_and_no_other() {
    run(|| {
        let (tell, told) = mpsc::channel();
        let monitoring = Monitor::new().max_blocking(MS * 20).start(move |event| tell.send(event.clone()).unwrap());
        let fair = named("fair", || (0..1000).try_for_each(|_| yield_now()));
        let rude = named("rude", move || (told.recv_timeout(SECOND * 20).unwrap(), told));
        let (event, told) = rude.get().unwrap();
        let MonitorEvent::Blocked(running) = event else { panic!("{event:?}") };
        assert_eq!((&*running.name, running.id, running.spawned_at.file()), ("rude", rude.id(), file!()));
        assert!(running.blocked_for >= MS * 20 && running.since.elapsed() >= running.blocked_for);
        fair.get().unwrap().unwrap();
        // A hub that sleeps blocks nobody.
        sleep(MS * 80).unwrap();
        drop(monitoring);
        std::thread::sleep(MS * 80);
        assert!(told.try_iter().next().is_none());
        assert!(!Hub::with(|hub| hub.diagnosis.is_on()));
    });
}

#[test]
fn the_monitor_tells_once_that_memory_is_above_its_limit() {
    run(|| {
        let (tell, told) = mpsc::channel();
        let _monitoring = Monitor::new().max_blocking(MS * 4).memory_period(MS).max_memory(1).start(move |event| {
            if !matches!(event, MonitorEvent::Blocked(_)) {
                tell.send(event.clone()).unwrap();
            }
        });
        let told = offload(move || (told.recv_timeout(SECOND * 20).unwrap(), told.recv_timeout(MS * 50))).unwrap();
        assert!(matches!(told.0, MonitorEvent::MemoryAbove { bytes } if bytes > 100_000), "{told:?}");
        assert!(told.1.is_err(), "{told:?}");
    });
}

#[test]
fn a_monitor_outlives_its_hub_without_harm() {
    let monitoring = run(|| Monitor::new().max_blocking(MS).start(|event| panic!("{event:?}")));
    std::thread::sleep(MS * 20);
    drop(monitoring);
}

#[test]
fn assert_switches_passes_what_waits_and_names_who_did_not() {
    run(|| {
        assert_eq!(assert_switches(|| sleep(MS).map(|()| 7)).unwrap(), 7);
        assert_switches(yield_now).unwrap();
        let stubborn = named("stubborn", || assert_switches(|| 1 + 1));
        let Err(GetError::Panicked(panic)) = stubborn.get() else { panic!("it passed") };
        assert_eq!(panic.message(), "stubborn did not let others run: nothing in here waited");
    });
}

#[test]
fn assert_no_block_finds_the_longest_stretch_of_this_greenlet_only() {
    run(|| {
        let other = spawn(|| {
            yield_now().unwrap();
            std::thread::sleep(MS * 60);
        });
        assert_no_block(MS * 50, || sleep(MS * 100)).unwrap();
        assert!(other.is_done());
        let nested = named("nested", || {
            assert_no_block(SECOND * 9, || {
                assert_no_block(MS * 20, || {
                    yield_now().unwrap();
                    std::thread::sleep(MS * 40);
                    yield_now().unwrap();
                })
            })
        });
        let Err(GetError::Panicked(panic)) = nested.get() else { panic!("it passed") };
        let text = panic.message();
        assert!(text.starts_with("nested blocked the loop for "), "{text}");
        assert!(text.ends_with("ms, longer than 20ms: offload what blocks"), "{text}");
        assert!(!Hub::with(|hub| hub.diagnosis.is_on()), "what unwound is watched no more");
    });
}

#[test]
fn a_panic_says_which_greenlet_and_where_it_was_spawned() {
    run(|| {
        let broken = Builder::new().name("broken").spawn(|| -> () { panic!("no bread") }).unwrap();
        let line = line!() - 1;
        let Err(error) = broken.get() else { panic!("it passed") };
        let expected = format!("the greenlet broken (spawned at {}:{line}) panicked: no bread", file!());
        assert_eq!(error.to_string(), expected);
        let GetError::Panicked(panic) = error else { panic!("{error}") };
        assert_eq!((panic.greenlet(), panic.spawned_at().unwrap().file()), (Some("broken"), file!()));
        let Err(OffloadError::Panicked(panic)) = offload(|| panic!("no table")) else { panic!("it passed") };
        assert_eq!((panic.greenlet(), panic.to_string()), (None, "no table".to_owned()));
    });
}

#[test]
fn the_panic_hook_hears_of_panics_may_wait_and_may_panic_and_hears_of_no_kill() {
    let told = Rc::new(RefCell::new(Vec::new()));
    let into = told.clone();
    let main = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        virtual_run(|| {
            on_panic(move |panic| {
                sleep(SECOND).unwrap();
                into.borrow_mut().push(panic.message().to_owned());
                panic!("in the hook");
            });
            let broken = spawn(|| panic!("one"));
            assert!(matches!(broken.get(), Err(GetError::Panicked(_))));
            let killed = spawn(|| sleep(SECOND));
            yield_now().unwrap();
            killed.kill().unwrap();
            panic!("main's own");
        })
    }));
    assert!(main.is_err());
    assert_eq!(*told.borrow(), ["one"]);
}

/// Table A, S3.1. Whoever runs says so; nobody ever finds another running.
#[test]
fn never_two_greenlets_run_at_once() {
    let running = Rc::new(Cell::new(0));
    Config::new().clock(ClockKind::Virtual).seed(31).run(|| {
        let all: Vec<_> = (0..50u32)
            .map(|n| {
                let running = running.clone();
                spawn(move || {
                    for step in 0..20 {
                        assert_eq!(running.replace(1), 0);
                        let others = dump_tasks().tasks.iter().filter(|task| task.state == State::Running).count();
                        assert_eq!(others, 1, "it is the only one");
                        running.set(0);
                        sleep(MS * (n * step % 3)).unwrap();
                    }
                })
            })
            .collect();
        all.iter().for_each(|task| task.get().unwrap());
    });
}

#[test]
fn a_report_of_a_second_reader_says_who_the_first_is() {
    run(|| {
        let (mine, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        mine.set_nonblocking(true).unwrap();
        let watched = Rc::new(Watched::new(mine).unwrap());
        let first = watched.clone();
        let first = named("first", move || first.read(None, |mut from| io::Read::read(&mut from, &mut [0])));
        yield_now().unwrap();
        let refused = watched.read(None, |_| Ok(())).unwrap_err();
        assert!(refused.to_string().starts_with("#1 \"first\" is reading descriptor "), "{refused}");
        assert!(refused.to_string().ends_with(" already: one greenlet a direction"), "{refused}");
        first.kill().unwrap();
    });
}

#[test]
fn a_tracked_wait_costs_no_memory_once_its_greenlet_has_ended() {
    Config::new().track().run(|| {
        (0..1000).for_each(|_| drop(spawn(|| sleep(MS / 100)).get().unwrap()));
        assert!(Hub::with(|hub| hub.diagnosis.tracked_waits()) <= 1, "main's own");
    });
}
