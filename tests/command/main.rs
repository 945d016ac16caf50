//! The command held to its contract: each test is one rule, against a scripted server on loopback.

mod answering;
mod bodies;
mod certificates;
mod control;
mod cookies;
mod endings;
mod files;
mod input;
mod presets;
mod proxies;
mod records;
mod requests;
mod resume;
mod resume_kill;
mod routes;
mod runner;
mod save_failed;
mod saving;
mod server;
mod summary;
mod tls;
mod transfers;
mod usage;
mod who;
