//! What fuzzing enters: one function a target, which takes any bytes and panics where a promise about them is broken.
//!
//! Not part of the library: it is compiled for tests, and under the feature `fuzzing` for the package in `fuzz/`. The same
//! functions run in `cargo test` (`tests.rs` beside this) over the inputs in `fixtures/fuzz` and what a seeded mutator
//! makes of them, and under libFuzzer by `.ci/fuzz`.
//!
//! What a target promises is more than "no panic": the same result however the bytes were cut, equal to that of a
//! second, simpler reading where there is one, and nothing in the result that could end a line, leave a folder or
//! take a secret along.

mod addresses;
mod bodies;
mod connection;
mod heads;
mod names;
mod proxies;
mod records;
mod secrets;
#[cfg(test)]
mod tests;

pub use addresses::{locations, url_lists};
pub use bodies::{chunked, codings};
pub use connection::http1;
pub use heads::{request_heads, response_heads};
pub use names::dispositions;
pub use proxies::{connect_answers, socks};
pub use records::records;
pub use secrets::{challenges, cookies, netrc};

use crate::fetch::random::Random;

/// Takes any bytes; panics where a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("challenges", challenges),
    ("chunked", chunked),
    ("codings", codings),
    ("connect_answers", connect_answers),
    ("cookies", cookies),
    ("dispositions", dispositions),
    ("http1", http1),
    ("locations", locations),
    ("netrc", netrc),
    ("records", records),
    ("request_heads", request_heads),
    ("response_heads", response_heads),
    ("socks", socks),
    ("url_lists", url_lists),
];

/// Longer inputs are not dripped: time grows with the square.
const DRIPPED_BYTES: usize = 2048;

/// Ways in which these bytes may arrive, besides all at once: one by one, and three ways that depend on the bytes.
fn cuts(data: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut ways = Vec::new();
    if data.len() <= DRIPPED_BYTES {
        ways.push(data.chunks(1).collect());
    }
    let mut random = Random::new(hash(data));
    for most in [4, 64, data.len().max(1)] {
        let (mut pieces, mut rest) = (Vec::new(), data);
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(rest.len().min(1 + random.below(most)));
            pieces.push(piece);
            rest = left;
        }
        ways.push(pieces);
    }
    ways
}

/// FNV-1a: the same cuts for the same bytes, on every machine.
fn hash(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Holds names and values to what may stand in a head.
fn check_field(name: &str, value: &[u8]) {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    assert!(!name.is_empty() && name.bytes().all(token), "{name:?} is no field name");
    let text = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    assert!(value.iter().all(|byte| text(*byte)), "{name}: a control character in {value:?}");
    assert_eq!(value.trim_ascii(), value, "{name}: space around a value");
}
