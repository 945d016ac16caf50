//! Actors: greenlets that own their state and hear of the world by their inbox alone. Ping and pong take turns.
//!
//! `cargo run --example actors`

use std::ops::ControlFlow;

use gfetch::green::{self, Greenlet, Queue};

fn main() {
    green::run(|| play(10, |line| println!("{line}")));
}

/// Something with an inbox. gevent's tutorial: a `Greenlet` with a `Queue`.
pub trait Actor: Sized + 'static {
    /// What it can be told.
    type Message: 'static;

    /// Takes one message; `Break` ends the actor.
    fn receive(&mut self, message: Self::Message) -> ControlFlow<()>;

    /// Runs it in a greenlet until it breaks off, or until `inbox` is closed and drained; returns it as it was then.
    fn start(mut self, inbox: Queue<Self::Message>) -> Greenlet<Self> {
        green::spawn(move || {
            while let Ok(Some(message)) = inbox.get() {
                if self.receive(message).is_break() {
                    break;
                }
            }
            self
        })
    }
}

/// Says what it hears and answers with its own word.
struct Player<P> {
    word: &'static str,
    other: Queue<&'static str>,
    print: P,
    /// Messages until it stops. The tutorial's players go on for ever.
    left: u32,
}

impl<P: FnMut(&'static str) + 'static> Actor for Player<P> {
    type Message = &'static str;

    fn receive(&mut self, message: &'static str) -> ControlFlow<()> {
        (self.print)(message);
        self.left -= 1;
        if self.left == 0 {
            self.other.close();
            return ControlFlow::Break(());
        }
        // Where the other has stopped there is nobody to answer.
        match self.other.put(self.word) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Ping is told to start and stops after so many messages, and then pong does too.
pub fn play(messages: u32, print: impl Fn(&'static str) + Clone + 'static) {
    let (to_ping, to_pong) = (Queue::unbounded(), Queue::unbounded());
    let ping = Player { word: "ping", other: to_pong.clone(), print: print.clone(), left: messages };
    let pong = Player { word: "pong", other: to_ping.clone(), print, left: messages };
    let (ping, pong) = (ping.start(to_ping.clone()), pong.start(to_pong));
    to_ping.put("start").expect("an inbox without a bound, which ping does not close");
    green::join_all([&ping]).and_then(|()| pong.join()).expect("both end");
}
