//! What all connections of a server share: its bounds, the word that it stops, and where its accesses are told.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::limits::ServerLimits;
use crate::green::{self, Alarm};
use crate::http::h1::RequestHead;

pub(super) struct House {
    pub limits: ServerLimits,
    /// Rings when the server stops: idle connections end, and every answer from then on says `Connection: close`.
    pub stop: Alarm,
    pub log: Option<Sink>,
}

/// Where accesses are told.
pub(super) type Sink = Box<dyn Fn(&Access<'_>)>;

impl House {
    pub fn new(limits: ServerLimits) -> House {
        House { limits, stop: Alarm::new(), log: None }
    }

    /// The time now, if anybody wants to know later how long it took.
    pub fn begin(&self) -> Option<Begun> {
        self.log.as_ref().map(|_| Begun { at: SystemTime::now(), from: green::now() })
    }

    /// Tells the log, if there is one, of an exchange that has ended.
    pub fn tell(
        &self,
        begun: Option<Begun>,
        peer: Option<SocketAddr>,
        head: Option<&RequestHead>,
        (status, bytes): (Option<u16>, u64),
    ) {
        if let (Some(log), Some(begun)) = (&self.log, begun) {
            let took = green::now().saturating_duration_since(begun.from);
            log(&Access { peer, head, status, bytes, began: begun.at, took });
        }
    }
}

/// When an exchange began.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    at: SystemTime,
    from: Instant,
}

/// An exchange that has ended, as the access log hears of it. Its [`Display`](fmt::Display) is pywsgi's line, with the
/// time in UTC: `127.0.0.1 - - [2026-01-02T03:04:05Z] "GET /tea HTTP/1.1" 200 5 0.000321`. The target stands in it as the
/// client sent it, also one with a host (visible ASCII, so that no line can be forged); its query may hold secrets.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Who asked; none where the connection has no address.
    pub peer: Option<SocketAddr>,
    /// What was asked; none for a request that was refused because it could not be read.
    pub head: Option<&'a RequestHead>,
    /// Of the answer; none if there was no answer.
    pub status: Option<u16>,
    /// Of the answer's body, without framing.
    pub bytes: u64,
    /// When the request's head had come.
    pub began: SystemTime,
    /// From then to the end of the answer.
    pub took: Duration,
}

impl fmt::Display for Access<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) => write!(f, "{}", peer.ip())?,
            None => f.write_str("-")?,
        }
        write!(f, " - - [{}] ", humantime::format_rfc3339_seconds(self.began))?;
        match self.head {
            Some(head) => write!(f, "\"{} {} HTTP/{}\"", head.method, head.target, head.version.as_str())?,
            None => f.write_str("\"-\"")?,
        }
        write!(f, " {:03} {} {:.6}", self.status.unwrap_or(0), self.bytes, self.took.as_secs_f64())
    }
}
