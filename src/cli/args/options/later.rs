//! What the contract promises and this version does not do yet: refused by name, never silently accepted.

use crate::cli::args::option::Opt;

pub const OPTIONS: &[Opt] = &[
    Opt::later("threads", Some("N")),
    Opt::later("range", Some("RANGE")).short('r'),
    Opt::later("continue-at", Some("OFFSET")).short('C'),
    Opt::later("time-cond", Some("TIME")).short('z'),
    Opt::later("etag-save", Some("FILE")),
    Opt::later("etag-compare", Some("FILE")),
    Opt::later("dump-header", Some("FILE")).short('D'),
    Opt::later("remote-time", None).short('R'),
    Opt::later("show-headers", None),
    Opt::later("remote-header-name", None).short('J'),
    Opt::later("no-clobber", None),
    Opt::later("skip-existing", None),
    Opt::later("fields", Some("LIST")),
    Opt::later("max-body", Some("B")),
    Opt::later("write-out", Some("TEMPLATE")).short('w'),
    Opt::later("summary-json", Some("FILE")),
    Opt::later("har", Some("FILE")),
    Opt::later("report", Some("FILE")),
    Opt::later("resume", Some("FILE")),
    Opt::later("dry-run", None),
    Opt::later("to-curl", None),
];
