//! What both peers share: the arguments, and what gfetch's own benchmarks measure with.

/// `benches/meter.rs`, which `runtimes.py` puts here.
#[allow(dead_code)]
mod meter;

pub use meter::{Cost, Meter, memory_bytes};

/// Bytes of a message of `pingpong` and `echo`.
pub const MESSAGE: usize = 64;

/// `CASE SIZE OPERATIONS` from the command line.
pub fn arguments() -> (String, usize, usize) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [case, size, operations] = &words[..] else { panic!("usage: CASE SIZE OPERATIONS") };
    (case.clone(), size.parse().expect("a size"), operations.parse().expect("operations"))
}
