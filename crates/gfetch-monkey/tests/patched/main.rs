//! Everything that needs a patched process, in one program: std and plain C calls, on one thread of the system unless a
//! test says so.
//!
//! `cargo test -p gfetch-monkey`; optimised, with another linker and static: `bash .ci/monkey`.

mod apart;
mod name_server;
mod support;

mod descriptors;
mod detector;
mod documentation;
mod elsewhere;
mod futex;
mod io;
mod join;
mod messages;
mod names;
mod originals;
mod parking;
mod process;
mod refused;
mod select;
mod sockets;
mod stops;
mod stress;
mod thin_path;
mod time;
