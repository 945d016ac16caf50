//! What a fork with a live hub ends with. Each case runs in a child process, which is this test binary again: there the test's
//! thread forks.
#![allow(unsafe_code)]

use std::panic::{self, AssertUnwindSafe};
use std::process::Command;
use std::time::Duration;

use gfetch::green;
use gfetch::net::{Resolver, ResolverConfig};

const CASE: &str = "GFETCH_TEST_FORK";
const MS: Duration = Duration::from_millis(1);

/// Runs the test `name` of this binary again with `CASE` set.
fn again(name: &str) {
    let me = std::env::current_exe().unwrap();
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    let output = Command::new(me).args(arguments).env(CASE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn is_child() -> bool {
    std::env::var_os(CASE).is_some()
}

/// 0 in the child, else the child's number.
fn fork() -> i32 {
    // SAFETY: of this process's two threads the other (the test runner's) sleeps in a wait and holds no lock that the
    // child needs; the child ends by `leave`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    pid
}

fn leave(well: bool) -> ! {
    // SAFETY: it ends the process and touches nothing.
    unsafe { libc::_exit(i32::from(!well)) }
}

fn ended_well(pid: i32) -> bool {
    let mut status = 0;
    // SAFETY: `status` is a place for the status to be written to.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

fn told(ended: std::thread::Result<()>) -> bool {
    let Err(payload) = ended else { return false };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .is_some_and(|text| text.contains("fork before green::run"))
}

/// Bug class 30.
#[test]
fn a_wait_in_a_forks_child_panics_with_advice_and_the_parent_goes_on() {
    if !is_child() {
        return again("a_wait_in_a_forks_child_panics_with_advice_and_the_parent_goes_on");
    }
    green::run(|| {
        let other = green::spawn(|| green::sleep(MS * 20).is_ok());
        green::sleep(MS).unwrap();
        let pid = fork();
        if pid == 0 {
            leave(told(panic::catch_unwind(AssertUnwindSafe(|| drop(green::sleep(MS))))));
        }
        assert!(ended_well(pid));
        assert!(other.get().unwrap());
    });
}

/// Bug class 30: the greenlet that forked just ends; `run` tells the child, and nobody else runs twice.
#[test]
fn the_others_do_not_run_on_in_a_forks_child() {
    if !is_child() {
        return again("the_others_do_not_run_on_in_a_forks_child");
    }
    let (forked, turns) = (std::cell::Cell::new(-1), std::rc::Rc::new(std::cell::Cell::new((0, 0))));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        green::run(|| {
            let (busy, noting) = (turns.clone(), turns.clone());
            green::spawn(move || {
                while green::yield_now().is_ok() {
                    busy.set((busy.get().0 + 1, busy.get().1));
                }
            });
            green::sleep(MS).unwrap();
            let forker = green::spawn(move || {
                noting.set((noting.get().0, noting.get().0));
                fork()
            });
            let pid = forker.get().unwrap();
            forked.set(pid);
            assert!(ended_well(pid));
        });
    }));
    match forked.get() {
        -1 => leave(told(ended) && turns.get().0 == turns.get().1),
        0 => leave(false),
        _ => ended.unwrap(),
    }
}

/// Bug class 30: a daemon forks between two runs, and the pool's threads do not come along.
#[test]
fn a_fork_between_two_runs_leaves_a_child_that_runs_and_offloads() {
    if !is_child() {
        return again("a_fork_between_two_runs_leaves_a_child_that_runs_and_offloads");
    }
    assert_eq!(green::run(|| green::offload(|| 1)).unwrap(), 1);
    let pid = fork();
    let again = green::run(|| {
        green::sleep(MS).unwrap();
        green::offload(|| 2)
    });
    if pid == 0 {
        leave(again.is_ok_and(|two| two == 2));
    }
    assert!(ended_well(pid) && again.unwrap() == 2);
}

/// Bug class 30: in the child of a daemonize the resolver was dead.
#[test]
fn names_are_looked_up_in_a_forks_child_too() {
    if !is_child() {
        return again("names_are_looked_up_in_a_forks_child_too");
    }
    let look_up = || {
        let address = std::net::IpAddr::from([192, 0, 2, 7]);
        let lookup_with = std::sync::Arc::new(move |_: &str, _| Ok(vec![address]));
        let config = ResolverConfig { lookup_with, ..ResolverConfig::default() };
        green::run(|| Resolver::new(config).lookup("a.example", 80).map(|found| found[0].ip() == address))
    };
    assert!(look_up().unwrap());
    let pid = fork();
    let found = look_up();
    if pid == 0 {
        leave(found.is_ok_and(|found| found));
    }
    assert!(ended_well(pid) && found.unwrap());
}
