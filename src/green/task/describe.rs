//! What a greenlet is called and what it waits for: for reports, dumps and the overflow's message.

use super::{Task, Why};
use crate::green::stack::GUARD_BYTES;

impl Task {
    /// Its name: the one it was given, or `greenlet-N`.
    pub fn name(&self) -> String {
        self.name.as_ref().map_or_else(|| format!("greenlet-{}", self.id), |name| name.to_string())
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
            why => text.push_str(&format!("waits in {why:?}")),
        }
        text
    }

    /// Whether `address` lies in the guard below its stack.
    pub fn guards(&self, address: usize) -> bool {
        address.checked_sub(self.guard.get()).is_some_and(|offset| offset < GUARD_BYTES)
    }

    /// The size of its stack.
    pub fn stack_bytes(&self) -> usize {
        self.stack_bytes.get()
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
