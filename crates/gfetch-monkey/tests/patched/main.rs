//! Everything that needs a patched process, in one program: std alone, on one thread of the system unless a test says so.
//!
//! `cargo test -p gfetch-monkey`; in release, with other linkers and static: `bash .ci/monkey`.

mod support;

mod thin_path;
