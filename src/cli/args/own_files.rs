//! The files that options name, each for itself: none takes another's place, or that of a list which the run reads.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use gfetch::fetch::names::Template;
use gfetch::fetch::plan::{Bodies, Plan};

use super::typed::{Input, ListSource, Output, Request};
use super::usage::UsageError;
use crate::cli::render::write_out;
use crate::cli::same_file::{are_one, is_same};

/// Looks that every file is named once, and returns them all, the lists too.
///
/// # Errors
/// Two options that name one file. The run's record (`--resume`) is locked, and grows: a list would grow with it. Only
/// `--save-failed` may replace a list.
pub fn check(
    input: &Input,
    plan: &Plan,
    output: &Output,
    args: &Request,
    write_out: Option<&write_out::Template>,
) -> Result<Vec<PathBuf>, UsageError> {
    let written = written(plan, output, args, write_out);
    let files: Vec<_> = written.iter().filter(|(path, _)| is_a_place(path)).collect();
    for (place, (path, option)) in files.iter().enumerate() {
        // Several of one option are settled by their names (`-o`), or meant so (`-w`).
        let mut others = files[place + 1..].iter().filter(|(_, other)| other != option);
        if let Some((_, other)) = others.find(|(other, _)| is_same(other, path)) {
            return Err(UsageError::new(format!("{option} and {other} name the same file")));
        }
    }
    let lists = || input.lists.iter().filter_map(|list| Some((list, list.path()?)));
    for (path, option) in files.into_iter().filter(|(_, option)| *option != "--save-failed") {
        if *option == "--resume" && lists().any(|(_, list)| is_same(list, path)) {
            return Err(UsageError::new("--resume and -i name the same file"));
        }
        if let Ok(there) = fs::metadata(path) {
            no_list(option, path, &input.lists)(&there).map_err(UsageError::new)?;
        }
    }
    let lists: Vec<PathBuf> = lists().map(|(_, path)| path.to_owned()).collect();
    Ok(written.into_iter().filter(|(_, option)| *option != "-o").map(|(path, _)| path).chain(lists).collect())
}

/// Whether a file takes its place there: standard output, devices and pipes are written to by whoever names them.
fn is_a_place(path: &Path) -> bool {
    path.as_os_str() != "-" && fs::metadata(path).map_or(true, |there| there.is_file())
}

/// Every file that is written, with the option that names it.
fn written(
    plan: &Plan,
    output: &Output,
    args: &Request,
    write_out: Option<&write_out::Template>,
) -> Vec<(PathBuf, &'static str)> {
    let options = [
        (&output.resume, "--resume"),
        (&output.save_failed, "--save-failed"),
        (&output.manifest, "--manifest"),
        (&output.dump_header, "-D"),
        (&output.har, "--har"),
        (&output.summary_json, "--summary-json"),
        (&output.report, "--report"),
        (&args.who.cookie_jar, "-c"),
        (&plan.transfer.etag_save, "--etag-save"),
    ];
    let options = options.into_iter().filter_map(|(path, option)| Some((path.clone()?, option)));
    let told = write_out.into_iter().flat_map(|template| template.files()).map(|path| (path.to_owned(), "-w"));
    let bodies = match &plan.bodies {
        Bodies::Save(save) => save.templates.as_slice(),
        _ => &[],
    };
    // The names of others are known when their URLs are; a `#N` may be a group of any of them.
    let is_a_name = |text: &&String| {
        let template = Template::parse(text);
        !template.is_distinguishing(usize::MAX) && !template.has_status()
    };
    let bodies = bodies.iter().filter(is_a_name).map(|name| match &output.dir {
        Some(dir) => (dir.join(name.trim_start_matches('/')), "-o"),
        None => (PathBuf::from(name), "-o"),
    });
    options.chain(told).chain(bodies.filter(|(path, _)| path.as_os_str() != "-")).collect()
}

/// Lets what stands at `path` go, unless it is a list of the run: a typing error must not cost one.
pub fn no_list<'a>(
    option: &'static str,
    path: &'a Path,
    lists: &'a [ListSource],
) -> impl FnOnce(&Metadata) -> Result<(), String> + use<'a> {
    move |there| match is_one_of(there, lists) {
        true => Err(format!("{option} {}: that is the list", path.display())),
        false => Ok(()),
    }
}

/// Whether a file is one of the lists that the run reads.
pub fn is_one_of(file: &Metadata, lists: &[ListSource]) -> bool {
    let is_the_file = |list: io::Result<Metadata>| list.is_ok_and(|list| are_one(&list, file));
    lists.iter().any(|list| match list {
        // `-i - <urls.txt`
        ListSource::Stdin => {
            is_the_file(io::stdin().as_fd().try_clone_to_owned().map(File::from).and_then(|one| one.metadata()))
        }
        ListSource::File(path) => is_the_file(fs::metadata(path)),
    })
}
