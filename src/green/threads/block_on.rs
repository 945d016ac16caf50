//! Drives a future on a greenlet: the bridge to code written as `async`.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Context, Poll, Wake};
use std::time::Duration;

use crate::green::hub::Hub;
use crate::green::hub::inside::locked;
use crate::green::hub::remote::{Remote, WaitId};
use crate::green::task::interrupt::Interrupt;
use crate::green::task::waker::Woken;
use crate::green::task::{Across, Why};
use crate::green::threads::NextWait;

/// Runs `future` to its end on this greenlet, which parks while the future is pending; other greenlets run meanwhile. Its
/// waker may be used from any thread. For futures that need no runtime: one that wants tokio's timers or sockets panics
/// in tokio's words. An interrupt drops the future, which cancels it. A future whose waker nobody holds can never be
/// woken: that is a deadlock.
///
/// ```
/// use gfetch::green;
/// assert_eq!(green::run(|| green::block_on(async { 6 * 7 })).unwrap(), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> Result<F::Output, Interrupt> {
    let mut future = pin!(future);
    Doorbell::new().wait_for(|context| future.as_mut().poll(context))
}

/// What a greenlet that polls futures is woken by, made once for any number of them.
pub(crate) struct Doorbell {
    bell: Arc<Bell>,
    waker: task::Waker,
}

impl Doorbell {
    /// Of the running greenlet's hub.
    pub fn new() -> Doorbell {
        let bell = Hub::with(|hub| Arc::new(Bell { hub: hub.remote.clone(), state: Mutex::new(State::Silent) }));
        let waker = bell.clone().into();
        Doorbell { bell, waker }
    }

    /// For one poll.
    pub fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// Polls until there is something, parking in between.
    pub fn wait_for<T>(&self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T, Interrupt> {
        Hub::with(|hub| hub.current().check(hub))?;
        let mut context = self.context();
        loop {
            if let Poll::Ready(output) = poll(&mut context) {
                return Ok(output);
            }
            // Two are ours: `bell` and `waker`.
            let can_ring = Arc::strong_count(&self.bell) > 2;
            self.wait(if can_ring { Why::OtherThread(Across::Future) } else { Why::Future }, None)?;
        }
    }

    /// Parks until it rings, or `limit` passes; if it has rung since the last wait, the others run once.
    pub fn wait(&self, why: Why, limit: Option<Duration>) -> Result<Woken, Interrupt> {
        Hub::with(|hub| {
            let task = hub.current();
            if self.bell.will_wait(WaitId::next_of(&task)) {
                let _next = NextWait(&task);
                let woken = task.park(hub, why, limit.and_then(|limit| hub.deadline(limit)));
                self.bell.has_waited();
                woken
            } else {
                task.yield_now(hub).map(|()| Woken::Ready)
            }
        })
    }
}

/// The waker that the future sees.
struct Bell {
    hub: Arc<Remote>,
    state: Mutex<State>,
}

enum State {
    Silent,
    /// Rung while nobody waited: sticky.
    Rung,
    Waiting(WaitId),
}

impl Bell {
    /// False if it was rung since the last wait.
    fn will_wait(&self, wait: WaitId) -> bool {
        let mut state = locked(&self.state);
        let was_rung = matches!(*state, State::Rung);
        *state = if was_rung { State::Silent } else { State::Waiting(wait) };
        !was_rung
    }

    /// However the wait ended: a ring from now on is for the next one.
    fn has_waited(&self) {
        *locked(&self.state) = State::Silent;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = locked(&self.state);
        if let State::Waiting(wait) = *state {
            *state = State::Silent;
            drop(state);
            self.hub.wake_from_here(wait);
        } else {
            *state = State::Rung;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_channel::{mpsc, oneshot};

    use super::*;
    use crate::green::{ClockKind, Config, run, sleep, spawn, timeout};

    #[test]
    fn a_future_that_another_greenlet_ends_is_waited_for() {
        let got = Config::new().clock(ClockKind::Virtual).run(|| {
            let (sender, receiver) = oneshot::channel();
            spawn(move || {
                sleep(Duration::from_secs(30)).unwrap();
                sender.send(7).unwrap();
            });
            block_on(receiver).unwrap().unwrap()
        });
        assert_eq!(got, 7);
    }

    #[test]
    fn a_future_that_another_thread_ends_wakes_the_hub() {
        run(|| {
            let (sender, mut receiver) = mpsc::unbounded();
            std::thread::spawn(move || {
                for n in 0..50 {
                    sender.unbounded_send(n).unwrap();
                    std::thread::yield_now();
                }
            });
            let mut all = Vec::new();
            while let Some(n) = block_on(futures_channel_next(&mut receiver)).unwrap() {
                all.push(n);
            }
            assert_eq!(all, (0..50).collect::<Vec<_>>());
        });
    }

    async fn futures_channel_next(receiver: &mut mpsc::UnboundedReceiver<i32>) -> Option<i32> {
        receiver.recv().await.ok()
    }

    #[test]
    fn a_future_that_wakes_itself_lets_the_others_run() {
        run(|| {
            let other = spawn(|| ());
            let mut rounds = 0;
            let done = std::future::poll_fn(|context| {
                rounds += 1;
                context.waker().wake_by_ref();
                if other.is_done() { Poll::Ready(()) } else { Poll::Pending }
            });
            block_on(done).unwrap();
            assert_eq!(rounds, 2);
        });
    }

    #[test]
    fn a_timeout_drops_the_future() {
        Config::new().clock(ClockKind::Virtual).run(|| {
            let (sender, receiver) = oneshot::channel::<()>();
            assert!(timeout(Duration::from_secs(1), || block_on(receiver)).is_err());
            assert!(sender.is_canceled());
        });
    }

    #[test]
    fn a_future_that_nobody_can_wake_is_a_deadlock() {
        run(|| assert!(matches!(block_on(std::future::pending::<()>()), Err(Interrupt::Deadlock(_)))));
    }
}
