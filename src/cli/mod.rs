//! The command: arguments → plan → outcomes → bytes and an exit status.

mod args;
mod escape;
mod render;

pub fn main() {}
