//! The command held to its contract: each test is one rule, against a scripted server on loopback.

mod bodies;
mod certificates;
mod control;
mod endings;
mod input;
mod records;
mod runner;
mod save_failed;
mod saving;
mod server;
mod summary;
mod tls;
mod usage;
