//! Greenlets as objects: a type of one's own whose `run` is the body.

use crate::green::greenlet::start::or_panic;
use crate::green::greenlet::{Builder, Greenlet};

/// What a greenlet can be made of: its fields are the arguments, its `run` is the body. gevent: a subclass of `Greenlet`
/// with `_run`.
///
/// ```
/// use gfetch::green::{self, Run};
/// struct Greeting(&'static str);
/// impl Run for Greeting {
///     type Output = String;
///     fn run(&mut self) -> String {
///         format!("{} from {}", self.0, green::current().name())
///     }
/// }
/// green::run(|| {
///     let any: Box<dyn Run<Output = String>> = Box::new(Greeting("hello"));
///     assert_eq!(green::spawn_run(any).get().unwrap(), "hello from greenlet-1");
/// });
/// ```
pub trait Run {
    /// What the greenlet returns.
    type Output;

    /// The body.
    fn run(&mut self) -> Self::Output;

    /// The greenlet's name; without one it is `greenlet-N`.
    fn name(&self) -> Option<String> {
        None
    }
}

impl<R: Run + ?Sized> Run for Box<R> {
    type Output = R::Output;

    fn run(&mut self) -> R::Output {
        (**self).run()
    }

    fn name(&self) -> Option<String> {
        (**self).name()
    }
}

/// Spawns a greenlet that runs `body`.
///
/// # Panics
/// As [`spawn`](crate::green::spawn).
#[track_caller]
pub fn spawn_run<R: Run<Output: 'static> + 'static>(mut body: R) -> Greenlet<R::Output> {
    let builder = body.name().iter().fold(Builder::new(), |builder, name| builder.name(name));
    or_panic(builder.spawn(move || body.run()))
}
