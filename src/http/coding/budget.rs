//! The memory that all decoders of a run may hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Coding, DecodeError};

/// A limit on what all decoders of a run hold together, so that 10,000 bodies cannot each take the largest window.
///
/// Each decoder counts what it is about to allocate before it does, and gives it back when the body ends or the decoder
/// is dropped. Clones share one budget. Counted is what depends on the body: windows, tables, blocks; not the caller's
/// buffers.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    used: AtomicUsize,
}

impl MemoryBudget {
    /// For a run that says nothing else: the default 64 requests at once, each with the largest window of zstd.
    pub const DEFAULT_BYTES: usize = 64 * 8 * 1024 * 1024;

    /// A budget of so many bytes, none of them used.
    pub fn new(limit_bytes: usize) -> MemoryBudget {
        MemoryBudget(Arc::new(Inner { limit: limit_bytes, used: AtomicUsize::new(0) }))
    }

    /// The bytes that may be held in all.
    pub fn limit_bytes(&self) -> usize {
        self.0.limit
    }

    /// The bytes held now.
    pub fn used_bytes(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Counts `bytes` as held until the lease is dropped.
    pub(super) fn lease(&self, coding: Coding, bytes: usize) -> Result<Lease, DecodeError> {
        let mut lease = Lease { budget: self.clone(), coding, bytes: 0 };
        lease.grow_to(bytes)?;
        Ok(lease)
    }

    fn take(&self, bytes: usize) -> bool {
        // Relaxed: the counter guards no other memory.
        let with = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.0.limit);
        self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with).is_ok()
    }
}

impl Default for MemoryBudget {
    fn default() -> MemoryBudget {
        MemoryBudget::new(MemoryBudget::DEFAULT_BYTES)
    }
}

/// A part of the budget, held until dropped.
#[derive(Debug)]
pub(super) struct Lease {
    budget: MemoryBudget,
    coding: Coding,
    bytes: usize,
}

impl Lease {
    /// Holds at least `bytes` from now on; keeps what it held if they cannot be had.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), DecodeError> {
        let more = bytes.saturating_sub(self.bytes);
        if !self.budget.take(more) {
            let limit = self.budget.limit_bytes();
            return Err(DecodeError::OutOfBudget { coding: self.coding, wanted: more, limit });
        }
        self.bytes += more;
        Ok(())
    }

    /// Holds no more than `bytes` from now on.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.budget.0.used.fetch_sub(less, Ordering::Relaxed);
        self.bytes -= less;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_leased_is_used_until_dropped() {
        let budget = MemoryBudget::new(100);
        let mut one = budget.lease(Coding::Gzip, 60).unwrap();
        let two = budget.clone().lease(Coding::Br, 40).unwrap();
        assert_eq!(budget.used_bytes(), 100);
        let refused = DecodeError::OutOfBudget { coding: Coding::Gzip, wanted: 1, limit: 100 };
        assert_eq!(one.grow_to(61), Err(refused));
        drop(two);
        assert_eq!(one.grow_to(61), Ok(()));
        assert_eq!(one.grow_to(10), Ok(()));
        assert_eq!(budget.used_bytes(), 61);
        one.shrink_to(70);
        assert_eq!(budget.used_bytes(), 61);
        one.shrink_to(20);
        assert_eq!(budget.used_bytes(), 20);
        assert!(budget.lease(Coding::Zstd, usize::MAX).is_err());
        drop(one);
        assert_eq!(budget.used_bytes(), 0);
    }
}
