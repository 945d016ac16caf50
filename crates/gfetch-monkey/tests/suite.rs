//! gfetch's own test suite in a program that links this crate: what greenlets, sockets, servers, processes and threads
//! promise. It never patches, and everything is as before; and once more, in a process of its own, patched from its first
//! moment on: then everything is as before but what says that a sleep of std's keeps everybody waiting.

use std::env;
use std::process::{Command, Output};

use gfetch_monkey::{Feature, is_patched, patch_all, report};

#[path = "../../../tests/gevent/main.rs"]
mod gevent;
#[path = "../../../tests/streams.rs"]
mod streams;
#[path = "../../../tests/tutorials.rs"]
mod tutorials;

/// Set for the process that is patched.
const PATCHED: &str = "GFETCH_MONKEY_SUITE_IS_PATCHED";

/// What a sleep of std's is when it is not patched.
const A_SLEEP_BLOCKS: &str = "gevent::tutorials::s1_3_a_sleep_of_std_does_not_switch_and_blocks_everyone";
/// This tells of one who blocks by such a sleep, and waits a minute for it.
const WHO_BLOCKS_IS_TOLD: &str =
    "gevent::settings::a_monitor_that_is_told_nothing_tells_of_a_tenth_of_a_second_and_not_of_memory";

/// Before `main`, and so before any test: the C library runs what stands in this list.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    if env::var_os(PATCHED).is_some() {
        patch_all();
    }
}

fn in_a_patched_process(arguments: &[&str]) -> Output {
    Command::new(env::current_exe().unwrap()).env(PATCHED, "").args(arguments).output().unwrap()
}

#[test]
fn every_function_is_ours_and_patched_only_where_that_is_said() {
    assert!(report().left_out().next().is_none());
    let patched = env::var_os(PATCHED).is_some();
    assert!(Feature::ALL.iter().all(|feature| is_patched(*feature) == patched));
}

#[test]
fn the_suite_passes_patched_too_but_for_what_says_that_a_sleep_blocks() {
    let others = ["--skip", A_SLEEP_BLOCKS, "--skip", WHO_BLOCKS_IS_TOLD, "--skip", "the_suite_passes_patched_too"];
    let output = in_a_patched_process(&others);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains(" 0 failed"), "{out}{err}");
    let output = in_a_patched_process(&["--exact", A_SLEEP_BLOCKS]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("0 passed; 1 failed"), "{out}");
}
