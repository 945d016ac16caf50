//! What a descriptor is waited for, and what it turned out to be ready for.

use std::ops::BitOr;

/// What a descriptor is waited for; join several by `|`. gevent: the `events` of a loop's `io` watcher.
///
/// ```
/// use gfetch::net::Interest;
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.readable && both.writable && !both.priority);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Bytes, a connection to accept, or an end.
    pub readable: bool,
    /// Room for bytes, or an error.
    pub writable: bool,
    /// Urgent bytes of TCP and the like (`POLLPRI`).
    pub priority: bool,
}

impl Interest {
    /// Something to read.
    pub const READABLE: Interest = Interest { readable: true, writable: false, priority: false };
    /// Room to write.
    pub const WRITABLE: Interest = Interest { readable: false, writable: true, priority: false };
    /// Something urgent.
    pub const PRIORITY: Interest = Interest { readable: false, writable: false, priority: true };

    pub(in crate::green) fn of_mio(self) -> mio::Interest {
        let pairs = [
            (self.readable, mio::Interest::READABLE),
            (self.writable, mio::Interest::WRITABLE),
            (self.priority, mio::Interest::PRIORITY),
        ];
        let asked = pairs.into_iter().filter_map(|(asked, interest)| asked.then_some(interest));
        // Errors and ends are told in any case.
        asked.reduce(|all, more| all | more).unwrap_or(mio::Interest::PRIORITY)
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, more: Interest) -> Interest {
        Interest {
            readable: self.readable | more.readable,
            writable: self.writable | more.writable,
            priority: self.priority | more.priority,
        }
    }
}

/// What a descriptor is ready for, of what was asked; `closed`, `error` and `invalid` come unasked, as with poll(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// A read will not wait: there are bytes, an end or an error.
    pub readable: bool,
    /// A write will not wait: there is room or an error.
    pub writable: bool,
    /// There is something urgent.
    pub priority: bool,
    /// The other end has hung up (`POLLHUP`).
    pub closed: bool,
    /// An error is pending (`POLLERR`).
    pub error: bool,
    /// This is no open descriptor, or it was closed during the wait (`POLLNVAL`).
    pub invalid: bool,
}

impl Ready {
    pub(in crate::green) const INVALID: Ready =
        Ready { readable: false, writable: false, priority: false, closed: false, error: false, invalid: true };

    /// Whether it is ready for anything.
    pub fn is_any(self) -> bool {
        self != Ready::default()
    }

    /// As regular files are.
    pub(in crate::green) fn always(asked: Interest) -> Ready {
        Ready { readable: asked.readable, writable: asked.writable, ..Ready::default() }
    }

    pub(in crate::green) fn of(event: &mio::event::Event, asked: Interest) -> Ready {
        let error = event.is_error();
        let closed = event.is_read_closed() && event.is_write_closed();
        Ready {
            readable: asked.readable && (event.is_readable() || event.is_read_closed() || error),
            writable: asked.writable && (event.is_writable() || event.is_write_closed() || error),
            priority: asked.priority && event.is_priority(),
            closed,
            error,
            invalid: false,
        }
    }

    pub(in crate::green) fn and(self, more: Ready) -> Ready {
        Ready {
            readable: self.readable | more.readable,
            writable: self.writable | more.writable,
            priority: self.priority | more.priority,
            closed: self.closed | more.closed,
            error: self.error | more.error,
            invalid: self.invalid | more.invalid,
        }
    }
}
