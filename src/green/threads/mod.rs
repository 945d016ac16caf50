//! What crosses OS threads: channels, events, results, permits and locks between hubs and threads, and a hub per core.
//!
//! The types of [`green`](super) belong to one hub and are not `Send`. These are: each end may be on any hub or on a thread
//! without one, where a wait blocks the thread. A wait for another thread counts as something that may end, so that
//! a hub that waits here reports no deadlock; closing (the last sender gone) ends the waits instead.
//!
//! In `offload` a greenlet leaves a call to a thread, by `mailbox` a thread sends to a hub, in `block_on` a greenlet drives a
//! future. A `ticket` is one wait that any thread may end: channels, events and locks stand on it.

pub(super) mod block_on;
mod channel;
mod event;
mod lock;
pub(super) mod mailbox;
pub(super) mod offload;
mod run_on;
#[cfg(test)]
mod tests;
mod ticket;

pub use channel::{Receiver, RecvTimeoutError, SendError, Sender, bounded, unbounded};
pub use event::{AsyncResult, Event};
pub use lock::{Lock, LockGuard, Permit, Semaphore};
pub use run_on::{cores, run_on_threads};
pub(crate) use ticket::{NextWait, Ticket as CrossTicket};
