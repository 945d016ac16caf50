//! Words in thread-local storage: one a thread, on which greenlets of one thread cannot wait side by side.
//!
//! `parking_lot` and what stands on it keep such a word, in a record of the thread that is queued when it waits. A second
//! greenlet would queue the same record again and spoil the queue. So these waits block the thread as ever, and the
//! detector names them. Only the program's own storage is known here, not that of shared libraries.

use std::sync::atomic::{AtomicUsize, Ordering};

use libc::c_ulong;

use crate::sys;

/// Whether `address` lies in this thread's storage.
pub(super) fn holds(address: usize) -> bool {
    let (bytes, align) = layout();
    let start = sys::thread_local_start(bytes, align);
    (start..start + bytes).contains(&address)
}

/// The size and alignment of each thread's storage: the same for all, found once.
fn layout() -> (usize, usize) {
    static BYTES: AtomicUsize = AtomicUsize::new(0);
    static ALIGN: AtomicUsize = AtomicUsize::new(0);
    if ALIGN.load(Ordering::Acquire) == 0 {
        let (bytes, align) = find().unwrap_or((0, 1));
        BYTES.store(bytes, Ordering::Relaxed);
        ALIGN.store(align.max(1), Ordering::Release);
    }
    (BYTES.load(Ordering::Relaxed), ALIGN.load(Ordering::Acquire))
}

/// By the program's headers, which the kernel has told it of.
fn find() -> Option<(usize, usize)> {
    // SAFETY: no pointers.
    let told = |what: c_ulong| unsafe { libc::getauxval(what) } as usize;
    let (headers, count) = (told(libc::AT_PHDR) as *const libc::Elf64_Phdr, told(libc::AT_PHNUM));
    if headers.is_null() {
        return None;
    }
    // SAFETY: the kernel tells where so many of them lie, for the life of the program.
    let headers = unsafe { std::slice::from_raw_parts(headers, count) };
    let header = headers.iter().find(|header| header.p_type == libc::PT_TLS)?;
    Some((header.p_memsz as usize, header.p_align as usize))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    #[test]
    fn a_threads_own_variables_are_in_its_storage_and_nothing_else_is() {
        thread_local! {
            static OWN: Cell<u64> = const { Cell::new(1) };
        }
        let address = || OWN.with(|own| own.as_ptr().addr());
        assert!(super::holds(address()));
        let others = std::thread::spawn(move || (super::holds(address()), address())).join().unwrap();
        assert!(others.0);
        let (stack, heap) = (0, Box::new(0));
        static DATA: u32 = 0;
        let elsewhere = [(&raw const stack).addr(), (&raw const *heap).addr(), (&raw const DATA).addr(), others.1];
        assert_eq!(elsewhere.map(super::holds), [false; 4]);
    }
}
