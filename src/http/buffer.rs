//! Owns the bytes that were read and not yet consumed. An empty buffer holds no memory: ten thousand connections that
//! wait for an answer cost nothing, because the memory is borrowed from the thread's spare pieces when bytes arrive.

use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::Range;

/// One read asks for so much: enough that large bodies cost few calls, and room beyond most answers, so that the last
/// read is short and the socket known to be drained.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces kept for the next reader, per thread.
const SPARE_PIECES: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    filled: Range<usize>,
}

impl Buffer {
    /// What was read and not consumed.
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.filled.clone()]
    }

    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    pub fn len(&self) -> usize {
        self.filled.len()
    }

    /// Marks bytes as consumed; the last one gives the memory back.
    pub fn consume(&mut self, bytes: usize) {
        self.filled.start += bytes;
        debug_assert!(self.filled.start <= self.filled.end);
        if self.filled.is_empty() {
            self.release();
        }
    }

    /// Reads once, behind what is there; 0 at the end of the stream.
    pub fn fill(&mut self, from: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let read = from.read(&mut self.memory[self.filled.end..]);
        match &read {
            Ok(bytes) => self.filled.end += bytes,
            Err(_) if self.is_empty() => self.release(),
            Err(_) => {}
        }
        if self.is_empty() {
            self.release();
        }
        read
    }

    /// Room for one piece behind what is there. What is there has a bound that the HTTP states hold (a head's limit).
    fn make_room(&mut self) {
        if self.memory.is_empty() {
            self.memory = SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; PIECE_BYTES]);
        }
        if self.filled.end == self.memory.len() {
            if self.filled.start > 0 {
                self.memory.copy_within(self.filled.clone(), 0);
                self.filled = 0..self.filled.len();
            } else {
                self.memory.resize(self.memory.len() + PIECE_BYTES, 0);
            }
        }
    }

    fn release(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.filled = 0..0;
        if memory.len() == PIECE_BYTES {
            SPARE.with_borrow_mut(|spare| {
                if spare.len() < SPARE_PIECES {
                    spare.push(memory);
                }
            });
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
#[path = "buffer_tests.rs"]
mod tests;
