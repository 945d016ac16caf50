//! Waits for several descriptors at once: `select`, and `Poll`, which remembers them.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use crate::green::{self, Interest, Ready};

/// What [`select`] found; each list in the order of the one that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// A read of these will not block.
    pub readable: Vec<RawFd>,
    /// A write of these will not block.
    pub writable: Vec<RawFd>,
    /// These have something urgent.
    pub urgent: Vec<RawFd>,
}

/// Waits until one of the descriptors is ready; nothing is found when `limit` passes first. With no descriptors it is a
/// sleep; a limit of zero lets the others run once and then looks. gevent: `select.select`.
///
/// # Errors
/// `EBADF` when one is no open descriptor, or is closed by another greenlet meanwhile. Otherwise as
/// [`wait_readable`](super::wait_readable).
///
/// ```
/// use gfetch::{green, net};
/// use std::os::fd::AsRawFd;
/// green::run(|| {
///     let (near, far) = net::UnixStream::pair().unwrap();
///     let found = net::select(&[near.as_raw_fd()], &[far.as_raw_fd()], &[], None).unwrap();
///     assert_eq!((found.readable, found.writable), (vec![], vec![far.as_raw_fd()]));
/// });
/// ```
pub fn select(reading: &[RawFd], writing: &[RawFd], urgent: &[RawFd], limit: Option<Duration>) -> io::Result<Selected> {
    let lists = [(reading, Interest::READABLE), (writing, Interest::WRITABLE), (urgent, Interest::PRIORITY)];
    let mut asked: BTreeMap<RawFd, Interest> = BTreeMap::new();
    for (fd, interest) in lists.iter().flat_map(|(list, interest)| list.iter().map(|fd| (*fd, *interest))) {
        asked.entry(fd).and_modify(|known| *known = *known | interest).or_insert(interest);
    }
    let asked: Vec<_> = asked.into_iter().collect();
    let found = green::wait_raw(&asked, limit)?;
    if found.values().any(|ready| ready.invalid) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    let those = |list: &[RawFd], is_ready: fn(&Ready) -> bool| {
        list.iter().copied().filter(|fd| found.get(fd).is_some_and(is_ready)).collect()
    };
    Ok(Selected {
        readable: those(reading, |ready| ready.readable),
        writable: those(writing, |ready| ready.writable),
        urgent: those(urgent, |ready| ready.priority),
    })
}

/// Descriptors to wait for again and again. It owns none of them: unregister one before it is closed. gevent:
/// `select.poll`.
///
/// ```
/// use gfetch::{green, net::{Interest, Poll, UnixStream}};
/// green::run(|| {
///     let (near, _far) = UnixStream::pair().unwrap();
///     let mut poll = Poll::new();
///     poll.register(&near, Interest::READABLE | Interest::WRITABLE);
///     let found = poll.poll(None).unwrap();
///     assert!(found[0].1.writable && !found[0].1.readable);
///     poll.unregister(&near).unwrap();
///     assert!(poll.unregister(&near).is_err());
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Poll {
    asked: BTreeMap<RawFd, Interest>,
}

impl Poll {
    /// Without descriptors.
    pub fn new() -> Poll {
        Poll::default()
    }

    /// Adds `fd`, or changes what it is waited for. Whether it is open is seen by the next [`Poll::poll`].
    pub fn register(&mut self, fd: &impl AsRawFd, interest: Interest) {
        self.asked.insert(fd.as_raw_fd(), interest);
    }

    /// Changes what `fd` is waited for; `NotFound` if it is not registered.
    pub fn modify(&mut self, fd: &impl AsRawFd, interest: Interest) -> io::Result<()> {
        *self.asked.get_mut(&fd.as_raw_fd()).ok_or_else(|| unknown(fd))? = interest;
        Ok(())
    }

    /// Takes `fd` out; `NotFound` if it is not registered.
    pub fn unregister(&mut self, fd: &impl AsRawFd) -> io::Result<()> {
        self.asked.remove(&fd.as_raw_fd()).map(drop).ok_or_else(|| unknown(fd))
    }

    /// Waits until one is ready, and tells which are, in the order of their numbers; none when `limit` passes first. One
    /// that is no open descriptor, or is closed meanwhile, is told as [`Ready::invalid`].
    pub fn poll(&self, limit: Option<Duration>) -> io::Result<Vec<(RawFd, Ready)>> {
        let asked: Vec<_> = self.asked.iter().map(|(fd, interest)| (*fd, *interest)).collect();
        Ok(green::wait_raw(&asked, limit)?.into_iter().collect())
    }
}

fn unknown(fd: &impl AsRawFd) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("descriptor {} is not registered", fd.as_raw_fd()))
}
