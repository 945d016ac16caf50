//! What is told of each record, and what has to be gathered for it: `--format`, `--fields`, `-w`, `--show-headers`, `--har`.

use gfetch::fetch::plan::Plan;

use super::data;
use super::typed::{Format, Output, WriteOut};
use super::usage::{UsageError, shown};
use super::world::World;
use crate::cli::render::chosen::{Chosen, Needs};
use crate::cli::render::write_out::Template;

/// A body in a record has at most so many bytes, unless `--max-body` says otherwise.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How records are told.
pub struct Told {
    pub fields: Chosen,
    pub write_out: Option<Template>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Reads what was typed.
///
/// # Errors
/// Unknown fields, and options that contradict each other.
pub fn records(output: &Output, world: &World) -> Result<Told, UsageError> {
    let (mut write_out, mut notes) = (None, Vec::new());
    if let Some(typed) = &output.write_out {
        if output.format != Format::Text {
            return Err(UsageError::new("-w writes the report, and so does --format: choose one"));
        }
        let (template, unknown) = Template::parse(&template(typed, world)?);
        (write_out, notes) = (Some(template), unknown);
    }
    if output.show_headers && output.dump_header.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        return Err(UsageError::new("--show-headers and -D - both print heads: choose one"));
    }
    Ok(Told { fields: fields(output)?, write_out, notes })
}

fn fields(output: &Output) -> Result<Chosen, UsageError> {
    let Some(list) = &output.fields else { return Ok(Chosen::default()) };
    if output.format == Format::Text {
        return Err(UsageError::new("--fields chooses from the records of --format json or csv"));
    }
    Chosen::parse(list).map_err(|unknown| match unknown.name.as_str() {
        "" => UsageError::new("--fields takes names of fields, as in url,status or +headers"),
        name => UsageError::new(format!("--fields: there is no field '{}'", shown(name)))
            .did_you_mean(unknown.similar.as_ref()),
    })
}

fn template(typed: &WriteOut, world: &World) -> Result<String, UsageError> {
    match typed {
        WriteOut::Text(text) => Ok(text.clone()),
        WriteOut::File(path) => String::from_utf8(data::read(path, "-w", world)?)
            .map_err(|_| UsageError::new("-w/--write-out takes UTF-8 (in its file)")),
    }
}

/// Has the plan gather what is to be told.
pub fn ask_for(plan: &mut Plan, told: &Told, output: &Output) {
    let Needs { exchanges, attempts, certificates, hash, body } = told.fields.needs();
    let writes_out = told.write_out.as_ref().is_some_and(Template::shows_exchanges);
    plan.keep_exchanges = exchanges || writes_out || output.har.is_some() || output.show_headers;
    plan.keep_attempts = attempts || output.har.is_some();
    plan.keep_certificates = certificates || told.write_out.as_ref().is_some_and(Template::shows_certificates);
    plan.keep_body = body.then_some(output.max_body.unwrap_or(MAX_BODY_BYTES));
    plan.keep_request_body = plan.keep_body.filter(|_| output.har.is_some());
    plan.hash_bodies |= hash;
}
