//! The runtime's rules, each a test.

mod deadlocks;
mod diagnosis;
mod fairness;
mod generators;
mod joins;
mod leaks;
mod links;
mod lives;
mod orders;
mod pools;
mod stacks;
mod starts;
mod sync;
mod threads;
mod timeouts;
mod waits;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::green::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

type Log = Rc<RefCell<Vec<String>>>;

fn log() -> (Log, impl Fn(&str) + Clone + 'static) {
    let log = Log::default();
    let into = log.clone();
    (log, move |text: &str| into.borrow_mut().push(text.to_owned()))
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn spawn_until_refused() {
    let event = Event::new();
    let mut tasks = Vec::new();
    let refused = loop {
        let event = event.clone();
        match Builder::new().stack_bytes(MIN_STACK_BYTES).spawn(move || event.wait()) {
            Ok(task) => tasks.push(task),
            Err(error) => break error,
        }
    };
    assert!(refused.to_string().contains("max_map_count"), "{refused}");
    assert!(tasks.len() > 1000, "{}", tasks.len());
    event.set();
    join_all(&tasks).unwrap();
}
