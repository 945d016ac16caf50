//! A hub of the crew: it takes commands, and makes each attempt in a greenlet of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::outbox::Outbox;
use super::wire::{Numbered, Wire, Word};
use crate::fetch::outcome::Limit;
use crate::fetch::permits::Reach;
use crate::fetch::stop::Stop;
use crate::fetch::worker::{Attempter, Common, Ended, Gate, Underway};
use crate::green::threads::{Event, Receiver, Sender};
use crate::green::{self, Greenlet};
use crate::http::{Client, ClientTemplate};

/// What the main hub says to another one.
pub(super) enum Command {
    Attempt(Box<Lent>),
    /// Nobody waits for this attempt any more.
    Cancel(u64),
    /// What runs is cut after so long.
    CutAfter(Duration, Limit),
    /// No line is left to start.
    ExpectNoMore,
    /// The run is over.
    End,
}

/// An attempt on its way to another hub, and back.
pub(super) struct Lent {
    pub number: u64,
    pub line: Underway,
    pub etag: Option<String>,
    pub reach: Arc<Reach>,
    pub ended: Ended,
}

/// What a hub begins with.
#[derive(Clone)]
pub(super) struct Seed {
    pub common: Common,
    pub client: ClientTemplate,
    pub prints: bool,
    /// Set when some hub of the run wants a descriptor: one of these for each hub.
    pub wants_descriptor: Vec<Event>,
}

/// Starts a hub on a thread of its own, which says its words by `words`. It ends when it is told to.
///
/// # Errors
/// The system gives no thread, or no descriptors for what its hub waits by.
pub(super) fn start(
    index: usize,
    seed: Seed,
    commands: Receiver<Vec<Command>>,
    words: Sender<Vec<Numbered>>,
) -> io::Result<JoinHandle<()>> {
    let named = thread::Builder::new().name(format!("gfetch-hub-{index}"));
    let (tell, begun) = mpsc::channel();
    let told = tell.clone();
    let thread = named.spawn(move || {
        let ended = green::Config::new().try_run(|| {
            let _ = tell.send(Ok(()));
            serve(index, seed, &commands, words);
        });
        if let Err(error) = ended {
            let _ = told.send(Err(error));
        }
    })?;
    // A thread that is starting is all that is waited for.
    begun.recv().map_err(io::Error::other)??;
    Ok(thread)
}

fn serve(index: usize, seed: Seed, commands: &Receiver<Vec<Command>>, words: Sender<Vec<Numbered>>) {
    let client = seed.client.client();
    give_up_idle(&client, index, &seed.wants_descriptor);
    let stop = Stop::new();
    let hub = Rc::new(Hub {
        attempter: Attempter::new(seed.common, client, stop.clone()),
        prints: seed.prints,
        words: Outbox::of(words),
        running: RefCell::default(),
    });
    // An interrupt of the main greenlet's waits is the end of this hub.
    while let Ok(Some(commands)) = commands.recv() {
        for command in commands {
            match command {
                Command::Attempt(lent) => hub.begin(lent),
                Command::Cancel(number) => hub.cancel(number),
                Command::CutAfter(time, limit) => stop.cut_after(time, limit),
                Command::ExpectNoMore => hub.attempter.client.expect_more(false),
                Command::End => return,
            }
        }
    }
}

/// Closes an idle connection whenever another hub wants a descriptor and has none to close, and asks the others for that,
/// until it is killed.
pub(super) fn give_up_idle(client: &Client, index: usize, wants: &[Event]) -> Greenlet<()> {
    let (own, others) = (wants[index].clone(), wants.to_vec());
    let ask: Rc<dyn Fn()> = Rc::new(move || {
        others.iter().enumerate().filter(|(other, _)| *other != index).for_each(|(_, event)| event.set());
    });
    client.on_no_descriptor(&ask);
    let client = client.clone();
    green::spawn(move || {
        let _asks = ask;
        while own.wait().is_ok() {
            own.clear();
            client.close_one_idle();
        }
    })
}

struct Hub {
    attempter: Attempter,
    prints: bool,
    words: Rc<Outbox<Numbered>>,
    running: RefCell<HashMap<u64, Greenlet<()>, foldhash::fast::RandomState>>,
}

impl Hub {
    fn begin(self: &Rc<Self>, lent: Box<Lent>) {
        let (hub, number) = (self.clone(), lent.number);
        let greenlet = green::spawn(move || hub.attempt(lent));
        self.running.borrow_mut().insert(number, greenlet);
    }

    fn cancel(&self, number: u64) {
        if let Some(greenlet) = self.running.borrow_mut().remove(&number) {
            greenlet.kill_nowait();
        }
    }

    fn attempt(&self, mut lent: Box<Lent>) {
        let (number, words) = (lent.number, self.words.clone());
        let wire = Wire { reach: lent.reach.clone(), number, words, prints: self.prints };
        let (etag, mut end) = (lent.etag.take(), LastWord { words: &self.words, number, is_said: false });
        lent.ended = self.attempter.attempt(&mut lent.line, Gate::There(wire), etag);
        self.running.borrow_mut().remove(&number);
        self.words.push((number, Word::Done(lent)));
        end.is_said = true;
    }
}

/// However an attempt's greenlet ends, its line hears of that.
struct LastWord<'a> {
    words: &'a Outbox<Numbered>,
    number: u64,
    is_said: bool,
}

impl Drop for LastWord<'_> {
    fn drop(&mut self) {
        if !self.is_said {
            self.words.push_now((self.number, Word::Lost));
        }
    }
}
