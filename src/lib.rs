//! gfetch: gevent's idea in Rust, with a fetcher of URL lists on top.
//!
//! Code that reads as if it blocked, on stackful green threads, over one event loop. Five layers, and imports run only
//! downward: [`green`] ← [`net`] ← [`http`] ← [`fetch`] ← the command (`src/cli`, part of the binary).
//! The library prints nothing, never exits, and never reads the environment.

#[cfg(panic = "abort")]
compile_error!(
    "gfetch needs panic = \"unwind\": a kill unwinds the greenlet it ends, and a panic is kept in its handle"
);

pub mod fetch;
pub mod green;
pub mod http;
pub mod net;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
