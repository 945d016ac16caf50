//! One attempt with its own clock: what makes it, on whichever hub, and what it leaves.

use std::borrow::Cow;
use std::ops::Deref;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::LastText;
use super::answer::{Aim, To, saved_to};
use super::ending::{Ending, panicked};
use super::gate::Gate;
use crate::fetch::credentials::Credentials;
use crate::fetch::details::Notes;
use crate::fetch::failure::{cut, over_time, stage};
use crate::fetch::flow::{Flow, UsualFields};
use crate::fetch::in_flight::{InFlight, Lane};
use crate::fetch::journal::Journal;
use crate::fetch::list::Entry;
use crate::fetch::names::{HeaderNames, Place};
use crate::fetch::parts::PartFiles;
use crate::fetch::plan::Plan;
use crate::fetch::session::Fetched;
use crate::fetch::sink::{Landed, Sink, Turn};
use crate::fetch::speed::Speeds;
use crate::fetch::spool::SpoolMemory;
use crate::fetch::stop::Stop;
use crate::green;
use crate::http::coding::MemoryBudget;
use crate::http::origin::Origin;
use crate::http::{Client, Trace};

/// What all attempts of a run share, on whichever hub they are made. Clones are the same.
#[derive(Clone)]
pub(in crate::fetch) struct Common {
    pub plan: Arc<Plan>,
    /// Cookies, and who wants which authentication.
    pub credentials: Arc<Credentials>,
    pub budget: MemoryBudget,
    pub speeds: Speeds,
    pub turn: Turn,
    pub spools: SpoolMemory,
    /// Files under way.
    pub parts: PartFiles,
    /// Names that servers chose for files.
    pub header_names: Arc<Mutex<HeaderNames>>,
    /// The run's record, where it has one.
    pub journal: Arc<OnceLock<Journal>>,
}

/// What makes the attempts on one hub: connections of its own, and what all share, which it reads as its own.
pub(in crate::fetch) struct Attempter {
    common: Common,
    pub client: Client,
    /// The same without the client's certificate.
    pub anonymous: Client,
    /// What most requests' fields are.
    pub usual: UsualFields,
    /// The content type of most answers.
    pub types: LastText,
    /// Where what is in flight is noted, if the run is watched.
    pub lane: Option<Arc<Lane>>,
    /// Ends what runs.
    pub stop: Stop,
}

impl Deref for Attempter {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.common
    }
}

/// A line on its way. Little to move, so that it can go to another hub and come back.
pub(in crate::fetch) struct Underway {
    pub entry: Box<Entry>,
    pub place: Option<Place>,
    /// What is known of it so far.
    pub fetched: Box<Fetched>,
}

/// What an attempt leaves beside the record.
#[derive(Default)]
pub(in crate::fetch) struct Ended {
    /// Where its body went; finished only once no other attempt is made.
    pub landed: Landed,
    pub sent: bool,
    /// It ended with a connect that was refused.
    pub refused: bool,
    /// What the last answer asked for, and who gave it.
    pub retry_after: Option<(Duration, Origin)>,
    /// What the plan asks for beyond the record.
    pub notes: Option<Box<Notes>>,
    /// The entity tag to be saved: that of the last answer that had a body.
    pub etag: Option<String>,
    /// What was asked for last, also by an attempt before this.
    pub asked: Option<Asked>,
}

pub(in crate::fetch) enum Asked {
    /// The line's own URL.
    Target,
    /// Where a redirect led.
    Elsewhere(String),
}

impl Attempter {
    pub fn new(common: Common, client: Client, stop: Stop) -> Attempter {
        let (usual, types) = (UsualFields::default(), LastText::default());
        let lane = common.plan.watch.as_ref().map(InFlight::lane);
        Attempter { common, anonymous: client.anonymous(), client, usual, types, lane, stop }
    }

    /// What it shares with those on other hubs.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// One attempt with its own clock. The record is that of this attempt afterwards. A panic is a failure like others:
    /// a line is never lost.
    /// `etag` is what an earlier one had, which this one may go on with.
    pub fn attempt(&self, line: &mut Underway, gate: Gate<'_>, etag: Option<String>) -> Ended {
        let mut ended = Ended { notes: Notes::of(&self.plan), ..Ended::default() };
        let (Underway { entry, place, fetched }, mut sink) = (line, Sink::Count);
        let Ok(target) = &entry.target else { return ended };
        let Fetched { outcome: record, turn, key, .. } = &mut **fetched;
        let aim = Aim { target, place: place.as_ref(), turn: *turn, key: key.as_deref() };
        let _flight = self.lane.as_ref().map(|lane| lane.begin(&target.url, green::now()));
        let mut trace = Trace::default();
        trace.certificates = self.plan.keep_certificates.then(Default::default);
        trace.wants_local = self.plan.keep_exchanges;
        let max_time = target.timeout.or_else(|| self.plan.max_time(&target.url));
        let speed = self.speeds.up();
        let mut flow =
            Flow::new(&self.plan, target, self.answer_timeout(max_time), saved_to(&self.plan, aim.place).is_some());
        flow.throttle = speed.as_ref().map(|speed| speed as _);
        let run = || {
            let (from, version) = self.prepare(aim, &gate, etag.as_deref(), &mut flow, &mut sink)?;
            let to = To { index: entry.index, from, version, sink: &mut sink };
            self.hops(&mut flow, gate, record, &mut trace, to, &mut ended)
        };
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            self.stop.while_running(|| match max_time {
                Some(limit) => green::timeout(limit, run).unwrap_or(Err(Ending::OverTime(limit))),
                None => run(),
            })
        }));
        let at = stage(&trace);
        trace.stop();
        record.take_times(&trace);
        if let Some(notes) = &mut ended.notes {
            notes.end(&trace);
        }
        ended.asked = flow.last_asked().map(|url| match url {
            Cow::Borrowed(_) => Asked::Target,
            Cow::Owned(url) => Asked::Elsewhere(url.into()),
        });
        // A hop that led on has been answered, so its server may have acted, whatever became of the last one.
        ended.sent = trace.sent || record.redirects > 0;
        record.error = match done {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Ending::Failed(failure)))) => Some(failure),
            Ok(Ok(Err(Ending::OverTime(limit)))) => Some(over_time(limit, at)),
            Ok(Err(limit)) => Some(cut(limit, at)),
            Err(kill) if green::is_kill(&*kill) => panic::resume_unwind(kill),
            Err(panic) => Some(panicked(panic, at)),
        };
        self.keep_beginning(&mut sink, record);
        ended.landed = sink.land();
        ended
    }
}
