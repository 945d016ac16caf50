//! A lock for moments, which waits by turning: the table of futexes cannot stand on a lock that stands on futexes.

use std::cell::UnsafeCell;
use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys;

/// Looks at a taken lock before its holder, which may have lost its processor, is given ours.
const LOOKS: u32 = 100;

pub(super) struct Spin<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by `with` alone, by one thread at a time.
unsafe impl<T: Send> Sync for Spin<T> {}

impl<T> Spin<T> {
    pub const fn new(value: T) -> Spin<T> {
        Spin { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Runs `f` on the value. It must neither wait nor allocate nor free: an allocator may have a lock that ends up here.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.take();
        let _taken = Taken(&self.taken);
        // SAFETY: this thread has the lock until `_taken` is dropped.
        f(unsafe { &mut *self.value.get() })
    }

    fn take(&self) {
        while self.taken.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            let is_free = (0..LOOKS).any(|_| {
                hint::spin_loop();
                !self.taken.load(Ordering::Relaxed)
            });
            if !is_free {
                // SAFETY: no pointers.
                let _ = unsafe { sys::call(libc::SYS_sched_yield, [0; 6]) };
            }
        }
    }

    /// Begins anew with `value`, whoever has the lock: what was there is leaked.
    ///
    /// # Safety
    /// No other thread is there: this is a fork's child.
    pub unsafe fn begin_anew(&self, value: T) {
        // SAFETY: nobody else is there to look, and what is overwritten is not dropped.
        unsafe { self.value.get().write(value) };
        self.taken.store(false, Ordering::Release);
    }
}

struct Taken<'a>(&'a AtomicBool);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
