//! What is told, how, and how much of it.

use crate::cli::args::option::{Opt, Refusal, Shown};
use crate::cli::args::typed::{ColorArg, Format, ProgressArg, WriteOut};
use crate::cli::units;

pub const OPTIONS: &[Opt] = &[
    Opt::value("format", "FORMAT", "The report: text, json (one object a line) or csv", |t, v| {
        t.output.format = v.one_of(&[("text", Format::Text), ("json", Format::Json), ("csv", Format::Csv)])?;
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
    Opt::flag("dry-run", "Tell what would be done, and under which limits; send nothing", |t| t.output.dry_run = true)
        .more(
            "Each URL in its turn with its method and the file that it would be saved to, with -v its header fields, too; \
             --format json: an object a line. No name is looked up, no file made. Lines that are no URL are told: exit \
             status 1, or 3 if none is one. With --compare: how many requests that sends.",
        ),
    Opt::flag("to-curl", "Write a curl command for each URL, a line each; send nothing", |t| t.output.to_curl = true)
        .more(
            "For a POSIX shell and curl 7.88 or newer. Secrets are ***, unless --show-secrets prints them: then each line \
             works as it is. What is about the whole run (-j, --per-host, --rate) curl cannot be told.",
        ),
    Opt::value("fields", "LIST", "The fields of json and csv, in this order; +NAME adds to the usual ones", |t, v| {
        t.output.fields = Some(v.text()?.to_owned());
        Ok(())
    })
    .more(
        "Names apart by commas, nested ones with a dot: url,status,timings.total. Only by name there are: headers \
         request_headers hops attempt_log certs sha256 body.",
    ),
    Opt::value("max-body", "B", "At most so much of each body in a record or HAR (--fields +body); 1M", |t, v| {
        let takes = "bytes above 0, as in 500000, 200k, 3M or 1G";
        let bytes = v.parsed(|text| units::size(text).filter(|bytes| *bytes > 0), takes)?;
        t.output.max_body = Some(usize::try_from(bytes).unwrap_or(usize::MAX));
        Ok(())
    }),
    Opt::value("write-out", "TEMPLATE", "In place of the text report, as in curl: %{http_code}, %{time_total}", |t, v| {
        let text = v.text()?;
        t.output.write_out = Some(match text.strip_prefix('@') {
            Some(file) => WriteOut::File(file.into()),
            None => WriteOut::Text(text.to_owned()),
        });
        Ok(())
    })
    .short('w')
    .more(
        "@FILE reads it from there, @- from standard input. curl's variables, units and times, which count from the start; \
         %{json}, %{header_json}, %header{NAME}, %{url.host}, %{urle.path}, %{onerror}, %{stdout}, %{stderr}, \
         %output{FILE}, %output{>>FILE}. An unknown one is a warning, and nothing. -w '' is no report at all.",
    ),
    Opt::flag("show-headers", "The heads of all answers before each body; implies --body", |t| {
        t.output.show_headers = true;
    })
    .more("curl's -i, which is the input file here. Those of redirects among them; of failures the heads alone."),
    Opt::value("progress", "HOW", "auto: live lines if standard error is a terminal; plain; none", |t, v| {
        let words = [("auto", ProgressArg::Auto), ("plain", ProgressArg::Plain), ("none", ProgressArg::None)];
        t.output.progress = v.one_of(&words)?;
        Ok(())
    })
    .more(
        "Either says how many lines are done, how many of them failed, what is in flight, bytes, rates, the time, the time \
         left once the list's length is known, and the slowest in flight. plain is for logs: a line after 5 s, then at \
         twice the distance each time, up to a minute.",
    ),
    // Taken from curl, where it is this option's `none`.
    Opt::switch("no-progress-meter", "", |t, on| {
        t.output.progress = if on { ProgressArg::None } else { ProgressArg::Auto };
    })
    .shown(Shown::Never),
    Opt::value("color", "WHEN", "auto, always or never", |t, v| {
        let words = [("auto", ColorArg::Auto), ("always", ColorArg::Always), ("never", ColorArg::Never)];
        t.output.color = v.one_of(&words)?;
        Ok(())
    })
    .more(
        "always and never before the environment, and there the first of these that is set: NO_COLOR (no), CLICOLOR_FORCE \
         (yes, unless it is 0), CLICOLOR=0 (no), TERM=dumb (no); else a terminal is coloured. The columns of a pipe never are.",
    ),
    Opt::value("dump-header", "FILE", "Write the heads of all answers here; - is standard output", |t, v| {
        t.output.dump_header = Some(v.file()?);
        Ok(())
    })
    .short('D')
    .more("Those of redirects among them, in input order; of retries the last."),
    Opt::value("summary-json", "FILE", "Write the summary here as JSON; - is standard output", |t, v| {
        t.output.summary_json = Some(v.file()?);
        Ok(())
    })
    .more("One object, at the end, and by rename: counts, bytes, percentiles, failures in groups, what held the run back."),
    Opt::value("har", "FILE", "Write all exchanges here, as HAR 1.2", |t, v| {
        let file = v.file()?;
        if file.as_os_str() == "-" {
            return Err(Refusal::TakesInstead("a file; /dev/stdout is one, written at the end".into()));
        }
        t.output.har = Some(file);
        Ok(())
    })
    .more("An entry for each, redirects and earlier attempts among them; bodies, those of requests too, only with --fields +body."),
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
