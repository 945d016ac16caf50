//! What is noted of a line beyond its outcome, each only where the plan asks for it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::CertificateDer;

use super::exchange::Exchange;
use super::outcome::{Failure, Outcome, Timings};
use super::plan::Plan;
use super::spool::{Spool, SpoolMemory};
use crate::green;
use crate::http::{Request, Response, Trace};

/// What a record may have beside its outcome.
#[derive(Default)]
pub struct Details {
    /// When the last attempt started.
    pub last_started: Option<SystemTime>,
    /// The attempts before the last, where the plan keeps them.
    pub earlier: Vec<EarlierAttempt>,
    /// The certificates that the last attempt's last server showed, its own first, where the plan keeps them.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The last body's beginning, once it was [read](Details::read_body).
    pub body: Option<Vec<u8>>,
    spool: Option<Spool>,
}

/// An attempt that another one followed.
#[derive(Clone, Debug)]
pub struct EarlierAttempt {
    /// When it started.
    pub started: SystemTime,
    /// Its own phases; `queue` and `retries` are zero.
    pub timings: Timings,
    /// The last answer seen.
    pub status: Option<u16>,
    /// Redirects followed.
    pub redirects: u32,
    /// Decoded bytes of its last body.
    pub bytes: u64,
    /// The same before decoding.
    pub wire_bytes: u64,
    /// Whom it talked to.
    pub remote: Option<SocketAddr>,
    /// Why it failed, if it did.
    pub error: Option<Failure>,
    /// Its exchanges, where the plan keeps them.
    pub exchanges: Vec<Exchange>,
}

impl Details {
    /// Takes the body from where it waited into memory: at most what the plan said.
    ///
    /// # Errors
    /// The file that it waited in cannot be read.
    pub fn read_body(&mut self) -> io::Result<()> {
        let Some(mut spool) = self.spool.take() else { return Ok(()) };
        let mut body = Vec::with_capacity(spool.len());
        spool.drain(|piece| {
            body.extend_from_slice(piece);
            Ok(())
        })?;
        self.body = Some(body);
        Ok(())
    }

    /// Bytes that it holds while it waits.
    pub(super) fn bytes(&self) -> usize {
        let heads = self.earlier.iter().flat_map(|attempt| &attempt.exchanges).map(Exchange::text_bytes);
        let messages =
            self.earlier.iter().filter_map(|attempt| attempt.error.as_ref()).map(|error| error.message.len());
        let certificates: usize = self.certificates.iter().map(|one| one.len()).sum();
        heads.chain(messages).sum::<usize>() + certificates + self.spool.as_ref().map_or(0, Spool::len)
    }

    pub(super) fn take_earlier(&mut self, record: &Outcome, notes: Option<Box<Notes>>) {
        let Some(notes) = notes else { return };
        self.earlier.push(EarlierAttempt {
            started: notes.started,
            timings: Timings { queue: Duration::ZERO, retries: Duration::ZERO, ..record.timings },
            status: record.status,
            redirects: record.redirects,
            bytes: record.bytes,
            wire_bytes: record.wire_bytes,
            remote: record.remote,
            error: record.error.clone(),
            exchanges: notes.exchanges,
        });
    }

    /// Takes what was noted of the last attempt; its exchanges are returned.
    pub(super) fn take_last(&mut self, notes: Notes) -> Vec<Exchange> {
        self.last_started = Some(notes.started);
        (self.certificates, self.spool) = (notes.certificates, notes.body);
        notes.exchanges
    }
}

/// What is noted while an attempt runs.
pub(super) struct Notes {
    started: SystemTime,
    began: Instant,
    keeps_exchanges: bool,
    /// So much of each request's body.
    keeps_request_body: Option<usize>,
    exchanges: Vec<Exchange>,
    certificates: Vec<CertificateDer<'static>>,
    pub body: Option<Spool>,
    /// What the trace said when the exchange that runs began.
    before: Timings,
    /// Waited for permits and rate so far.
    waited: Duration,
}

impl Notes {
    /// For a plan that asks for any of it.
    pub fn of(plan: &Plan) -> Option<Box<Notes>> {
        if !plan.keeps_details() {
            return None;
        }
        Some(Box::new(Notes {
            started: SystemTime::now(),
            began: green::now(),
            keeps_exchanges: plan.keep_exchanges,
            keeps_request_body: plan.keep_request_body,
            exchanges: Vec::new(),
            certificates: Vec::new(),
            body: None,
            before: Timings::default(),
            waited: Duration::ZERO,
        }))
    }

    /// An exchange begins: the one before it has its times now.
    #[inline(never)]
    pub fn begin(&mut self, trace: &Trace, proxied: bool) -> Began {
        self.settle(trace);
        let waited = green::now().saturating_duration_since(self.began).saturating_sub(self.before.total());
        let queue = waited.saturating_sub(self.waited);
        self.waited = waited;
        Began { started: SystemTime::now(), queue, proxied }
    }

    /// Its answer's head has come, or none will.
    #[inline(never)]
    pub fn note(&mut self, began: Began, request: &Request<'_>, response: Option<&Response>, trace: &mut Trace) {
        if let Some(certificates) = &mut trace.certificates {
            self.certificates = std::mem::take(certificates);
        }
        if !self.keeps_exchanges {
            return;
        }
        if let Some(opening) = trace.opening.take() {
            self.exchanges.push(Exchange { started: began.started, ..Exchange::with_proxy(&opening) });
        }
        let timings = Timings { queue: began.queue, ..Timings::default() };
        let mut exchange = Exchange::new(request, response.map(Response::head), trace);
        if let (Some(most), Some(body), true) = (self.keeps_request_body, request.body, trace.sent) {
            exchange.keep_body(&body[..body.len().min(most)], self.exchanges.last());
        }
        let Began { started, proxied, .. } = began;
        self.exchanges.push(Exchange { started, timings, proxied, ..exchange });
    }

    /// The attempt has ended.
    #[inline(never)]
    pub fn end(&mut self, trace: &Trace) {
        self.settle(trace);
    }

    /// A place for the last body.
    pub fn spool(&mut self, memory: &SpoolMemory) -> &mut Spool {
        self.body.insert(Spool::new(memory.clone()))
    }

    fn settle(&mut self, trace: &Trace) {
        let now = Timings::of(trace);
        let before = std::mem::replace(&mut self.before, now);
        if let Some(last) = self.exchanges.last_mut() {
            let spent = now.since(&before, last.status.is_some());
            last.timings = Timings { queue: last.timings.queue, ..spent };
        }
    }
}

/// An exchange that has begun.
pub(super) struct Began {
    started: SystemTime,
    queue: Duration,
    proxied: bool,
}
