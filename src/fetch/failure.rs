//! From what went wrong below to the record's kind, stage, clock and curl code.

use std::io;
use std::time::Duration;

use super::curl_code::{
    COULD_NOT_CONNECT, COULD_NOT_RESOLVE_PROXY, HTTP2, HTTP2_STREAM, INTERFACE_FAILED, NOT_PINNED, SOCKS_FAILED,
    curl_code, of_tls_setup,
};
use super::outcome::{Failure, Kind, Limit, Stage};
use crate::green::Interrupt;
use crate::http::h1::Truncated;
use crate::http::h2::Http2Error;
use crate::http::proxy::ProxyError;
use crate::http::redirect::RedirectError;
use crate::http::{Error, Phase, Trace};
use crate::net::{DnsErrorKind, TlsError};

impl Failure {
    /// A failure whose curl code follows from the rest.
    pub fn new(kind: Kind, stage: Stage, message: impl Into<String>) -> Failure {
        Failure { kind, stage, message: message.into(), limit: None, curl: curl_code(kind, stage, None) }
    }

    /// A clock ran out.
    pub fn timeout(limit: Limit, stage: Stage, message: impl Into<String>) -> Failure {
        let curl = curl_code(Kind::Timeout, stage, Some(limit));
        Failure { kind: Kind::Timeout, stage, message: message.into(), limit: Some(limit), curl }
    }

    /// Not started, because the run was stopped.
    pub(super) fn cancelled() -> Failure {
        Failure::new(Kind::Cancelled, Stage::Queue, "the run was stopped before this began")
    }
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

/// What an exchange failed with, at the stage that `trace` stands in.
pub(super) fn of_exchange(error: Error, trace: &Trace) -> Failure {
    let stage = stage(trace);
    let message = error.to_string();
    match error {
        Error::Request(_) | Error::NoOrigin => Failure::new(Kind::Url, Stage::Input, message),
        Error::Body(_) => Failure::new(Kind::Read, Stage::Send, message),
        Error::Dns(error) => match error.kind {
            DnsErrorKind::Interrupted(interrupt) => of_interrupt(&interrupt, stage),
            _ => Failure::new(Kind::Dns, Stage::Dns, message),
        },
        Error::Connect(error) => match error.interrupt() {
            Some(interrupt) => of_interrupt(interrupt, stage),
            None if error.is_bind() => {
                Failure { curl: INTERFACE_FAILED, ..Failure::new(Kind::Connect, Stage::Connect, message) }
            }
            None => Failure::new(Kind::Connect, Stage::Connect, message),
        },
        Error::Blocked(_) => {
            let message = format!("{message} (--block-private)");
            Failure { curl: COULD_NOT_CONNECT, ..Failure::new(Kind::Blocked, stage, message) }
        }
        Error::Proxy(error) => of_proxy(&error, message),
        Error::Interface(_) => Failure { curl: INTERFACE_FAILED, ..Failure::new(Kind::Connect, stage, message) },
        Error::UnixSocket(..) => Failure::new(Kind::Connect, Stage::Connect, message),
        Error::ConnectTimeout(limit) => {
            let message = format!("no connection within {} (--connect-timeout)", seconds(limit));
            Failure::timeout(Limit::ConnectTimeout, stage, message)
        }
        Error::AnswerTimeout(limit) => stalled(limit, stage),
        Error::TlsSetup(error) => {
            Failure { curl: of_tls_setup(&error), ..Failure::new(Kind::Certificate, tls_stage(stage), message) }
        }
        Error::Tls(TlsError::NotPinned(_)) => {
            Failure { curl: NOT_PINNED, ..Failure::new(Kind::Certificate, tls_stage(stage), message) }
        }
        Error::Tls(TlsError::Certificate(_)) => Failure::new(Kind::Certificate, tls_stage(stage), message),
        Error::Tls(_) => Failure::new(Kind::Tls, stage, message),
        Error::Protocol(_) => Failure::new(Kind::Protocol, stage, message),
        Error::Http2(error) => of_http2(error, stage),
        Error::Truncated(Truncated::Nothing) => Failure::new(Kind::Reset, stage, message),
        Error::Truncated(_) => Failure::new(Kind::Truncated, stage, message),
        Error::Decode(_) => Failure::new(Kind::Decode, Stage::Decode, message),
        Error::Interrupted(interrupt) => of_interrupt(&interrupt, stage),
        // TLS says so of a close without its farewell; before any answer that is a close like others.
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof && stage == Stage::Receive => {
            Failure::new(Kind::Truncated, stage, message)
        }
        Error::Io(_) => Failure::new(Kind::Reset, stage, message),
    }
}

/// What a proxy did, with curl's codes for it. Its own name is looked up in the phase of names, as the origin's would be.
fn of_proxy(error: &ProxyError, message: String) -> Failure {
    let (kind, stage, curl) = match error {
        ProxyError::Dns(_) => (Kind::Dns, Stage::Dns, COULD_NOT_RESOLVE_PROXY),
        ProxyError::Target(_) => (Kind::Dns, Stage::Dns, SOCKS_FAILED),
        error if error.is_socks() => (Kind::Proxy, Stage::Proxy, SOCKS_FAILED),
        _ => return Failure::new(Kind::Proxy, Stage::Proxy, message),
    };
    Failure { curl, ..Failure::new(kind, stage, message) }
}

/// A certificate is the origin's, or an HTTPS proxy's.
fn tls_stage(stage: Stage) -> Stage {
    if stage == Stage::Proxy { stage } else { Stage::Tls }
}

/// HTTP/2's own faults: a server that gives up, or one that breaks the rules; curl tells stream and connection apart.
fn of_http2(error: Http2Error, stage: Stage) -> Failure {
    let (kind, curl) = match error {
        Http2Error::Reset(_) => (Kind::Reset, HTTP2_STREAM),
        Http2Error::GoAway(_) => (Kind::Reset, HTTP2),
        Http2Error::Stream(_) => (Kind::Protocol, HTTP2_STREAM),
        Http2Error::Connection(_) | Http2Error::Refused(_) => (Kind::Protocol, HTTP2),
        Http2Error::Closed => (Kind::Truncated, curl_code(Kind::Truncated, stage, None)),
    };
    Failure { curl, ..Failure::new(kind, stage, error.to_string()) }
}

/// An interrupt that no scope of the attempt has claimed: the run's end, which the caller's scope puts right.
fn of_interrupt(interrupt: &Interrupt, stage: Stage) -> Failure {
    Failure::new(Kind::Cancelled, stage, interrupt.to_string())
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
