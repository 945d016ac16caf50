//! Owns the greenlets' stacks: one slab of slots per size, each slot behind a guard, reused last in first out.
//!
//! ```text
//!  low                                                              high
//!  ├─ guard ─┼──────── usable ────────┤├─ guard ─┼──────── usable ────────┤ …
//!  ↑ limit                            ↑ base (the stack grows down)
//!  └────────────── slot ──────────────┘
//! ```
//!
//! The bases of neighbouring slots differ by a cache line: stacks that all began at the same place of a page would share
//! the few places that a cache has for it, and of a thousand greenlets most would not stay there.
//!
//! A chunk is one `mmap`; its guards are installed by `MADV_GUARD_INSTALL` where the kernel has it (Linux 6.13), which
//! splits no mapping, so that a million stacks need a few dozen of them. Elsewhere they are `mprotect`ed, at two mappings
//! a stack, and the slab refuses to go near the process's limit of mappings: a stack never runs without its guard.
#![allow(unsafe_code)]

use std::io;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use corosensei::stack::StackPointer;

use crate::green::task::overflow;

/// Virtual size of a stack unless a spawn says otherwise: a TLS handshake needs 56 KiB in debug, a regex 114.
pub const DEFAULT_STACK_BYTES: usize = 256 * 1024;
/// The smallest stack given: below this an ordinary `println!` in debug is a risk.
pub const MIN_STACK_BYTES: usize = 16 * 1024;
/// The largest stack given, against a slip of units.
pub const MAX_STACK_BYTES: usize = 1 << 30;
/// 64 KiB, not a page: C code and assembly have no stack probes and may step over a page.
pub(crate) const GUARD_BYTES: usize = 64 * 1024;
/// Chunks double from the first to the last of these, so that a million slots are a few dozen chunks.
const FIRST_CHUNK_SLOTS: usize = 256;
const MAX_CHUNK_SLOTS: usize = 65_536;
/// A chunk of large stacks holds fewer of them: this much address space, and one slot at least.
const MAX_CHUNK_BYTES: usize = 32 << 30;
/// Free stacks kept as they are (hot) when an idle hub trims.
const KEEP_HOT: usize = 256;
/// The top of a stack that trimming leaves in memory, in bytes: the next greenlet touches it first.
const KEEP_TOP_BYTES: usize = 4096;
/// So many different bases within a page, a line apart: no more, so that a shallow greenlet still fits into one page.
const COLOURS: usize = 32;
pub(crate) const LINE_BYTES: usize = 64;
/// Mappings left to the rest of the process where guards cost mappings.
const SPARE_MAPPINGS: usize = 2_000;
/// `MADV_GUARD_INSTALL`, which the libc crate does not have yet.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// One stack, on loan from its slab: give it back with [`Stacks::release`]. Dropped without that, its slot is lost to
/// the slab but stays mapped.
pub(crate) struct StackSlot {
    base: StackPointer,
    limit: StackPointer,
    class: u32,
    chunk: u32,
    slot: u32,
}

// SAFETY: a `StackSlot` is only made by `Stacks::acquire`, which gives each slot to one owner at a time. limit
// is the slot's lower end, page-aligned, and base lies less than a page below its upper end, at a multiple of 64 (both are
// hence 16-byte-aligned), inside one mapping that stays until the slab is dropped; the lowest GUARD_BYTES fault on any
// access, and all but that page of MIN_STACK_BYTES above them is usable.
unsafe impl corosensei::stack::Stack for StackSlot {
    fn base(&self) -> StackPointer {
        self.base
    }

    fn limit(&self) -> StackPointer {
        self.limit
    }
}

/// A hub's stacks, by size.
pub(crate) struct Stacks {
    classes: Vec<Class>,
    guards: GuardKind,
}

/// All stacks of one size.
struct Class {
    usable: usize,
    chunks: Vec<Chunk>,
    free: Vec<(u32, u32)>,
    /// The lowest so many of `free` have been trimmed already (they are at the cold end).
    trimmed: usize,
    /// Slots of the newest chunk not handed out yet; their guards are not installed yet either.
    fresh: u32,
}

struct Chunk {
    start: usize,
    slots: u32,
    stride: usize,
    /// Guards that cost mappings; counted for the whole process.
    protected: usize,
}

impl StackSlot {
    /// What there is above the guard, what colouring takes of it included.
    pub fn usable_bytes(&self) -> usize {
        (self.base.get() - self.limit.get() - GUARD_BYTES).next_multiple_of(COLOURS * LINE_BYTES)
    }
}

impl Stacks {
    pub fn new(guards: Option<GuardKind>) -> Stacks {
        overflow::install();
        Stacks { classes: Vec::new(), guards: guards.unwrap_or_else(GuardKind::of_this_kernel) }
    }

    /// Lends a stack of at least `bytes`, rounded up to a power of two.
    pub fn acquire(&mut self, bytes: usize) -> io::Result<StackSlot> {
        let usable = bytes.clamp(MIN_STACK_BYTES, MAX_STACK_BYTES).next_power_of_two();
        let index = match self.classes.iter().position(|class| class.usable == usable) {
            Some(index) => index,
            None => {
                self.classes.push(Class { usable, chunks: Vec::new(), free: Vec::new(), trimmed: 0, fresh: 0 });
                self.classes.len() - 1
            }
        };
        let class = &mut self.classes[index];
        let (chunk, slot) = match class.free.pop() {
            Some(place) => {
                class.trimmed = class.trimmed.min(class.free.len());
                place
            }
            None => class.carve(self.guards)?,
        };
        let home = &class.chunks[chunk as usize];
        let limit = home.start + slot as usize * home.stride;
        let pointer = |address| StackPointer::new(address).expect("a mapping never starts at 0");
        let base = limit + home.stride - slot as usize % COLOURS * LINE_BYTES;
        Ok(StackSlot { base: pointer(base), limit: pointer(limit), class: index as u32, chunk, slot })
    }

    /// Takes a stack back; it is the next to be lent.
    pub fn release(&mut self, stack: StackSlot) {
        let class = &mut self.classes[stack.class as usize];
        class.free.push((stack.chunk, stack.slot));
    }

    /// Stacks that were ever made, and those of them that nobody runs on.
    pub fn counts(&self) -> (usize, usize) {
        let made = |class: &Class| class.chunks.iter().map(|chunk| chunk.slots).sum::<u32>() - class.fresh;
        let made = self.classes.iter().map(|class| made(class) as usize).sum();
        (made, self.classes.iter().map(|class| class.free.len()).sum())
    }

    /// What the stacks hold of memory.
    #[cfg(test)]
    pub fn resident_bytes(&self) -> usize {
        const PAGE: usize = 4096;
        let chunks = self.classes.iter().flat_map(|class| &class.chunks);
        let resident = chunks.map(|chunk| {
            let bytes = chunk.slots as usize * chunk.stride;
            let mut pages = vec![0u8; bytes.div_ceil(PAGE)];
            // SAFETY: the range is one mapping of ours, and there is a byte for each of its pages.
            assert_eq!(unsafe { libc::mincore(chunk.start as *mut _, bytes, pages.as_mut_ptr()) }, 0);
            pages.iter().filter(|&&page| page & 1 == 1).count() * PAGE
        });
        resident.sum()
    }

    /// Stacks on loan now.
    #[cfg(test)]
    pub fn lent(&self) -> usize {
        let (made, free) = self.counts();
        made - free
    }

    /// Gives the memory of cold free stacks back to the system. Called when the hub is about to sleep.
    pub fn trim(&mut self) {
        for class in &mut self.classes {
            let cold = class.free.len().saturating_sub(KEEP_HOT);
            for &(chunk, slot) in &class.free[class.trimmed.min(cold)..cold] {
                let home = &class.chunks[chunk as usize];
                let low = home.start + slot as usize * home.stride + GUARD_BYTES;
                // SAFETY: the range is the lower part of a free slot: mapped by us, and nobody's stack now, so that
                // nothing that may still be read is dropped. A failure only means that the memory stays in use.
                unsafe { libc::madvise(low as *mut _, class.usable - KEEP_TOP_BYTES, libc::MADV_DONTNEED) };
            }
            class.trimmed = class.trimmed.max(cold);
        }
    }
}

impl Class {
    /// A slot never used before, with its guard installed.
    fn carve(&mut self, guards: GuardKind) -> io::Result<(u32, u32)> {
        if self.fresh == 0 {
            let chunk =
                Chunk::map(self.usable + GUARD_BYTES, self.chunks.last().map_or(0, |last| last.slots as usize))?;
            self.fresh = chunk.slots;
            self.chunks.push(chunk);
        }
        let index = self.chunks.len() - 1;
        let chunk = &mut self.chunks[index];
        let slot = chunk.slots - self.fresh;
        guards.install(chunk.start + slot as usize * chunk.stride)?;
        chunk.protected += usize::from(guards == GuardKind::Protect);
        self.fresh -= 1;
        Ok((index as u32, slot))
    }
}

impl Chunk {
    /// Maps twice as many slots as the last chunk had, or as many as the system grants.
    fn map(stride: usize, last_slots: usize) -> io::Result<Chunk> {
        let most = (MAX_CHUNK_BYTES / stride).clamp(1, MAX_CHUNK_SLOTS);
        let mut slots = (last_slots * 2).clamp(FIRST_CHUNK_SLOTS.min(most), most);
        let start = loop {
            match map_noreserve(slots * stride) {
                Ok(start) => break start,
                Err(error) if slots == 1 => return Err(no_room(stride, &error)),
                Err(_) => slots /= 2,
            }
        };
        Ok(Chunk { start, slots: slots as u32, stride, protected: 0 })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `Chunk::map` with this start and length, and the hub drops its slab only when
        // no coroutine is left on it (else it leaks the slab on purpose).
        unsafe { libc::munmap(self.start as *mut _, self.slots as usize * self.stride) };
        PROTECTED_GUARDS.fetch_sub(self.protected, Ordering::Relaxed);
    }
}

fn no_room(stride: usize, error: &io::Error) -> io::Error {
    let text = format!(
        "no room for another stack of {stride} bytes, its guard included ({error}): make fewer or smaller ones"
    );
    io::Error::new(io::ErrorKind::OutOfMemory, text)
}

fn map_noreserve(bytes: usize) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice touches nothing of ours.
    let start = unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // Huge pages would make each greenlet cost 251 KiB of memory instead of 4; a core dump does not need the stacks.
    for advice in [libc::MADV_NOHUGEPAGE, libc::MADV_DONTDUMP] {
        // SAFETY: advice on the mapping just made; failing is harmless.
        unsafe { libc::madvise(start, bytes, advice) };
    }
    Ok(start as usize)
}

/// How a guard is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuardKind {
    /// `MADV_GUARD_INSTALL`: no mapping is split.
    Advice,
    /// `mprotect`: two mappings a stack.
    Protect,
}

impl GuardKind {
    fn of_this_kernel() -> GuardKind {
        static KIND: OnceLock<GuardKind> = OnceLock::new();
        *KIND.get_or_init(|| match map_noreserve(GUARD_BYTES) {
            Ok(scratch) => {
                // SAFETY: guard advice, then unmapping, on the scratch mapping that only this function knows.
                let advised = unsafe { libc::madvise(scratch as *mut _, GUARD_BYTES, MADV_GUARD_INSTALL) };
                // SAFETY: as above.
                unsafe { libc::munmap(scratch as *mut _, GUARD_BYTES) };
                if advised == 0 { GuardKind::Advice } else { GuardKind::Protect }
            }
            Err(_) => GuardKind::Protect,
        })
    }

    fn install(self, limit: usize) -> io::Result<()> {
        let done = match self {
            // SAFETY: the range is the guard of a fresh slot: mapped by us and not in use.
            GuardKind::Advice => unsafe { libc::madvise(limit as *mut _, GUARD_BYTES, MADV_GUARD_INSTALL) },
            GuardKind::Protect => {
                take_protected_guard()?;
                // SAFETY: as above.
                let done = unsafe { libc::mprotect(limit as *mut _, GUARD_BYTES, libc::PROT_NONE) };
                if done != 0 {
                    PROTECTED_GUARDS.fetch_sub(1, Ordering::Relaxed);
                }
                done
            }
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

/// Guards in the process that cost mappings, over all hubs.
static PROTECTED_GUARDS: AtomicUsize = AtomicUsize::new(0);

/// Counts one guard more, below what the process's limit of mappings leaves; at the limit even a panic message could not
/// be printed.
fn take_protected_guard() -> io::Result<()> {
    static MOST: OnceLock<usize> = OnceLock::new();
    let most = *MOST.get_or_init(|| {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let most: usize = read("/proc/sys/vm/max_map_count").trim().parse().unwrap_or(65_530);
        let used = read("/proc/self/maps").lines().count();
        most.saturating_sub(used + SPARE_MAPPINGS) / 2
    });
    if PROTECTED_GUARDS.fetch_add(1, Ordering::Relaxed) < most {
        return Ok(());
    }
    PROTECTED_GUARDS.fetch_sub(1, Ordering::Relaxed);
    Err(io::Error::new(
        io::ErrorKind::OutOfMemory,
        "too many greenlets: each stack guard costs two of the mappings that vm.max_map_count allows (this kernel has no guard regions)",
    ))
}
