//! Generators and manual switches, as gevent's tutorials begin with them: `yield`, `send`, and greenlets that hand the
//! turn to each other by name.
//!
//! `cargo run --example generators`

use std::rc::Rc;

use gfetch::green::{self, Generator, Step};

/// Where a story goes, line by line.
pub type Say = Rc<dyn Fn(&str)>;

/// A title, and who tells it.
pub type Story = (&'static str, fn(Say));

/// The stories, by name.
pub const STORIES: &[Story] = &[
    ("baozi", baozi),
    ("two_greenlets", two_greenlets),
    ("eat_and_play", eat_and_play),
    ("infinite_lists_and_pipes", infinite_lists_and_pipes),
];

fn main() {
    for (name, story) in STORIES {
        println!("--- {name}");
        green::run(|| story(Rc::new(|line| println!("{line}"))));
    }
}

/// S0.5, S2.3: one producer makes, two consumers eat what is sent to them. The first `resume` (`None`) takes a consumer to
/// its first `yield`, as `__next__` does.
pub fn baozi(say: Say) {
    let consumer = |name: &'static str| {
        let say = say.clone();
        Generator::new(move |yielder, mut sent: Option<u32>| {
            say("--->starting eating baozi...");
            loop {
                if let Some(baozi) = sent {
                    say(&format!("[{name}] is eating baozi {baozi}"));
                }
                let Ok(next) = yielder.suspend(()) else { return };
                sent = next;
            }
        })
    };
    let mut consumers = [consumer("c1"), consumer("c2")];
    let mut send = |baozi| {
        for consumer in &mut consumers {
            assert_eq!(consumer.resume(baozi).unwrap(), Step::Yielded(()));
        }
    };
    send(None);
    for n in 1..=5 {
        send(Some(n));
        say(&format!("[producer] is making baozi {n}"));
    }
}

/// A generator that may name another to have the next turn, with a value for it: what `switch` is among greenlets.
type Switching = Generator<&'static str, (usize, &'static str)>;

/// Gives `first` the turn, and then whom each names, until one ends. Who is then suspended stays so.
fn switch(greenlets: &mut [Switching], first: usize, value: &'static str) {
    let (mut turn, mut value) = (first, value);
    while let Step::Yielded((next, handed)) = greenlets[turn].resume(value).unwrap() {
        (turn, value) = (next, handed);
    }
}

const GR1: usize = 0;
const GR2: usize = 1;

/// S0.6, S2.4: gr1 and gr2 switch to each other. At the end gr2 is dead and gr1 suspended for ever: dropping it unwinds it.
pub fn two_greenlets(say: Say) {
    struct Farewell(Say);
    impl Drop for Farewell {
        fn drop(&mut self) {
            (self.0)("gr1 unwound");
        }
    }
    let (say1, say2) = (say.clone(), say.clone());
    let gr1 = Generator::new(move |yielder, _| {
        let farewell = Farewell(say1);
        (farewell.0)("12");
        let _ = yielder.suspend((GR2, ""));
        (farewell.0)("34");
        let _ = yielder.suspend((GR2, ""));
        (farewell.0)("never reached");
    });
    let gr2 = Generator::new(move |yielder, _| {
        say2("56");
        let _ = yielder.suspend((GR1, ""));
        say2("78");
    });
    let mut greenlets = [gr1, gr2];
    switch(&mut greenlets, GR1, "");
    say(&format!("gr1 dead: {}, gr2 dead: {}", greenlets[GR1].is_done(), greenlets[GR2].is_done()));
    drop(greenlets);
    green::yield_now().unwrap();
}

/// S1.5: the switch carries a value.
pub fn eat_and_play(say: Say) {
    let (say1, say2) = (say.clone(), say);
    let eat = Generator::new(move |yielder, name| {
        say1(&format!("{name} eat 1"));
        let _ = yielder.suspend((GR2, name));
        say1(&format!("{name} eat 2"));
        let _ = yielder.suspend((GR2, ""));
    });
    let play = Generator::new(move |yielder, name| {
        say2(&format!("{name} play 1"));
        let _ = yielder.suspend((GR1, ""));
        say2(&format!("{name} play 2"));
    });
    switch(&mut [eat, play], GR1, "alex");
}

/// S2.1: what coroutines are good for beside tasks: iterators, lists without end, pipes.
pub fn infinite_lists_and_pipes(say: Say) {
    let naturals = Generator::new(|yielder, ()| {
        let mut n = 1_u64;
        while yielder.suspend(n).is_ok() {
            n += 1;
        }
    });
    let running_sums = Generator::new(move |yielder, ()| {
        let mut sum = 0;
        for n in naturals {
            sum += n.unwrap();
            if yielder.suspend(sum).is_err() {
                return;
            }
        }
    });
    for sum in running_sums.take(5) {
        say(&sum.unwrap().to_string());
    }
}
