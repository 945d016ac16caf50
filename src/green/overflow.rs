//! Owns the message that a stack overflow ends with: which greenlet, how large its stack was, where it was spawned.
//!
//! The handler runs on the thread's alternate stack and does nothing but look up the address and `write(2)`; then the
//! default action takes over, so that the exit status is still SIGSEGV's. An address that is no guard of ours goes to
//! the handler that was there before.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::task::{Part, Task};

/// Chunks of stacks that can be told apart at once, over all threads; a further chunk works but overflows unnamed.
const MAX_REGIONS: usize = 1024;

/// One chunk of stacks, as the handler sees it. `owners` is read in the handler, on the thread that owns them.
pub(crate) struct Region {
    start: AtomicUsize,
    bytes: AtomicUsize,
    stride: AtomicUsize,
    guard: AtomicUsize,
    owners: AtomicPtr<AtomicPtr<Task>>,
}

impl Region {
    const fn empty() -> Region {
        Region {
            start: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            stride: AtomicUsize::new(0),
            guard: AtomicUsize::new(0),
            owners: AtomicPtr::new(ptr::null_mut()),
        }
    }

    fn owners(&self) -> Option<&[AtomicPtr<Task>]> {
        let table = self.owners.load(Ordering::Acquire);
        if table.is_null() {
            return None;
        }
        let slots = self.bytes.load(Ordering::Relaxed) / self.stride.load(Ordering::Relaxed);
        // SAFETY: `register` set `owners` last, to a table of exactly this many entries, and `unregister` (called by the
        // owning thread only, which is also the only one to look) takes it away before freeing it.
        Some(unsafe { std::slice::from_raw_parts(table, slots) })
    }

    pub fn set_owner(&self, slot: usize, task: *const Task) {
        if let Some(owner) = self.owners().and_then(|owners| owners.get(slot)) {
            owner.store(task.cast_mut(), Ordering::Relaxed);
        }
    }

    pub fn unregister(&self) {
        let Some(owners) = self.owners() else { return };
        let slots = owners.len();
        let table = self.owners.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: the table came from `Box::into_raw` of a boxed slice of this length in `register`; it was just swapped
        // out, so that nobody frees it twice.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(table, slots)) });
        self.bytes.store(0, Ordering::Relaxed);
        self.start.store(0, Ordering::Release);
    }
}

static REGIONS: [Region; MAX_REGIONS] = [const { Region::empty() }; MAX_REGIONS];
static UNNAMED: Region = Region::empty();

/// Makes a chunk known to the handler.
pub(crate) fn register(start: usize, stride: usize, slots: usize, guard: usize) -> &'static Region {
    let claim = |region: &&Region| region.start.compare_exchange(0, start, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    let Some(region) = REGIONS.iter().find(claim) else { return &UNNAMED };
    region.stride.store(stride, Ordering::Relaxed);
    region.guard.store(guard, Ordering::Relaxed);
    region.bytes.store(stride * slots, Ordering::Relaxed);
    let owners: Box<[AtomicPtr<Task>]> = (0..slots).map(|_| AtomicPtr::new(ptr::null_mut())).collect();
    region.owners.store(Box::into_raw(owners).cast(), Ordering::Release);
    region
}

static INSTALL: Once = Once::new();
static mut PREVIOUS: MaybeUninit<[libc::sigaction; 2]> = MaybeUninit::uninit();
const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Installs the handler (once a process) and sees to it that this thread has an alternate stack.
pub(crate) fn install() {
    INSTALL.call_once(|| {
        // SAFETY: runs once, before the handler that reads PREVIOUS can run; each sigaction gets valid pointers, and
        // the handler has the three-argument form that SA_SIGINFO asks for.
        unsafe {
            let previous = (&raw mut PREVIOUS).cast::<libc::sigaction>();
            for (index, &signal) in SIGNALS.iter().enumerate() {
                let mut action: libc::sigaction = std::mem::zeroed();
                let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_fault;
                action.sa_sigaction = handler as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigemptyset(&mut action.sa_mask);
                libc::sigaction(signal, ptr::null(), previous.add(index));
                libc::sigaction(signal, &action, ptr::null_mut());
            }
        }
    });
    ensure_alternate_stack();
}

thread_local! {
    static ALTERNATE: Cell<bool> = const { Cell::new(false) };
}

/// std gives its own threads an alternate stack; a foreign thread gets one here, for as long as the process lives.
fn ensure_alternate_stack() {
    const BYTES: usize = 64 * 1024;
    if ALTERNATE.replace(true) {
        return;
    }
    // SAFETY: sigaltstack is asked with a valid out pointer, and told of memory that is leaked, so always valid.
    unsafe {
        let mut now: libc::stack_t = std::mem::zeroed();
        if libc::sigaltstack(ptr::null(), &mut now) == 0 && now.ss_flags & libc::SS_DISABLE != 0 {
            let memory: &'static mut [u8] = Box::leak(vec![0u8; BYTES].into_boxed_slice());
            let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: BYTES };
            libc::sigaltstack(&stack, ptr::null_mut());
        }
    }
}

extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo to an SA_SIGINFO handler of a fault.
    let address = unsafe { (*info).si_addr() } as usize;
    if let Some((region, slot)) = find(address) {
        report(region, slot);
        // SAFETY: setting the default action is async-signal-safe; returning then repeats the fault, which ends the
        // process with this signal's status.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        return;
    }
    hand_on(signal, info, context);
}

/// The chunk and slot whose guard holds `address`.
fn find(address: usize) -> Option<(&'static Region, usize)> {
    REGIONS.iter().find_map(|region| {
        let start = region.start.load(Ordering::Acquire);
        let offset = address.checked_sub(start).filter(|_| start != 0)?;
        let stride = region.stride.load(Ordering::Relaxed);
        let inside = offset < region.bytes.load(Ordering::Relaxed) && stride != 0;
        (inside && offset % stride < region.guard.load(Ordering::Relaxed)).then(|| (region, offset / stride))
    })
}

fn report(region: &Region, slot: usize) {
    let mut line = Line::new();
    let owner =
        region.owners().and_then(|owners| owners.get(slot)).map_or(ptr::null_mut(), |o| o.load(Ordering::Relaxed));
    line.text("gfetch: greenlet ");
    // SAFETY: a non-null owner is the task whose coroutine runs on this slot: alive, and of this very thread, which is
    // stopped in its guard, so that nobody writes to it now.
    if let Some(task) = unsafe { owner.as_ref() } {
        task.describe_to(&mut |part| match part {
            Part::Text(text) => line.text(text),
            Part::Number(number) => line.number(number),
        });
    }
    line.text(" overflowed its stack of ");
    let usable = region.stride.load(Ordering::Relaxed) - region.guard.load(Ordering::Relaxed);
    line.number((usable / 1024) as u64);
    line.text(" KiB; give it more with Builder::stack_bytes\n");
    line.write();
}

/// Text put together without allocating.
struct Line {
    bytes: [u8; 512],
    used: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: [0; 512], used: 0 }
    }

    fn text(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            if self.used < self.bytes.len() {
                self.bytes[self.used] = byte;
                self.used += 1;
            }
        }
    }

    fn number(&mut self, number: u64) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.text(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][(number % 10) as usize]);
    }

    fn write(&self) {
        // SAFETY: write(2) is async-signal-safe, and the buffer is ours.
        unsafe { libc::write(2, self.bytes.as_ptr().cast(), self.used) };
    }
}

/// What the handler before ours would have done.
fn hand_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = usize::from(signal == libc::SIGBUS);
    // SAFETY: PREVIOUS was filled before our handler was installed and is not written again. A previous handler is
    // called in the form that its own flags say; the default and "ignore" cannot be called, so the default is restored
    // and the fault repeats.
    unsafe {
        let previous = &*(&raw const PREVIOUS).cast::<libc::sigaction>().add(index);
        match previous.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                libc::signal(signal, libc::SIG_DFL);
            }
            handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
                let call: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                    std::mem::transmute(handler);
                call(signal, info, context);
            }
            handler => {
                let call: extern "C" fn(libc::c_int) = std::mem::transmute(handler);
                call(signal);
            }
        }
    }
}
