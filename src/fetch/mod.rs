//! A list of URLs in, a stream of outcomes out.
//!
//! ```text
//!  List ──► Lines ──► pool.imap(fetch) ──► Fetched (Outcome, body) ──► the caller
//!  lazily    names     Worker: permits → attempt (hops, body) → retry?
//! ```
//! Start reading at [`Session`]; the worker behind it is one function from a line to its outcome.

mod ahead;
pub mod compare;
mod credentials;
mod curl_code;
mod details;
mod exchange;
mod failure;
mod flow;
pub mod glob;
mod in_flight;
mod journal;
mod links;
pub mod list;
pub mod names;
pub mod outcome;
mod pace;
mod parts;
mod permits;
pub mod plan;
pub mod preview;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod random;
mod receive;
pub mod retry;
mod session;
mod sink;
mod speed;
mod spool;
mod stop;
pub mod summary;
mod threads;
mod transfer;
mod worker;

pub use details::{Details, EarlierAttempt};
pub use exchange::Exchange;
pub use in_flight::{InFlight, Seen};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use journal::fuzz as fuzz_record;
pub use journal::{Journal, JournalError, Key};
pub use links::behind_links;
pub use parts::{Listed, PartFiles};
pub use session::{Fetched, Session};
pub use sink::{Output, Turn};
pub use spool::Spool;
pub use stop::Stop;
