//! Children: std's `Command` in many greenlets at once, and the calls of C that wait for an end.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::ptr;
use std::time::Duration;

use gfetch::green::{self, timeout};
use libc::{c_int, pid_t, siginfo_t};

use crate::apart::apart;
use crate::support::{MOMENT, SECOND, all, begun, errno, patched, timed, told};

unsafe extern "C" {
    // The libc crate leaves it out.
    fn wait3(status: *mut c_int, options: c_int, used: *mut libc::rusage) -> pid_t;
}

const SLEEP: Duration = Duration::from_millis(300);

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A child that is waited for by its number.
fn begun_program(command: &mut Command) -> pid_t {
    pid(&command.spawn().unwrap())
}

fn pid(child: &Child) -> pid_t {
    child.id() as pid_t
}

fn waitpid(pid: pid_t, options: c_int) -> (Result<i64, i32>, c_int) {
    let mut status = -1;
    // SAFETY: a place for the status.
    (told(unsafe { libc::waitpid(pid, &mut status, options) }), status)
}

fn waitid(kind: libc::idtype_t, id: libc::id_t, options: c_int) -> Result<(pid_t, c_int), i32> {
    // SAFETY: zeros are an answer that says nothing.
    let mut info: siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: a place for the answer.
    told(unsafe { libc::waitid(kind, id, &mut info, options) })?;
    // SAFETY: the kernel has filled it for a child.
    Ok(unsafe { (info.si_pid(), info.si_status()) })
}

#[test]
fn many_programs_take_as_long_as_one() {
    let ways: [fn(usize); 4] = [
        |n| {
            let output = sh(&format!("sleep 0.3; echo {n}; echo no >&2; exit 3")).output().unwrap();
            assert_eq!((output.stdout, output.stderr), (format!("{n}\n").into_bytes(), b"no\n".to_vec()));
            assert_eq!(output.status.code(), Some(3));
        },
        |_| assert!(sh("sleep 0.3").status().unwrap().success()),
        |_| assert_eq!(sh("sleep 0.3; kill -KILL $$").spawn().unwrap().wait().unwrap().signal(), Some(libc::SIGKILL)),
        |n| {
            let mut child = sh("sleep 0.3; cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(&[n as u8]).unwrap();
            let mut heard = Vec::new();
            child.stdout.take().unwrap().read_to_end(&mut heard).unwrap();
            assert_eq!(heard, [n as u8]);
            assert!(child.wait().unwrap().success());
        },
    ];
    for (way, run) in ways.into_iter().enumerate() {
        let (_, wall) = timed(|| patched(|| drop(all(20, run))));
        assert!(wall >= SLEEP && wall < SLEEP * 10, "{way}: {wall:?}");
    }
}

#[test]
fn programs_that_std_starts_by_fork_take_as_long_as_one() {
    let (_, wall) = timed(|| {
        patched(|| {
            all(20, |_| {
                let mut command = sh("sleep 0.3");
                // SAFETY: it does nothing.
                unsafe { command.pre_exec(|| Ok(())) };
                assert!(command.status().unwrap().success());
            })
        })
    });
    assert!(wall >= SLEEP && wall < SLEEP * 10, "{wall:?}");
}

#[test]
fn signals_are_blocked_as_before_once_programs_are_started() {
    patched(|| {
        let blocked = || {
            // SAFETY: zeros are a set without signals.
            let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
            // SAFETY: no set to block, and a place for those that are.
            assert_eq!(unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &mut set) }, 0);
            // SAFETY: a set.
            (1..=64).filter(|signal| unsafe { libc::sigismember(&set, *signal) } == 1).collect::<Vec<_>>()
        };
        let before = blocked();
        // Calls that need not wait give the others a turn now and then: the starts must not be where they do.
        all(10, |n| {
            for round in 0..20 {
                let (reader, mut writer) = io::pipe().unwrap();
                for _ in 0..n + round {
                    writer.write_all(b"x").unwrap();
                    (&reader).read_exact(&mut [0]).unwrap();
                }
                assert!(Command::new("true").status().unwrap().success());
                assert_eq!(Command::new("/no/such/program").status().unwrap_err().kind(), ErrorKind::NotFound);
            }
        });
        assert_eq!(blocked(), before);
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        // SAFETY: a child of ours.
        assert_eq!(unsafe { libc::kill(pid(&child), libc::SIGTERM) }, 0);
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
        // SAFETY: a string of C.
        assert_eq!(unsafe { libc::system(c"exit 5".as_ptr()) }, 5 << 8);
        assert_eq!(blocked(), before);
    });
}

#[test]
fn a_time_out_and_a_kill_end_a_wait_and_the_child_is_left() {
    patched(|| {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let mut seen = None;
        let (_, wall) = timed(|| {
            let _ = timeout(MOMENT, || -> io::Result<()> {
                let error = child.wait().unwrap_err();
                seen = Some((error.kind(), error.raw_os_error()));
                Err(error)
            });
        });
        assert_eq!(seen, Some((ErrorKind::TimedOut, Some(libc::ETIMEDOUT))));
        assert!(wall < SECOND * 10, "{wall:?}");
        let of = pid(&child);
        let waits = begun(move || waitpid(of, 0).0);
        waits.kill_nowait();
        assert_eq!(waits.get().unwrap(), Err(libc::ECANCELED));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert_eq!(waitpid(of, 0).0, Err(libc::ECHILD));
    });
}

#[test]
fn of_two_that_wait_for_a_child_one_is_told() {
    patched(|| {
        let of = begun_program(&mut sh("sleep 0.1"));
        let mut told = all(2, move |_| waitpid(of, 0).0);
        told.sort();
        assert_eq!(told, [Ok(i64::from(of)), Err(libc::ECHILD)]);
    });
}

#[test]
fn who_only_looks_does_not_wait() {
    patched(|| {
        let mut child = sh("sleep 30").spawn().unwrap();
        let other = green::spawn(|| ());
        assert_eq!(waitpid(pid(&child), libc::WNOHANG).0, Ok(0));
        assert_eq!(waitid(libc::P_PID, child.id(), libc::WEXITED | libc::WNOHANG), Ok((0, 0)));
        assert!(child.try_wait().unwrap().is_none());
        assert!(!other.is_done(), "nobody else had a turn");
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

#[test]
fn a_group_is_waited_for_and_stops_are_told() {
    patched(|| {
        let leader = begun_program(sh("sleep 0.1; exit 1").process_group(0));
        let second = begun_program(sh("sleep 0.2; exit 2").process_group(leader));
        let (group, pids) = (leader, [leader, second]);
        let ends = green::spawn(move || [waitpid(-group, 0), waitpid(-group, 0), waitpid(-group, 0)]);
        let beside = green::spawn(|| green::sleep(MOMENT));
        let ends = ends.get().unwrap();
        assert!(beside.is_done());
        assert_eq!(ends[0], (Ok(pids[0].into()), 1 << 8));
        assert_eq!(ends[1], (Ok(pids[1].into()), 2 << 8));
        assert_eq!(ends[2].0, Err(libc::ECHILD));

        let of = begun_program(&mut sh("kill -STOP $$; exit 4"));
        let (stop, status) = green::spawn(move || waitpid(of, libc::WUNTRACED)).get().unwrap();
        assert!(stop == Ok(of.into()) && libc::WIFSTOPPED(status), "{stop:?} {status:x}");
        // SAFETY: a child of ours.
        assert_eq!(unsafe { libc::kill(of, libc::SIGCONT) }, 0);
        let end = green::spawn(move || waitid(libc::P_PID, of as u32, libc::WEXITED)).get().unwrap();
        assert_eq!(end, Ok((of, 4)));
    });
}

#[test]
fn waits_by_pidfd_and_waits_that_leave_the_child() {
    patched(|| {
        let of = begun_program(&mut sh("sleep 0.1; exit 7"));
        // SAFETY: no pointers.
        let pidfd = told(unsafe { libc::syscall(libc::SYS_pidfd_open, of, 0) }).unwrap();
        // SAFETY: just made.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd as c_int) };
        let fd = pidfd.as_raw_fd();
        let looks = all(3, move |n| match n {
            0 => waitid(libc::P_PID, of as u32, libc::WEXITED | libc::WNOWAIT),
            _ => waitid(libc::P_PIDFD, fd as u32, libc::WEXITED | libc::WNOWAIT),
        });
        assert_eq!(looks, [Ok((of, 7)); 3]);
        // SAFETY: no place for the answer.
        assert_eq!(told(unsafe { libc::waitid(libc::P_PIDFD, fd as u32, ptr::null_mut(), libc::WEXITED) }), Ok(0));
        assert_eq!(waitid(libc::P_PIDFD, fd as u32, libc::WEXITED), Err(libc::ECHILD));

        let mut child = sh("sleep 30").spawn().unwrap();
        // SAFETY: no pointers.
        let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), libc::O_NONBLOCK) };
        // SAFETY: just made.
        let pidfd = unsafe { OwnedFd::from_raw_fd(told(pidfd).unwrap() as c_int) };
        // Its owner does not wait.
        assert_eq!(waitid(libc::P_PIDFD, pidfd.as_raw_fd() as u32, libc::WEXITED), Err(libc::EAGAIN));
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

#[test]
fn what_a_child_used_is_told_and_errors_are_the_kernels() {
    patched(|| {
        let of = begun_program(&mut sh("sleep 0.05; exit 0"));
        let most = green::spawn(move || {
            // SAFETY: zeros are such a place.
            let mut used: libc::rusage = unsafe { std::mem::zeroed() };
            // SAFETY: a place for what was used, and none for the status.
            assert_eq!(told(unsafe { libc::wait4(of, ptr::null_mut(), 0, &mut used) }), Ok(of.into()));
            used.ru_maxrss
        });
        assert!(most.get().unwrap() > 0);
        assert_eq!(waitpid(of, 1 << 20).0, Err(libc::EINVAL));
        assert_eq!(waitid(libc::P_PIDFD, 9999, libc::WEXITED), Err(libc::EBADF));
        assert_eq!(
            errno(io::Result::<()>::Err(io::Error::from_raw_os_error(waitpid(1, 0).0.unwrap_err()))),
            libc::ECHILD
        );
    });
}

#[test]
fn any_child_is_waited_for() {
    apart("process::any_child_is_waited_for", || {
        patched(|| {
            let mut pids = [1, 2, 3].map(|n| i64::from(begun_program(&mut sh(&format!("sleep 0.{n}; exit {n}")))));
            let mut status = 0;
            let waits = green::spawn(move || {
                // SAFETY: a place for the status, and none.
                let told = unsafe {
                    [
                        told(libc::wait(&mut status)),
                        told(wait3(ptr::null_mut(), 0, ptr::null_mut())),
                        waitid(libc::P_ALL, 0, libc::WEXITED).map(|(pid, _)| pid.into()),
                        told(libc::wait(ptr::null_mut())),
                    ]
                };
                (told, status)
            });
            let (turns, wall) =
                timed(|| (0..).take_while(|_| !waits.is_done() && green::sleep(MOMENT).is_ok()).count());
            let (told, status) = waits.get().unwrap();
            let mut ended: Vec<_> = told[..3].iter().map(|told| told.unwrap()).collect();
            ended.sort_unstable();
            pids.sort_unstable();
            assert_eq!(ended, pids);
            assert!(libc::WIFEXITED(status) && told[3] == Err(libc::ECHILD));
            assert!(turns >= 5 && wall < SECOND * 10, "{turns} turns, {wall:?}");
        });
    });
}
