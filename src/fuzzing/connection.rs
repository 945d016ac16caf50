//! The whole HTTP/1 receive machine: heads, bodies, trailers and what is left, for a client and for a server.

use super::cuts;
use crate::http::h1::transcript::{Exchange, without_hash};

/// Bytes of a peer, told as the transcript of what a caller learns: the same one however they came, and with the body's
/// data dropped unread.
pub fn http1(data: &[u8]) {
    let sides = |close| {
        let answers = ["GET", "HEAD", "CONNECT"].map(|method| Exchange::answer_to(method, close));
        answers.into_iter().chain([Exchange::request(close)])
    };
    for exchange in sides(false).chain(sides(true)) {
        let whole = exchange.transcript(&[data], false);
        let skipped = exchange.transcript(&[data], true);
        let hashless: String = whole.lines().map(|line| without_hash(line).to_owned() + "\n").collect();
        assert_eq!(skipped, hashless, "data dropped");
        for pieces in cuts(data) {
            assert_eq!(exchange.transcript(&pieces, false), whole, "cut into {pieces:?}");
            assert_eq!(exchange.transcript(&pieces, true), skipped, "data dropped, cut into {pieces:?}");
        }
    }
}
