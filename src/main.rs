//! The `gfetch` binary: parses, runs, exits.

mod cli;

/// Every request makes and drops a dozen small things, many requests at a time. Version 2 without huge pages: as small as
/// the system's allocator.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    cli::main();
}
