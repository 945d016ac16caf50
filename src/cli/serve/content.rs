//! The bytes that the routes serve: pseudo-random ones and text, the same every time.

use std::cell::Cell;
use std::io::{self, Read, Write};

/// The random bytes repeat after so many: a prime, so that the repetition falls together with nobody's buffers.
const PERIOD: usize = 65_521;
/// The longest run that is at hand in one piece; larger than what the server gathers, so that it goes out uncopied.
const RUN: usize = 256 * 1024;

thread_local! {
    /// Made once and never given back: a greenlet may be anywhere in it while it waits.
    static RANDOM: Cell<Option<&'static [u8]>> = const { Cell::new(None) };
}

/// Bytes `from` to `to` of the endless random sequence, in pieces.
pub fn random(from: u64, to: u64) -> impl Iterator<Item = &'static [u8]> {
    let block = RANDOM.get().unwrap_or_else(make);
    let mut at = from;
    std::iter::from_fn(move || {
        let start = (at % PERIOD as u64) as usize;
        let length = (to - at).min(RUN as u64) as usize;
        at += length as u64;
        (length > 0).then(|| &block[start..start + length])
    })
}

fn make() -> &'static [u8] {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let once: Vec<u8> = (0..PERIOD).map(|_| next(&mut state)).collect();
    let block: Vec<u8> = once.iter().copied().cycle().take(PERIOD + RUN).collect();
    let block = &*Box::leak(block.into_boxed_slice());
    RANDOM.set(Some(block));
    block
}

/// A byte of splitmix64.
fn next(state: &mut u64) -> u8 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as u8
}

/// Writes them.
pub fn write_random(out: &mut impl Write, from: u64, to: u64) -> io::Result<()> {
    random(from, to).try_for_each(|piece| out.write_all(piece))
}

/// So many bytes of numbered lines of text.
pub struct Text {
    left: u64,
    line: u64,
    rest: Vec<u8>,
}

impl Text {
    pub fn new(bytes: u64) -> Text {
        Text { left: bytes, line: 0, rest: Vec::new() }
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(out.len() as u64) as usize;
        let mut out = &mut out[..wanted];
        while !out.is_empty() {
            if self.rest.is_empty() {
                self.line += 1;
                self.rest = format!("{} green bottles hanging on the wall\n", self.line).into_bytes();
            }
            let taken = self.rest.len().min(out.len());
            out[..taken].copy_from_slice(&self.rest[..taken]);
            self.rest.drain(..taken);
            out = &mut out[taken..];
        }
        self.left -= wanted as u64;
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_random_bytes_is_that_part_of_all_of_them() {
        let bytes = |from, to| random(from, to).collect::<Vec<_>>().concat();
        let all = bytes(0, 600_000);
        assert_eq!(all.len(), 600_000);
        for (from, to) in [(0, 0), (5, 5), (1, 1024), (65_520, 65_522), (100_000, 600_000)] {
            assert_eq!(bytes(from, to), all[from as usize..to as usize]);
        }
        assert_eq!(all[..4], [244, 79, 236, 155], "the same in every version: tests hash them");
    }

    #[test]
    fn the_random_bytes_do_not_compress() {
        let mut seen = [0_u32; 256];
        random(0, PERIOD as u64).flatten().for_each(|&byte| seen[usize::from(byte)] += 1);
        assert!(seen.iter().all(|&count| (150..400).contains(&count)), "{seen:?}");
    }

    #[test]
    fn text_has_as_many_bytes_as_were_asked_for() {
        for bytes in [0, 1, 37, 100_000] {
            let mut text = String::new();
            Text::new(bytes).read_to_string(&mut text).unwrap();
            assert_eq!(text.len() as u64, bytes);
        }
    }
}
