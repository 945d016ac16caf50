//! Values that each greenlet has of its own: what `thread_local!` is to threads.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::Rc;

use crate::green::hub::Hub;
use crate::green::task::Task;

/// Destructors may make new locals; after so many rounds what is left is leaked, as a destructor that always makes its
/// own value again would never end.
const ROUNDS_OF_DESTRUCTORS: usize = 8;

/// Declares values that each greenlet has of its own: made by the expression at the greenlet's first look, dropped when it
/// ends. One declared `inherit static` begins as a clone of the spawning greenlet's, if that has one: its type must be
/// `Clone`. gevent: `gevent.local.local`; `inherit` is what `contextvars` are.
///
/// ```
/// use gfetch::green;
/// use std::cell::{Cell, RefCell};
/// green::green_local! {
///     static COUNT: Cell<u32> = Cell::new(0);
///     inherit static USER: RefCell<String> = RefCell::new("nobody".to_owned());
/// }
/// green::run(|| {
///     COUNT.set(7);
///     USER.with(|user| *user.borrow_mut() = "ann".to_owned());
///     let seen = green::spawn(|| (COUNT.get(), USER.with(|user| user.borrow().clone()))).get().unwrap();
///     assert_eq!(seen, (0, "ann".to_owned()));
/// });
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __green_local {
    () => {};
    ($(#[$meta:meta])* $vis:vis inherit static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$meta])* $vis static $name: $crate::green::LocalKey<$type> =
            $crate::green::LocalKey::inherited(|| $init);
        $($crate::__green_local! { $($rest)* })?
    };
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$meta])* $vis static $name: $crate::green::LocalKey<$type> = $crate::green::LocalKey::new(|| $init);
        $($crate::__green_local! { $($rest)* })?
    };
}

#[doc(inline)]
pub use crate::__green_local as green_local;

/// The name of a value that each greenlet has of its own; made by [`green_local!`].
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
    copy: Option<Copy>,
}

type Copy = fn(&dyn Any) -> Rc<dyn Any>;

impl<T: 'static> LocalKey<T> {
    /// Called by [`green_local!`].
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> LocalKey<T> {
        LocalKey { init, copy: None }
    }

    /// Called by [`green_local!`].
    #[doc(hidden)]
    pub const fn inherited(init: fn() -> T) -> LocalKey<T>
    where
        T: Clone,
    {
        LocalKey { init, copy: Some(copy::<T>) }
    }

    /// Calls `f` with the running greenlet's value, made now if this is its first look.
    ///
    /// # Panics
    /// Outside a greenlet. In debug builds also when `f` waits: what it looks at belongs to one moment of the greenlet, so
    /// clone what is needed beyond. In release builds such a wait does no harm: the value stays until `f` returns.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        let task = Hub::with(Hub::current);
        let _inside = Inside::of(&task.locals);
        let value = self.find(&task.locals).unwrap_or_else(|| {
            let value = Rc::new((self.init)());
            task.locals.insert(self.address(), value.clone(), self.copy);
            value
        });
        f(&value)
    }

    /// Whether the running greenlet has a value already: made, or inherited. gevent: `hasattr`.
    pub fn is_set(&'static self) -> bool {
        Hub::with(|hub| self.find(&hub.current().locals).is_some())
    }

    fn find(&'static self, locals: &Locals) -> Option<Rc<T>> {
        locals.find(self.address()).and_then(|value| value.downcast().ok())
    }

    fn address(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }
}

impl<T: std::marker::Copy> LocalKey<Cell<T>> {
    /// Sets the running greenlet's value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// The running greenlet's value.
    pub fn get(&'static self) -> T {
        self.with(Cell::get)
    }
}

fn copy<T: Clone + 'static>(value: &dyn Any) -> Rc<dyn Any> {
    Rc::new(value.downcast_ref::<T>().expect("stored under its key").clone())
}

/// The values of one greenlet.
#[derive(Default)]
pub(crate) struct Locals {
    entries: RefCell<Vec<Entry>>,
    /// How many calls of `with` are going on.
    inside: Cell<u32>,
}

#[derive(Clone)]
struct Entry {
    key: usize,
    value: Rc<dyn Any>,
    copy: Option<Copy>,
}

impl Locals {
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// In debug builds: a wait inside `with` is a fault of the caller's.
    #[inline(always)]
    pub fn refuse_a_wait(&self) {
        debug_assert!(self.inside.get() == 0, "a wait inside LocalKey::with: clone what is needed and wait after it");
    }

    /// Copies what is inherited to a greenlet that is being spawned.
    #[inline]
    pub fn inherit(&self, child: &Locals) {
        if !self.is_empty() {
            self.copy_to(child);
        }
    }

    fn copy_to(&self, child: &Locals) {
        let entries: Vec<Entry> = self.entries.borrow().iter().filter(|entry| entry.copy.is_some()).cloned().collect();
        for entry in entries {
            let value = entry.copy.expect("filtered by it")(&*entry.value);
            child.insert(entry.key, value, entry.copy);
        }
    }

    /// Drops all values, in the order of their making, also those that their destructors make. Called by the greenlet at
    /// its end, so that destructors may wait.
    pub fn clear(&self) {
        for _ in 0..ROUNDS_OF_DESTRUCTORS {
            for entry in self.entries.take() {
                Task::swallow(|| drop(entry));
            }
            if self.is_empty() {
                return;
            }
        }
        self.forget();
    }

    /// Leaks all values.
    pub fn forget(&self) {
        std::mem::forget(self.entries.take());
    }

    fn find(&self, key: usize) -> Option<Rc<dyn Any>> {
        self.entries.borrow().iter().find(|entry| entry.key == key).map(|entry| entry.value.clone())
    }

    fn insert(&self, key: usize, value: Rc<dyn Any>, copy: Option<Copy>) {
        self.entries.borrow_mut().push(Entry { key, value, copy });
    }
}

/// Counts a call of `with`.
struct Inside<'a>(&'a Cell<u32>);

impl Inside<'_> {
    fn of(locals: &Locals) -> Inside<'_> {
        locals.inside.set(locals.inside.get() + 1);
        Inside(&locals.inside)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
