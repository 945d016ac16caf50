//! The last state: may the connection carry another exchange, and if not, why.

use std::fmt;

use super::framing::{Framing, Version};
use super::receive_body::ReceiveBody;
use super::receive_head::Head;
use super::receive_request::RequestHead;

/// Whether a connection may carry another exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reuse {
    /// It may.
    Yes,
    /// It must be closed.
    No(Why),
}

/// Why a connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// Not all of the request went out; what came next would be read as its rest.
    RequestUnfinished,
    /// Not all of the message came in.
    BodyUnfinished,
    /// The body runs to the close.
    ReadToClose,
    /// We said `Connection: close`.
    WeClose,
    /// The peer said `Connection: close`.
    PeerCloses,
    /// HTTP/1.0 without `keep-alive`, or with chunks.
    Http10,
    /// A tunnel was opened through it.
    Tunnel,
    /// Bytes came after the end of the answer: whoever sent them, nobody asked.
    UnaskedBytes,
}

/// What a client knows of the request it sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Whether the method was CONNECT.
    pub connect: bool,
    /// Whether head and body went out whole (a server may answer before).
    pub whole: bool,
    /// Whether it said `Connection: close`.
    pub close: bool,
}

impl Reuse {
    /// A client's judgement after an answer. `left` is how many bytes the buffer holds after the message's end.
    pub fn after_response(sent: Sent, head: &Head, body: &ReceiveBody, left: usize) -> Reuse {
        let tunnel = sent.connect && (200..300).contains(&head.status);
        first_of([
            (tunnel, Why::Tunnel),
            (!sent.whole, Why::RequestUnfinished),
            (!body.is_done(), Why::BodyUnfinished),
            (head.framing == Framing::Close, Why::ReadToClose),
            (sent.close, Why::WeClose),
            (!head.keep_alive, peer(head.version)),
            (left > 0, Why::UnaskedBytes),
        ])
    }

    /// A server's judgement after a request was answered; `close` says that the answer had `Connection: close` or ran
    /// to the close. Bytes after the request are the next one, and welcome.
    pub fn after_request(request: &RequestHead, body: &ReceiveBody, close: bool) -> Reuse {
        first_of([
            (!body.is_done(), Why::BodyUnfinished),
            (close, Why::WeClose),
            (!request.keep_alive, peer(request.version)),
        ])
    }
}

fn first_of<const N: usize>(reasons: [(bool, Why); N]) -> Reuse {
    reasons.into_iter().find(|(holds, _)| *holds).map_or(Reuse::Yes, |(_, why)| Reuse::No(why))
}

fn peer(version: Version) -> Why {
    match version {
        Version::Http10 => Why::Http10,
        Version::Http11 | Version::Http2 => Why::PeerCloses,
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::RequestUnfinished => "the request was not sent whole",
            Why::BodyUnfinished => "the body was not received whole",
            Why::ReadToClose => "the body runs to the close",
            Why::WeClose => "we said close",
            Why::PeerCloses => "the peer said close",
            Why::Http10 => "the peer speaks HTTP/1.0",
            Why::Tunnel => "it is a tunnel now",
            Why::UnaskedBytes => "bytes came that nobody asked for",
        })
    }
}

#[cfg(test)]
#[path = "done_tests.rs"]
mod tests;
