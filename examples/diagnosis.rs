//! What the runtime says of itself: one greenlet at a time, the same order every time, and who blocked the loop.
//!
//! `cargo run --example diagnosis`. The rows S0.3, S3.1, S3.6 and S3.7 of the tutorials.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use gfetch::green::{self, Builder, ClockKind, Config, Interrupt, Monitor, MonitorEvent, Pool};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn main() {
    println!("{}\n", one_at_a_time());
    println!("{}\n", the_same_every_time());
    println!("{}\n", another_order_on_purpose());
    println!("{}\n", who_blocks_the_loop());
    println!("{}\n", who_is_there());
    println!("{}", who_waits_for_whom());
}

/// S3.1: greenlets take turns. Nobody ever meets another in the middle of its work, without any lock.
pub fn one_at_a_time() -> String {
    green::run(|| {
        let inside = Rc::new(Cell::new(0));
        let met = Rc::new(Cell::new(0));
        let all: Vec<_> = (0..100)
            .map(|_| {
                let (inside, met) = (inside.clone(), met.clone());
                green::spawn(move || {
                    for _ in 0..100 {
                        inside.set(inside.get() + 1);
                        met.set(met.get() + u32::from(inside.get() != 1));
                        inside.set(inside.get() - 1);
                        green::yield_now().unwrap();
                    }
                })
            })
            .collect();
        green::join_all(&all).unwrap();
        format!("10000 times inside, {} times not alone", met.get())
    })
}

/// S3.6: gevent's pool gives the same order in four runs; a pool of processes does not.
pub fn the_same_every_time() -> String {
    let echo = || {
        Config::new().clock(ClockKind::Virtual).run(|| {
            let pool = Pool::new(10);
            let echo = |n: u32| {
                green::sleep(MS).unwrap();
                n
            };
            pool.imap_unordered(echo, 0..10).map(Result::unwrap).collect::<Vec<_>>()
        })
    };
    let runs = [echo(), echo(), echo(), echo()];
    format!("{:?}\nfour runs equal: {}", runs[0], runs.iter().all(|run| *run == runs[0]))
}

/// S3.7: what depends on an order that nobody promised shows under a seed, and shows again under the same one. (What
/// comes over the network comes when it comes: there the seed says nothing.)
pub fn another_order_on_purpose() -> String {
    // Each reads the balance, lets others run, and writes it back: the mistake that the tutorial warns of.
    let balance = |seed: Option<u64>| {
        let mut config = Config::new().clock(ClockKind::Virtual).record(1000);
        if let Some(seed) = seed {
            config = config.seed(seed);
        }
        config.run(|| {
            let balance = Rc::new(Cell::new(0));
            let all: Vec<_> = (0..5)
                .map(|_| {
                    let balance = balance.clone();
                    green::spawn(move || {
                        let before = balance.get();
                        green::yield_now().unwrap();
                        balance.set(before + 10);
                    })
                })
                .collect();
            green::join_all(&all).unwrap();
            (balance.get(), green::trace())
        })
    };
    let (always, _) = balance(None);
    let balances: BTreeSet<i32> = (0..100).map(|seed| balance(Some(seed)).0).collect();
    let equal = (0..100).filter(|_| balance(Some(7)) == balance(Some(7))).count();
    format!(
        "in the order of coming: {always}\nunder a hundred seeds: {balances:?}\nthe same seed twice, the same trace: {equal} of 100"
    )
}

/// S0.3: one call that blocks stops everybody. The monitor says whose it is.
pub fn who_blocks_the_loop() -> String {
    green::run(|| {
        let (tell, told) = mpsc::channel();
        let _monitoring = Monitor::new().max_blocking(MS * 50).start(move |event| {
            if let MonitorEvent::Blocked(running) = event {
                let _ =
                    tell.send(format!("{} blocks the loop, spawned at {}", running.name, running.spawned_at.file()));
            }
        });
        // It blocks until it has been noticed.
        let rude = Builder::new().name("rude").spawn(move || told.recv_timeout(SECOND * 30).unwrap()).unwrap();
        let seen = rude.get().unwrap();
        let caught = Builder::new().name("slow").spawn(|| green::assert_no_block(MS, || std::thread::sleep(MS * 20)));
        let caught = caught.unwrap().get().unwrap_err().to_string();
        let caught = caught.split(" blocked the loop").next().unwrap().rsplit(' ').next().unwrap().to_owned();
        format!("{seen}\nassert_no_block: {caught} blocked the loop")
    })
}

/// Every greenlet with what it waits for, and who spawned whom.
pub fn who_is_there() -> String {
    Config::new().clock(ClockKind::Virtual).track().run(|| {
        let queue = green::Queue::<u32>::unbounded();
        let boss = Builder::new().name("boss").spawn(move || {
            let workers = ["steve", "john"].map(|name| {
                let queue = queue.clone();
                Builder::new().name(name).spawn(move || queue.get_timeout(SECOND * 10)).unwrap()
            });
            green::join_all(&workers).unwrap();
        });
        green::sleep(SECOND * 3).unwrap();
        let tree = green::dump_tasks().tree().to_string();
        boss.unwrap().join().unwrap();
        let lines = tree.lines().map(|line| {
            let (before, after) = (line.split(" (spawned").next().unwrap(), line.split(") ").nth(1).unwrap());
            format!("{before} {after}")
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// Two greenlets that wait for each other's end, and the report of it.
pub fn who_waits_for_whom() -> String {
    green::run(|| {
        let other: Rc<RefCell<Option<green::Greenlet<()>>>> = Rc::default();
        let seen = other.clone();
        let hen = Builder::new().name("hen").spawn(move || drop(seen.borrow().as_ref().unwrap().join())).unwrap();
        let egg = Builder::new().name("egg").spawn(move || drop(hen.join())).unwrap();
        *other.borrow_mut() = Some(egg);
        let Err(Interrupt::Deadlock(deadlock)) = green::Event::new().wait() else { return "no deadlock".to_owned() };
        format!("{} wait, in a circle: {:?}", deadlock.waiting().len(), deadlock.cycles())
    })
}
