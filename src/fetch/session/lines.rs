//! The list as the pool sees it: jobs, until its end, an error, or a stop.

use super::{Job, Session};
use crate::fetch::ahead::Ahead;
use crate::fetch::journal::Key;
use crate::fetch::list::List;
use crate::fetch::names::Names;
use crate::green;

/// The jobs of a run.
pub(super) struct Lines {
    /// Until it is read to its end, or left to [`Session::take_unread`].
    list: Option<List>,
    names: Names,
    ahead: Ahead,
    session: Session,
}

impl Lines {
    pub fn of(list: List, names: Names, ahead: Ahead, session: Session) -> Lines {
        Lines { list: Some(list), names, ahead, session }
    }
}

impl Iterator for Lines {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        let mut list = self.list.take()?;
        let job = self.job(&mut list);
        match &job {
            Some(_) => self.list = Some(list),
            None if self.session.input.ended.get() => {}
            None => *self.session.input.unread.borrow_mut() = Some(list),
        }
        job
    }
}

impl Lines {
    fn job(&mut self, list: &mut List) -> Option<Job> {
        let (input, worker) = (self.session.input.clone(), self.session.worker.clone());
        let stop = &worker.attempter.stop;
        if self.ahead.is_full() {
            stop.before_start(|| self.ahead.wait_for_room())?.ok()?;
        }
        if input.is_full() {
            stop.before_start(|| input.wait_for_room())?.ok()?;
        }
        let (entry, place, key) = loop {
            let entry = match stop.before_start(|| list.next().transpose())? {
                Ok(Some(entry)) => entry,
                Ok(None) => {
                    if !input.ended.replace(true) {
                        worker.one_less_to_start();
                    }
                    return None;
                }
                Err(error) => {
                    *input.error.borrow_mut() = Some(error);
                    return None;
                }
            };
            input.last_source.borrow_mut().get_or_insert_default().clone_from(&entry.source);
            let place = entry.target.as_ref().ok().and_then(|target| self.names.assign(entry.index, target));
            let Some(journal) = worker.attempter.journal.get() else { break (entry, place, None) };
            let key = Key::of(&entry, place.as_ref());
            if !journal.was_done(&key) {
                break (entry, place, Some(Box::new(key)));
            }
            input.done_before.set(input.done_before.get() + 1);
        };
        let turn = input.read.get();
        input.read.set(turn + 1);
        worker.line_to_start();
        Some(Job { entry, place, ready: self.ahead.line(), read_at: green::now(), turn, key })
    }
}
