//! What a stack overflow ends with: each case runs in a child process, which is this test binary again.

use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use gfetch::green::{self, Builder};

const CASE: &str = "GFETCH_TEST_OVERFLOW";
const SIGSEGV: i32 = 11;
const SIGABRT: i32 = 6;

/// Runs the test `name` of this binary again with `CASE` set, so that it does what it otherwise only watches.
fn again(name: &str) -> (Output, String) {
    let me = std::env::current_exe().unwrap();
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    let output = Command::new(me).args(arguments).env(CASE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

fn is_child() -> bool {
    std::env::var_os(CASE).is_some()
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(depth) == u64::MAX { 0 } else { recurse(depth + 1) + frame[(depth % 64) as usize] }
}

#[inline(never)]
fn large_frame(seed: u8) -> u64 {
    let frame = black_box([seed; 300 * 1024]);
    frame.iter().map(|&byte| u64::from(byte)).sum()
}

fn assert_names_the_greenlet(output: &Output, said: &str, name: &str, kib: &str) {
    assert_eq!(output.status.signal(), Some(SIGSEGV), "{said}");
    assert!(said.contains(&format!("gfetch: greenlet {name} (spawned at tests/overflow.rs:")), "{said}");
    assert!(said.contains(&format!("overflowed its stack of {kib} KiB")), "{said}");
}

#[test]
fn deep_recursion_in_a_greenlet_names_it_its_stack_and_its_spawn_site() {
    if is_child() {
        return green::run(|| {
            // Others live beside it: the message names the right one.
            let _others: Vec<_> = (0..10).map(|_| green::spawn(green::yield_now)).collect();
            let deep = Builder::new().name("deep").stack_bytes(64 * 1024).spawn(|| recurse(0)).unwrap();
            drop(deep.get());
        });
    }
    let (output, said) = again("deep_recursion_in_a_greenlet_names_it_its_stack_and_its_spawn_site");
    assert_names_the_greenlet(&output, &said, "deep", "64");
}

#[test]
fn one_frame_larger_than_the_stack_is_caught_by_the_guard() {
    if is_child() {
        return green::run(|| drop(Builder::new().name("wide").spawn(|| large_frame(1)).unwrap().get()));
    }
    let (output, said) = again("one_frame_larger_than_the_stack_is_caught_by_the_guard");
    assert_names_the_greenlet(&output, &said, "wide", "256");
}

#[test]
fn an_overflow_in_the_main_greenlet_of_a_second_hub_names_it() {
    if is_child() {
        green::run(|| ());
        let second = || green::Config::new().main_stack_bytes(128 * 1024).run(|| assert_ne!(recurse(0), 0));
        return std::thread::spawn(second).join().unwrap();
    }
    let (output, said) = again("an_overflow_in_the_main_greenlet_of_a_second_hub_names_it");
    assert_names_the_greenlet(&output, &said, "main", "128");
}

#[test]
fn an_overflow_of_a_plain_thread_still_gets_stds_own_message() {
    if is_child() {
        green::run(|| drop(green::spawn(|| ()).get()));
        std::thread::Builder::new().name("plain".into()).spawn(|| recurse(0)).unwrap().join().unwrap();
        return;
    }
    let (output, said) = again("an_overflow_of_a_plain_thread_still_gets_stds_own_message");
    assert_eq!(output.status.signal(), Some(SIGABRT), "{said}");
    assert!(said.contains("thread 'plain'") && said.contains("has overflowed its stack"), "{said}");
    assert!(!said.contains("gfetch: greenlet"), "{said}");
}

#[test]
fn an_overflow_of_another_thread_is_not_laid_to_a_greenlet_that_runs_meanwhile() {
    if is_child() {
        return green::run(|| {
            let bystander = green::spawn(|| {
                let plain = std::thread::Builder::new().name("plain".into());
                plain.spawn(|| recurse(0)).unwrap().join().unwrap()
            });
            drop(bystander.get());
        });
    }
    let (output, said) = again("an_overflow_of_another_thread_is_not_laid_to_a_greenlet_that_runs_meanwhile");
    assert_eq!(output.status.signal(), Some(SIGABRT), "{said}");
    assert!(said.contains("thread 'plain'") && !said.contains("gfetch: greenlet"), "{said}");
}

#[test]
fn a_fault_signal_that_is_no_overflow_is_left_to_the_handler_before_ours() {
    if is_child() {
        return green::run(|| {
            // Sent by kill(2), so that its address is no guard's. The handler before ours is std's, which restores the
            // default action: the second one ends the process.
            let twice = format!("kill -SEGV {0}; sleep 0.1; kill -SEGV {0}", std::process::id());
            drop(green::spawn(move || Command::new("sh").args(["-c", &twice]).status()).get());
        });
    }
    let (output, said) = again("a_fault_signal_that_is_no_overflow_is_left_to_the_handler_before_ours");
    assert!(!said.contains("gfetch: greenlet"), "{said}");
    assert_eq!(output.status.signal(), Some(SIGSEGV), "{said}");
}
