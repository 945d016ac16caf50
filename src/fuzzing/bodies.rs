//! Bodies: chunk framing against a simple second reading, content codings against themselves.

use std::io::{BufReader, Read};

use super::{cuts, hash};
use crate::fetch::random::Random;
use crate::http::coding::{Coding, DecodeError, Decoder, MemoryBudget};
use crate::http::fields::Fields;
use crate::http::h1::{
    Framing, MAX_EXTENSION_BYTES, MAX_TRAILER_BYTES, ProtocolError, ReceiveBody, encode_chunk, encode_last_chunk,
};

/// A chunked body, from its first byte; and the same bytes sent as one.
pub fn chunked(data: &[u8]) {
    let whole = received(&[data]);
    for pieces in cuts(data) {
        assert_eq!(received(&pieces), whole, "cut into {pieces:?}");
    }
    let second = plainly(data);
    if whole.end == Ok(true) {
        let second = second.expect("it is whole");
        assert_eq!((second.body, second.length), (whole.body, whole.consumed));
        assert!(whole.trailer_bytes <= MAX_TRAILER_BYTES as usize);
    } else if let Some(Plain { body, length, has_trailers: false }) = second {
        // It ends, and was not taken: only for its extensions.
        assert!(length - body.len() > MAX_EXTENSION_BYTES as usize, "{:?}", whole.end);
    }
    let mut sent = Vec::new();
    cuts(data).last().into_iter().flatten().for_each(|piece| encode_chunk(&mut sent, piece));
    encode_last_chunk(&mut sent, &Fields::new());
    let again = received(&[&sent]);
    assert_eq!((again.end, &*again.body, again.consumed), (Ok(true), data, sent.len()));
}

#[derive(Debug, PartialEq)]
struct Chunks {
    body: Vec<u8>,
    consumed: usize,
    trailer_bytes: usize,
    /// Whether it has ended.
    end: Result<bool, ProtocolError>,
}

fn received(pieces: &[&[u8]]) -> Chunks {
    let mut state = ReceiveBody::new(&Framing::Chunked);
    let mut chunks = Chunks { body: Vec::new(), consumed: 0, trailer_bytes: 0, end: Ok(false) };
    for piece in pieces {
        let mut input = *piece;
        while !input.is_empty() && !state.is_done() {
            match state.advance(input) {
                Ok(step) => {
                    assert!(step.consumed > 0, "no progress");
                    chunks.body.extend_from_slice(&input[step.data]);
                    chunks.consumed += step.consumed;
                    input = &input[step.consumed..];
                }
                Err(error) => {
                    assert_eq!(state.advance(input), Err(error), "an error stays");
                    chunks.end = Err(error);
                    return chunks;
                }
            }
        }
    }
    assert_eq!(state.received(), chunks.body.len() as u64);
    let trailers = state.trailers().into_iter().flat_map(Fields::iter);
    chunks.trailer_bytes = trailers.map(|(name, value)| name.len() + value.len()).sum();
    chunks.end = Ok(state.is_done());
    chunks
}

/// A whole chunked body, as the plain reading has it.
struct Plain {
    body: Vec<u8>,
    length: usize,
    has_trailers: bool,
}

/// Reads a whole chunked body the plain way. Trailers are passed over as lines.
fn plainly(input: &[u8]) -> Option<Plain> {
    let (mut body, mut rest) = (Vec::new(), input);
    loop {
        let line = take_line(&mut rest)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = u64::from_str_radix(str::from_utf8(&line[..digits]).ok()?, 16).ok().filter(|_| digits <= 16)?;
        let padding = line[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let behind = &line[digits + padding..];
        let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
        if !behind.is_empty() && (behind[0] != b';' || !behind.iter().all(is_text)) {
            return None;
        }
        if size == 0 {
            let mut has_trailers = false;
            while !take_line(&mut rest)?.is_empty() {
                has_trailers = true;
            }
            return Some(Plain { body, length: input.len() - rest.len(), has_trailers });
        }
        let size = usize::try_from(size).ok()?;
        body.extend_from_slice(rest.get(..size)?);
        rest = rest[size..].strip_prefix(b"\r\n")?;
    }
}

fn take_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let line = &rest[..end];
    *rest = &rest[end + 2..];
    Some(line)
}

/// What is decoded of one input at most: enough for every table and window to fill.
const MOST_DECODED: usize = 1 << 15;

/// A coded body: gzip or zstd by its first bytes, else as deflate and as brotli; and a coding inside of a coding.
pub fn codings(data: &[u8]) {
    let tried: &[Coding] = match data {
        [0x1f, 0x8b, ..] => &[Coding::Gzip],
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => &[Coding::Zstd],
        _ => &[Coding::Deflate, Coding::Br],
    };
    for coding in tried {
        let whole = decoded(&[*coding], data, 1 << 16, 1 << 14);
        let mut random = Random::new(hash(data));
        for (most_in, most_out) in [(1, 1 << 12), (1 + random.below(64), 1 + random.below(64)), (4096, 7)] {
            let pieces = decoded(&[*coding], data, most_in, most_out);
            same(&pieces, &whole, &format!("{coding}, {most_in} in, {most_out} out"));
        }
        if let ([0x1f, 0x8b, ..], Ok(true)) = (&*whole.body, &whole.end) {
            let twice = decoded(&[Coding::Gzip, *coding], data, 1 << 16, 1 << 14);
            same(&twice, &decoded(&[Coding::Gzip], &whole.body, 1 << 16, 1 << 14), "stacked, and one after another");
        }
    }
}

struct Decoded {
    body: Vec<u8>,
    /// Whether it was read to its end, which may be further than is looked.
    end: Result<bool, DecodeError>,
}

/// A good body is the same however it is read; a bad one is bad, and what was given of it agrees as far as it goes.
fn same(one: &Decoded, other: &Decoded, how: &str) {
    if one.end != Ok(false) && other.end != Ok(false) {
        assert_eq!(one.end.is_ok(), other.end.is_ok(), "{how}: {:?}, {:?}", one.end, other.end);
    }
    let common = one.body.len().min(other.body.len());
    assert!(one.body[..common] == other.body[..common], "{how}: other bytes");
    assert!(one.end.is_err() || other.end.is_err() || common == one.body.len().max(other.body.len()), "{how}: shorter");
}

fn decoded(codings: &[Coding], data: &[u8], most_in: usize, most_out: usize) -> Decoded {
    let budget = MemoryBudget::new(32 << 20);
    let mut decoder = Decoder::new(codings, BufReader::with_capacity(most_in, data), &budget);
    let (mut body, mut out) = (Vec::new(), vec![0; most_out]);
    let end = loop {
        let most = out.len().min(MOST_DECODED - body.len());
        if most == 0 {
            break Ok(false);
        }
        match decoder.read(&mut out[..most]) {
            Ok(0) => break Ok(true),
            Ok(read) => body.extend_from_slice(&out[..read]),
            Err(error) => {
                let error = DecodeError::of(&error).expect("memory has no errors of its own").clone();
                let again = decoder.read(&mut out).expect_err("an error stays");
                assert_eq!(DecodeError::of(&again), Some(&error));
                break Err(error);
            }
        }
        assert!(budget.used_bytes() <= budget.limit_bytes());
    };
    drop(decoder);
    assert_eq!(budget.used_bytes(), 0, "memory is given back");
    Decoded { body, end }
}
