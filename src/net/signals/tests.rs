//! The rules of signals. The signals are the process's, so that each test has one of its own.

use std::cell::RefCell;
use std::time::Duration;

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGKILL, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::low_level::raise;

use super::*;
use crate::green::{Event, Interrupt, run, sleep, spawn, timeout};

const MS: Duration = Duration::from_millis(1);

fn soon(f: impl Fn() -> bool) -> bool {
    let waited = timeout(Duration::from_secs(10), || {
        while !f() {
            sleep(MS)?;
        }
        Ok::<_, Interrupt>(())
    });
    waited.is_ok()
}

/// Bug class 32: what a handler does never happens in signal context, so it may switch.
#[test]
fn a_handler_runs_in_a_greenlet_and_may_wait() {
    run(|| {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let hears = heard.clone();
        let guard = on(SIGUSR1, move || {
            sleep(MS).unwrap();
            hears.borrow_mut().push(green::current().name());
        });
        let guard = guard.unwrap();
        raise(SIGUSR1).unwrap();
        assert!(heard.borrow().is_empty());
        assert!(soon(|| heard.borrow().len() == 1));
        raise(SIGUSR1).unwrap();
        assert!(soon(|| heard.borrow().len() == 2));
        assert_eq!(heard.borrow()[0], format!("signal-{SIGUSR1}-handler"));
        guard.cancel();
        raise(SIGUSR1).unwrap();
        sleep(MS * 5).unwrap();
        assert_eq!(heard.borrow().len(), 2);
    });
}

#[test]
fn a_panic_in_a_handler_ends_main_with_it() {
    let ended = panic::catch_unwind(|| {
        run(|| {
            let _guard = on(SIGUSR2, || panic!("in the handler")).unwrap();
            raise(SIGUSR2).unwrap();
            sleep(Duration::from_secs(60)).unwrap();
        });
    });
    assert_eq!(*ended.unwrap_err().downcast_ref::<&str>().unwrap(), "in the handler");
}

#[test]
fn a_handler_alone_does_not_keep_the_hub_alive() {
    run(|| {
        let _guard = on(SIGWINCH, || ()).unwrap();
        green::yield_now().unwrap();
        assert!(matches!(Event::new().wait(), Err(Interrupt::Deadlock(_))));
    });
}

#[test]
fn a_wait_for_signals_says_which_came_and_is_no_deadlock() {
    run(|| {
        std::thread::spawn(|| {
            std::thread::sleep(MS * 30);
            raise(SIGHUP).unwrap();
        });
        assert_eq!(wait(&[SIGQUIT, SIGHUP]).unwrap(), SIGHUP);
    });
}

#[test]
fn a_wait_for_a_signal_ends_at_its_limit() {
    run(|| assert_eq!(wait_timeout(&[SIGCONT], MS * 5).unwrap(), None));
}

#[test]
fn a_signal_that_nobody_may_handle_is_refused() {
    run(|| assert_eq!(on(SIGKILL, || ()).err().unwrap().kind(), io::ErrorKind::InvalidInput));
}

#[test]
fn two_listeners_both_hear() {
    run(|| {
        let count = Rc::new(Cell::new(0));
        let (one, other) = (count.clone(), count.clone());
        let _one = on(SIGCHLD, move || one.set(one.get() | 1)).unwrap();
        let _other = on(SIGCHLD, move || other.set(other.get() | 2)).unwrap();
        raise(SIGCHLD).unwrap();
        assert!(soon(|| count.get() == 3));
        let waiter = spawn(|| wait_timeout(&[SIGCHLD], Duration::from_secs(10)));
        green::yield_now().unwrap();
        raise(SIGCHLD).unwrap();
        assert_eq!(waiter.get().unwrap().unwrap(), Some(SIGCHLD));
    });
}
