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

/// A file that an option names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile {
    pub option: &'static str,
    pub path: PathBuf,
}

impl OwnFile {
    /// Whether the run keeps it beside its bodies, and a dry run does not: no list, and no part of the report.
    pub fn is_kept(&self) -> bool {
        !["-i", "-w"].contains(&self.option)
    }
}

/// Looks that every file is named once, and returns them all, the lists too, but for those of bodies.
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
) -> Result<Vec<OwnFile>, UsageError> {
    let written = written(plan, output, args, write_out);
    let files: Vec<_> = written.iter().filter(|file| is_a_place(&file.path)).collect();
    for (place, OwnFile { option, path }) in files.iter().enumerate() {
        // Several of one option are settled by their names (`-o`), or meant so (`-w`).
        let mut others = files[..place].iter().filter(|other| other.option != *option);
        if let Some(other) = others.find(|other| is_same(&other.path, path)) {
            return Err(UsageError::new(format!("{option} and {} name the same file", other.option)));
        }
    }
    let lists = || input.lists.iter().filter_map(ListSource::path);
    for OwnFile { option, path } in files.into_iter().filter(|file| file.option != "--save-failed") {
        if *option == "--resume" && lists().any(|list| is_same(list, path)) {
            return Err(UsageError::new("--resume and -i name the same file"));
        }
        if let Ok(there) = fs::metadata(path) {
            no_list(option, path, &input.lists)(&there).map_err(UsageError::new)?;
        }
    }
    let lists = lists().map(|path| OwnFile { option: "-i", path: path.to_owned() });
    Ok(written.into_iter().filter(|file| file.option != "-o").chain(lists).collect())
}

/// Whether a file takes its place there: standard output, devices and pipes are written to by whoever names them.
fn is_a_place(path: &Path) -> bool {
    path.as_os_str() != "-" && fs::metadata(path).map_or(true, |there| there.is_file())
}

/// Every file that is written.
fn written(plan: &Plan, output: &Output, args: &Request, write_out: Option<&write_out::Template>) -> Vec<OwnFile> {
    let kept = [
        ("--report", &output.report),
        ("--summary-json", &output.summary_json),
        ("--har", &output.har),
        ("--save-failed", &output.save_failed),
        ("--manifest", &output.manifest),
        ("-D", &output.dump_header),
        ("-c", &args.who.cookie_jar),
        ("--etag-save", &plan.transfer.etag_save),
        ("--resume", &output.resume),
    ];
    let kept = kept.into_iter().filter_map(|(option, path)| Some((option, path.clone()?)));
    let told = write_out.into_iter().flat_map(|template| template.files()).map(|path| ("-w", path.to_owned()));
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
        Some(dir) => ("-o", dir.join(name.trim_start_matches('/'))),
        None => ("-o", PathBuf::from(name)),
    });
    let bodies = bodies.filter(|(_, path)| path.as_os_str() != "-");
    bodies.chain(told).chain(kept).map(|(option, path)| OwnFile { option, path }).collect()
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
