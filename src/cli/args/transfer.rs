//! `-r -C -z --etag-save --etag-compare -J`: what does not go together, and the files that they name.

use std::ffi::OsStr;
use std::path::Path;
use std::time::SystemTime;

use gfetch::fetch::plan::{Plan, TimeCondition};
use gfetch::http::given::is_text;

use super::bodies::has_glob;
use super::date;
use super::typed::{Input, Output, Request};
use super::usage::{UsageError, shown};
use super::world::World;

/// Refuses what contradicts itself.
///
/// # Errors
/// The first contradiction.
pub fn check(input: &Input, args: &Request, plan: &Plan, output: &Output) -> Result<(), UsageError> {
    let transfer = &plan.transfer;
    let refuse = |text: &str| Err(UsageError::new(text));
    let is_one = input.urls.len() == 1
        && input.lists.is_empty()
        && (input.globoff || !has_glob(&input.urls[0].to_string_lossy()));
    if (transfer.etag_save.is_some() || args.etag_compare.is_some()) && !is_one {
        return refuse("--etag-save and --etag-compare are for a single URL: each body has a tag of its own");
    }
    if transfer.remote_header_name && !output.remote_name {
        return refuse("-J takes the name from the answer for -O: it needs that");
    }
    if transfer.resume.is_none() {
        return Ok(());
    }
    if transfer.range.is_some() {
        return refuse("-C asks for the rest, -r for a part: choose one");
    }
    if transfer.remote_header_name {
        return refuse("-C continues a file, -J does not know its name before the answer: choose one");
    }
    if plan.request.method.as_deref().is_some_and(|method| method != "GET") {
        return refuse("-C continues downloads: GET only");
    }
    Ok(())
}

/// Reads what the options name.
///
/// # Errors
/// A file that is missing, or holds something else.
pub fn fill(args: &mut Request, plan: &mut Plan, world: &World) -> Result<(), UsageError> {
    if let Some((text, unmodified)) = args.time_condition.take() {
        let time = moment(&text, world)?;
        plan.transfer.time_condition =
            Some(if unmodified { TimeCondition::UnmodifiedSince(time) } else { TimeCondition::ModifiedSince(time) });
    }
    if let Some(path) = args.etag_compare.take() {
        plan.transfer.etag = Some(etag(&path, plan.transfer.etag_save.is_some(), world)?);
    }
    Ok(())
}

/// A date, else a file whose time it is, as in curl.
fn moment(text: &OsStr, world: &World) -> Result<SystemTime, UsageError> {
    let date = text.to_str().and_then(|text| date::parse(text, SystemTime::now()));
    date.map_or_else(|| (world.modified)(Path::new(text)), Ok).map_err(|_| {
        let text = shown(&text.to_string_lossy());
        UsageError::new(format!("-z/--time-cond takes a date, as in '6 Nov 1994 08:49', or a file, not '{text}'"))
    })
}

/// What `--etag-save` left. Without it there is nothing yet, which no tag is like; then the file that is to be saved may
/// be the one that is missing.
fn etag(path: &Path, may_be_missing: bool, world: &World) -> Result<String, UsageError> {
    let refused = |why: &str| UsageError::new(format!("--etag-compare {}: {why}", shown(&path.to_string_lossy())));
    let read =
        if may_be_missing { world.read_if_there(path).map(Option::unwrap_or_default) } else { (world.read_file)(path) };
    let bytes = read.map_err(|error| refused(&error.to_string()))?;
    let text = String::from_utf8(bytes).ok().map(|text| text.trim().to_owned());
    match text.filter(|text| is_text(text)) {
        Some(text) if text.is_empty() => Ok("\"\"".to_owned()),
        Some(text) => Ok(text),
        None => Err(refused("it holds no entity tag")),
    }
}
