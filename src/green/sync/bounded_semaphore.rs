//! A semaphore that knows how many permits it was made with.

use std::error::Error;
use std::fmt;

use crate::green::sync::semaphore::{Permit, Semaphore};
use crate::green::task::interrupt::Interrupt;
use crate::green::time::limit::Limit;

/// A [`Semaphore`] that refuses to have more permits than it was made with. Clones are the same semaphore. gevent:
/// `BoundedSemaphore`; with one permit its `Lock` (where the lock guards a value, see [`Mutex`](crate::green::Mutex), of which a
/// dump knows the holder).
///
/// Permits are released by being dropped; [`forget`](Permit::forget) one to release it later, or by another greenlet, with
/// [`release`](BoundedSemaphore::release).
///
/// ```
/// use gfetch::green::{self, BoundedSemaphore};
/// green::run(|| {
///     let lock = BoundedSemaphore::new(1);
///     lock.acquire().unwrap().forget();
///     assert!(lock.try_acquire().is_none());
///     lock.release().unwrap();
///     assert!(lock.release().is_err(), "released more often than acquired");
/// });
/// ```
#[derive(Clone)]
pub struct BoundedSemaphore {
    inner: Semaphore,
    permits: usize,
}

/// A release without an acquire. gevent: a `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverReleased;

impl fmt::Display for OverReleased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore was released more often than it was acquired")
    }
}

impl Error for OverReleased {}

impl BoundedSemaphore {
    /// With so many permits.
    pub fn new(permits: usize) -> BoundedSemaphore {
        BoundedSemaphore { inner: Semaphore::new(permits), permits }
    }

    /// As [`Semaphore::acquire`].
    pub fn acquire(&self) -> Result<Permit, Interrupt> {
        self.inner.acquire()
    }

    /// As [`Semaphore::acquire_timeout`].
    pub fn acquire_timeout(&self, limit: impl Into<Limit>) -> Result<Option<Permit>, Interrupt> {
        self.inner.acquire_timeout(limit)
    }

    /// As [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> Option<Permit> {
        self.inner.try_acquire()
    }

    /// Gives a forgotten permit back, from any greenlet.
    ///
    /// # Errors
    /// When every permit is held by somebody or free.
    pub fn release(&self) -> Result<(), OverReleased> {
        if !self.inner.take_forgotten() {
            return Err(OverReleased);
        }
        self.inner.add(1);
        Ok(())
    }

    /// As [`Semaphore::wait`].
    pub fn wait(&self) -> Result<usize, Interrupt> {
        self.inner.wait()
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        self.inner.free()
    }

    /// What it was made with.
    pub fn permits(&self) -> usize {
        self.permits
    }
}
