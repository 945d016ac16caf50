//! The main hub's side: hubs are started as they are needed, each attempt is lent to one of them and waited for.

use std::cell::{Cell, RefCell};
use std::panic;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::hub::{self, Lent, Order, Seed};
use super::wire::Word;
use crate::fetch::permits::{Pass, Permits, Reach};
use crate::fetch::sink::Output;
use crate::fetch::stop::Stop;
use crate::fetch::worker::{Attempter, Ended, Underway};
use crate::green::threads::{self, Event, Sender};
use crate::green::{self, Greenlet};
use crate::http::origin::Origin;

/// The hubs of a run beside the main one.
pub(in crate::fetch) struct Crew {
    seed: Seed,
    permits: Rc<Permits>,
    output: Option<Output>,
    hubs: RefCell<Vec<Rc<Member>>>,
    /// So many there may be: as many as were asked for, or as the system gave threads for.
    most: Cell<usize>,
    next_number: Cell<u64>,
    expects_no_more: Cell<bool>,
    stop: Stop,
}

struct Member {
    orders: Sender<Order>,
    thread: JoinHandle<()>,
    /// Attempts that it makes now.
    under_way: Cell<usize>,
}

impl Crew {
    /// As many hubs as the plan says, at most; none is started yet. Their attempts and their connections are made as
    /// `attempter` makes its own, and end as its do.
    pub fn new(attempter: &Attempter, permits: Rc<Permits>, output: Option<Output>) -> Rc<Crew> {
        let threads = attempter.plan.threads;
        let wants_descriptor: Vec<Event> = (0..threads).map(|_| Event::new()).collect();
        let everybody = wants_descriptor.clone();
        attempter.client.on_no_descriptor(move || everybody.iter().for_each(Event::set));
        let seed = Seed {
            common: attempter.common().clone(),
            client: attempter.client.template(threads),
            prints: output.is_some(),
            wants_descriptor,
        };
        let crew = Rc::new(Crew {
            seed,
            permits,
            output,
            hubs: RefCell::default(),
            most: Cell::new(threads),
            next_number: Cell::new(0),
            expects_no_more: Cell::new(false),
            stop: attempter.stop.clone(),
        });
        let told = Rc::downgrade(&crew);
        crew.stop.on_cut(move |time, limit| {
            if let Some(crew) = told.upgrade() {
                crew.tell_all(|| Order::CutAfter(time, limit));
            }
        });
        crew
    }

    /// No line is left to start.
    pub fn expect_no_more(&self) {
        self.expects_no_more.set(true);
        self.tell_all(|| Order::ExpectNoMore);
    }

    /// Makes an attempt on the hub that was [chosen](Crew::choose), and waits for its end.
    ///
    /// # Panics
    /// When that hub has ended, so that the line is lost.
    pub fn attempt(&self, hub: usize, line: Underway, pass: Pass, etag: Option<String>) -> (Underway, Ended) {
        let state = pass.state().clone();
        state.kept.used(hub);
        let number = self.next_number.replace(self.next_number.get() + 1);
        let (words, hears) = threads::unbounded();
        let lent = Lent { number, line, etag, reach: pass.reach().clone(), ended: Ended::default() };
        let mut talk = Talk::with(self.hubs.borrow()[hub].clone(), number, pass);
        talk.member.tell(Order::Attempt(Box::new(lent), words));
        loop {
            match hears.recv() {
                Ok(Some(Word::Done(lent))) => {
                    talk.is_done = true;
                    if lent.line.fetched.outcome.error.is_none() {
                        state.kept.kept(hub);
                    }
                    return (lent.line, lent.ended);
                }
                Ok(Some(Word::Rate { answer })) => talk.wait_for_rate(&self.permits, answer),
                Ok(Some(Word::Follow { origin, crosses, answer })) => {
                    talk.follow(&self.permits, origin, crosses, answer);
                }
                Ok(Some(Word::Print { bytes, answer })) => {
                    let printed = self.output.as_ref().map_or(Ok(()), |output| output(&bytes));
                    // It may have been cut meanwhile.
                    let _ = answer.try_send(printed);
                }
                Ok(None) => lost("its hub has ended".to_owned()),
                Err(interrupt) => lost(format!("the wait for its hub has failed: {interrupt}")),
            }
        }
    }

    /// A hub, started if all others have something to do and there may be one more. None if there is no thread to be had.
    pub fn choose(&self, pass: &Pass) -> Option<usize> {
        if self.hubs.borrow().len() < self.most.get() && self.hubs.borrow().iter().all(|hub| hub.under_way.get() > 0) {
            self.start_one();
        }
        pass.state().kept.choose(self.hubs.borrow().iter().map(|hub| hub.under_way.get()))
    }

    #[inline(never)]
    fn start_one(&self) {
        let mut hubs = self.hubs.borrow_mut();
        let (orders, taken) = threads::unbounded();
        let Ok(thread) = hub::start(hubs.len(), self.seed.clone(), taken) else {
            self.most.set(hubs.len());
            return;
        };
        if let Some((time, limit)) = self.stop.cut() {
            let _ = orders.try_send(Order::CutAfter(time, limit));
        }
        if self.expects_no_more.get() {
            let _ = orders.try_send(Order::ExpectNoMore);
        }
        hubs.push(Rc::new(Member { orders, thread, under_way: Cell::new(0) }));
    }

    fn tell_all(&self, order: impl Fn() -> Order) {
        for hub in self.hubs.borrow().iter() {
            hub.tell(order());
        }
    }
}

impl Drop for Crew {
    /// Ends the hubs, and waits until what they have open is closed: nothing is under way on them.
    fn drop(&mut self) {
        let members: Vec<Member> = self.hubs.take().into_iter().filter_map(Rc::into_inner).collect();
        // All are told before the first is waited for.
        let threads: Vec<JoinHandle<()>> = members.into_iter().map(|member| member.thread).collect();
        for thread in threads {
            // What was under way on one that panicked was told to be lost.
            let _ = thread.join();
        }
    }
}

impl Member {
    fn tell(&self, order: Order) {
        // One that has ended is told nothing: who waits for it hears that it is gone.
        let _ = self.orders.try_send(order);
    }
}

/// What a line holds on the main hub while its attempt is made on another. When it is killed, so is the attempt.
struct Talk {
    member: Rc<Member>,
    number: u64,
    /// None while a redirect waits for another.
    pass: Rc<Cell<Option<Pass>>>,
    /// Waits for what the attempt has asked for; given up where that has ended meanwhile.
    asking: Option<Greenlet<()>>,
    is_done: bool,
}

impl Talk {
    fn with(member: Rc<Member>, number: u64, pass: Pass) -> Talk {
        member.under_way.set(member.under_way.get() + 1);
        Talk { member, number, pass: Rc::new(Cell::new(Some(pass))), asking: None, is_done: false }
    }

    fn wait_for_rate(&mut self, permits: &Rc<Permits>, answer: Sender<()>) {
        let permits = permits.clone();
        self.ask(move || {
            if permits.wait_for_rate().is_ok() {
                let _ = answer.try_send(());
            }
        });
    }

    fn follow(&mut self, permits: &Rc<Permits>, origin: Origin, crosses: bool, answer: Sender<Arc<Reach>>) {
        let (permits, place) = (permits.clone(), self.pass.clone());
        self.ask(move || {
            let Some(pass) = place.take() else { return };
            if let Ok(pass) = permits.follow(pass, &origin, crosses) {
                let reach = pass.reach().clone();
                place.set(Some(pass));
                let _ = answer.try_send(reach);
            }
        });
    }

    /// Elsewhere, because the line's own greenlet has to hear of the end.
    fn ask(&mut self, f: impl FnOnce() + 'static) {
        self.asking = Some(green::spawn(f));
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.member.under_way.set(self.member.under_way.get() - 1);
        self.asking.iter().for_each(Greenlet::kill_nowait);
        if !self.is_done {
            self.member.tell(Order::Cancel(self.number));
        }
    }
}

/// The line's own greenlet ends with that, and who waits for its record is told.
fn lost(why: String) -> ! {
    panic::resume_unwind(Box::new(why))
}
