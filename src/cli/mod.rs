//! The command: arguments → plan → outcomes → bytes and an exit status.

mod args;
mod curl_options;
mod escape;
mod render;
mod secrets;
#[allow(dead_code, reason = "the wiring calls it; remove once it does")]
mod serve;
mod units;

pub fn main() {}
