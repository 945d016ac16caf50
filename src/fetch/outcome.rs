//! What became of one line of the list: data first, text later (the command renders it).

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Add;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::http::{Phase, Trace};

/// What became of one input line. There is exactly one of these for every line read.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Counts records from 0: comments and blank lines count for nothing, each glob expansion for one.
    pub index: u64,
    /// The `id` of a JSON line, carried through untouched.
    pub id: Option<serde_json::Value>,
    /// Where the line stood: `urls.txt:17`, `-:3` or `argument 2`.
    pub source: String,
    /// The line's text (invalid UTF-8 as U+FFFD), as it was given.
    pub url: String,
    /// The host asked for first; none when the line is no URL.
    pub host: Option<Arc<str>>,
    /// What was asked last; none when nothing was asked.
    pub final_url: Option<String>,
    /// The method asked for first.
    pub method: Cow<'static, str>,
    /// When the first attempt started; none when none did.
    pub started: Option<SystemTime>,
    /// The last answer seen, also when the request failed afterwards.
    pub status: Option<u16>,
    /// `"1.0"` or `"1.1"`, of the last answer.
    pub http_version: Option<&'static str>,
    /// `"1.2"` or `"1.3"`; none without TLS.
    pub tls: Option<&'static str>,
    /// The last answer's `Content-Type`.
    pub content_type: Option<Arc<str>>,
    /// The last answer's `Content-Length`.
    pub content_length: Option<u64>,
    /// Bytes of the last body after content decoding, as far as it arrived.
    pub bytes: u64,
    /// The same before content decoding (after chunk framing and TLS).
    pub wire_bytes: u64,
    /// Redirects followed by the last attempt.
    pub redirects: u32,
    /// Attempts made; 0 when the line was never started.
    pub attempts: u32,
    /// Whether the last attempt's last request went over a connection that had served one before.
    pub reused: bool,
    /// Whom the last attempt talked to.
    pub remote: Option<SocketAddr>,
    /// Where the body was saved.
    pub file: Option<PathBuf>,
    /// How long that file is, where [`bytes`](Outcome::bytes) is not all of it: it went on with what was there before, or was
    /// there already.
    pub file_bytes: Option<u64>,
    /// Where the time went.
    pub timings: Timings,
    /// SHA-256 of the decoded body, where the plan asked for it (`Plan::hash_bodies`); of the whole file where that goes on
    /// with what was there before.
    pub sha256: Option<[u8; 32]>,
    /// Why it failed; none exactly when it succeeded.
    pub error: Option<Failure>,
}

impl Outcome {
    /// The record of a line before anything has happened, with no address yet.
    pub(super) fn begun(index: u64, method: Cow<'static, str>) -> Outcome {
        Outcome {
            index,
            id: None,
            source: String::new(),
            url: String::new(),
            host: None,
            final_url: None,
            method,
            started: None,
            status: None,
            http_version: None,
            tls: None,
            content_type: None,
            content_length: None,
            bytes: 0,
            wire_bytes: 0,
            redirects: 0,
            attempts: 0,
            reused: false,
            remote: None,
            file: None,
            file_bytes: None,
            timings: Timings::default(),
            sha256: None,
            error: None,
        }
    }

    /// True exactly when there is no error.
    pub fn ok(&self) -> bool {
        self.error.is_none()
    }

    /// How long its file is; without one, bytes of its body.
    pub fn whole_bytes(&self) -> u64 {
        self.file_bytes.unwrap_or(self.bytes)
    }
}

/// Where the time of one line went. A phase that did not happen is `None`; one cut short holds its time until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for permits, rate and held-back origins before the first attempt.
    pub queue: Duration,
    /// Name look-up.
    pub dns: Option<Duration>,
    /// TCP connect; through a proxy the way to it, and what is said to it until it opens the way.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// Writing the request.
    pub send: Option<Duration>,
    /// Request sent to the first byte of a final head.
    pub wait: Option<Duration>,
    /// To the end of the body, decoding included.
    pub receive: Option<Duration>,
    /// Earlier attempts and the waits between them.
    pub retries: Duration,
}

impl Timings {
    /// The phases of a trace.
    pub(super) fn of(trace: &Trace) -> Timings {
        // Asking a proxy for a way is part of getting a connection.
        let connect = [Phase::Connect, Phase::Proxy].into_iter().filter_map(|phase| trace.time(phase)).reduce(Add::add);
        Timings {
            queue: Duration::ZERO,
            dns: trace.time(Phase::Dns),
            connect,
            tls: trace.time(Phase::Tls),
            send: trace.time(Phase::Send),
            wait: trace.time(Phase::Wait),
            receive: trace.time(Phase::Receive),
            retries: Duration::ZERO,
        }
    }

    /// What was added to the phases of `before`; of an exchange that was `answered` the last three have happened.
    pub(super) fn since(&self, before: &Timings, answered: bool) -> Timings {
        let spent = |now: Option<Duration>, before: Option<Duration>, surely: bool| {
            let spent = now?.saturating_sub(before.unwrap_or_default());
            (surely || before.is_none() || !spent.is_zero()).then_some(spent)
        };
        Timings {
            queue: Duration::ZERO,
            dns: spent(self.dns, before.dns, false),
            connect: spent(self.connect, before.connect, false),
            tls: spent(self.tls, before.tls, false),
            send: spent(self.send, before.send, answered),
            wait: spent(self.wait, before.wait, answered),
            receive: spent(self.receive, before.receive, answered),
            retries: Duration::ZERO,
        }
    }

    /// All phases but `queue`.
    pub fn total(&self) -> Duration {
        [self.dns, self.connect, self.tls, self.send, self.wait, self.receive].into_iter().flatten().sum::<Duration>()
            + self.retries
    }
}

/// Why a line failed. Retry policy reads `kind` and `stage`, never the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: Kind,
    /// The phase that was running.
    pub stage: Stage,
    /// For people; control characters from outside are escaped where it is shown, not here.
    pub message: String,
    /// Which clock ended it, for a `Kind::Timeout`.
    pub limit: Option<Limit>,
    /// The exit code curl would give.
    pub curl: u8,
}

/// Writes an enum of unit variants whose names in the record are exact, with `as_str` and `ALL`.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name in the JSON record: exact, scripts rely on it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

named! {
    /// What went wrong.
    Kind {
        /// The line is no URL that gfetch can fetch.
        Url = "url",
        /// Refused by a policy of the run.
        Blocked = "blocked",
        /// The name did not resolve.
        Dns = "dns",
        /// No connection could be made.
        Connect = "connect",
        /// The proxy refused.
        Proxy = "proxy",
        /// The TLS handshake or a TLS record failed.
        Tls = "tls",
        /// The peer's certificate was not accepted.
        Certificate = "certificate",
        /// A clock ran out: see `Failure::limit`.
        Timeout = "timeout",
        /// The peer reset the connection, or closed it before an answer.
        Reset = "reset",
        /// The body ended before its framing said so.
        Truncated = "truncated",
        /// What the peer sent is not HTTP as gfetch accepts it.
        Protocol = "protocol",
        /// A content coding was broken or unknown.
        Decode = "decode",
        /// A redirect could not be followed.
        Redirect = "redirect",
        /// The status was 400 or above.
        Status = "status",
        /// The body was larger than allowed.
        TooLarge = "too_large",
        /// Reading what to send failed.
        Read = "read",
        /// The body could not be written.
        Write = "write",
        /// Not tried, because its host had been given up.
        Skipped = "skipped",
        /// Not started or cut off, because the run was stopped.
        Cancelled = "cancelled",
        /// A bug of ours met this line. (Beyond the first contract, which allows new kinds.)
        Internal = "internal",
    }
}

named! {
    /// The phase that was running when it failed.
    Stage {
        /// Reading the line.
        Input = "input",
        /// Waiting for a permit.
        Queue = "queue",
        /// Name look-up.
        Dns = "dns",
        /// TCP connect.
        Connect = "connect",
        /// Talking to a proxy.
        Proxy = "proxy",
        /// TLS handshake.
        Tls = "tls",
        /// Sending the request.
        Send = "send",
        /// Waiting for the answer's head.
        Wait = "wait",
        /// Receiving the body.
        Receive = "receive",
        /// Decoding the body.
        Decode = "decode",
        /// Writing the body.
        Write = "write",
    }
}

named! {
    /// Which clock ended a request.
    Limit {
        /// `-m`.
        MaxTime = "max-time",
        /// `--connect-timeout`.
        ConnectTimeout = "connect-timeout",
        /// `-y`/`-Y`, or the rule that a body must bring something.
        Stall = "stall",
        /// `--deadline`.
        Deadline = "deadline",
        /// `--grace`, after a stop was asked for.
        Grace = "grace",
    }
}
