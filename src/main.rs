//! The `gfetch` binary: parses, runs, exits.

mod cli;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    cli::main();
}
