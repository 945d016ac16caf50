//! The rules of child processes.

use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::green::{self, run, sleep, spawn, timeout};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(1000);

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// What the system says of a process: `Z` for a zombie; `None` when it is gone.
fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn greenlets_run_while_a_child_does() {
    run(|| {
        let ticks = Rc::new(Cell::new(0));
        let count = ticks.clone();
        spawn(move || {
            while sleep(MS).is_ok() {
                count.set(count.get() + 1);
            }
        });
        assert!(sh("sleep 0.05").status().unwrap().success());
        assert!(ticks.get() > 3, "{}", ticks.get());
    });
}

#[test]
fn more_than_a_pipe_holds_goes_through_both_ways() {
    run(|| {
        let input: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
        let output = Command::new("cat").output_of(&input).unwrap();
        assert!(output.stdout == input && output.status.success());
        let both = sh("cat >&2; head -c 300000 /dev/zero").output_of(&input).unwrap();
        assert!(both.stderr == input && both.stdout.len() == 300_000);
    });
}

#[test]
fn a_child_that_does_not_read_its_input_is_no_error() {
    run(|| assert!(Command::new("true").output_of(&vec![0; 1_000_000]).unwrap().status.success()));
}

#[test]
fn a_limit_kills_and_gives_what_was_written_until_then() {
    run(|| {
        let expired = sh("echo hi; exec sleep 1000").output_timeout(b"", MS * 200).unwrap().unwrap_err();
        assert_eq!(expired.output.stdout, b"hi\n");
        assert_eq!(return_code(expired.output.status), -9);
        assert_eq!(expired.limit, MS * 200);
    });
}

#[test]
fn an_end_by_a_signal_is_a_negative_number() {
    run(|| {
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        child.terminate().unwrap();
        assert_eq!(return_code(child.wait().unwrap()), -15);
        child.kill().unwrap();
        assert_eq!(return_code(sh("exit 7").status().unwrap()), 7);
        assert_eq!(child.send_signal(4711).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    });
}

#[test]
fn any_number_of_greenlets_wait_for_one_child() {
    run(|| {
        let child = Rc::new(sh("read line; exit 5").stdin(Stdio::piped()).spawn().unwrap());
        let waiters: Vec<_> = (0..5)
            .map(|_| {
                let child = child.clone();
                spawn(move || child.wait().unwrap().code())
            })
            .collect();
        green::yield_now().unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        waiters[0].kill().unwrap();
        assert!(timeout(MS, || child.wait()).is_err());
        assert_eq!(child.wait_timeout(MS).unwrap(), None);
        child.stdin.as_ref().unwrap().close();
        for waiter in &waiters[1..] {
            assert_eq!(waiter.get().unwrap(), Some(5));
        }
    });
}

#[test]
fn a_talk_that_timed_out_goes_on_where_it_was() {
    run(|| {
        let mut command = sh("echo one; cat; echo two");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut late = sh("echo early; sleep 0.1; echo late");
        let mut slow = late.stdout(Stdio::piped()).spawn().unwrap();
        assert!(slow.communicate_timeout(b"", MS * 20).unwrap().is_none());
        assert_eq!(slow.communicate(b"").unwrap().stdout, b"early\nlate\n");
        assert_eq!(child.communicate(b"in\n").unwrap().stdout, b"one\nin\ntwo\n");
    });
}

#[test]
fn a_missing_program_is_told_each_time_and_leaves_no_descriptor() {
    run(|| {
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let mut missing = Command::new("/no/such/program");
        missing.stdout(Stdio::piped()).stdin(Stdio::piped());
        assert_eq!(missing.spawn().unwrap_err().kind(), std::io::ErrorKind::NotFound);
        // Other tests of this process open and close theirs meanwhile: a leak of each round would be hundreds.
        let before = descriptors();
        for _ in 0..300 {
            assert_eq!(missing.spawn().unwrap_err().kind(), std::io::ErrorKind::NotFound);
        }
        for _ in 0..50 {
            assert!(Command::new("true").output().unwrap().status.success());
        }
        assert!(descriptors() < before + 100, "{} to {}", before, descriptors());
    });
}

/// Bug class 31: the end is heard by the pidfd, and only what is ours is reaped, so that other code gets its own statuses.
#[test]
fn the_waits_of_other_code_get_their_statuses() {
    run(|| {
        let mut others = std::process::Command::new("sh").args(["-c", "exit 9"]).spawn().unwrap();
        for _ in 0..5 {
            assert_eq!(sh("exit 1").status().unwrap().code(), Some(1));
        }
        assert_eq!(others.wait().unwrap().code(), Some(9));
    });
}

/// Bug class 31: a status that other code took is an error and not a wait for ever.
#[test]
fn a_status_that_was_taken_is_an_error() {
    run(|| {
        let child = Command::new("true").spawn().unwrap();
        let pid = rustix::process::Pid::from_raw(child.id() as i32);
        rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
        assert_eq!(child.wait().unwrap_err().raw_os_error(), Some(libc::ECHILD));
    });
}

#[test]
fn a_killed_caller_kills_the_program_that_it_runs() {
    run(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", file.display());
        let caller = spawn(move || sh(&script).output());
        let pid = timeout(LONG, || {
            while !file.exists() {
                sleep(MS)?;
            }
            Ok::<_, green::Interrupt>(())
        });
        pid.unwrap().unwrap();
        let pid: u32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        caller.kill().unwrap();
        for _ in 0..10_000 {
            if state_of(pid).is_none_or(|state| state == 'Z') {
                break;
            }
            sleep(MS).unwrap();
        }
        assert!(state_of(pid).is_none_or(|state| state == 'Z'));
        Command::new("true").status().unwrap();
        assert_eq!(state_of(pid), None);
    });
}

#[test]
fn a_dropped_child_is_no_zombie_for_long() {
    run(|| {
        let child = sh("read line").stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        drop(child);
        for _ in 0..10_000 {
            if state_of(pid).is_none_or(|state| state == 'Z') {
                break;
            }
            sleep(MS).unwrap();
        }
        Command::new("true").status().unwrap();
        assert_eq!(state_of(pid), None);
    });
}

#[test]
fn a_pipe_is_written_and_read_by_turns() {
    run(|| {
        let mut command = Command::new("cat");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut buffer = [0; 16];
        for line in ["one\n", "two\n"] {
            assert_eq!(stdin.write(line.as_bytes()).unwrap(), 4);
            assert_eq!(stdout.read(&mut buffer).unwrap(), 4);
            assert_eq!(&buffer[..4], line.as_bytes());
        }
        assert_eq!(stdout.read_timeout(&mut buffer, MS).unwrap(), None);
        drop(stdin);
        assert_eq!(stdout.read(&mut buffer).unwrap(), 0);
        assert!(child.wait().unwrap().success());
    });
}
