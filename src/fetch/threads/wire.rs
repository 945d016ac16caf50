//! The wire between an attempt on another hub and its line's greenlet on the main hub.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use super::hub::Lent;
use crate::fetch::permits::{Reach, Refused};
use crate::fetch::sink::Output;
use crate::green::threads::{self, Sender};
use crate::http::origin::Origin;

/// What an attempt says to its line.
pub(super) enum Word {
    /// It waits for the rate's next moment.
    Rate { answer: Sender<()> },
    /// A redirect leads to another place, or to an origin that may be held back: what it may talk to now is the answer.
    Follow { origin: Origin, crosses: bool, answer: Sender<Arc<Reach>> },
    /// Its turn has come, and these bytes go to the output.
    Print { bytes: Vec<u8>, answer: Sender<io::Result<()>> },
    /// It has ended.
    Done(Box<Lent>),
}

/// The end of an attempt.
pub(in crate::fetch) struct Wire {
    pub(super) reach: Arc<Reach>,
    pub(super) words: Sender<Word>,
    /// Whether the run has an output.
    pub(super) prints: bool,
    /// Whether it has a rate.
    pub(super) has_rate: bool,
}

impl Wire {
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    pub fn wait_for_rate(&self) -> Result<(), Refused> {
        if !self.has_rate {
            return Ok(());
        }
        ask(&self.words, |answer| Word::Rate { answer })
    }

    pub fn follow(self, origin: Origin, crosses: bool) -> Result<Wire, Refused> {
        let reach = ask(&self.words, |answer| Word::Follow { origin, crosses, answer })?;
        Ok(Wire { reach, ..self })
    }

    /// An output that hands what is written to the line, and waits until that has written it.
    pub fn output(&self) -> Option<Output> {
        let words = self.words.clone();
        let print = move |bytes: &[u8]| {
            let bytes = bytes.to_vec();
            ask(&words, |answer| Word::Print { bytes, answer })
                .unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
        };
        self.prints.then(|| Rc::new(print) as Output)
    }
}

/// Asks, and waits for the answer; refused where the wait is interrupted, or nobody answers any more.
fn ask<T: Send>(words: &Sender<Word>, question: impl FnOnce(Sender<T>) -> Word) -> Result<T, Refused> {
    let (answer, hears) = threads::bounded(1);
    // Nobody hears it: then the answer's sender is gone, and that ends the wait.
    let _ = words.try_send(question(answer));
    hears.recv()?.ok_or(Refused::Interrupted)
}
