//! From what went wrong below to the record's kind, stage, clock and curl code.
//!
//! What makes texts is out of line: who waits for an answer shall not keep the stack that the words for its failure need.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::curl_code::{curl_code, of_error};
use super::outcome::{Failure, Kind, Limit, Stage};
use crate::http::redirect::RedirectError;
use crate::http::{Error, ErrorKind, Phase, Trace};

impl Failure {
    /// A failure whose curl code follows from the rest.
    #[inline(never)]
    pub fn new(kind: Kind, stage: Stage, message: impl Into<String>) -> Failure {
        Failure { kind, stage, message: message.into(), limit: None, curl: curl_code(kind, stage, None) }
    }

    /// A clock ran out.
    #[inline(never)]
    pub fn timeout(limit: Limit, stage: Stage, message: impl Into<String>) -> Failure {
        let curl = curl_code(Kind::Timeout, stage, Some(limit));
        Failure { kind: Kind::Timeout, stage, message: message.into(), limit: Some(limit), curl }
    }

    /// What came could not be written, to `file` where it has a name. In the system's words, but for its numbers, and for the
    /// name that the file had until it was to be whole.
    #[inline(never)]
    pub fn writing(error: &io::Error, file: Option<&Path>) -> Failure {
        let words = words_of(error);
        let message = match file {
            Some(file) if error.kind() == io::ErrorKind::NotFound && lacks_its_folder(file) => {
                format!("{}: {words} (--create-dirs makes its folder)", file.display())
            }
            Some(file) => format!("{}: {words}", file.display()),
            None => words,
        };
        Failure::new(Kind::Write, Stage::Write, message)
    }

    /// Not started, because the run was stopped.
    pub(super) fn cancelled() -> Failure {
        Failure::new(Kind::Cancelled, Stage::Queue, "the run was stopped before this began")
    }
}

fn words_of(error: &io::Error) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    if let Some(inner) = error.get_ref() {
        cause = inner;
    }
    while let Some(below) = cause.source() {
        cause = below;
    }
    // "File too large" is said of files that are not, where a shell sets the limit.
    let too_large = error.kind() == io::ErrorKind::FileTooLarge;
    let words = if too_large { "no file may be larger (ulimit -f)".to_owned() } else { cause.to_string() };
    words.split(" (os error ").next().unwrap_or_default().to_owned()
}

fn lacks_its_folder(file: &Path) -> bool {
    file.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.exists())
}

/// The stage that a trace stands in.
pub(super) fn stage(trace: &Trace) -> Stage {
    match trace.phase() {
        None => Stage::Queue,
        Some(Phase::Dns) => Stage::Dns,
        Some(Phase::Connect) => Stage::Connect,
        Some(Phase::Proxy) => Stage::Proxy,
        Some(Phase::Tls) => Stage::Tls,
        Some(Phase::Send) => Stage::Send,
        Some(Phase::Wait) => Stage::Wait,
        Some(Phase::Receive) => Stage::Receive,
    }
}

impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Kind {
        match kind {
            ErrorKind::Url | ErrorKind::Request => Kind::Url,
            ErrorKind::Blocked => Kind::Blocked,
            ErrorKind::Dns => Kind::Dns,
            ErrorKind::Connect => Kind::Connect,
            ErrorKind::Proxy => Kind::Proxy,
            ErrorKind::Tls => Kind::Tls,
            ErrorKind::Certificate => Kind::Certificate,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Reset => Kind::Reset,
            ErrorKind::Truncated => Kind::Truncated,
            ErrorKind::Protocol => Kind::Protocol,
            ErrorKind::Decode => Kind::Decode,
            ErrorKind::Redirect => Kind::Redirect,
            ErrorKind::Status => Kind::Status,
            ErrorKind::TooLarge => Kind::TooLarge,
            ErrorKind::Read => Kind::Read,
            // No scope of the attempt has claimed it: the run's end, which the caller's scope puts right.
            ErrorKind::Interrupted => Kind::Cancelled,
        }
    }
}

/// What an exchange failed with, at the stage that `trace` stands in.
#[inline(never)]
pub(super) fn of_exchange(error: &Error, trace: &Trace) -> Failure {
    let running = stage(trace);
    let kind = error.kind_at(trace.phase()).into();
    let message = match error {
        Error::ConnectTimeout(limit) => {
            let message = format!("no connection within {} (--connect-timeout)", seconds(*limit));
            return Failure::timeout(Limit::ConnectTimeout, running, message);
        }
        Error::AnswerTimeout(limit) => return stalled(*limit, running),
        Error::Blocked(_) => format!("{error} (--block-private)"),
        _ => error.to_string(),
    };
    let failure = Failure::new(kind, stage_of(kind, running), message);
    Failure { curl: of_error(error).unwrap_or(failure.curl), ..failure }
}

/// Where a failure of this kind belongs, whatever was running: of a proxy's name to the phase of names, as the origin's
/// would be; a certificate is the origin's, or an HTTPS proxy's.
fn stage_of(kind: Kind, running: Stage) -> Stage {
    match kind {
        Kind::Url => Stage::Input,
        Kind::Read => Stage::Send,
        Kind::Dns => Stage::Dns,
        Kind::Connect => Stage::Connect,
        Kind::Proxy => Stage::Proxy,
        Kind::Certificate if running != Stage::Proxy => Stage::Tls,
        Kind::Decode => Stage::Decode,
        _ => running,
    }
}

pub(super) fn of_redirect(error: RedirectError) -> Failure {
    match error {
        RedirectError::Refused(_) => Failure::new(Kind::Blocked, Stage::Receive, format!("{error} (--proto-redir)")),
        RedirectError::TooMany(_) => Failure::new(Kind::Redirect, Stage::Receive, format!("{error} (--max-redirs)")),
        _ => Failure::new(Kind::Redirect, Stage::Receive, error.to_string()),
    }
}

/// Nothing, or too little, came (or, of a request's body, went) for `limit`.
pub(super) fn stalled(limit: Duration, stage: Stage) -> Failure {
    let what = if stage == Stage::Send { "too little was taken" } else { "too little came" };
    Failure::timeout(Limit::Stall, stage, format!("{what} for {} (-y)", seconds(limit)))
}

/// A whole attempt took too long.
pub(super) fn over_time(limit: Duration, stage: Stage) -> Failure {
    let what = if stage == Stage::Receive { "not complete" } else { "no answer" };
    Failure::timeout(Limit::MaxTime, stage, format!("{what} within {} (-m)", seconds(limit)))
}

/// The run ended around a running attempt.
pub(super) fn cut(limit: Limit, stage: Stage) -> Failure {
    let message = match limit {
        Limit::Deadline => "the whole run's time was over (--deadline)",
        _ => "the run was stopped, and this was not done in time (--grace)",
    };
    Failure::timeout(limit, stage, message)
}

/// `5 s`, `0.25 s`.
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
