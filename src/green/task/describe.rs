//! What a greenlet is called and what it waits for: for reports, dumps and the overflow's message.

use std::panic::Location;

use super::{Task, Why};

impl Task {
    /// Its name: the one it was given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.name.as_ref().map_or_else(|| format!("greenlet-{}", self.id), |name| name.to_string())
    }

    /// Where it was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// One line for a report: name, spawn site, what it waits for.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let name = self.name();
        let at = self.spawned_at;
        text.push_str(&format!("{name} (spawned at {}:{}) ", at.file(), at.line()));
        match self.waiting_for.get() {
            Why::Nothing => text.push_str("is not waiting"),
            Why::Join(id) => text.push_str(&format!("waits for the end of greenlet-{id}")),
            Why::Read(fd) => text.push_str(&format!("waits to read descriptor {fd}")),
            Why::Write(fd) => text.push_str(&format!("waits to write descriptor {fd}")),
            Why::Pool => text.push_str("waits for a place in a pool"),
            why => text.push_str(&format!("waits in {why:?}")),
        }
        text
    }

    /// Name and spawn site in pieces, without allocating: for the overflow handler.
    pub fn describe_to(&self, say: &mut dyn FnMut(Part)) {
        match &self.name {
            Some(name) => say(Part::Text(name)),
            None => {
                say(Part::Text("greenlet-"));
                say(Part::Number(self.id));
            }
        }
        say(Part::Text(" (spawned at "));
        say(Part::Text(self.spawned_at.file()));
        say(Part::Text(":"));
        say(Part::Number(u64::from(self.spawned_at.line())));
        say(Part::Text(")"));
    }
}

/// A piece of a description.
pub(crate) enum Part<'a> {
    Text(&'a str),
    Number(u64),
}
