//! One attempt from its first request to its last answer: exchanges, redirects, the body.

use std::time::{Duration, SystemTime};

use super::answer::To;
use super::attempt::{Attempter, Ended};
use super::ending::Ending;
use super::gate::Gate;
use crate::fetch::failure::{of_exchange, of_redirect};
use crate::fetch::flow::Flow;
use crate::fetch::outcome::{Failure, Kind, Outcome, Stage};
use crate::fetch::permits::Connect;
use crate::fetch::plan::Stall;
use crate::http::origin::Origin;
use crate::http::proxy::ProxyError;
use crate::http::redirect::Next;
use crate::http::retry::{is_transient, retry_after};
use crate::http::{Error, Phase, Response, Trace};

impl Attempter {
    /// Follows redirects to the last answer, and takes its body in.
    pub(super) fn hops(
        &self,
        flow: &mut Flow<'_>,
        mut gate: Gate<'_>,
        record: &mut Outcome,
        trace: &mut Trace,
        to: To<'_>,
        ended: &mut Ended,
    ) -> Result<(), Ending> {
        loop {
            let response = self.exchange(flow, &gate, record, trace, ended)?;
            if flow.answers(response.head(), &self.credentials)
                || (response.head().status == 417 && flow.drops_expectation())
            {
                response.drain();
                gate = way_on(flow, false, gate, trace)?;
                continue;
            }
            let Some(next) = flow.next(response.head(), record.redirects).map_err(of_redirect)? else {
                return self.take_in(response, flow.compressed, to, record, trace, ended);
            };
            response.drain();
            record.redirects += 1;
            gate = follow(flow, next, gate, trace)?;
        }
    }

    fn exchange(
        &self,
        flow: &mut Flow<'_>,
        gate: &Gate<'_>,
        record: &mut Outcome,
        trace: &mut Trace,
        ended: &mut Ended,
    ) -> Result<Response, Failure> {
        flow.asked = true;
        flow.set_fields(&self.usual, &self.credentials)?;
        let client = if flow.shows_identity { &self.client } else { &self.anonymous };
        let began = ended.notes.as_mut().map(|notes| notes.begin(trace, gate.proxy().is_some()));
        let sent = client.send(&flow.request(), trace);
        match (&sent, trace.phase()) {
            (Err(_), None) | (Err(Error::Blocked(_)), _) => {}
            (Err(error), Some(phase @ (Phase::Dns | Phase::Connect | Phase::Proxy | Phase::Tls))) => {
                let failed = if is_first_hops(error, phase) { Connect::FirstHopFailed } else { Connect::Failed };
                gate.note_connect(failed)
            }
            // Whatever came of it: there was a connection.
            _ => gate.note_connect(Connect::Made),
        }
        if let (Some(notes), Some(began)) = (&mut ended.notes, began) {
            notes.note(began, &flow.request(), sent.as_ref().ok(), trace);
        }
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                ended.refused = error.is_refused();
                return Err(failed(&error, gate, trace));
            }
        };
        let head = response.head();
        record.take_head(head, &self.types);
        self.credentials.take_cookies(flow.request().url, &head.fields);
        // Other answers' wishes are not heard (`RetryPolicy::hold`).
        ended.retry_after = match is_transient(head.status) {
            true => retry_after(&head.fields, SystemTime::now()).zip(Origin::of(flow.request().url)),
            false => None,
        };
        Ok(response)
    }

    /// Without `-m` the first byte is waited for as long as a stalled body would be, or 300 s.
    pub(super) fn answer_timeout(&self, max_time: Option<Duration>) -> Option<Duration> {
        match self.plan.limits.stall {
            Some(stall) if stall.given => Some(stall.time),
            _ if max_time.is_none() => Some(Stall::FIRST_BYTE_AT_MOST),
            _ => None,
        }
    }
}

/// Turns to where a redirect leads, and waits until that may be asked. Out of line, as all that most requests do not need:
/// ten thousand of them wait on stacks that hold what stands between here and the socket.
#[inline(never)]
fn follow<'a>(flow: &mut Flow<'_>, next: Next, gate: Gate<'a>, trace: &mut Trace) -> Result<Gate<'a>, Failure> {
    let crosses = next.cross_origin;
    flow.follow(next);
    way_on(flow, crosses, gate, trace)
}

/// The same where `flow` is already told of it: also for a request that is made once more.
#[inline(never)]
fn way_on<'a>(flow: &Flow<'_>, crosses: bool, gate: Gate<'a>, trace: &mut Trace) -> Result<Gate<'a>, Failure> {
    // What follows is waiting to start, and no phase.
    trace.stop();
    let nowhere = || Failure::new(Kind::Redirect, Stage::Receive, "the redirect leads to no host");
    let origin = Origin::of(flow.request().url).ok_or_else(nowhere)?;
    gate.follow(origin, crosses).map_err(|_| Failure::cancelled())
}

#[inline(never)]
fn failed(error: &Error, gate: &Gate<'_>, trace: &Trace) -> Failure {
    let mut failure = of_exchange(error, trace);
    if let (Error::Connect(_), Some(proxy)) = (error, gate.proxy()) {
        failure.message = format!("the proxy {proxy}: {}", failure.message);
    }
    failure
}

/// Whether whoever is connected to first, a proxy if there is one, was not there. In the phase of names it is that only
/// where the error says so: before a SOCKS proxy it may have been the origin's name.
fn is_first_hops(error: &Error, phase: Phase) -> bool {
    match error {
        Error::Proxy(error) => matches!(**error, ProxyError::Dns(_)),
        Error::Tls(_) => phase == Phase::Proxy,
        _ => phase == Phase::Connect,
    }
}
