//! Owns the table of a hub's living tasks: for shutdown, for reports, and for wakes that come from other threads.

use std::rc::Rc;

use crate::green::task::Task;

#[derive(Default)]
pub(crate) struct Live {
    places: Vec<Option<Rc<Task>>>,
    free: Vec<u32>,
}

impl Live {
    pub fn insert(&mut self, task: &Rc<Task>) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            (self.places.len() - 1) as u32
        });
        task.place.set(place);
        self.places[place as usize] = Some(task.clone());
    }

    pub fn remove(&mut self, task: &Task) {
        let place = task.place.get();
        if self.places[place as usize].take().is_some() {
            self.free.push(place);
        }
    }

    /// The task with this id, if it lives in this place.
    pub fn find(&self, place: u32, id: u64) -> Option<Rc<Task>> {
        self.places.get(place as usize)?.clone().filter(|task| task.id == id)
    }

    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<Rc<Task>> {
        let mut all: Vec<_> = self.places.iter().flatten().cloned().collect();
        all.sort_by_key(|task| task.id);
        all
    }

    /// How many live, and how many have lived at once at most.
    pub fn counts(&self) -> (usize, usize) {
        (self.places.len() - self.free.len(), self.places.len())
    }

    pub fn is_empty(&self) -> bool {
        self.places.len() == self.free.len()
    }
}
