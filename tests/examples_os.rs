//! The examples of processes, signals and threads do what they say.

#[path = "../examples/processes_and_signals.rs"]
mod processes_and_signals;
#[path = "../examples/threads.rs"]
mod threads;

use std::time::{Duration, Instant};

use gfetch::green;

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

/// Tutorial row S3.33: the cron job ran five or six times, once more where the machine is slow.
#[test]
fn a_cron_job_runs_beside_a_program_and_is_killed_after_it() {
    let mut out = Vec::new();
    let ticks = green::run(|| processes_and_signals::cron_beside_a_program(&mut out)).unwrap();
    assert!((2..=10).contains(&ticks), "{ticks}");
    assert_eq!(text(out), "cron\n".repeat(ticks) + "Linux\ncron was killed\n");
}

/// Tutorial row S3.11.
#[test]
fn sigquit_ends_a_program_that_joins_a_sleeper_of_a_thousand_seconds() {
    let (mut out, start) = (Vec::new(), Instant::now());
    let quit = || signal_hook::low_level::raise(signal_hook::consts::SIGQUIT).unwrap();
    green::run(|| processes_and_signals::quit_by_a_signal(&mut out, quit)).unwrap();
    assert_eq!(text(out), "sleeper: killed by SIGQUIT\n");
    assert!(start.elapsed() < Duration::from_secs(100));
}

#[test]
fn a_program_that_hangs_leaves_its_partial_output() {
    let mut out = Vec::new();
    green::run(|| processes_and_signals::partial_output(&mut out)).unwrap();
    assert_eq!(text(out), "the program was killed after 300ms: \"hi\\n\", -9\n");
}

/// Tutorial rows S0.3 and S1.4: all cores, by a hub on each.
#[test]
fn a_hub_per_core_shares_the_work() {
    for hubs in [1, 3] {
        let mut out = Vec::new();
        threads::a_hub_per_core(hubs, &mut out).unwrap();
        assert_eq!(text(out), "1000 squares, sum 333833500\n");
    }
}

#[test]
fn calls_that_block_run_at_once() {
    let mut out = Vec::new();
    threads::calls_that_block(&mut out).unwrap();
    assert_eq!(text(out), "all ten were there at once: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n");
}

#[test]
fn a_future_without_a_runtime_is_waited_for() {
    let mut out = Vec::new();
    threads::a_future(&mut out).unwrap();
    assert_eq!(text(out), "a future: from a thread\n");
}
