//! What can be patched, and the one word that says what is.

use std::sync::atomic::{AtomicU32, Ordering};

/// A family of calls that is patched together. Named as gevent names its `patch_…` functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// `connect`, `accept`, the receiving and the sending calls; `read` and `write` where the descriptor is a socket.
    /// gevent: `patch_socket`.
    Socket,
    /// `read` and `write` of pipes, terminals and the like. gevent: `patch_sys`, and `gevent.os`.
    Os,
    /// `poll`, `select`, `epoll_wait` and their kin. gevent: `patch_select`.
    Select,
    /// `nanosleep`, `clock_nanosleep`, `usleep`, `sleep`. gevent: `patch_time`.
    Time,
    /// `getaddrinfo`, `getnameinfo`. gevent: `patch_dns`.
    Dns,
    /// `waitpid` and its kin. gevent: `patch_subprocess`, and `gevent.os`.
    Process,
    /// The futexes under std's locks, `thread::park` and what waits by it, `JoinHandle::join`. gevent: `patch_thread`.
    Thread,
}

impl Feature {
    /// Every feature there is.
    pub const ALL: &[Feature] = &[
        Feature::Socket,
        Feature::Os,
        Feature::Select,
        Feature::Time,
        Feature::Dns,
        Feature::Process,
        Feature::Thread,
    ];

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

static ON: AtomicU32 = AtomicU32::new(0);

/// Nothing else is published by it: who sees it late makes the call that blocks.
pub(crate) fn turn_on(features: impl IntoIterator<Item = Feature>) {
    let bits = features.into_iter().fold(0, |bits, feature| bits | feature.bit());
    ON.fetch_or(bits, Ordering::Relaxed);
}

#[inline(always)]
pub(crate) fn is_on(feature: Feature) -> bool {
    ON.load(Ordering::Relaxed) & feature.bit() != 0
}

/// Whether anything is patched.
#[inline(always)]
pub(crate) fn is_any_on() -> bool {
    ON.load(Ordering::Relaxed) != 0
}
