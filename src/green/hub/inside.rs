//! Keeps the runtime's own locks to itself: who waits for one, or wakes a hub, must not be parked as a greenlet there.
//!
//! That could happen where a program has the C library's calls replaced (see [`interpose`](crate::green::interpose)): the
//! futex under a `Mutex` then parks the greenlet that waits, and the hub's loop, which may want the same lock, has none to
//! park.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

thread_local! {
    /// How many calls of [`inside`] are under way on this thread.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread is in the runtime's own code, where a system call blocks the thread as it always did.
#[inline]
pub(crate) fn is_inside() -> bool {
    DEPTH.get() > 0
}

/// Runs `f`, in which no call of the C library becomes a wait of the greenlet.
pub(crate) fn inside<T>(f: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    f()
}

/// Takes one of the runtime's own locks, which are held for moments only. A panic while it was held has spoilt nothing.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => inside(|| mutex.lock().unwrap_or_else(PoisonError::into_inner)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};
    use std::thread;

    use super::{inside, is_inside, locked};

    #[test]
    fn a_lock_that_is_held_is_waited_for_as_a_thread_and_a_poisoned_one_is_taken() {
        let mutex = Arc::new(Mutex::new(1));
        let (other, (tell, told)) = (mutex.clone(), mpsc::channel());
        let holder = thread::spawn(move || {
            let mut held = locked(&other);
            tell.send(()).unwrap();
            thread::sleep(std::time::Duration::from_millis(20));
            *held = 2;
            panic!("poisons it");
        });
        told.recv().unwrap();
        assert_eq!(*locked(&mutex), 2);
        assert!(holder.join().is_err());
        assert_eq!(*locked(&mutex), 2);
        assert!(!is_inside());
    }

    #[test]
    fn depth_is_given_back_by_a_panic_too() {
        assert!(inside(|| inside(is_inside) && is_inside()));
        assert!(std::panic::catch_unwind(|| inside(|| panic!("in the middle"))).is_err());
        assert!(!is_inside());
    }
}
