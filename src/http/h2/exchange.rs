//! One exchange on a stream: the request out, its body as the server takes it, the head of the answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};

use super::body::Body;
use super::connection::Seat;
use super::error::of_crate;
use super::limits::SEND_BUFFER_BYTES;
use super::{Http2Error, request};
use crate::green::{self, Doorbell};
use crate::http::client::Request;
use crate::http::error::Error;
use crate::http::fields::Fields;
use crate::http::h1::{Framing, Head, MAX_FIELDS, MAX_INFORMATIONAL, ProtocolError, Truncated, Version};
use crate::http::trace::{Phase, Trace};

type Answer = http::Response<RecvStream>;

/// Sends a request on a stream of its own and waits for the head of its answer. Waits; where the time went is left in
/// `trace`. A server that certainly did not look at the request leaves `trace.sent` false.
pub(in crate::http) fn exchange(seat: Seat, request: &Request<'_>, trace: &mut Trace) -> Result<(Head, Body), Error> {
    trace.reused = seat.before > 0;
    trace.remote = Some(seat.shared.remote);
    trace.tls = seat.shared.tls;
    trace.enter(Phase::Send);
    (trace.sent, trace.heard) = (false, false);
    let message = request::message(request, &seat.shared.site)?;
    let has_body = request.body.is_some_and(|body| !body.is_empty());
    let mut requests = seat.shared.requests().ok_or(Error::Http2(Http2Error::GoAway(0)))?;
    let (answer, stream) = requests.send_request(message, !has_body).map_err(|error| unsent(&seat, &error))?;
    drop(requests);
    trace.sent = true;
    let mut pending = Pending { seat, bell: Doorbell::new(), answer, informational: 0 };
    let early = match request.body {
        Some(body) if has_body => pending.send(stream, body, request, trace)?,
        _ => None,
    };
    let since = trace.enter(Phase::Wait);
    let answer = match (early, request.answer_timeout) {
        (Some(answer), _) => answer,
        (None, None) => pending.receive(trace)?,
        (None, Some(limit)) => green::timeout_from(since, limit, || pending.receive(trace))
            .unwrap_or_else(|elapsed| Err(Error::AnswerTimeout(elapsed.limit)))?,
    };
    trace.enter(Phase::Receive);
    pending.finish(request.method, answer)
}

/// A stream whose answer has not come.
struct Pending {
    seat: Seat,
    bell: Doorbell,
    answer: ResponseFuture,
    informational: u32,
}

impl Pending {
    /// Sends the body piece by piece, each with its own clock. An answer that comes before ends the sending.
    fn send(
        &mut self,
        mut stream: SendStream<Bytes>,
        body: &[u8],
        request: &Request<'_>,
        trace: &mut Trace,
    ) -> Result<Option<Answer>, Error> {
        let mut left = body;
        while !left.is_empty() {
            let most = left.len().min(SEND_BUFFER_BYTES);
            stream.reserve_capacity(most);
            let mut room = || self.room(&mut stream, trace);
            let room = match request.answer_timeout {
                Some(limit) => green::timeout(limit, room).unwrap_or(Err(Error::AnswerTimeout(limit))),
                None => room(),
            };
            let room = match room? {
                Room::Bytes(room) => room.min(most),
                Room::Answered(answer) => return Ok(Some(answer)),
            };
            let (piece, rest) = left.split_at(room);
            left = rest;
            let sent = stream.send_data(Bytes::copy_from_slice(piece), rest.is_empty());
            if sent.is_err() {
                // The stream has ended; its answer says how.
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Waits until the server takes some bytes, or answers.
    fn room(&mut self, stream: &mut SendStream<Bytes>, trace: &mut Trace) -> Result<Room, Error> {
        let (answer, informational) = (&mut self.answer, &mut self.informational);
        let polled = self.bell.wait_for(|context| {
            match poll_answer(answer, informational, trace, context) {
                Poll::Ready(Ok(answer)) => return Poll::Ready(Ok(Room::Answered(answer))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
            match stream.capacity() {
                0 => {}
                room => return Poll::Ready(Ok(Room::Bytes(room))),
            }
            match stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(room))) => Poll::Ready(Ok(Room::Bytes(room))),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Err(Fault::Crate(error))),
                // It was reset: the answer tells.
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        });
        polled.map_err(Error::Interrupted)?.map_err(|fault| self.failed(fault, trace))
    }

    fn receive(&mut self, trace: &mut Trace) -> Result<Answer, Error> {
        let (answer, informational) = (&mut self.answer, &mut self.informational);
        let polled = self.bell.wait_for(|context| poll_answer(answer, informational, trace, context));
        polled.map_err(Error::Interrupted)?.map_err(|fault| self.failed(fault, trace))
    }

    fn failed(&mut self, fault: Fault, trace: &mut Trace) -> Error {
        let error = match fault {
            Fault::Crate(error) => error,
            Fault::Ours(error) => return Error::Protocol(error),
        };
        self.seat.over.set(true);
        let closed = if trace.heard { Truncated::Head } else { Truncated::Nothing };
        let Some(error) = of_crate(&error) else {
            self.seat.shared.retire();
            return self.seat.shared.fate.error(|| Error::Truncated(closed));
        };
        match error {
            Http2Error::Reset(_) if error.is_unprocessed() => self.seat.shared.refuse(),
            Http2Error::GoAway(_) | Http2Error::Connection(_) => self.seat.shared.retire(),
            _ => {}
        }
        // Of a request that was not looked at, nothing counts as sent.
        trace.sent = !error.is_unprocessed();
        Error::Http2(error)
    }

    fn finish(self, method: &str, answer: Answer) -> Result<(Head, Body), Error> {
        let (parts, stream) = answer.into_parts();
        let head = head(method, &parts, &stream)?;
        Ok((head, Body::new(stream, self.seat, self.bell)))
    }
}

enum Room {
    Bytes(usize),
    Answered(Answer),
}

enum Fault {
    Crate(h2::Error),
    Ours(ProtocolError),
}

/// The answer's head; informational ones before it are counted and dropped.
fn poll_answer(
    answer: &mut ResponseFuture,
    informational: &mut u32,
    trace: &mut Trace,
    context: &mut Context<'_>,
) -> Poll<Result<Answer, Fault>> {
    while let Poll::Ready(Some(early)) = answer.poll_informational(context) {
        let early = early.map_err(Fault::Crate)?;
        trace.heard = true;
        *informational += 1;
        if early.status() == http::StatusCode::SWITCHING_PROTOCOLS {
            return Poll::Ready(Err(Fault::Ours(ProtocolError::UnaskedUpgrade)));
        }
        if *informational > MAX_INFORMATIONAL {
            return Poll::Ready(Err(Fault::Ours(ProtocolError::TooManyInformational { limit: MAX_INFORMATIONAL })));
        }
    }
    Pin::new(answer).poll(context).map(|answer| {
        trace.heard |= answer.is_ok();
        answer.map_err(Fault::Crate)
    })
}

/// Nothing of the request went out.
fn unsent(seat: &Seat, error: &h2::Error) -> Error {
    seat.over.set(true);
    seat.shared.retire();
    match of_crate(error) {
        Some(Http2Error::GoAway(code)) => Error::Http2(Http2Error::GoAway(code)),
        // Whatever became of the connection before, this request had no part in it.
        _ => Error::Http2(Http2Error::GoAway(0)),
    }
}

fn head(method: &str, parts: &http::response::Parts, stream: &RecvStream) -> Result<Head, Error> {
    if parts.headers.len() > MAX_FIELDS as usize {
        return Err(Error::Protocol(ProtocolError::TooManyFields { limit: MAX_FIELDS }));
    }
    let bytes = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut fields = Fields::with_capacity(parts.headers.len(), bytes);
    for (name, value) in &parts.headers {
        fields.push_parsed(name.as_str(), value.as_bytes());
    }
    let status = parts.status.as_u16();
    let framing = match status {
        204 | 304 => Framing::None,
        _ if method == "HEAD" || stream.is_end_stream() => Framing::None,
        _ => fields
            .first_str("content-length")
            .and_then(|text| text.parse().ok())
            .map_or(Framing::Close, Framing::Length),
    };
    // HTTP/2 has no reasons (RFC 9113 section 8.3.2).
    Ok(Head { version: Version::Http2, status, reason: "".into(), fields, framing, keep_alive: true })
}
