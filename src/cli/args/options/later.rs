//! What the contract promises and this version does not do yet: refused by name, never silently accepted.

use crate::cli::args::option::Opt;

pub const OPTIONS: &[Opt] = &[
    Opt::later("threads", Some("N")),
    Opt::later("show-headers", None),
    Opt::later("fields", Some("LIST")),
    Opt::later("max-body", Some("B")),
    Opt::later("write-out", Some("TEMPLATE")).short('w'),
    Opt::later("summary-json", Some("FILE")),
    Opt::later("har", Some("FILE")),
    Opt::later("report", Some("FILE")),
    Opt::later("dry-run", None),
    Opt::later("to-curl", None),
];
