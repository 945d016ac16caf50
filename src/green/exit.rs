//! Ends main from another greenlet, and says what a panic in a greenlet means for the rest.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, RefUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;

use super::greenlet::Panic;
use super::hub::Hub;
use super::runtime::Config;
use super::task::{Kill, Task, is_kill};

/// Ends the main greenlet and the calling one: both unwind, main from where it waits, and [`run`](super::run()) raises
/// `value` as a panic payload when all the rest is unwound. Catch it with [`catch_exit`] around `run`. The first of
/// several values counts. The panic hook is not called. gevent: `SystemExit` in a greenlet, which is raised in main.
///
/// A main greenlet that catches the unwinding and returns a value has swallowed the exit, as in gevent.
///
/// ```
/// use gfetch::green;
/// let ended = green::catch_exit::<i32, _>(|| {
///     green::run(|| {
///         green::spawn(|| green::exit_main(3_i32));
///         green::sleep(std::time::Duration::from_secs(60)).unwrap();
///     })
/// });
/// assert_eq!(ended, Err(3));
/// ```
///
/// # Panics
/// Outside [`run`](super::run()).
#[track_caller]
pub fn exit_main<E: Any + Send>(value: E) -> ! {
    raise_in_main(Box::new(value));
    panic::resume_unwind(Box::new(Kill))
}

/// Has `run` raise `payload` after it has ended main; the caller goes on.
pub(crate) fn raise_in_main(payload: Box<dyn Any + Send>) {
    Hub::with(|hub| hub.end_main(payload));
}

/// Ends main with what unwound the running greenlet; a kill goes on.
pub(crate) fn pass_to_main(payload: Box<dyn Any + Send>) {
    if is_kill(&*payload) {
        panic::resume_unwind(payload);
    }
    raise_in_main(payload);
}

/// Runs `f`, which calls [`run`](super::run()), and gives the value of an [`exit_main`] of type `E`. Other panics pass.
pub fn catch_exit<E: Any, T>(f: impl FnOnce() -> T) -> Result<T, E> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| match payload.downcast() {
        Ok(value) => *value,
        Err(other) => panic::resume_unwind(other),
    })
}

/// What a greenlet's panic means for the others; see [`Config::on_panic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// It is kept in the greenlet's handle, and the others go on. The default.
    Keep,
    /// Main is ended, and `run` panics with the greenlet's name and the panic's text.
    EndMain,
}

/// A hook as a hub's configuration keeps it.
#[derive(Clone)]
pub(crate) struct PanicHook(Arc<Hook>);

type Hook = dyn Fn(&str, &Panic) -> OnPanic + Send + Sync + RefUnwindSafe;

impl fmt::Debug for PanicHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PanicHook")
    }
}

impl Config {
    /// Has `hook` called with each greenlet's name and panic, on that greenlet, as it ends; it says what follows. It must
    /// not wait. A panic of main's own is not told: `run` raises that. gevent: `hub.handle_error`.
    ///
    /// ```
    /// use gfetch::green::{self, Config, OnPanic};
    /// let strict = Config::new().on_panic(|_name, _panic| OnPanic::EndMain);
    /// let ended = std::panic::catch_unwind(|| {
    ///     strict.run(|| {
    ///         green::spawn(|| panic!("broken"));
    ///         green::sleep(std::time::Duration::from_secs(60)).unwrap();
    ///     })
    /// });
    /// assert_eq!(ended.unwrap_err().downcast_ref::<String>().unwrap(), "greenlet-1 panicked: broken");
    /// ```
    pub fn on_panic(
        mut self,
        hook: impl Fn(&str, &Panic) -> OnPanic + Send + Sync + RefUnwindSafe + 'static,
    ) -> Config {
        self.on_panic = Some(PanicHook(Arc::new(hook)));
        self
    }
}

/// Tells the hub's hook of the running greenlet's panic.
pub(crate) fn told(panic: Panic) -> Panic {
    Hub::with(|hub| {
        let Some(PanicHook(hook)) = &hub.os.on_panic else { return };
        let task = hub.current();
        if hub.main.borrow().as_ref().is_some_and(|main| Rc::ptr_eq(main, &task)) {
            return;
        }
        Task::swallow(|| {
            if hook(&task.name(), &panic) == OnPanic::EndMain {
                hub.end_main(Box::new(format!("{} panicked: {}", task.name(), panic.message())));
            }
        });
    });
    panic
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;
    use crate::green::{self, ClockKind, GetError, sleep, spawn};

    fn virtual_clock() -> Config {
        Config::new().clock(ClockKind::Virtual)
    }

    struct OnDrop<'a>(&'a Cell<u32>);

    impl Drop for OnDrop<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn an_exit_in_a_greenlet_is_raised_by_run_after_all_is_unwound() {
        let dropped = Cell::new(0);
        let ended = catch_exit::<u8, ()>(|| {
            virtual_clock().run(|| {
                let _main = OnDrop(&dropped);
                spawn(|| exit_main(7_u8));
                sleep(Duration::from_secs(1000)).unwrap();
                unreachable!("main was ended");
            })
        });
        assert_eq!((ended, dropped.get()), (Err(7), 1));
    }

    #[test]
    fn an_exit_of_main_itself_ends_it_at_once() {
        let ended = catch_exit::<&str, ()>(|| green::run(|| exit_main("now")));
        assert_eq!(ended, Err("now"));
    }

    #[test]
    fn the_first_of_two_exits_counts() {
        let ended = catch_exit::<u8, ()>(|| {
            virtual_clock().run(|| {
                spawn(|| exit_main(1_u8));
                spawn(|| exit_main(2_u8));
                sleep(Duration::from_secs(1)).unwrap();
            })
        });
        assert_eq!(ended, Err(1));
    }

    #[test]
    fn an_exit_of_another_type_passes() {
        let outer = catch_exit::<u8, _>(|| catch_exit::<u16, ()>(|| green::run(|| exit_main(9_u8))));
        assert_eq!(outer, Err(9));
    }

    #[test]
    fn the_panic_hook_is_told_name_and_text_and_the_others_go_on() {
        let told = Rc::new(std::sync::Mutex::new(Vec::new()));
        let (hears, told_in) = (std::sync::Arc::new(std::sync::Mutex::new(Vec::new())), told.clone());
        let heard = hears.clone();
        let config = virtual_clock().on_panic(move |name, panic| {
            heard.lock().unwrap().push(format!("{name}: {}", panic.message()));
            OnPanic::Keep
        });
        config.run(|| {
            let bad = spawn(|| panic!("broken"));
            assert!(matches!(bad.get(), Err(GetError::Panicked(_))));
            told_in.lock().unwrap().push(spawn(|| 4).get().unwrap());
        });
        assert_eq!(*hears.lock().unwrap(), ["greenlet-1: broken"]);
        assert_eq!(*told.lock().unwrap(), [4]);
    }

    #[test]
    fn a_hook_that_panics_harms_nobody() {
        let config = virtual_clock().on_panic(|_, _| panic!("in the hook"));
        assert!(config.run(|| matches!(spawn(|| panic!("broken")).get(), Err(GetError::Panicked(_)))));
    }
}
