//! What the contract promises and this version does not do yet: refused by name, never silently accepted.

use crate::cli::args::option::Opt;

pub const OPTIONS: &[Opt] = &[];
