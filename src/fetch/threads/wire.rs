//! The wire between an attempt on another hub and its line's greenlet on the main hub.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use super::hub::Lent;
use super::outbox::Outbox;
use crate::fetch::permits::{Reach, Refused};
use crate::fetch::sink::Output;
use crate::green::threads::{self, Sender};
use crate::http::origin::Origin;

/// What an attempt says to its line.
pub(super) enum Word {
    /// It has one more request to make, to this origin, which may be another one, held back, or have a rate: what it may
    /// talk to now is the answer.
    Follow { origin: Origin, crosses: bool, answer: Sender<Arc<Reach>> },
    /// Its turn has come, and these bytes go to the output.
    Print { bytes: Vec<u8>, answer: Sender<io::Result<()>> },
    /// It has ended.
    Done(Box<Lent>),
    /// Its greenlet has ended without that.
    Lost,
}

/// A word, and the number of the attempt that says it.
pub(super) type Numbered = (u64, Word);

/// The end of an attempt.
pub(in crate::fetch) struct Wire {
    pub(super) reach: Arc<Reach>,
    pub(super) number: u64,
    pub(super) words: Rc<Outbox<Numbered>>,
    /// Whether the run has an output.
    pub(super) prints: bool,
}

impl Wire {
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    pub fn follow(self, origin: Origin, crosses: bool) -> Result<Wire, Refused> {
        let reach = ask(self.number, &self.words, |answer| Word::Follow { origin, crosses, answer })?;
        Ok(Wire { reach, ..self })
    }

    /// An output that hands what is written to the line, and waits until that has written it.
    pub fn output(&self) -> Option<Output> {
        let (number, words) = (self.number, self.words.clone());
        let print = move |bytes: &[u8]| {
            let bytes = bytes.to_vec();
            let printed = ask(number, &words, |answer| Word::Print { bytes, answer });
            printed.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
        };
        self.prints.then(|| Rc::new(print) as Output)
    }
}

/// Asks, and waits for the answer; refused where the wait is interrupted, or nobody answers any more.
fn ask<T: Send>(
    number: u64,
    words: &Rc<Outbox<Numbered>>,
    question: impl FnOnce(Sender<T>) -> Word,
) -> Result<T, Refused> {
    let (answer, hears) = threads::bounded(1);
    // Where nobody hears it the answer's sender is gone, and that ends the wait.
    words.push((number, question(answer)));
    hears.recv()?.ok_or(Refused::Interrupted)
}
