//! What a run keeps in files beside its report: each is told every record, and takes its place whole at the end.

mod cookie_jar;
mod destination;
mod har;
mod html;
mod manifest;
mod replacing;
mod resume;
mod save_failed;
mod summary_json;

use gfetch::fetch::summary::Summary;
use gfetch::fetch::{Fetched, Journal, PartFiles, Session};

use self::cookie_jar::CookieJar;
use self::destination::Destination;
use self::har::Har;
use self::html::Html;
pub use self::html::{begin as begin_page, finish as finish_page};
use self::manifest::Manifest;
use self::resume::Resume;
use self::save_failed::SaveFailed;
use self::summary_json::SummaryJson;
use super::args::{Invocation, no_list};
use super::report::{self, redact, secrets};
use super::stream::Stream;

/// One of these files.
pub trait Kept {
    /// Takes what it needs of one record, in the order of the report.
    fn record(&mut self, fetched: &Fetched);

    /// Puts it in its place.
    ///
    /// # Errors
    /// What the user is told: the run then ends with status 4.
    fn finish(self: Box<Self>, end: &End<'_>) -> Result<(), String>;
}

/// A run at its end.
pub struct End<'a> {
    pub summary: &'a Summary,
    pub session: &'a Session,
    /// A line has no record.
    pub lost: bool,
}

/// Begins all that `invocation` asks for, before anything is fetched: what cannot be written is known then. `files` has
/// them taken away, should the process end in a hurry; `to` are standard output and standard error.
///
/// # Errors
/// A place that cannot be written to.
pub fn begin(invocation: &Invocation, files: &PartFiles, to: [&Stream; 2]) -> Result<Vec<Box<dyn Kept>>, String> {
    let [stdout, stderr] = to;
    let lists = &*invocation.lists;
    let mut all: Vec<Box<dyn Kept>> = Vec::new();
    if let Some(path) = &invocation.save_failed {
        all.push(Box::new(SaveFailed::at(path, lists, stderr)?.listed_in(files)));
    }
    if let Some(path) = &invocation.manifest {
        all.push(Box::new(Manifest::at(path, invocation, files)?));
    }
    if let Some(path) = &invocation.cookie_jar {
        all.push(Box::new(CookieJar(Destination::at(path, stdout, files, true, no_list("-c", path, lists))?)));
    }
    if let Some(path) = &invocation.summary_json {
        let to = Destination::at(path, stdout, files, false, no_list("--summary-json", path, lists))?;
        all.push(Box::new(SummaryJson(to, redact(invocation.show_secrets))));
    }
    if let Some(path) = &invocation.har {
        all.push(Box::new(Har::at(path, files, secrets(invocation), no_list("--har", path, lists))?));
    }
    if let Some(path) = &invocation.report {
        let redact = report::redact(invocation.show_secrets);
        all.push(Box::new(Html::at(path, lists, redact)?.listed_in(files)));
    }
    Ok(all)
}

/// What the run's record (`--resume`) has as done; nothing is made or written.
///
/// # Errors
/// A file that is no record of such a run.
pub fn look_at(invocation: &Invocation) -> Result<Option<Journal>, String> {
    invocation.resume.as_ref().map(|path| Resume::look_at(path, &invocation.plan)).transpose()
}

/// Takes the run up where its record (`--resume`) says that it ended, and goes on with that record; `to` are standard output
/// and standard error.
///
/// # Errors
/// A file that is no record of such a run, or another run's at this moment.
pub fn take_up(invocation: &Invocation, session: &Session, to: [&Stream; 2]) -> Result<Option<Box<dyn Kept>>, String> {
    let Some(path) = &invocation.resume else { return Ok(None) };
    Ok(Some(Box::new(Resume::at(path, invocation, session, to)?)))
}
