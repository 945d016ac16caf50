//! What the runtime says of itself, for who looks from inside the process.
//!
//! - `dump`: every greenlet, where it waits and whom for
//! - `stats`, `trace`: counts, and what happened one after the other
//! - `monitor`, `asserts`: greenlets that keep the hub too long
//! - `panics`: what greenlets panicked with, and whom to tell
//!
//! What is noted for them while the hub runs is `hub::diagnosis`.

pub(super) mod asserts;
pub(super) mod dump;
pub(super) mod monitor;
pub(super) mod panics;
pub(super) mod stats;
pub(super) mod trace;
