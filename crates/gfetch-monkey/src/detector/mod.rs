//! Finds what still blocks a hub's thread: which greenlet, and in which system call; and who waits for so long that nothing
//! may ever come.
//!
//! A thread beside the hub notices the greenlet (`green::Monitor`); the kernel says what that thread is in
//! (`/proc/self/task/…/syscall`). Another looks at the waits that this crate has made of std's.

mod names;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gfetch::green::{Monitor, MonitorEvent, Monitoring, Running};

use crate::futex::lasting::{self, Watch, What};

/// How long a wait for one of std's locks, or for another thread, lasts that is not told of.
const MAX_WAITING: Duration = Duration::from_secs(10);
/// The waits are looked at so often within `max_waiting`, and at least, and at most, once in such a time.
const LOOKS: u32 = 4;
const LONGEST_LOOK: Duration = Duration::from_secs(1);
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// Tells of greenlets that keep their hub's thread: in a call that this crate does not make a wait of theirs, by computing,
/// by touching memory whose page has to be fetched. gevent: `GEVENT_MONITOR_THREAD_ENABLE`, which prints the stack.
///
/// And of those that keep nobody, but have waited for 10 s ([`max_waiting`](Detector::max_waiting)) for one of std's locks,
/// or by `thread::park`, as std's channels do: locks may be waited for in a circle, and a receiver's sender may be a greenlet
/// of the same thread, which does not wake it.
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
#[derive(Clone, Debug)]
pub struct Detector {
    monitor: Monitor,
    max_waiting: Duration,
}

/// A greenlet that keeps its thread, or has waited for long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blocked {
    /// Who, since when and for how long.
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
    /// None: it waits as a greenlet for one of std's locks, conditions and so on, and keeps nobody.
    Lock,
    /// None: it waits as a greenlet by `thread::park`, as std's channels and scopes do, and no thread has had a token for it.
    Park,
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

impl Default for Detector {
    fn default() -> Detector {
        Detector::new()
    }
}

impl Detector {
    /// One that tells of greenlets which keep the thread for 0.1 s, or have waited for 10 s.
    pub fn new() -> Detector {
        Detector { monitor: Monitor::new(), max_waiting: MAX_WAITING }
    }

    /// How long a greenlet may keep the thread.
    pub fn max_blocking(mut self, most: Duration) -> Detector {
        self.monitor = self.monitor.max_blocking(most);
        self
    }

    /// How long a greenlet may wait for one of std's locks, or by `thread::park` without a token for any greenlet of its
    /// thread. A worker that waits for work of another thread may well wait for long: `Duration::MAX` tells of nobody.
    ///
    /// ```
    /// use gfetch::green::{self, Builder};
    /// use gfetch_monkey::{Call, Detector, patch_all};
    /// use std::{sync::mpsc, time::Duration};
    /// patch_all();
    /// green::run(|| {
    ///     let (tell, told) = mpsc::channel();
    ///     let detector = Detector::new().max_waiting(Duration::from_millis(50));
    ///     let _watch = detector.start(move |blocked| drop(tell.send(blocked.clone())));
    ///     let (send, receive) = mpsc::channel();
    ///     let waits = Builder::new().name("in vain").spawn(move || receive.recv().unwrap()).unwrap();
    ///     green::yield_now().unwrap();
    ///     send.send(1).unwrap(); // on the receiver's own thread, which std takes for the receiver
    ///     let blocked = told.recv().unwrap();
    ///     assert_eq!((&*blocked.greenlet.name, blocked.call), ("in vain", Call::Park));
    ///     drop(send);
    ///     assert_eq!(waits.get().unwrap(), 1);
    /// });
    /// ```
    pub fn max_waiting(mut self, most: Duration) -> Detector {
        self.max_waiting = most;
        self
    }

    /// Starts it for this thread's hub, until what it returns is dropped. `tell` is called once a stretch, or a wait, on
    /// threads of the detector's own by turns, while the greenlet blocks or waits. A panic in it ends the detector. Of several
    /// detectors of a hub the last looks at waits.
    ///
    /// # Panics
    /// Outside [`run`](gfetch::green::run()); when the system gives no thread.
    #[track_caller]
    pub fn start(self, tell: impl FnMut(&Blocked) + Send + 'static) -> Detecting {
        let tell = Arc::new(Mutex::new(tell));
        let tells = tell.clone();
        // "PID/task/TID", as this thread is known to the others.
        let thread = fs::read_link("/proc/thread-self").ok().map(|thread| Path::new("/proc").join(thread));
        let monitoring = self.monitor.start(move |event| {
            if let MonitorEvent::Blocked(greenlet) = event {
                let call = thread.as_deref().map_or(Call::Unknown, Call::of_thread);
                tells.lock().expect("it has panicked")(&Blocked { greenlet: greenlet.clone(), call });
            }
        });
        let (going_on, over) = mpsc::channel();
        let watch = lasting::watch();
        let watched = watch.clone();
        let looks = move || {
            let period = (self.max_waiting / LOOKS).clamp(SHORTEST_LOOK, LONGEST_LOOK);
            while over.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                for (greenlet, what) in watched.lasting(self.max_waiting) {
                    let call = if what == What::Lock { Call::Lock } else { Call::Park };
                    tell.lock().expect("it has panicked")(&Blocked { greenlet, call });
                }
            }
        };
        let detecting = Detecting { _monitoring: monitoring, _going_on: going_on, watch };
        let started = thread::Builder::new().name("gfetch-detector".to_owned()).spawn(looks);
        started.unwrap_or_else(|error| panic!("no thread for the detector: {error}"));
        detecting
    }
}

/// A detector that runs; dropping it stops it: what it has begun to tell is told, and then nothing more.
#[must_use = "dropped at once, it sees nothing"]
pub struct Detecting {
    _monitoring: Monitoring,
    /// Its end is that of the thread which looks at waits.
    _going_on: mpsc::Sender<()>,
    watch: Arc<Watch>,
}

impl Drop for Detecting {
    fn drop(&mut self) {
        lasting::unwatch(&self.watch);
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
            Call::Lock => "whoever has it may wait for this greenlet; gfetch::green's locks say who waits for whom",
            Call::Park => "a channel of std's does not wake receivers of its sender's own thread: use green::Channel",
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
            Call::Lock => f.write_str("one of std's locks"),
            Call::Park => f.write_str("thread::park, or a channel of std's"),
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
        write!(f, "{name} (spawned at {spawned_at}) ")?;
        match self.call {
            Call::Lock | Call::Park => write!(f, "has waited for {milliseconds} ms, for {}", self.call)?,
            _ => write!(f, "keeps its thread for {milliseconds} ms, in {}", self.call)?,
        }
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
