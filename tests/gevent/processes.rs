//! Child processes: what a time-out leaves behind, which is nothing.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use gfetch::green::{run, spawn};
use gfetch::net::process::{Command, return_code};

use super::MS;

/// Ends of pipes that this process has open.
fn pipe_ends() -> usize {
    let entries = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let leads_to = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    leads_to.filter(|to| to.to_string_lossy().starts_with("pipe:[")).count()
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_program_that_is_killed_at_its_limit_leaves_both_its_outputs_and_no_descriptor() {
    run(|| {
        // The limit is waited for in full, so it is short; what was written by then is looked at in the second part.
        let before = pipe_ends();
        for _ in 0..30 {
            let expired = shell("exec sleep 1000").output_timeout(b"", MS * 2).unwrap().unwrap_err();
            assert_eq!(return_code(expired.output.status), -9, "and it is reaped");
        }
        let after = pipe_ends();
        // Other tests of this process have a few of their own.
        assert!(after < before + 30, "{before} to {after}: three a round would be 90 more");
        let script = "echo out; echo err >&2; exec sleep 1000";
        let expired = shell(script).output_timeout(b"", MS * 500).unwrap().unwrap_err();
        assert_eq!((&expired.output.stdout[..], &expired.output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    });
}

#[test]
fn a_child_that_has_ended_is_told_again_and_again_also_to_a_poll_and_to_late_waiters() {
    run(|| {
        let child = std::rc::Rc::new(shell("exit 3").stdin(Stdio::null()).spawn().unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(3));
        assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(3));
        assert_eq!(child.wait_timeout(Duration::ZERO).unwrap().unwrap().code(), Some(3));
        let late = child.clone();
        assert_eq!(spawn(move || late.wait().unwrap().code()).get().unwrap(), Some(3));
        child.send_signal(signal_hook::consts::SIGTERM).expect("nobody is left to be hit");
    });
}
