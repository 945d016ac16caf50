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
use crate::green::Doorbell;
use crate::http::error::Error;
use crate::http::fields::Fields;
use crate::http::h1::{Framing, Head, MAX_FIELDS, MAX_INFORMATIONAL, ProtocolError, Truncated, Version};
use crate::http::request::Request;
use crate::http::trace::{Phase, Trace};
use crate::http::upload::Upload;

type Answer = http::Response<RecvStream>;

/// Sends a request on a stream of its own and waits for the head of its answer. Waits; where the time went is left in
/// `trace`. A server that certainly did not look at the request leaves `trace.sent` false.
pub(in crate::http) fn exchange(seat: Seat, request: &Request<'_>, trace: &mut Trace) -> Result<(Head, Body), Error> {
    trace.reused = seat.before > 0;
    trace.remote = seat.shared.remote;
    trace.local = seat.shared.local.filter(|_| trace.wants_local);
    trace.tls = seat.shared.tls;
    if let Some(certificates) = &mut trace.certificates {
        **certificates = seat.shared.certificates.clone();
    }
    trace.enter(Phase::Send);
    (trace.sent, trace.heard) = (false, false);
    let message = request::message(request, &seat.shared.site)?;
    let has_body = request.has_body();
    let mut requests = seat.shared.requests().ok_or(Error::Http2(Http2Error::GoAway(0)))?;
    let (answer, stream) = requests.send_request(message, !has_body).map_err(|error| unsent(&seat, &error))?;
    drop(requests);
    trace.sent = true;
    let mut pending = Pending { seat, bell: Doorbell::new(), answer, informational: 0, early: None };
    if has_body {
        pending.send(stream, request, trace)?;
    }
    let since = trace.enter(Phase::Wait);
    let answer = match pending.early.take() {
        Some(answer) => answer,
        None => request.in_time_since(since, || pending.receive(trace))?,
    };
    let finished = pending.finish(request.method, answer)?;
    trace.enter(Phase::Receive);
    Ok(finished)
}

/// A stream whose answer has not come.
struct Pending {
    seat: Seat,
    bell: Doorbell,
    answer: ResponseFuture,
    informational: u32,
    /// It has come before the request's end.
    early: Option<Answer>,
}

impl Pending {
    /// Sends the body as the server takes it. An answer that comes before and is no success ends the sending.
    #[inline(never)]
    fn send(&mut self, mut stream: SendStream<Bytes>, request: &Request<'_>, trace: &mut Trace) -> Result<(), Error> {
        match (request.body, request.upload) {
            (Some(body), _) => self.send_bytes(&mut stream, body, true, request, trace).map(drop),
            (None, Some(upload)) => self.send_upload(&mut stream, upload, request, trace),
            (None, None) => Ok(()),
        }
    }

    /// As it is read; the reader's time is its owner's.
    fn send_upload(
        &mut self,
        stream: &mut SendStream<Bytes>,
        upload: &Upload,
        request: &Request<'_>,
        trace: &mut Trace,
    ) -> Result<(), Error> {
        let mut piece = vec![0; SEND_BUFFER_BYTES];
        loop {
            match upload.read(&mut piece)? {
                0 => {
                    // Refused only by a stream that has ended; its answer says how.
                    let _ = stream.send_data(Bytes::new(), true);
                    return Ok(());
                }
                bytes if self.send_bytes(stream, &piece[..bytes], false, request, trace)? => {}
                _ => return Ok(()),
            }
        }
    }

    /// Piece by piece, each with its own clock. False where the rest is not wanted.
    fn send_bytes(
        &mut self,
        stream: &mut SendStream<Bytes>,
        mut left: &[u8],
        ends: bool,
        request: &Request<'_>,
        trace: &mut Trace,
    ) -> Result<bool, Error> {
        while !left.is_empty() {
            let most = request.may_send(left.len().min(SEND_BUFFER_BYTES))?;
            stream.reserve_capacity(most);
            let Some(room) = request.in_time(|| self.room(stream, trace))? else { return Ok(false) };
            let (piece, rest) = left.split_at(room.min(most));
            left = rest;
            if stream.send_data(Bytes::copy_from_slice(piece), ends && rest.is_empty()).is_err() {
                // The stream has ended; its answer says how.
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until the server takes some bytes; none where its answer says that it wants no more. (After a success it is
    /// sent on, as in curl: some servers answer while they read.)
    fn room(&mut self, stream: &mut SendStream<Bytes>, trace: &mut Trace) -> Result<Option<usize>, Error> {
        let (answer, informational, early) = (&mut self.answer, &mut self.informational, &mut self.early);
        let polled = self.bell.wait_for(|context| {
            if early.is_none() {
                match poll_answer(answer, informational, trace, context) {
                    Poll::Ready(Ok(answer)) => *early = Some(answer),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {}
                }
            }
            if early.as_ref().is_some_and(|answer| answer.status().as_u16() >= 300) {
                return Poll::Ready(Ok(None));
            }
            match stream.capacity() {
                0 => {}
                room => return Poll::Ready(Ok(Some(room))),
            }
            match stream.poll_capacity(context) {
                Poll::Ready(Some(Ok(room))) => Poll::Ready(Ok(Some(room))),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Err(Fault::Crate(error))),
                // It has ended: the answer tells, or has told.
                Poll::Ready(None) if early.is_some() => Poll::Ready(Ok(None)),
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
            Http2Error::Reset(_) if error.is_unprocessed() => self.seat.refuse(),
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
