//! `--dry-run`: what would be fetched, in what order, under which limits, to which files.

use gfetch::fetch::preview::Planned;

use super::args::{Format, Invocation};
use super::preview::Teller;
use super::render::dry_limits;
use super::render::dry_run::{self, Counts, In};
use super::report;

/// What is told of each line, and counted.
pub struct DryRun<'a> {
    invocation: &'a Invocation,
    told: In,
    counts: Counts,
}

impl<'a> DryRun<'a> {
    pub fn new(invocation: &'a Invocation) -> DryRun<'a> {
        let told = In { width: report::show(invocation, true).width, secrets: report::secrets(invocation) };
        DryRun { invocation, told, counts: Counts::default() }
    }
}

impl DryRun<'_> {
    /// What is drawn on a terminal is set apart from what stands around it.
    fn between(&self) -> &'static str {
        if self.told.width == usize::MAX || self.invocation.format == Format::Json { "" } else { "\n" }
    }
}

impl Teller for DryRun<'_> {
    fn begin(&self) -> String {
        dry_limits::limits(self.invocation) + self.between()
    }

    fn line(&mut self, out: &mut Vec<u8>, planned: &Planned) {
        self.counts.add(planned);
        match self.invocation.format {
            Format::Json => dry_run::object_line(out, planned, &self.told),
            _ if self.told.width == usize::MAX => dry_run::columns(out, planned, &self.told),
            _ => dry_run::line(out, planned, &self.told),
        }
    }

    fn talk(&mut self, out: &mut Vec<u8>, planned: &Planned) {
        if let (true, Ok(first)) = (self.invocation.verbose, &planned.first) {
            dry_run::exchange(out, planned.entry.index, first, &self.told);
        }
    }

    fn tells_parts(&self) -> bool {
        true
    }

    fn end(&self) -> String {
        format!("{}{}", self.between(), dry_run::summary(&self.counts, &self.invocation.plan))
    }
}
