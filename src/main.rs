//! The `gfetch` binary: parses, runs, exits.

mod cli;

fn main() {
    cli::main();
}
