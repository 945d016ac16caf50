//! A queue into a hub from any OS thread: sent anywhere, received by greenlets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::green::hub::Hub;
use crate::green::hub::inside::locked;
use crate::green::hub::remote::{Handle, WaitId};
use crate::green::task::Why;
use crate::green::task::interrupt::Interrupt;

/// Makes a mailbox of this thread's hub, and a sender that any thread may use. What is sent before anybody waits stays;
/// nothing is bounded: the receiver's greenlet is expected to keep up.
///
/// ```
/// use gfetch::green;
/// green::run(|| {
///     let (sender, mailbox) = green::mailbox();
///     std::thread::spawn(move || (1..=3).for_each(|n| sender.send(n)));
///     let mut sum = 0;
///     while let Some(n) = mailbox.receive().unwrap() {
///         sum += n;
///     }
///     assert_eq!(sum, 6);
/// });
/// ```
pub fn mailbox<T: Send>() -> (Sender<T>, Mailbox<T>) {
    let shared = Arc::new(Mutex::new(Shared { letters: VecDeque::new(), senders: 1, waiting: Vec::new() }));
    (Sender { shared: shared.clone(), hub: Handle::current() }, Mailbox { shared })
}

struct Shared<T> {
    letters: VecDeque<T>,
    senders: usize,
    /// The last wait of each greenlet that has waited since the last word.
    waiting: Vec<WaitId>,
}

/// The end that any OS thread may use; made by [`mailbox`].
pub struct Sender<T: Send> {
    shared: Arc<Mutex<Shared<T>>>,
    hub: Handle,
}

impl<T: Send> Sender<T> {
    /// Puts a letter into the mailbox and wakes the hub. Never waits.
    pub fn send(&self, letter: T) {
        let mut shared = locked(&self.shared);
        shared.letters.push_back(letter);
        self.wake(&mut shared);
    }

    fn wake(&self, shared: &mut Shared<T>) {
        for wait in shared.waiting.drain(..) {
            self.hub.remote.wake(wait);
        }
    }
}

impl<T: Send> Clone for Sender<T> {
    fn clone(&self) -> Self {
        locked(&self.shared).senders += 1;
        Sender { shared: self.shared.clone(), hub: self.hub.clone() }
    }
}

impl<T: Send> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut shared = locked(&self.shared);
        shared.senders -= 1;
        if shared.senders == 0 {
            self.wake(&mut shared);
        }
    }
}

/// The end that the hub's greenlets use; made by [`mailbox`]. A letter goes to whichever of them comes first.
pub struct Mailbox<T: Send> {
    shared: Arc<Mutex<Shared<T>>>,
}

impl<T: Send> Mailbox<T> {
    /// The next letter; `None` when all senders are gone and nothing is left. Switches if there is none yet.
    pub fn receive(&self) -> Result<Option<T>, Interrupt> {
        Hub::with(|hub| {
            let task = hub.current();
            task.check(hub)?;
            loop {
                {
                    let mut shared = locked(&self.shared);
                    let letter = shared.letters.pop_front();
                    if letter.is_some() || shared.senders == 0 {
                        return Ok(letter);
                    }
                    shared.waiting.retain(|wait| wait.id != task.id);
                    shared.waiting.push(WaitId::next_of(&task));
                }
                task.park(hub, Why::Mailbox, None)?;
            }
        })
    }

    /// The next letter, if there is one now. Never switches.
    pub fn try_receive(&self) -> Option<T> {
        locked(&self.shared).letters.pop_front()
    }
}
