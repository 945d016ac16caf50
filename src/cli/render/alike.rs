//! What most records of a run have in common: the server's answer and the way to it. It is rendered once, and copied for as
//! long as it stays the same.

use std::net::SocketAddr;
use std::sync::Arc;

use gfetch::fetch::outcome::Outcome;

use super::fields::{self, Of};
use super::object::members;

/// The members of the last record that the next one may have, too.
#[derive(Default)]
pub struct Alike {
    shown: Shown,
    /// `ok` to `content_type`.
    pub answer: Vec<u8>,
    /// `redirects` to `remote_port`.
    pub way: Vec<u8>,
}

/// All that they show.
#[derive(Default)]
struct Shown {
    ok: bool,
    status: Option<u16>,
    http_version: Option<&'static str>,
    tls: Option<&'static str>,
    content_type: Option<Arc<str>>,
    redirects: u32,
    attempts: u32,
    reused: bool,
    remote: Option<SocketAddr>,
}

impl Shown {
    fn of(outcome: &Outcome) -> Shown {
        Shown {
            ok: outcome.ok(),
            status: outcome.status,
            http_version: outcome.http_version,
            tls: outcome.tls,
            content_type: outcome.content_type.clone(),
            redirects: outcome.redirects,
            attempts: outcome.attempts,
            reused: outcome.reused,
            remote: outcome.remote,
        }
    }

    fn is_of(&self, outcome: &Outcome) -> bool {
        self.ok == outcome.ok()
            && self.status == outcome.status
            && self.http_version == outcome.http_version
            && self.tls == outcome.tls
            && self.content_type == outcome.content_type
            && self.redirects == outcome.redirects
            && self.attempts == outcome.attempts
            && self.reused == outcome.reused
            && self.remote == outcome.remote
    }
}

impl Alike {
    /// Those of this record.
    pub fn of(&mut self, of: Of<'_>) -> &Alike {
        if self.answer.is_empty() || !self.shown.is_of(of.outcome) {
            self.shown = Shown::of(of.outcome);
            self.answer.clear();
            self.way.clear();
            members(&mut self.answer, |object| fields::answer(object, of));
            members(&mut self.way, |object| fields::way(object, of));
        }
        self
    }
}
