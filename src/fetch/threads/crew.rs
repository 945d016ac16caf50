//! The main hub's side: others are started as they are needed, and attempts are lent to them and waited for.

use std::cell::{Cell, RefCell};
use std::panic;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use smallvec::SmallVec;

use super::hub::{self, Command, Lent, Seed};
use super::inbox::{Ear, Inbox};
use super::outbox::Outbox;
use super::wire::Word;
use crate::fetch::permits::{Pass, Permits, Reach};
use crate::fetch::sink::Output;
use crate::fetch::stop::Stop;
use crate::fetch::worker::{Attempter, Ended, Underway};
use crate::green::threads::{self, Event, Sender};
use crate::green::{self, Greenlet};
use crate::http::Client;
use crate::http::origin::Origin;

/// The hubs of a run beside the main one.
pub(in crate::fetch) struct Crew {
    seed: Seed,
    permits: Rc<Permits>,
    output: Option<Output>,
    others: RefCell<Vec<Rc<Member>>>,
    /// So many there may be: as many as were asked for, or as the system gave threads for.
    most: Cell<usize>,
    /// Attempts that the main hub makes now.
    here: Cell<usize>,
    /// Closes its idle connections for the others.
    giver: Cell<Option<Greenlet<()>>>,
    client: Client,
    next_number: Cell<u64>,
    expects_no_more: Cell<bool>,
    stop: Stop,
}

struct Member {
    commands: Rc<Outbox<Command>>,
    inbox: Rc<Inbox>,
    feeder: Greenlet<()>,
    thread: JoinHandle<()>,
    /// Attempts that it makes now.
    under_way: Cell<usize>,
}

impl Crew {
    /// As many hubs as the plan says, this one among them; no other is started yet. Their attempts and their connections are
    /// made as `attempter` makes its own, and end as its do.
    pub fn new(attempter: &Attempter, permits: Rc<Permits>, output: Option<Output>) -> Rc<Crew> {
        let threads = attempter.plan.threads;
        let wants_descriptor: Vec<Event> = (0..threads).map(|_| Event::new()).collect();
        let seed = Seed {
            common: attempter.common().clone(),
            client: attempter.client.template(),
            prints: output.is_some(),
            wants_descriptor,
        };
        let crew = Rc::new(Crew {
            seed,
            permits,
            output,
            others: RefCell::default(),
            most: Cell::new(threads - 1),
            here: Cell::new(0),
            giver: Cell::new(None),
            client: attempter.client.clone(),
            next_number: Cell::new(0),
            expects_no_more: Cell::new(false),
            stop: attempter.stop.clone(),
        });
        let told = Rc::downgrade(&crew);
        crew.stop.on_cut(move |time, limit| {
            if let Some(crew) = told.upgrade() {
                crew.tell_all(|| Command::CutAfter(time, limit));
            }
        });
        crew
    }

    /// No line is left to start.
    pub fn expect_no_more(&self) {
        self.expects_no_more.set(true);
        self.tell_all(|| Command::ExpectNoMore);
    }

    /// Makes an attempt on the hub that was [chosen](Crew::choose), and waits for its end.
    ///
    /// # Panics
    /// When that hub has ended, so that the line is lost.
    pub fn attempt(&self, other: usize, line: Underway, pass: Pass, etag: Option<String>) -> (Underway, Ended) {
        let (state, hub) = (pass.state().clone(), other + 1);
        state.idle_at.one_less(hub);
        let number = self.next_number.replace(self.next_number.get() + 1);
        let lent = Lent { number, line, etag, reach: pass.reach().clone(), ended: Ended::default() };
        let mut talk = Talk::with(self.others.borrow()[other].clone(), number, pass);
        talk.member.commands.push(Command::Attempt(Box::new(lent)));
        loop {
            match talk.ear.hear() {
                Ok(Some(Word::Done(lent))) => {
                    talk.is_done = true;
                    if lent.line.fetched.outcome.error.is_none() {
                        state.idle_at.one_more(hub);
                    }
                    return (lent.line, lent.ended);
                }
                Ok(Some(Word::Follow { origin, crosses, answer })) => {
                    talk.follow(&self.permits, origin, crosses, answer);
                }
                Ok(Some(Word::Print { bytes, answer })) => {
                    let printed = self.output.as_ref().map_or(Ok(()), |output| output(&bytes));
                    // It may have been cut meanwhile.
                    let _ = answer.try_send(printed);
                }
                Ok(Some(Word::Lost)) => lost("its greenlet on another hub has ended".to_owned()),
                Ok(None) => lost("its hub has ended".to_owned()),
                Err(interrupt) => lost(format!("the wait for its hub has failed: {interrupt}")),
            }
        }
    }

    /// The hub for the next attempt, started if all there are have something to do and there may be one more. None: the main
    /// one.
    pub fn choose(&self, pass: &Pass) -> Option<usize> {
        let is_busy = || self.here.get() > 0 && self.others.borrow().iter().all(|hub| hub.under_way() > 0);
        if self.others.borrow().len() < self.most.get() && is_busy() {
            self.start_one();
        }
        let others = self.others.borrow();
        let under_way: SmallVec<[usize; 8]> =
            [self.here.get()].into_iter().chain(others.iter().map(|hub| hub.under_way())).collect();
        pass.state().idle_at.choose(under_way.iter().copied())?.checked_sub(1)
    }

    /// Makes an attempt here: `make` does.
    pub fn attempt_here(&self, pass: Pass, make: impl FnOnce(Pass) -> (Underway, Ended)) -> (Underway, Ended) {
        let state = pass.state().clone();
        state.idle_at.one_less(0);
        let _here = Counted::one_more(&self.here);
        let (line, ended) = make(pass);
        if line.fetched.outcome.error.is_none() {
            state.idle_at.one_more(0);
        }
        (line, ended)
    }

    #[inline(never)]
    fn start_one(&self) {
        let mut others = self.others.borrow_mut();
        let ((commands, taken), (says, words)) = (threads::unbounded(), threads::unbounded());
        let Ok(thread) = hub::start(others.len() + 1, self.seed.clone(), taken, says) else {
            self.most.set(others.len());
            return;
        };
        if others.is_empty() {
            self.giver.set(Some(hub::give_up_idle(&self.client, 0, &self.seed.wants_descriptor)));
        }
        let (inbox, feeder) = Inbox::fed_by(words);
        let member = Member { commands: Outbox::of(commands), inbox, feeder, thread, under_way: Cell::new(0) };
        if let Some((time, limit)) = self.stop.cut() {
            member.commands.push_now(Command::CutAfter(time, limit));
        }
        if self.expects_no_more.get() {
            member.commands.push_now(Command::ExpectNoMore);
        }
        others.push(Rc::new(member));
    }

    fn tell_all(&self, command: impl Fn() -> Command) {
        for hub in self.others.borrow().iter() {
            hub.commands.push_now(command());
        }
    }
}

impl Drop for Crew {
    /// Ends the hubs, and waits until what they have open is closed: nothing is under way on them.
    fn drop(&mut self) {
        // All are told before the first is waited for.
        self.tell_all(|| Command::End);
        self.giver.take().iter().for_each(Greenlet::kill_nowait);
        for hub in self.others.take().into_iter().filter_map(Rc::into_inner) {
            hub.feeder.kill_nowait();
            // What was under way on one that panicked was told to be lost.
            let _ = hub.thread.join();
        }
    }
}

impl Member {
    /// Attempts that it makes now; one that has ended is as busy as can be.
    fn under_way(&self) -> usize {
        if self.inbox.is_closed() { usize::MAX } else { self.under_way.get() }
    }
}

/// One more of something, for as long as it lives.
struct Counted<'a>(&'a Cell<usize>);

impl Counted<'_> {
    fn one_more(count: &Cell<usize>) -> Counted<'_> {
        count.set(count.get() + 1);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What a line holds on the main hub while its attempt is made on another. When it is killed, so is the attempt.
struct Talk {
    member: Rc<Member>,
    number: u64,
    ear: Ear,
    /// None while a redirect waits for another.
    pass: Rc<Cell<Option<Pass>>>,
    /// Waits for what the attempt has asked for; given up where that has ended meanwhile.
    asking: Option<Greenlet<()>>,
    is_done: bool,
}

impl Talk {
    fn with(member: Rc<Member>, number: u64, pass: Pass) -> Talk {
        member.under_way.set(member.under_way.get() + 1);
        let ear = member.inbox.listen(number);
        Talk { member, number, ear, pass: Rc::new(Cell::new(Some(pass))), asking: None, is_done: false }
    }

    fn follow(&mut self, permits: &Rc<Permits>, origin: Origin, crosses: bool, answer: Sender<Arc<Reach>>) {
        let (permits, place) = (permits.clone(), self.pass.clone());
        // Elsewhere, because the line's own greenlet has to hear of the end.
        self.asking = Some(green::spawn(move || {
            let Some(pass) = place.take() else { return };
            if let Ok(pass) = permits.follow(pass, &origin, crosses) {
                let reach = pass.reach().clone();
                place.set(Some(pass));
                let _ = answer.try_send(reach);
            }
        }));
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.member.under_way.set(self.member.under_way.get() - 1);
        self.asking.iter().for_each(Greenlet::kill_nowait);
        if !self.is_done {
            self.member.commands.push_now(Command::Cancel(self.number));
        }
    }
}

/// The line's own greenlet ends with that, and who waits for its record is told.
fn lost(why: String) -> ! {
    panic::resume_unwind(Box::new(why))
}
