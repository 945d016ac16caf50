//! The command: arguments → plan → outcomes → bytes and an exit status.

mod args;
mod curl_options;
mod escape;
mod render;
mod secrets;
mod units;

pub fn main() {}
