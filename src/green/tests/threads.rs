//! Other OS threads: offloaded calls, mailboxes, handles.

use super::*;

#[test]
fn a_panic_is_kept_in_the_handle_and_harms_nobody_else() {
    run(|| {
        let bad = spawn(|| panic!("boom {}", 7));
        let good = spawn(|| 1);
        assert_eq!(good.get().unwrap(), 1);
        match bad.get() {
            Err(GetError::Panicked(panic)) => assert_eq!(panic.message(), "boom 7"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn an_offloaded_call_runs_elsewhere_while_greenlets_go_on() {
    run(|| {
        let here = std::thread::current().id();
        let ticks = Rc::new(Cell::new(0));
        let count = ticks.clone();
        let ticker = spawn(move || {
            loop {
                count.set(count.get() + 1);
                sleep(MS).unwrap();
            }
        });
        let there = offload(|| {
            std::thread::sleep(MS * 30);
            std::thread::current().id()
        });
        assert_ne!(there.unwrap(), here);
        assert!(ticks.get() > 2, "{}", ticks.get());
        ticker.kill().unwrap();
    });
}

#[test]
fn a_panic_in_an_offloaded_call_is_carried_back() {
    run(|| match offload(|| panic!("over there")) {
        Err(OffloadError::Panicked(panic)) => assert_eq!(panic.message(), "over there"),
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_timeout_abandons_an_offloaded_call() {
    run(|| {
        let slow = timeout(MS * 5, || offload(|| std::thread::sleep(MS * 200)));
        assert!(slow.is_err());
    });
}

#[test]
fn another_thread_wakes_a_sleeping_hub_at_once() {
    run(|| {
        let (sender, mailbox) = mailbox();
        std::thread::spawn(move || {
            for n in 0..100 {
                if n % 10 == 0 {
                    std::thread::sleep(MS);
                }
                sender.send(n);
            }
        });
        let mut got = Vec::new();
        while let Some(n) = mailbox.receive().unwrap() {
            got.push(n);
        }
        assert_eq!(got, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_hub_waits_for_a_handle_and_reports_the_deadlock_once_it_is_gone() {
    run(|| {
        let handle = Handle::current();
        std::thread::spawn(move || {
            std::thread::sleep(MS * 20);
            drop(handle);
        });
        assert!(matches!(Event::new().wait(), Err(Interrupt::Deadlock(_))));
    });
}

#[test]
fn a_busy_pair_starves_neither_timers_nor_descriptors() {
    run(|| {
        let stop = Rc::new(Cell::new(false));
        for _ in 0..2 {
            let stop = stop.clone();
            spawn(move || {
                while !stop.get() {
                    yield_now().unwrap()
                }
            });
        }
        let start = now();
        sleep(MS * 20).unwrap();
        assert!(now() - start < SECOND * 10);
        stop.set(true);
    });
}

#[test]
fn the_hub_is_usable_again_on_the_same_thread() {
    assert_eq!(run(|| 1) + run(|| 2), 3);
}
