//! Ends main from another greenlet.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use crate::green::hub::Hub;
use crate::green::task::{Kill, is_kill};

/// Ends the main greenlet and the calling one: both unwind, main from where it waits, and [`run`](crate::green::run()) raises
/// `value` as a panic payload when all the rest is unwound. Catch it with [`catch_exit`] around `run`. The first of
/// several values counts. The panic hook is not called. gevent: `SystemExit` in a greenlet, which is raised in main.
///
/// To let a panic in any greenlet end the program, call it in [`on_panic`](crate::green::on_panic).
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
/// Outside [`run`](crate::green::run()).
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

/// Runs `f`, which calls [`run`](crate::green::run()), and gives the value of an [`exit_main`] of type `E`. Other panics pass.
pub fn catch_exit<E: Any, T>(f: impl FnOnce() -> T) -> Result<T, E> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| match payload.downcast() {
        Ok(value) => *value,
        Err(other) => panic::resume_unwind(other),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;
    use crate::green::{self, ClockKind, Config, sleep, spawn};

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
    fn a_panic_hook_may_end_main() {
        let ended = catch_exit::<String, ()>(|| {
            virtual_clock().run(|| {
                green::on_panic(|panic| exit_main(panic.message().to_owned()));
                spawn(|| panic!("broken"));
                sleep(Duration::from_secs(60)).unwrap();
            })
        });
        assert_eq!(ended, Err("broken".to_owned()));
    }
}
