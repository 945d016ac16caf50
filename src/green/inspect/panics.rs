//! What a greenlet panicked with, which one it was, and whom to tell.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::task::Task;

/// What a greenlet (or an offloaded call) panicked with. Its `Display` says which greenlet it was, and where that was
/// spawned; where it panicked, the panic hook has said.
pub struct Panic {
    payload: Box<dyn Any + Send>,
    greenlet: Option<Box<(String, &'static Location<'static>)>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Panic {
        Panic { payload, greenlet: None }
    }

    /// What the running greenlet panicked with in a call that it made and outlives.
    pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Panic {
        let task = Hub::with(Hub::current);
        Panic { payload, greenlet: Some(Box::new((task.name(), task.origin().at))) }
    }

    /// What the running greenlet panicked with; the hub's hook is told.
    pub(crate) fn of_current(payload: Box<dyn Any + Send>) -> Panic {
        let panic = Panic::caught(payload);
        let hook = Hub::with(|hub| {
            let task = hub.current();
            // The main greenlet's panic leaves `run`.
            hub.diagnosis.on_panic.borrow().clone().filter(|_| task.id != 0)
        });
        hook.iter().for_each(|hook| Task::swallow(|| hook(&panic)));
        panic
    }

    /// The same for one who asks again, with the text as its payload.
    pub(crate) fn told_again(&self) -> Panic {
        Panic { payload: Box::new(self.message().to_owned()), greenlet: self.greenlet.clone() }
    }

    /// The panic's text, where it has one.
    pub fn message(&self) -> &str {
        let text = self.payload.downcast_ref::<&'static str>().copied();
        text.or_else(|| self.payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without text")
    }

    /// The name of the greenlet that panicked; `None` for an offloaded call.
    pub fn greenlet(&self) -> Option<&str> {
        self.greenlet.as_ref().map(|greenlet| &*greenlet.0)
    }

    /// Where that greenlet was spawned.
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.greenlet.as_ref().map(|greenlet| greenlet.1)
    }

    /// The payload, for `std::panic::resume_unwind`.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, at)) = self.greenlet.as_deref() {
            write!(f, "{name} (spawned at {}:{}) panicked: ", at.file(), at.line())?;
        }
        f.write_str(self.message())
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.to_string()).finish()
    }
}

/// Called with each panic of a greenlet.
pub(crate) type Hook = Rc<dyn Fn(&Panic)>;

/// Has `hook` called for each greenlet of this hub that panics (not for kills, not for the main greenlet, whose panic
/// leaves `run`), in place of an earlier hook. It runs as the last part of that greenlet, after unwinding, so that it may
/// wait; a panic in it is swallowed. Without a hook a panic is kept in its handle and told to nobody else (but for the
/// message of std's own panic hook). gevent: `Hub.handle_error`.
///
/// # Panics
/// Outside [`run`](crate::green::run()).
///
/// ```
/// use gfetch::green::{self, Builder};
/// use std::{cell::RefCell, rc::Rc};
/// green::run(|| {
///     let told = Rc::new(RefCell::new(String::new()));
///     let into = told.clone();
///     green::on_panic(move |panic| *into.borrow_mut() = panic.to_string());
///     let _ = Builder::new().name("worker").spawn(|| panic!("no bread")).unwrap().join();
///     assert!(told.borrow().starts_with("worker (spawned at ") && told.borrow().ends_with("panicked: no bread"));
/// });
/// ```
#[track_caller]
pub fn on_panic(hook: impl Fn(&Panic) + 'static) {
    Hub::with(|hub| *hub.diagnosis.on_panic.borrow_mut() = Some(Rc::new(hook)));
}
