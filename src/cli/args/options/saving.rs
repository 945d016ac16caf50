//! What becomes of the bodies.

use crate::cli::args::option::{Opt, Refusal, Shown};

pub const OPTIONS: &[Opt] = &[
    Opt::flag("body", "Bodies of successes on standard output, in order; the report on standard error", |t| {
        t.output.body = true;
    })
    .shown(Shown::Always)
    .more("-w '' leaves the report out."),
    Opt::value("output", "TEMPLATE", "Save the body here; - is standard output", |t, v| {
        let template = v.text()?;
        if template.is_empty() {
            return Err(Refusal::Takes("a file".into()));
        }
        t.output.templates.push(template.to_owned());
        Ok(())
    })
    .short('o')
    .shown(Shown::Always)
    .more(
        "The Nth -o belongs to the Nth URL argument. One for several URLs must contain #N (what the Nth glob stands \
         for), {index}, {host}, {path}, {name}, {ext} or {id}. {name} is the last part of the path with its extension, {ext} \
         the extension alone. {status} is the answer's.",
    ),
    Opt::flag("remote-name", "Save each body under the name in its URL", |t| t.output.remote_name = true)
        .short('O')
        .shown(Shown::Always)
        .more(
            "Holds for all URLs. A name used again in one run: name.1, name.2. A leading . or - becomes _, so that no file is \
             hidden, or an option to the next program.",
        ),
    Opt::flag("remote-header-name", "With -O: save under the name in the answer's Content-Disposition", |t| {
        t.plan.transfer.remote_header_name = true;
    })
    .short('J')
    .more("Made harmless, and never over a file that was there before; in the order of the answers: name.1, name.2."),
    Opt::flag("remote-time", "Give files the time of the answer's Last-Modified", |t| {
        t.plan.transfer.remote_time = true;
    })
    .short('R'),
    // curl's way to say -O for all URLs, which ours says already.
    Opt::flag("remote-name-all", "", |t| t.output.remote_name = true).shown(Shown::Never),
    Opt::value("output-dir", "DIR", "Save files in this folder", |t, v| {
        t.output.dir = Some(v.file()?);
        Ok(())
    }),
    Opt::flag("create-dirs", "Make missing folders", |t| t.output.create_dirs = true),
    Opt::switch("no-clobber", "Keep files that are there: save as name.1, name.2 up to name.100", |t, on| {
        t.output.no_clobber = on;
    }),
    Opt::flag("skip-existing", "A file that is there is not asked for", |t| t.output.skip_existing = true)
        .more("It is taken as it is, whole or not, and counts as a success without an attempt."),
    Opt::value("manifest", "FILE", "Keep a list of what was saved: URL, file, bytes, separated by tabs", |t, v| {
        t.output.manifest = Some(v.file_not_stdout()?);
        Ok(())
    })
    .more(
        "In input order; written at the end. With --resume all that its record has, in the order in which it was done.",
    ),
];
