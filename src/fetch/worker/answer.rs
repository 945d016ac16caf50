//! The last answer and the file that it goes to: parts, conditions, names and times, and what is kept beside it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::attempt::{Attempter, Ended};
use super::ending::Ending;
use super::gate::Gate;
use crate::fetch::flow::{Flow, first_method};
use crate::fetch::journal::{Key, Part};
use crate::fetch::list::Target;
use crate::fetch::names::{self, FilePath, Place};
use crate::fetch::outcome::{Failure, Kind, Outcome, Stage};
use crate::fetch::plan::{Bodies, Existing, Order, Plan, Resume};
use crate::fetch::receive::{self, Gather, Rules};
use crate::fetch::sink::{Sink, There};
use crate::fetch::transfer::{self, Meaning};
use crate::green;
use crate::http::h1::Head;
use crate::http::types::StatusCode;
use crate::http::{Response, Trace};

/// What of a line says where its body goes.
#[derive(Clone, Copy)]
pub(super) struct Aim<'a> {
    pub target: &'a Target,
    pub place: Option<&'a Place>,
    /// Records before its own.
    pub turn: u64,
    /// What the record of the run knows it by.
    pub key: Option<&'a Key>,
}

/// Where an attempt's body goes.
pub(super) struct To<'a> {
    /// Of the line.
    pub index: u64,
    /// Bytes that are there already, and are to be continued.
    pub from: u64,
    /// What they are of, where it was asked for the rest of that alone.
    pub version: Option<String>,
    pub sink: &'a mut Sink,
}

impl Attempter {
    /// Sets where the body goes, and asks for the rest where a download is continued: the bytes that are there already, and
    /// the version that they are of. `etag` is what an earlier attempt had. May wait. Apart, so that who waits for an answer
    /// has nothing of it on the stack.
    #[inline(never)]
    pub(super) fn prepare(
        &self,
        aim: Aim<'_>,
        gate: &Gate<'_>,
        etag: Option<&str>,
        flow: &mut Flow<'_>,
        sink: &mut Sink,
    ) -> Result<(u64, Option<String>), Failure> {
        *sink = self.sink(aim, gate);
        let (from, known) = self.continue_at(sink)?;
        let (asked, etag) = (&self.plan.transfer, known.as_deref().or(etag));
        flow.ask_for(transfer::fields(asked, from, etag));
        Ok((from, transfer::version(asked, from, etag).map(str::to_owned)))
    }

    /// Where the body of a line goes, if all is well.
    fn sink(&self, aim: Aim<'_>, gate: &Gate<'_>) -> Sink {
        if self.plan.bodies == Bodies::Count && aim.place.is_none() {
            return Sink::Count;
        }
        if let Some(path) = saved_to(&self.plan, aim.place) {
            let create_dirs = matches!(&self.plan.bodies, Bodies::Save(save) if save.create_dirs);
            return self.file(aim, path, create_dirs);
        }
        match (&self.plan.bodies, gate.output(), aim.place) {
            (Bodies::Save(_), Some(output), Some(Place::StandardOutput)) | (Bodies::Print, Some(output), _) => {
                // In the order of completion nobody knows who is next: bodies wait until their records are handed over.
                let has_turns = (self.plan.serial || self.plan.order == Order::Input) && !self.plan.hold_bodies;
                let turn = has_turns.then(|| self.turn.of(aim.turn));
                Sink::print(turn, output, self.spools.clone())
            }
            _ => Sink::Count,
        }
    }

    fn file(&self, aim: Aim<'_>, path: &FilePath, create_dirs: bool) -> Sink {
        let mut sink = Sink::save(path.to_path_buf(), create_dirs, self.parts.clone(), self.client.clone());
        if let Some(save) = sink.saving() {
            save.set_contributed(path.contributed());
            save.set_by_status(matches!(aim.place, Some(Place::ByStatus(_))));
            if self.plan.existing == Existing::Numbered {
                save.set_there(There::Numbered);
            }
        }
        // With -C the file itself grows.
        let journal = self.journal.get().filter(|_| self.plan.transfer.resume.is_none());
        if let (Some(journal), Some(key), Some(save)) = (journal, aim.key, sink.saving()) {
            save.set_part(Part::new(journal, *key), may_go_on(&self.plan, aim.target));
        }
        sink
    }

    /// Bytes that are there already, where a download is continued, and what they are the beginning of.
    fn continue_at(&self, sink: &mut Sink) -> Result<(u64, Option<String>), Failure> {
        if let Some((part, validator)) = sink.saving().and_then(|save| save.part_to_go_on_with()) {
            return Ok(part_bytes(part).map_or((0, None), |bytes| (bytes, Some(validator))));
        }
        let Some(resume) = self.plan.transfer.resume else { return Ok((0, None)) };
        Ok((continued_at(resume, sink.saving().map(|save| save.path()))?, None))
    }

    /// Takes the last answer's body to where it goes. Apart, so that who waits for an answer has nothing of it on the stack.
    #[inline(never)]
    pub(super) fn take_in(
        &self,
        mut response: Response,
        compressed: bool,
        to: To<'_>,
        record: &mut Outcome,
        trace: &Trace,
        ended: &mut Ended,
    ) -> Result<(), Ending> {
        let status = response.head().status;
        let meaning = transfer::meaning(&self.plan.transfer, to.from, response.head())?;
        let is_of_a_part = matches!(meaning, Meaning::Continued(_)) || (meaning == Meaning::Nothing && status == 416);
        if let (true, Some(version)) = (is_of_a_part, &to.version) {
            transfer::check_version(version, response.head())?;
        }
        if self.plan.transfer != Default::default() && (status < 300 || status == 304) {
            ended.etag = transfer::etag_to_save(response.head());
        }
        if meaning == Meaning::Nothing {
            if status < 300 {
                // The server does not know the condition: what it should have said, as in curl.
                record.status = Some(304);
            }
            if let Some(save) = to.sink.saving() {
                if save.is_by_status() {
                    save.move_to(names::with_status(save.path(), 200));
                }
                save.leave(to.from);
            }
            receive::nothing_more(&self.plan, to.sink, record)?;
            // A 304 has a body like others: an empty one.
            if status != 304 {
                response.drain();
                return Ok(());
            }
        }
        let fails = status >= 400 && self.plan.fail_on_status;
        // What failed is counted, and goes nowhere.
        let (mut counted, To { index, from, sink, .. }) = (Sink::Count, to);
        let sink = if fails { &mut counted } else { sink };
        self.prepare_file(
            sink,
            index,
            if matches!(meaning, Meaning::Continued(_)) { from } else { 0 },
            response.head(),
        );
        let gather = match (self.plan.keep_body, &mut ended.notes) {
            (Some(most), Some(notes)) => Some(Gather { spool: notes.spool(&self.spools), room: most }),
            _ => None,
        };
        let (lane, speed) = (self.lane.as_deref(), self.speeds.down());
        let rules = Rules { plan: &self.plan, compressed, budget: &self.budget, speed, lane, gather };
        let taken = receive::body(rules, &mut response, sink, record, trace);
        if fails {
            // What else is wrong with it does not make it another failure, and if this attempt's clock runs out, its scope
            // says so whatever is returned here.
            let reason = match &response.head().reason {
                reason if reason.is_empty() => usual_reason(status),
                reason => reason.to_string(),
            };
            return Err(Failure::new(Kind::Status, Stage::Receive, reason).into());
        }
        taken?;
        Ok(transfer::check_length(meaning, record.wire_bytes)?)
    }

    /// Its name, its time, and where in it the body begins.
    fn prepare_file(&self, sink: &mut Sink, index: u64, from: u64, head: &Head) {
        let Some(save) = sink.saving() else { return };
        save.continue_at(from);
        save.set_grows(self.plan.transfer.resume.is_some() && head.status < 300);
        save.begins(head);
        if self.plan.transfer.remote_time {
            save.set_modified(transfer::last_modified(head));
        }
        if save.is_by_status() {
            // A part that goes on is still what was answered with 200.
            let path = names::with_status(save.path(), if from > 0 { 200 } else { head.status });
            save.move_to(self.claim(index, &path, None).0);
        }
        if self.plan.transfer.remote_header_name {
            let disposition = head.fields.first("content-disposition");
            let (path, chosen) = self.claim(index, save.path(), disposition);
            save.move_to(path);
            if chosen {
                save.set_contributed(1);
            }
            if chosen && self.plan.existing == Existing::Replaced {
                save.set_there(There::Kept);
            }
        }
    }

    /// See [`HeaderNames::claim`](names::HeaderNames::claim).
    fn claim(&self, index: u64, path: &Path, disposition: Option<&[u8]>) -> (PathBuf, bool) {
        self.header_names.lock().unwrap_or_else(PoisonError::into_inner).claim(index, path, disposition)
    }

    /// With `-C` what came of a transfer that broke off is kept, for the next attempt, or the next run, to go on with.
    #[inline(never)]
    pub(super) fn keep_beginning(&self, sink: &mut Sink, record: &Outcome) {
        let keeps = sink.saves()
            && record.bytes > 0
            && record.status.is_some_and(|status| status < 300)
            && record.error.as_ref().is_some_and(transfer::leaves_a_beginning);
        if !keeps {
            let is_wrong = record.status == Some(416)
                || record.error.as_ref().is_some_and(|error| matches!(error.kind, Kind::Protocol | Kind::TooLarge));
            if let Some(save) = sink.saving().filter(|_| is_wrong) {
                save.forget_part();
            }
            return;
        }
        if let Some(save) = sink.saving().filter(|save| save.has_part()) {
            // As below.
            let _ = save.keep_part(&self.client);
        } else if self.plan.transfer.resume.is_some() {
            // The failure is the transfer's, whether this succeeds or not.
            let _ = std::mem::replace(sink, Sink::Count).land().finish(&self.client);
        }
    }

    /// Writes the entity tag where it is wanted; where it cannot be, the line has failed.
    #[inline(never)]
    pub(super) fn save_etag(&self, etag: Option<String>, record: &mut Outcome) {
        let (Some(path), Some(etag)) = (self.plan.transfer.etag_save.clone(), etag) else { return };
        let kept = record.error.as_ref().is_none_or(transfer::leaves_a_beginning);
        if !kept {
            return;
        }
        let written = green::offload(move || replace(&path, &format!("{etag}\n")));
        if let Err(error) = written.map_err(io::Error::from).and_then(|written| written) {
            record.error.get_or_insert_with(|| write_failure(format!("the ETag's file (--etag-save): {error}")));
        }
    }
}

/// The file that a body goes to, if it goes to one.
pub(in crate::fetch) fn saved_to<'a>(plan: &Plan, place: Option<&'a Place>) -> Option<&'a FilePath> {
    match place {
        // A line's own `output` counts whatever becomes of the others. A comparison fetches it for its time only.
        Some(Place::File(path)) if matches!(plan.bodies, Bodies::Save(_)) || !plan.ignore_outputs => Some(path),
        Some(Place::ByStatus(path)) => Some(path),
        _ => None,
    }
}

/// The file of a line that is there, and how long it is, where it is taken for what would be fetched (`--skip-existing`):
/// nothing is asked then.
pub(in crate::fetch) fn is_there_already(plan: &Plan, place: Option<&Place>) -> Option<(PathBuf, u64)> {
    let (Existing::Skipped, Some(Place::File(path))) = (plan.existing, place) else { return None };
    // What cannot be looked at cannot be written either, which says why.
    let bytes = size(path.to_path_buf()).ok().flatten()?;
    Some((path.to_path_buf(), bytes))
}

/// The byte at which a download into this file is continued.
#[inline(never)]
pub(in crate::fetch) fn continued_at(resume: Resume, file: Option<&Path>) -> Result<u64, Failure> {
    let there = match file {
        Some(path) => size(path.to_owned()).map_err(|error| write_failure(error.to_string()))?,
        None => None,
    };
    match (resume, there) {
        (Resume::AtEnd, there) => Ok(there.unwrap_or(0)),
        (Resume::At(from), Some(there)) if from != there => {
            Err(write_failure(format!("the file has {there} bytes, and was to be continued at {from} (-C)")))
        }
        (Resume::At(from), _) => Ok(from),
    }
}

/// Whether a part of a line's body is worth keeping: its rest can be asked for.
fn may_go_on(plan: &Plan, target: &Target) -> bool {
    let given = plan.request.headers.iter().map(|(name, _)| name);
    let mut given = given.chain(target.headers.iter().map(|(name, _)| name));
    let asks_itself = given.any(|name| ["range", "if-range"].iter().any(|own| own.eq_ignore_ascii_case(name)));
    first_method(plan, Some(target)) == "GET"
        && plan.transfer.is_unconditional()
        && !plan.request.compresses(true)
        && !asks_itself
}

/// The bytes of a line's part that would be gone on with, and what it is a part of.
pub(in crate::fetch) fn part_there(plan: &Plan, target: &Target, part: &Part, place: &Place) -> Option<(u64, String)> {
    let path = saved_to(plan, Some(place))?;
    let validator = part.validator().filter(|_| may_go_on(plan, target))?;
    let part = match place {
        Place::ByStatus(_) => part.beside(&names::with_status(path, 200)),
        _ => part.beside(path),
    };
    Some((part_bytes(part)?, validator))
}

/// Bytes of a part that is there. What cannot be read is begun anew.
fn part_bytes(part: PathBuf) -> Option<u64> {
    size(part).ok().flatten().filter(|bytes| *bytes > 0)
}

/// What a status says where the server gave no reason, as none does by HTTP/2 (RFC 9113 section 8.3.1).
fn usual_reason(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.map_or_else(|| format!("status {status}"), str::to_owned)
}

/// Bytes of a regular file; none where there is none.
#[inline(never)]
fn size(path: PathBuf) -> io::Result<Option<u64>> {
    let found = green::offload(move || fs::metadata(path))?;
    match found {
        Ok(there) => Ok(there.is_file().then_some(there.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let mut file = builder.prefix(".gfetch-").suffix(".part").make_in(dir, |part| fs::File::create_new(part))?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn write_failure(message: String) -> Failure {
    Failure::new(Kind::Write, Stage::Write, message)
}
