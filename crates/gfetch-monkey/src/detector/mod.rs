//! Finds what still blocks a hub's thread: which greenlet, and in which system call.
//!
//! A thread beside the hub notices the greenlet (`green::Monitor`); the kernel says what that thread is in
//! (`/proc/self/task/…/syscall`).

mod names;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gfetch::green::{Monitor, MonitorEvent, Monitoring, Running};

/// Tells of greenlets that keep their hub's thread: in a call that this crate does not make a wait of theirs, by computing,
/// by touching memory whose page has to be fetched. gevent: `GEVENT_MONITOR_THREAD_ENABLE`, which prints the stack.
///
/// ```
/// use gfetch::green::{self, Builder};
/// use gfetch_monkey::{Call, Detector, original, patch_all};
/// use std::{sync::mpsc, time::Duration};
/// patch_all();
/// green::run(|| {
///     let (tell, told) = mpsc::channel();
///     let detector = Detector::new().max_blocking(Duration::from_millis(20));
///     let _watch = detector.start(move |blocked| drop(tell.send(blocked.clone())));
///     // SAFETY: no pointers. It blocks its thread on purpose.
///     let blocks = || assert_eq!(unsafe { original::usleep(1_000_000) }, 0);
///     Builder::new().name("rude").spawn(blocks).unwrap().get().unwrap();
///     let blocked = told.recv().unwrap();
///     assert_eq!(blocked.greenlet.name, "rude");
///     assert!(matches!(&blocked.call, Call::System(call) if call.name() == Some("nanosleep")), "{blocked}");
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Detector {
    monitor: Monitor,
}

/// A greenlet that keeps its thread.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blocked {
    /// Who.
    pub greenlet: Running,
    /// In what, when it was looked at.
    pub call: Call,
}

/// What a thread is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A system call that has not returned.
    System(SystemCall),
    /// None: it computes, or is next to get a processor.
    Computes,
    /// None, and it sleeps: it waits for a page of memory to come from a file or from swap.
    Page,
    /// The greenlet had let go of the thread before it could be looked at.
    Over,
    /// The system does not say: there is no `/proc`, or the kernel is built without this.
    Unknown,
}

/// A system call that has not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemCall {
    /// Its number on this architecture.
    pub number: i64,
    /// What it was given; what it does not take is left from before.
    pub arguments: [u64; 6],
    /// The file, pipe or socket that it is about, where that is its first argument.
    pub file: Option<PathBuf>,
}

impl Detector {
    /// One that tells of greenlets which keep the thread for 0.1 s.
    pub fn new() -> Detector {
        Detector::default()
    }

    /// How long a greenlet may keep the thread.
    pub fn max_blocking(mut self, most: Duration) -> Detector {
        self.monitor = self.monitor.max_blocking(most);
        self
    }

    /// Starts it for this thread's hub, until what it returns is dropped. `tell` is called once a stretch, on a thread of
    /// the detector's own, while the greenlet blocks. A panic in it ends the detector.
    ///
    /// # Panics
    /// Outside [`run`](gfetch::green::run()); when the system gives no thread.
    #[track_caller]
    pub fn start(self, mut tell: impl FnMut(&Blocked) + Send + 'static) -> Monitoring {
        // "PID/task/TID", as this thread is known to the others.
        let thread = fs::read_link("/proc/thread-self").ok().map(|thread| Path::new("/proc").join(thread));
        self.monitor.start(move |event| {
            if let MonitorEvent::Blocked(greenlet) = event {
                let call = thread.as_deref().map_or(Call::Unknown, Call::of_thread);
                tell(&Blocked { greenlet: greenlet.clone(), call });
            }
        })
    }
}

impl Call {
    fn of_thread(thread: &Path) -> Call {
        let told = fs::read_to_string(thread.join("syscall")).ok();
        let mut call = told.and_then(|told| Call::parse(&told)).unwrap_or(Call::Unknown);
        if let Call::System(call) = &mut call
            && names::takes_descriptor(call.number)
        {
            let descriptor = (call.arguments[0] as u32).to_string();
            call.file = fs::read_link(thread.join("fd").join(descriptor)).ok();
        }
        call
    }

    /// As proc_pid_syscall(5) has it: `running`, or the number (-1 for none), the arguments, the stack, the place.
    fn parse(told: &str) -> Option<Call> {
        let told = told.trim();
        if told == "running" {
            return Some(Call::Computes);
        }
        let mut words = told.split(' ');
        let number: i64 = words.next()?.parse().ok()?;
        if number < 0 {
            return Some(Call::Page);
        }
        let mut arguments = [0; 6];
        for argument in &mut arguments {
            *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
        }
        // This is how a hub sleeps; a greenlet's own would not block.
        let is_hubs = number == libc::SYS_epoll_pwait;
        Some(if is_hubs { Call::Over } else { Call::System(SystemCall { number, arguments, file: None }) })
    }

    /// The way round, where there is one that does not depend on the program.
    pub fn advice(&self) -> &'static str {
        match self {
            Call::System(call) => names::advice(call.number),
            Call::Computes => "call green::yield_now now and then, or leave the work to green::offload",
            Call::Page => "read the file by green::fs, or touch the memory in green::offload",
            Call::Over | Call::Unknown => "",
        }
    }
}

impl SystemCall {
    /// Its name, of the usual ones.
    pub fn name(&self) -> Option<&'static str> {
        names::name(self.number)
    }
}

impl fmt::Display for SystemCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "system call {}", self.number)?,
        }
        match &self.file {
            Some(file) => write!(f, "({} = {})", self.arguments[0] as u32, file.display()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::System(call) => call.fmt(f),
            Call::Computes => f.write_str("no call: it computes"),
            Call::Page => f.write_str("no call: it waits for a page of memory"),
            Call::Over => f.write_str("a call that is over"),
            Call::Unknown => f.write_str("an unknown call"),
        }
    }
}

impl fmt::Display for Blocked {
    /// One line: who, spawned where, for how long, in what, and the way round.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Running { name, spawned_at, blocked_for, .. } = &self.greenlet;
        let milliseconds = blocked_for.as_millis();
        write!(f, "{name} (spawned at {spawned_at}) keeps its thread for {milliseconds} ms, in {}", self.call)?;
        match self.call.advice() {
            "" => Ok(()),
            advice => write!(f, "; {advice}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Call;

    #[test]
    fn what_the_kernel_says_of_a_thread_is_understood() {
        assert_eq!(Call::parse("running\n"), Some(Call::Computes));
        assert_eq!(Call::parse("-1 0x7ffd0 0x55d0\n"), Some(Call::Page));
        let fsync = format!("{} 0x5 0x7f90 0x20000 0x7f90 0xffffffff 0x0 0x7fff 0x7f90\n", libc::SYS_fsync);
        let Some(Call::System(call)) = Call::parse(&fsync) else { panic!("{fsync}") };
        assert_eq!((call.name(), call.arguments), (Some("fsync"), [5, 0x7f90, 0x20000, 0x7f90, 0xffff_ffff, 0]));
        assert_eq!(call.to_string(), "fsync");
        let odd = "9999 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8";
        assert_eq!(Call::parse(odd).unwrap().to_string(), "system call 9999");
        let sleeps = format!("{} 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8", libc::SYS_epoll_pwait);
        assert_eq!(Call::parse(&sleeps), Some(Call::Over));
        for wrong in ["", "walking", "1 0x1 0x2", "1 1 2 3 4 5 6", "0x1"] {
            assert_eq!(Call::parse(wrong), None, "{wrong}");
        }
    }
}
