//! What is told, how, and how much of it.

use crate::cli::args::option::{Opt, Refusal, Shown};
use crate::cli::args::typed::{ColorArg, Format, ProgressArg};

pub const OPTIONS: &[Opt] = &[
    Opt::value("format", "FORMAT", "The report: text, or json (one object a line)", |t, v| {
        if v.0 == "csv" {
            return Err(Refusal::TakesInstead("text or json; csv is not in this version of gfetch yet".into()));
        }
        t.output.format = v.one_of(&[("text", Format::Text), ("json", Format::Json)])?;
        Ok(())
    })
    .shown(Shown::Always),
    Opt::value("report", "FILE", "Keep the run as a page to look at: charts, and a table to sort", |t, v| {
        t.output.report = Some(v.file_not_stdout()?);
        Ok(())
    })
        .more(
        "One HTML file that needs neither network nor script to be read. With --compare: the comparison. Written at the end; \
         a file that is there is replaced, unless it is the list.",
    ),
    Opt::value("progress", "HOW", "auto: a live line if standard error is a terminal; plain; none", |t, v| {
        let words = [("auto", ProgressArg::Auto), ("plain", ProgressArg::Plain), ("none", ProgressArg::None)];
        t.output.progress = v.one_of(&words)?;
        Ok(())
    }),
    // Taken from curl, where it is this option's `none`.
    Opt::switch("no-progress-meter", "", |t, on| {
        t.output.progress = if on { ProgressArg::None } else { ProgressArg::Auto };
    })
    .shown(Shown::Never),
    Opt::value("color", "WHEN", "auto, always or never", |t, v| {
        let words = [("auto", ColorArg::Auto), ("always", ColorArg::Always), ("never", ColorArg::Never)];
        t.output.color = v.one_of(&words)?;
        Ok(())
    }),
    Opt::value("dump-header", "FILE", "Write the heads of all answers here; - is standard output", |t, v| {
        t.output.dump_header = Some(v.file()?);
        Ok(())
    })
    .short('D')
    .more("Those of redirects among them, in input order; of retries the last."),
    Opt::flag("silent", "No progress, summary or hints; errors stay", |t| t.output.silent = true)
        .short('s')
        .shown(Shown::Always),
    Opt::flag("verbose", "Show whole exchanges on standard error", |t| t.output.verbose = true)
        .short('v')
        .shown(Shown::Always),
];

/// curl's, and so without being asked for.
pub const ALREADY_SO: &[Opt] = &[
    Opt::already_so("show-error").short('S'),
    // Its opposite is not already so: curl then fetches one after another.
    Opt::switch("parallel", "", |t, on| t.plan.serial = !on).short('Z').shown(Shown::Never),
    Opt::already_so("parallel-immediate"),
    Opt::already_so("no-buffer").short('N'),
    Opt::already_so("progress-bar").short('#'),
];
