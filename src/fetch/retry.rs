//! Which failure is tried again, and when: curl's `--retry` and its companions, decided on types alone.

mod budget;

use std::time::Duration;

use super::outcome::{Failure, Kind, Limit};
use crate::http::is_idempotent;
use crate::http::retry::is_transient;

pub use budget::{EARNS_EVERY, FREE_LINES, RESERVE, RetryBudget};

/// The first wait, as in curl; each further one is twice as long.
pub const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
/// No wait is longer, as in curl.
pub const MAX_BACK_OFF: Duration = Duration::from_secs(600);

/// What the command line says about trying again. The default is curl's: not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// `--retry`: attempts after the first.
    pub retries: u32,
    /// `--retry-delay`: every wait is this long; none or 0 doubles from 1 s to 10 min.
    pub delay: Option<Duration>,
    /// `--retry-max-time`: no attempt begins later than this after the first one did; none or 0 is no limit.
    pub max_time: Option<Duration>,
    /// `--retry-all-errors`: also what is not transient, and also requests that a server may have acted on.
    pub all_errors: bool,
    /// `--retry-connrefused`: a refused connection is transient too; an unreachable host is not, as in curl.
    pub connrefused: bool,
    /// `--retry-after-max`: a server that asks for a longer wait is not waited for.
    pub retry_after_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            retries: 0,
            delay: None,
            max_time: None,
            all_errors: false,
            connrefused: false,
            retry_after_max: Duration::from_secs(60),
        }
    }
}

/// What is known when an attempt has ended.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The method asked for first.
    pub method: &'a str,
    /// Why it failed; none for an answer that counts as success (`--no-fail`): curl retries a 503 then as well.
    pub failure: Option<&'a Failure>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// That answer's wish, by [`retry_after`](crate::http::retry::retry_after).
    pub retry_after: Option<Duration>,
    /// With the one that has just ended, so at least 1.
    pub attempts_made: u32,
    /// Since the first attempt began.
    pub since_first: Duration,
    /// What is left of the run (`--deadline`), if it has an end.
    pub time_left: Option<Duration>,
    /// The failure is that of a connect which the other end refused.
    pub refused: bool,
    /// Any byte of the request went out: the server may have acted.
    pub request_sent: bool,
    /// A byte of the body already went to standard output: a second attempt would print it twice.
    pub body_shown: bool,
}

/// What becomes of a line after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The outcome stands.
    Stop,
    /// It would have been tried again, but the server asked for a wait of this length, which is over
    /// [`RetryPolicy::retry_after_max`]: the failure stands at once.
    StopRetryAfterTooLong(Duration),
    /// Once more, after a wait from now: the server's own wish (`Retry-After`), or this line's back-off where that is longer.
    Again(Duration),
}

impl RetryPolicy {
    /// Decides after an attempt. Pure: the same attempt gives the same decision.
    pub fn decide(&self, attempt: &Attempt<'_>) -> Decision {
        let reason = self.reason(attempt);
        if reason == Reason::None || attempt.body_shown || attempt.attempts_made > self.retries {
            return Decision::Stop;
        }
        if !self.all_errors && attempt.request_sent && !is_idempotent(attempt.method) {
            return Decision::Stop;
        }
        let asked = asked(attempt, reason);
        if let Some(wait) = asked.filter(|wait| *wait > self.retry_after_max) {
            return Decision::StopRetryAfterTooLong(wait);
        }
        let after = self.back_off(attempt.attempts_made).max(asked.unwrap_or_default());
        let is_late = self.time_left(attempt.since_first).is_some_and(|left| after > left);
        let is_over = attempt.time_left.is_some_and(|left| after >= left);
        if is_late || is_over { Decision::Stop } else { Decision::Again(after) }
    }

    /// For how long nothing may go to the origin that answered, because it said so (`Retry-After`), whether this line is
    /// tried again or not. Without `--retry` nobody waits, as in curl; nor for longer than `--retry-after-max`.
    pub fn hold(&self, attempt: &Attempt<'_>) -> Option<Duration> {
        let asked = asked(attempt, self.reason(attempt))?;
        (self.retries > 0 && asked <= self.retry_after_max).then_some(asked)
    }

    /// How long another attempt may wait for its start, so long after the first one; none: for ever (`--retry-max-time`).
    pub fn time_left(&self, since_first: Duration) -> Option<Duration> {
        given(self.max_time).map(|most| most.saturating_sub(since_first))
    }

    fn reason(&self, attempt: &Attempt<'_>) -> Reason {
        let status_reason = match attempt.status {
            Some(status) if is_transient(status) => Reason::Status,
            _ => Reason::None,
        };
        let Some(failure) = attempt.failure else { return status_reason };
        let reason = match failure.kind {
            // Nothing was tried that another attempt could do better.
            Kind::Url | Kind::Blocked | Kind::Skipped | Kind::Cancelled | Kind::Internal => return Reason::None,
            Kind::Timeout => match failure.limit {
                // The run itself is over.
                Some(Limit::Deadline | Limit::Grace) => return Reason::None,
                Some(Limit::MaxTime | Limit::ConnectTimeout | Limit::Stall) | None => Reason::Transient,
            },
            Kind::Dns => Reason::Transient,
            Kind::Connect if self.connrefused && attempt.refused => Reason::Transient,
            Kind::Status => status_reason,
            Kind::Connect
            | Kind::Proxy
            | Kind::Tls
            | Kind::Certificate
            | Kind::Reset
            | Kind::Truncated
            | Kind::Protocol
            | Kind::Decode
            | Kind::Redirect
            | Kind::TooLarge
            | Kind::Read
            | Kind::Write => Reason::None,
        };
        if reason == Reason::None && self.all_errors { Reason::Transient } else { reason }
    }

    /// The wait before attempt `made + 1`, whatever the server says.
    fn back_off(&self, made: u32) -> Duration {
        let doublings = made.saturating_sub(1).min(31);
        given(self.delay).unwrap_or_else(|| FIRST_BACK_OFF.saturating_mul(1 << doublings).min(MAX_BACK_OFF))
    }
}

/// Why an attempt may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    None,
    Transient,
    /// The answer's status, which may come with a `Retry-After`.
    Status,
}

/// As in curl, only an answer that is itself the reason can say when to come again; 0 says nothing.
fn asked(attempt: &Attempt<'_>, reason: Reason) -> Option<Duration> {
    attempt.retry_after.filter(|wait| reason == Reason::Status && !wait.is_zero())
}

/// curl reads a time of 0 as one not given.
fn given(time: Option<Duration>) -> Option<Duration> {
    time.filter(|time| !time.is_zero())
}

#[cfg(test)]
mod tests;
