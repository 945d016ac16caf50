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

/// Bug class 50: the report comes also where a panic is on its way already.
#[test]
fn an_overflow_in_a_destructor_of_an_unwinding_greenlet_is_reported_all_the_same() {
    struct Deep;
    impl Drop for Deep {
        fn drop(&mut self) {
            recurse(0);
        }
    }
    if is_child() {
        return green::run(|| {
            let unwinding = Builder::new().name("unwinding").stack_bytes(64 * 1024).spawn(|| {
                let _deep = Deep;
                panic!("first");
            });
            drop(unwinding.unwrap().join());
        });
    }
    let (output, said) = again("an_overflow_in_a_destructor_of_an_unwinding_greenlet_is_reported_all_the_same");
    assert_names_the_greenlet(&output, &said, "unwinding", "64");
    assert!(said.contains("first"), "{said}");
}

/// Bug class 50: an error of the recursion that is caught in time leaves reports whole, its own and later ones.
#[test]
fn a_recursion_that_panics_deep_down_is_told_and_a_later_overflow_too() {
    fn dive(depth: u32) -> u64 {
        let frame = black_box([u64::from(depth); 16]);
        assert!(depth < 500, "too deep");
        dive(depth + 1) + frame[3]
    }
    if is_child() {
        return green::run(|| {
            for _ in 0..3 {
                let Err(error) = Builder::new().name("diver").spawn(|| dive(0)).unwrap().get() else { return };
                assert!(error.to_string().ends_with("panicked: too deep"), "{error}");
            }
            drop(Builder::new().name("later").spawn(|| recurse(0)).unwrap().get());
        });
    }
    let (output, said) = again("a_recursion_that_panics_deep_down_is_told_and_a_later_overflow_too");
    assert_names_the_greenlet(&output, &said, "later", "256");
    assert_eq!(said.matches("too deep").count(), 3, "{said}");
}

/// Bug class 49: the library calls that people take for granted fit the smallest stack, or its overflow is reported; they
/// never run over what lies below it.
#[test]
fn ordinary_calls_on_the_smallest_stack_work_or_name_the_greenlet() {
    if is_child() {
        return green::run(|| {
            let ordinary = || {
                let mut words: Vec<String> = (0..100).map(|n| format!("{:>5} {:?}", n * 7 % 13, Some(n))).collect();
                words.sort();
                let table: std::collections::HashMap<_, _> = words.iter().zip(1..).collect();
                let parsed: f64 = "1234.5e-3".parse().unwrap();
                eprintln!("{} words, {parsed:.3}", table.len());
                std::fs::metadata("/").unwrap().is_dir()
            };
            let small = Builder::new().name("small").stack_bytes(green::MIN_STACK_BYTES).spawn(ordinary).unwrap();
            assert!(small.get().unwrap());
            eprintln!("done");
        });
    }
    let (output, said) = again("ordinary_calls_on_the_smallest_stack_work_or_name_the_greenlet");
    if output.status.success() {
        assert!(said.contains("100 words, 1.234") || said.contains("100 words, 1.235"), "{said}");
        assert!(said.contains("done"), "{said}");
    } else {
        assert_names_the_greenlet(&output, &said, "small", "16");
    }
}

/// Bug class 49: the reporter itself needs stack. std's panic message with a whole backtrace needs more than a small
/// greenlet has: then the overflow is what is told, and not nothing.
#[test]
fn a_panic_with_a_backtrace_on_the_smallest_stack_is_told_or_its_overflow_is() {
    if is_child() {
        return green::run(|| {
            std::panic::set_hook(Box::new(|info| eprintln!("{info}\n{}", std::backtrace::Backtrace::force_capture())));
            let small = Builder::new().name("small").stack_bytes(green::MIN_STACK_BYTES);
            let small = small.spawn(|| -> () { panic!("no bread") }).unwrap();
            let Err(error) = small.get() else { panic!("it passed") };
            eprintln!("got: {error}");
        });
    }
    let (output, said) = again("a_panic_with_a_backtrace_on_the_smallest_stack_is_told_or_its_overflow_is");
    if output.status.success() {
        assert!(said.contains("got: the greenlet small (spawned at tests/overflow.rs:"), "{said}");
    } else {
        assert_names_the_greenlet(&output, &said, "small", "16");
    }
}

#[test]
fn an_overflow_of_a_greenlet_with_a_very_long_name_still_says_size_and_spawn_site() {
    let name = "é".repeat(2000);
    if is_child() {
        return green::run(|| {
            drop(Builder::new().name(&name).stack_bytes(32 * 1024).spawn(|| recurse(0)).unwrap().get())
        });
    }
    let (output, said) = again("an_overflow_of_a_greenlet_with_a_very_long_name_still_says_size_and_spawn_site");
    assert_names_the_greenlet(&output, &said, &name[..300], "32");
}

#[test]
fn an_overflow_after_many_switches_names_the_one_that_runs_and_not_its_spawner() {
    if is_child() {
        return green::run(|| {
            let outer = Builder::new().name("outer").spawn(|| {
                let inner = Builder::new().name("inner").stack_bytes(32 * 1024).spawn(|| {
                    (0..100).for_each(|_| green::yield_now().unwrap());
                    recurse(0)
                });
                inner.unwrap().get().unwrap()
            });
            let _others: Vec<_> =
                (0..10).map(|_| green::spawn(|| (0..200).try_for_each(|_| green::yield_now()))).collect();
            drop(outer.unwrap().get());
        });
    }
    let (output, said) = again("an_overflow_after_many_switches_names_the_one_that_runs_and_not_its_spawner");
    assert_names_the_greenlet(&output, &said, "inner", "32");
}
