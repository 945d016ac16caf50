//! What another hub says, handed to the lines that wait for it on the main hub.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::wire::{Numbered, Word};
use crate::green::threads::Receiver;
use crate::green::{self, Event, Greenlet, Interrupt};

/// The lines that wait for words of one hub, by the numbers of their attempts.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: RefCell<HashMap<u64, Rc<Slot>, foldhash::fast::RandomState>>,
    /// The hub has ended: nothing comes any more.
    is_closed: Cell<bool>,
}

/// What has come for one of them.
#[derive(Default)]
struct Slot {
    words: RefCell<VecDeque<Word>>,
    came: Event,
}

/// A line's place in it.
pub(super) struct Ear {
    inbox: Rc<Inbox>,
    number: u64,
    slot: Rc<Slot>,
}

impl Inbox {
    /// An inbox, and the greenlet that fills it.
    pub fn fed_by(words: Receiver<Vec<Numbered>>) -> (Rc<Inbox>, Greenlet<()>) {
        let inbox = Rc::new(Inbox::default());
        let filled = inbox.clone();
        let feeder = green::spawn(move || {
            while let Ok(Some(words)) = words.recv() {
                words.into_iter().for_each(|(number, word)| filled.hand(number, word));
            }
            filled.close();
        });
        (inbox, feeder)
    }

    /// A place for what the attempt `number` says.
    pub fn listen(self: &Rc<Self>, number: u64) -> Ear {
        let slot = Rc::new(Slot::default());
        self.waiting.borrow_mut().insert(number, slot.clone());
        Ear { inbox: self.clone(), number, slot }
    }

    /// Whether the hub has ended.
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// What comes for a line that was killed is dropped.
    fn hand(&self, number: u64, word: Word) {
        if let Some(slot) = self.waiting.borrow().get(&number) {
            slot.words.borrow_mut().push_back(word);
            slot.came.set();
        }
    }

    fn close(&self) {
        self.is_closed.set(true);
        self.waiting.borrow().values().for_each(|slot| slot.came.set());
    }
}

impl Ear {
    /// The next word; none where the hub has ended.
    pub fn hear(&self) -> Result<Option<Word>, Interrupt> {
        loop {
            let word = self.slot.words.borrow_mut().pop_front();
            if word.is_some() || self.inbox.is_closed() {
                return Ok(word);
            }
            self.slot.came.clear();
            self.slot.came.wait()?;
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.inbox.waiting.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::green::threads;

    #[test]
    fn a_word_goes_to_its_line_and_the_end_of_the_hub_to_all_of_them() {
        green::run(|| {
            let (sender, words) = threads::unbounded();
            let (inbox, _feeder) = Inbox::fed_by(words);
            let (one, two) = (inbox.listen(1), inbox.listen(2));
            // Nobody is there for the third: its line was killed.
            sender.try_send(vec![(3, Word::Lost), (2, Word::Lost)]).ok().unwrap();
            assert!(matches!(two.hear(), Ok(Some(Word::Lost))));
            let waits = green::spawn(move || one.hear().unwrap().is_none());
            green::yield_now().unwrap();
            assert!(!waits.is_done() && !inbox.is_closed());
            drop(sender);
            assert!(waits.get().unwrap(), "a hub that ended leaves nobody waiting");
            assert!(two.hear().unwrap().is_none());
        });
    }
}
