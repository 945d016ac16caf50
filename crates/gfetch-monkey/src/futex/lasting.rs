//! Waits of greenlets for std's locks and by `thread::park` that last. Nothing may ever end them (locks that are waited for
//! in a circle, a channel whose sender passes over receivers of its own thread), and nobody else would notice: so a
//! [`Detector`](crate::Detector) tells of them.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gfetch::green::Running;

use super::Entering;

/// `park` returns for no reason, and who called it calls it again at once: so soon after a wait the next is the same.
const THE_SAME: Duration = Duration::from_millis(1);
/// What was not gone on with for so long is forgotten.
const OVER: Duration = Duration::from_secs(1);

thread_local! {
    static WATCH: RefCell<Option<Arc<Watch>>> = const { RefCell::new(None) };
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// One of std's locks, conditions and so on.
    Lock,
    /// The thread's token: `thread::park`.
    Token,
}

/// The waits of a thread's greenlets that have begun since they are watched.
#[derive(Default)]
pub(crate) struct Watch {
    waits: Mutex<Vec<Wait>>,
}

struct Wait {
    greenlet: Running,
    what: What,
    /// When `park` returned, perhaps for no reason.
    returned: Option<Instant>,
    is_told: bool,
}

/// A wait that is under way; over when it is dropped.
pub(super) struct Lasting {
    watch: Arc<Watch>,
    greenlet: u64,
}

/// Who watches this thread's greenlets.
fn watching() -> Option<Arc<Watch>> {
    WATCH.try_with(|watch| watch.borrow().clone()).ok().flatten()
}

/// Watches this thread's greenlets.
pub(crate) fn watch() -> Arc<Watch> {
    let watch = Arc::<Watch>::default();
    WATCH.set(Some(watch.clone()));
    watch
}

/// Does so no more, unless somebody else does by now.
pub(crate) fn unwatch(watch: &Arc<Watch>) {
    let _ = WATCH.try_with(|own| own.borrow_mut().take_if(|own| Arc::ptr_eq(own, watch)));
}

/// A greenlet begins to wait, inside [`Entering`] and without a ticket yet. None where nobody watches.
pub(super) fn begin(what: What) -> Option<Lasting> {
    let watch = watching()?;
    let greenlet = Running::current()?;
    let id = greenlet.id;
    {
        let mut waits = watch.waits();
        let known = waits.iter_mut().find(|wait| wait.greenlet.id == id);
        match known {
            Some(wait) if wait.goes_on(what) => wait.returned = None,
            Some(wait) => *wait = Wait::new(greenlet, what),
            None => waits.push(Wait::new(greenlet, what)),
        }
    }
    Some(Lasting { watch, greenlet: id })
}

/// A token has come, for one of those that wait for one: whose it was is not known, so that all begin anew.
pub(super) fn note_a_token() {
    let Some(watch) = watching() else { return };
    let _entering = Entering::begin();
    let now = Instant::now();
    watch.waits().iter_mut().filter(|wait| wait.what == What::Token).for_each(|wait| wait.greenlet.since = now);
}

impl Wait {
    fn new(greenlet: Running, what: What) -> Wait {
        Wait { greenlet, what, returned: None, is_told: false }
    }

    fn goes_on(&self, what: What) -> bool {
        self.what == What::Token && what == What::Token && self.returned.is_some_and(|at| at.elapsed() < THE_SAME)
    }
}

impl Watch {
    /// Those that have lasted for `limit`, each once.
    pub(crate) fn lasting(&self, limit: Duration) -> Vec<(Running, What)> {
        let mut waits = self.waits();
        waits.retain(|wait| wait.returned.is_none_or(|at| at.elapsed() < OVER));
        let lasts =
            |wait: &&mut Wait| wait.returned.is_none() && !wait.is_told && wait.greenlet.since.elapsed() >= limit;
        let lasting = waits.iter_mut().filter(lasts).map(|wait| {
            wait.is_told = true;
            wait.greenlet.blocked_for = wait.greenlet.since.elapsed();
            (wait.greenlet.clone(), wait.what)
        });
        lasting.collect()
    }

    fn waits(&self) -> MutexGuard<'_, Vec<Wait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        let _entering = Entering::begin();
        let mut waits = self.watch.waits();
        let Some(at) = waits.iter().position(|wait| wait.greenlet.id == self.greenlet) else { return };
        match waits[at].what {
            What::Lock => drop(waits.swap_remove(at)),
            What::Token => waits[at].returned = Some(Instant::now()),
        }
    }
}
