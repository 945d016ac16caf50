//! What is seen of a run while it goes on: a few live lines on the terminal, gone when it is done; or plain lines at
//! intervals.

mod pace;
mod screen;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::fetch::{InFlight, Seen, Stop};
use gfetch::green::{self, Greenlet};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::pace::Pace;
pub use self::screen::{Facts, Screen};
use super::render::Show;
use super::render::live::{self, Total, View};
use super::stream::Stream;
use super::{args, report, terminal};

/// The live lines are drawn at most ten times a second.
const TICK: Duration = Duration::from_millis(100);
/// A plain line comes after this, and then at twice the distance each time …
const FIRST_PLAIN: Duration = Duration::from_secs(5);
/// … up to this one, so that a log of an hour has a line a minute.
const PLAIN_AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// Where a run is watched.
pub struct Progress {
    watch: Rc<Watch>,
    kind: Kind,
    ticker: Option<Greenlet<()>>,
}

enum Kind {
    Live(Rc<Live>),
    Plain(Stream),
    None,
}

impl Progress {
    /// Nothing is shown before [`Progress::begin`].
    pub fn new(invocation: &args::Invocation, stderr: &Stream) -> Progress {
        let watch = Rc::new(Watch::new(invocation.plan.watch.clone().unwrap_or_default()));
        let kind = match invocation.progress {
            args::Progress::Live => {
                Kind::Live(Rc::new(Live::new(watch.clone(), terminal::screen(), invocation.color.stderr)))
            }
            args::Progress::Plain => Kind::Plain(stderr.clone()),
            args::Progress::None => Kind::None,
        };
        Progress { watch, kind, ticker: None }
    }

    /// The live lines, for the streams that share their terminal.
    pub fn live(&self) -> Option<Rc<Live>> {
        match &self.kind {
            Kind::Live(live) => Some(live.clone()),
            Kind::Plain(_) | Kind::None => None,
        }
    }

    /// The terminal that they are on, for signals.
    pub fn screen(&self) -> Option<Screen> {
        self.live().map(|live| live.screen.clone())
    }

    /// Shows the run from now on, by a greenlet, so that it moves also while nothing comes. `total` says how many lines
    /// there will be.
    pub fn begin(&mut self, stop: Stop, total: impl Fn() -> Option<Total> + 'static) {
        self.watch.begin(None, Some(stop), Box::new(total));
        self.ticker = match &self.kind {
            Kind::Live(live) => Some(tick(live.clone())),
            Kind::Plain(stderr) => Some(tell(self.watch.clone(), stderr.clone())),
            Kind::None => None,
        };
    }

    /// Another run begins, of so many lines: what it shows is its own.
    pub fn next_run(&self, title: String, lines: u64) {
        self.watch.begin(Some(title), None, Box::new(move || Some(Total { lines, exact: true })));
    }

    /// Takes the lines away for good.
    pub fn finish(&mut self) {
        if let Some(ticker) = self.ticker.take() {
            ticker.kill_nowait();
        }
        if let Kind::Live(live) = &self.kind {
            live.screen.close();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn tick(live: Rc<Live>) -> Greenlet<()> {
    green::spawn(move || {
        while green::sleep(TICK).is_ok() {
            if live.is_due() && live.draw().is_err() {
                return;
            }
        }
    })
}

fn tell(watch: Rc<Watch>, stderr: Stream) -> Greenlet<()> {
    green::spawn(move || {
        let mut pause = FIRST_PLAIN;
        while green::sleep(pause).is_ok() {
            pause = (pause * 2).min(PLAIN_AT_LEAST_EVERY);
            stderr.say(live::plain(&watch.view()));
            stderr.flush();
        }
    })
}

/// The run, and how fast it goes.
struct Watch {
    in_flight: InFlight,
    of: RefCell<Of>,
}

struct Of {
    title: Option<String>,
    stop: Option<Stop>,
    total: Box<dyn Fn() -> Option<Total>>,
    /// What was there before it began.
    before: Seen,
    began: Instant,
    pace: Pace,
}

impl Watch {
    fn new(in_flight: InFlight) -> Watch {
        let now = Instant::now();
        let (before, total) = (Seen::default(), Box::new(|| None));
        let of = Of { title: None, stop: None, total, before, began: now, pace: Pace::new(now) };
        Watch { in_flight, of: RefCell::new(of) }
    }

    fn begin(&self, title: Option<String>, stop: Option<Stop>, total: Box<dyn Fn() -> Option<Total>>) {
        let now = Instant::now();
        let stop = stop.or(self.of.borrow_mut().stop.take());
        let before = self.in_flight.seen();
        self.of.replace(Of { title, stop, total, before, began: now, pace: Pace::new(now) });
    }

    /// What is to be seen now.
    fn view(&self) -> View {
        let (now, seen) = (Instant::now(), self.in_flight.seen());
        let of = &mut *self.of.borrow_mut();
        let (ended, bytes) = (seen.ended - of.before.ended, seen.bytes - of.before.bytes);
        of.pace.note(now, ended, bytes);
        let total = (of.total)();
        let stopping = of.stop.as_ref().is_some_and(Stop::is_requested);
        View {
            title: if stopping { Some(live::STOPPING.to_owned()) } else { of.title.clone() },
            ended,
            failed: seen.failed - of.before.failed,
            in_flight: seen.in_flight,
            bytes,
            total,
            lines_per_second: of.pace.lines(),
            bytes_per_second: of.pace.bytes(),
            elapsed: now.saturating_duration_since(of.began),
            left: total.filter(|_| !stopping).and_then(|total| of.pace.time_for(total.lines.saturating_sub(ended))),
            slowest: seen.oldest.map(|(name, since)| (name, now.saturating_duration_since(since))),
        }
    }
}

/// The live lines.
pub struct Live {
    watch: Rc<Watch>,
    screen: Screen,
    bar: ProgressBar,
    colour: bool,
    drawn: Cell<Instant>,
}

impl Live {
    fn new(watch: Rc<Watch>, screen: Screen, colour: bool) -> Live {
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::with_template("{msg}").expect("a template of ours"));
        Live { watch, screen, bar, colour, drawn: Cell::new(Instant::now()) }
    }

    /// Whether they have not just been drawn around something.
    fn is_due(&self) -> bool {
        self.drawn.get().elapsed() >= TICK * 9 / 10
    }

    /// Draws the lines as they are now. Waits, as [`Live::draw_around`] does.
    fn draw(&self) -> io::Result<()> {
        let (screen, lay_out) = (self.screen.clone(), self.lay_out());
        let drawn = green::offload(move || {
            lay_out();
            screen.draw();
        });
        Ok(drawn?)
    }

    /// Takes the lines away while `write` runs, and draws them as they are by then. Waits: a terminal may take nothing for
    /// as long as its user likes (Ctrl-S), and the run goes on meanwhile.
    pub fn draw_around<T: Send + 'static>(&self, write: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let (screen, lay_out) = (self.screen.clone(), self.lay_out());
        let written = green::offload(move || {
            lay_out();
            let _wiped = screen.wiped();
            write()
        });
        self.drawn.set(Instant::now());
        Ok(written?)
    }

    /// Hands the screen what it is to show next.
    fn lay_out(&self) -> impl FnOnce() + Send + 'static {
        let show = Show { redact: report::redact(false), width: self.screen.facts().columns, colour: self.colour };
        let lines = live::lines(&self.watch.view(), &show);
        let bar = self.bar.clone();
        move || bar.set_message(lines.join("\n"))
    }
}
