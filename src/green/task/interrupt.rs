//! What ends a wait before its time: a `Timeout` scope's deadline, a deadlock, an unwinding greenlet.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a wait did not come to its end. A call's own limit is no interrupt: it is a value (`Ok(false)`, `Ok(None)`).
///
/// As an [`io::Error`] it keeps its kind (`TimedOut`, `Deadlock`, `Other`) and is found again by [`Interrupt::of`].
#[derive(Clone, Debug)]
pub enum Interrupt {
    /// The deadline of an enclosing [`timeout`](crate::green::timeout) scope has passed; every wait inside it fails so.
    TimedOut(TimedOut),
    /// Nothing was left that could ever wake anybody.
    Deadlock(Deadlock),
    /// This greenlet is unwinding (a panic or a kill is on its way), and the call would have had to switch. A switch in
    /// a destructor would show `thread::panicking()` to innocent greenlets and poison their mutexes.
    Unwinding,
}

/// Which scope's deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    pub(crate) scope: u64,
    /// What the scope was given.
    pub limit: Duration,
}

/// Who waits for what, when nobody can ever be woken: the wait graph. gevent: `LoopExit`, which names nobody.
///
/// ```
/// use gfetch::green::{self, Interrupt};
/// use std::{cell::RefCell, rc::Rc};
/// green::run(|| {
///     let other: Rc<RefCell<Option<green::Greenlet<()>>>> = Rc::default();
///     let seen = other.clone();
///     let a = green::spawn(move || drop(seen.borrow().as_ref().unwrap().join()));
///     let b = green::spawn(move || drop(a.join()));
///     *other.borrow_mut() = Some(b);
///     let Err(Interrupt::Deadlock(deadlock)) = green::Event::new().wait() else { panic!() };
///     assert_eq!(deadlock.cycles(), [["greenlet-1", "greenlet-2"]]);
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Deadlock {
    pub(crate) report: Arc<Report>,
}

/// What a [`Deadlock`] says.
#[derive(Debug)]
pub(crate) struct Report {
    pub waiting: Vec<String>,
    pub unnamed: usize,
    pub cycles: Vec<Vec<String>>,
    /// The same in sentences.
    pub told_cycles: Vec<String>,
}

impl Deadlock {
    /// One line a waiting greenlet, for the oldest twenty: its id and name, where it was spawned, what it waits for and,
    /// where that is another greenlet's end or a lock that another has, for whom. Who will set an event, give a permit or
    /// put an item is not to be known.
    pub fn waiting(&self) -> &[String] {
        &self.report.waiting
    }

    /// The circles (five at most): the names of greenlets each of which waits for the next, for its end or for a lock that it
    /// has, and the last for the first. Each begins with its oldest greenlet. Who waits for a lock that it has itself is a
    /// circle of one. `Display` says of each step what is waited for, and where who waits was spawned.
    pub fn cycles(&self) -> &[Vec<String>] {
        &self.report.cycles
    }

    /// How many more wait than [`Deadlock::waiting`] names.
    pub fn unnamed(&self) -> usize {
        self.report.unnamed
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadlock: nothing is left that could wake anybody; waiting: {}", self.waiting().join("; "))?;
        if self.unnamed() > 0 {
            write!(f, "; and {} more", self.unnamed())?;
        }
        for cycle in &self.report.told_cycles {
            write!(f, "; in a circle: {cycle}")?;
        }
        Ok(())
    }
}

impl Interrupt {
    /// The interrupt inside an I/O error, where there is one.
    pub fn of(error: &io::Error) -> Option<&Interrupt> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interrupt::TimedOut(timed_out) => write!(f, "timed out after {:?}", timed_out.limit),
            Interrupt::Deadlock(deadlock) => deadlock.fmt(f),
            Interrupt::Unwinding => {
                f.write_str("this greenlet is unwinding and must not wait: move the wait out of the destructor")
            }
        }
    }
}

impl Error for Interrupt {}

impl From<Interrupt> for io::Error {
    fn from(interrupt: Interrupt) -> io::Error {
        let kind = match interrupt {
            Interrupt::TimedOut(_) => io::ErrorKind::TimedOut,
            Interrupt::Deadlock(_) => io::ErrorKind::Deadlock,
            Interrupt::Unwinding => io::ErrorKind::Other,
        };
        io::Error::new(kind, interrupt)
    }
}
