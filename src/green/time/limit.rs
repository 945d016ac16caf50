//! How long a wait may take, in the forms in which a caller has it: a span, a moment, a [`Timeout`].

use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::hub::timers::Deadline;
use crate::green::time::timeout::Timeout;

/// How long a wait may take: every method named `*_timeout` takes one. Made from a [`Duration`] (from now), an
/// [`Instant`] (of the hub's clock, see [`now`](crate::green::now)) or a [`&Timeout`](Timeout). gevent: the `timeout` argument,
/// a number or a `Timeout`.
///
/// A started `Timeout` ends the wait when it fires: as its scope's interrupt, because that was made first. One that is
/// not started only lends its length; gevent starts it.
///
/// ```
/// use gfetch::green::{self, Event};
/// use std::time::Duration;
/// green::run(|| {
///     let (never, second) = (Event::new(), Duration::from_millis(1));
///     assert!(!never.wait_timeout(second).unwrap());
///     assert!(!never.wait_timeout(green::now() + second).unwrap());
///     assert!(!never.wait_timeout(&green::Timeout::new(second)).unwrap());
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limit(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Never,
    Within(Duration),
    At(Instant),
}

impl Limit {
    /// No limit: the wait lasts until what it waits for comes. gevent: `timeout=None`.
    pub const NEVER: Limit = Limit(Kind::Never);

    /// Whether it lets nothing be waited for.
    pub(crate) fn is_zero(self) -> bool {
        matches!(self.0, Kind::Within(Duration::ZERO))
    }

    /// What is left of it, for who counts in spans.
    pub(crate) fn left(self) -> Duration {
        match self.0 {
            Kind::Never => Duration::MAX,
            Kind::Within(limit) => limit,
            Kind::At(when) => when.saturating_duration_since(crate::green::now()),
        }
    }

    /// When it ends, for a thread without a hub.
    pub(crate) fn end(self) -> Option<Instant> {
        match self.0 {
            Kind::Never => None,
            Kind::Within(limit) => crate::green::now().checked_add(limit),
            Kind::At(when) => Some(when),
        }
    }

    /// The same limit for several waits, counted from now.
    pub(crate) fn fixed(self) -> Limit {
        match self.0 {
            Kind::Within(_) => self.end().map_or(Limit::NEVER, Limit::from),
            _ => self,
        }
    }

    /// The deadline of a wait that begins now; none when it is too far away to be told.
    pub(crate) fn deadline(self, hub: &Hub) -> Option<Deadline> {
        match self.0 {
            Kind::Never => None,
            Kind::Within(limit) => hub.deadline(limit),
            Kind::At(when) => Some(hub.timers.deadline(when)),
        }
    }
}

impl From<Duration> for Limit {
    fn from(limit: Duration) -> Limit {
        Limit(Kind::Within(limit))
    }
}

/// None is [`Limit::NEVER`].
impl From<Option<Duration>> for Limit {
    fn from(limit: Option<Duration>) -> Limit {
        limit.map_or(Limit::NEVER, Limit::from)
    }
}

impl From<Instant> for Limit {
    fn from(when: Instant) -> Limit {
        Limit(Kind::At(when))
    }
}

impl From<&Timeout> for Limit {
    fn from(timeout: &Timeout) -> Limit {
        match (timeout.when(), timeout.limit()) {
            (Some(when), _) => when.into(),
            (None, Some(limit)) => limit.into(),
            (None, None) => Limit::NEVER,
        }
    }
}
