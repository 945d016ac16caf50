//! Owns the message that a stack overflow ends with: which greenlet, how large its stack was, where it was spawned.
//!
//! The handler runs on the thread's alternate stack and does nothing but look up the address and `write(2)`; then the
//! default action takes over, so that the exit status is still SIGSEGV's. An address outside the guard of the greenlet
//! that runs on this thread goes to the handler that was there before.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;

use crate::green::hub::Hub;
use crate::green::task::{Part, Task};

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
    // SAFETY: a non-null task is the one that runs on this thread, which is stopped in this handler: the hub holds it, and
    // nobody writes to it now. Finding it reads one constant-initialised thread-local, which neither locks nor allocates.
    if let Some(task) = unsafe { Hub::running().as_ref() }.filter(|task| task.guards(address)) {
        report(task);
        // SAFETY: setting the default action is async-signal-safe; returning then repeats the fault, which ends the
        // process with this signal's status.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        return;
    }
    hand_on(signal, info, context);
}

fn report(task: &Task) {
    let mut line = Line::new();
    line.text("gfetch: greenlet ");
    task.describe_to(&mut |part| match part {
        Part::Text(text) => line.text(text),
        Part::Number(number) => line.number(number),
    });
    line.text(" overflowed its stack of ");
    line.number(task.stack_bytes() as u64 / 1024);
    line.text(" KiB; give it more with Builder::stack_bytes\n");
    line.write();
}

/// Text put together without allocating.
struct Line {
    bytes: [u8; 1024],
    used: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: [0; 1024], used: 0 }
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
