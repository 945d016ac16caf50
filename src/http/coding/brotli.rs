//! br: Brotli with windows up to 16 MiB, every table and window counted in the budget as it is allocated.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};

use super::budget::Lease;
use super::decoder::Decode;
use super::{Coding, DecodeError, MemoryBudget};

/// What every decoder has from its start: its state, and the one table it makes before any input.
const STATE_BYTES: usize = 8 * 1024;

/// The decoder grows its window with the body, up to what the stream asks for: a small page takes some KiB, whatever
/// window its server chose.
pub(super) struct Brotli {
    /// Some KiB large, and stacks are small.
    state: Box<BrotliState<Counted, Counted, Counted>>,
    ended: bool,
    /// The last call filled `out`: there may be more output without more input, which must not wait for the network.
    may_hold_output: bool,
    memory: Counted,
    _lease: Lease,
}

impl Brotli {
    pub(super) fn new(budget: &MemoryBudget) -> Result<Brotli, DecodeError> {
        let lease = budget.lease(Coding::Br, STATE_BYTES)?;
        let memory = Counted { budget: budget.clone(), refused: Arc::default() };
        // "Strict" is without the large windows that RFC 7932 does not know: 16 MiB are the most.
        let state = Box::new(BrotliState::new_strict(memory.clone(), memory.clone(), memory.clone()));
        memory.check()?;
        Ok(Brotli { state, ended: false, may_hold_output: false, memory, _lease: lease })
    }

    /// Feeds `input`; tells the outcome and how much was read and written.
    fn feed(&mut self, input: &[u8], out: &mut [u8]) -> (BrotliResult, usize, usize) {
        let (mut read, mut written, mut in_all) = (0, 0, 0);
        let result = BrotliDecompressStream(
            &mut input.len(),
            &mut read,
            input,
            &mut out.len(),
            &mut written,
            out,
            &mut in_all,
            &mut self.state,
        );
        (result, read, written)
    }

    /// Why it failed: a refused allocation shows as an error code like any other, so the budget is asked first.
    fn failure(&self) -> DecodeError {
        self.memory.check().err().unwrap_or_else(|| {
            let name = format!("{:?}", self.state.error_code).replace("BROTLI_DECODER_ERROR_", "");
            broken(&name.replace('_', " ").to_ascii_lowercase())
        })
    }
}

fn broken(why: &str) -> DecodeError {
    DecodeError::Broken(Coding::Br, why.to_owned())
}

impl Decode for Brotli {
    fn decode(&mut self, source: &mut dyn BufRead, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let asked = !self.may_hold_output;
            let input = if asked { source.fill_buf()? } else { &[] };
            let at_end = asked && input.is_empty();
            let (result, read, written) = self.feed(input, out);
            source.consume(read);
            self.may_hold_output = written == out.len();
            match result {
                BrotliResult::ResultFailure => return Err(self.failure().into()),
                BrotliResult::ResultSuccess => self.ended = true,
                BrotliResult::NeedsMoreInput if at_end && written == 0 => {
                    return Err(DecodeError::Truncated(Coding::Br).into());
                }
                BrotliResult::NeedsMoreOutput if written == 0 => return Err(broken("no progress").into()),
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => (),
            }
            if written > 0 {
                return Ok(written);
            }
        }
        if source.fill_buf()?.is_empty() { Ok(0) } else { Err(broken("bytes behind its end").into()) }
    }
}

/// Gives the decoder its memory and counts it. Refused memory is an empty slice, which the decoder takes for a failure.
#[derive(Clone)]
struct Counted {
    budget: MemoryBudget,
    /// The bytes of the allocation that was refused; 0 while none was. Shared by the decoder's three allocators.
    refused: Arc<AtomicUsize>,
}

impl Counted {
    fn check(&self) -> Result<(), DecodeError> {
        match self.refused.load(Ordering::Relaxed) {
            0 => Ok(()),
            wanted => Err(DecodeError::OutOfBudget { coding: Coding::Br, wanted, limit: self.budget.limit_bytes() }),
        }
    }
}

impl<T: Clone + Default> Allocator<T> for Counted {
    type AllocatedMemory = Cells<T>;

    fn alloc_cell(&mut self, len: usize) -> Cells<T> {
        let bytes = len * size_of::<T>();
        match self.budget.lease(Coding::Br, bytes) {
            Ok(lease) => Cells { items: vec![T::default(); len].into_boxed_slice(), _lease: Some(lease) },
            Err(_) => {
                self.refused.store(bytes, Ordering::Relaxed);
                Cells::default()
            }
        }
    }

    /// Dropping is enough, and happens also where the decoder does not call this.
    fn free_cell(&mut self, _cells: Cells<T>) {}
}

/// Memory that is counted until dropped.
struct Cells<T> {
    items: Box<[T]>,
    _lease: Option<Lease>,
}

impl<T> Default for Cells<T> {
    fn default() -> Cells<T> {
        Cells { items: Box::default(), _lease: None }
    }
}

impl<T> SliceWrapper<T> for Cells<T> {
    fn slice(&self) -> &[T] {
        &self.items
    }
}

impl<T> SliceWrapperMut<T> for Cells<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}
