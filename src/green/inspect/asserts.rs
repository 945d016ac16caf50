//! Asserts that code lets other greenlets run: at all, and often enough.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::green::hub::Hub;
use crate::green::hub::Stretch;

/// Runs `f`, which must let other greenlets run at least once. gevent: `gevent.util.assert_switches`.
///
/// # Panics
/// When it did not. Outside [`run`](crate::green::run()).
///
/// ```
/// use gfetch::green;
/// use std::time::Duration;
/// green::run(|| green::assert_switches(|| green::sleep(Duration::from_millis(1)))).unwrap();
/// ```
#[track_caller]
pub fn assert_switches<R>(f: impl FnOnce() -> R) -> R {
    let before = Hub::with(Hub::switches);
    let result = f();
    let greenlet = crate::green::current().name();
    assert!(Hub::with(Hub::switches) != before, "{greenlet} did not let others run: nothing in here waited");
    result
}

/// Runs `f`, in which this greenlet must let others run at least every `most` (in real time, also on a virtual clock):
/// a blocking call of std, or a long computation, is found so. gevent: `assert_switches(max_blocking_time)`.
///
/// # Panics
/// When it ran longer than that between two switches. Outside [`run`](crate::green::run()).
///
/// ```
/// use gfetch::green;
/// use std::time::Duration;
/// let tenth = Duration::from_millis(100);
/// green::run(|| green::assert_no_block(tenth, || green::sleep(tenth * 2))).unwrap();
/// ```
#[track_caller]
pub fn assert_no_block<R>(most: Duration, f: impl FnOnce() -> R) -> R {
    let watch = Hub::with(|hub| {
        let now = Instant::now();
        let task = hub.current().id;
        let stretch = Rc::new(Stretch { task, resumed: Cell::new(now), longest: Cell::new(Duration::ZERO) });
        hub.diagnosis.watch(stretch.clone());
        Watch(stretch)
    });
    let result = f();
    watch.0.pause();
    let longest = watch.0.longest.get();
    drop(watch);
    if longest > most {
        let greenlet = crate::green::current().name();
        panic!("{greenlet} blocked the loop for {longest:?}, longer than {most:?}: offload what blocks");
    }
    result
}

/// Ends the watching, also when `f` unwinds.
struct Watch(Rc<Stretch>);

impl Drop for Watch {
    fn drop(&mut self) {
        Hub::try_with(|hub| hub.diagnosis.unwatch(&self.0));
    }
}
