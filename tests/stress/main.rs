//! Random schedules under a printed seed: nothing is lost, nobody is stuck, and the same seed tells the same story.
//!
//! `GFETCH_SEED=N cargo test --test stress` tells the stories of one seed; without it the clock gives a fresh one.

mod books;
mod outside;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use gfetch::green::{self, ClockKind, Config, sleep};

use outside::Outside;
use world::World;

const MS: Duration = Duration::from_millis(1);
const US: Duration = Duration::from_micros(1);
const ROOTS: usize = 60;
const STORIES: u64 = 150;
/// On the real clock, with threads and sockets.
const STORIES_OUTSIDE: u64 = 24;

/// The given seed, or a fresh one. It is printed, and so shown when the test fails.
fn seed() -> u64 {
    let given = std::env::var("GFETCH_SEED").ok().map(|seed| seed.parse().expect("GFETCH_SEED is a number"));
    let fresh = || SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64 % 1_000_000_007);
    let seed = given.unwrap_or_else(fresh);
    println!("to see this again: GFETCH_SEED={seed} cargo test --test stress");
    seed
}

/// Descriptors are the process's: one test at a time, so that they can be counted.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Tells a story: greenlets that come one after another, and whatever they do.
fn tell(world: &World) {
    let roots: Vec<_> = (0..ROOTS)
        .map(|_| {
            let root = world.spawn(3);
            sleep(world.pause()).unwrap();
            root
        })
        .collect();
    if world.random.one_in(2) {
        world.alarm.set(world.pause());
    }
    // Half of the stories end with everybody under way.
    if world.random.one_in(2) {
        green::join_all(&roots).unwrap();
    }
}

/// One story on the virtual clock: its trace, after its books were found in order.
fn story(seed: u64) -> Vec<String> {
    let world = World::new(seed, MS);
    Config::new().clock(ClockKind::Virtual).run(|| tell(&world));
    world.audit();
    world.trace.take()
}

#[test]
fn random_schedules_lose_no_item_no_permit_and_no_greenlet() {
    let _alone = alone();
    let first = seed();
    for seed in (first..first + STORIES).chain(1..=STORIES / 2) {
        println!("story {seed}");
        assert!(story(seed).len() > ROOTS, "something happened");
    }
}

#[test]
fn random_schedules_with_threads_and_sockets_lose_nothing_either() {
    let _alone = alone();
    let first = seed();
    for seed in first..first + STORIES_OUTSIDE {
        println!("story {seed}");
        let mut world = World::new(seed, US * 100);
        green::run(|| {
            world.outside = Some(Outside::new());
            tell(&world);
        });
        // Abandoned calls may still speak on their threads: a little later all have.
        wait_until(|| world.outside.as_ref().is_some_and(Outside::is_quiet));
        world.audit();
        assert!(world.trace.borrow().len() > ROOTS, "something happened");
    }
}

/// Asks again and again, for ten seconds at most.
fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if done() {
            return;
        }
        std::thread::sleep(MS * 5);
    }
    panic!("it never came to be");
}

/// Bug class 23: also timers, waiters and descriptors are gone, not only what the books know of.
#[test]
fn nothing_is_left_of_a_story_when_run_returns() {
    let _alone = alone();
    let first = seed();
    // What the process opens once, it has opened after the first round.
    let mut before = 0;
    for round in 0..6 {
        let mut world = World::new(first + round, US * 100);
        green::run(|| {
            world.outside = Some(Outside::new());
            tell(&world);
        });
        let outside = world.outside.take().expect("set above");
        wait_until(|| outside.is_quiet());
        let shared = world.books.clone();
        drop((world, outside));
        assert_eq!(std::rc::Rc::strong_count(&shared), 1, "somebody who has ended still holds the books");
        match round {
            0 => before = descriptors(),
            _ => assert_eq!(descriptors(), before, "descriptors after round {round}"),
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let _alone = alone();
    let first = story(42);
    for _ in 0..20 {
        assert_eq!(first, story(42));
    }
    assert_ne!(first, story(43));
}

#[test]
fn what_is_under_way_at_the_end_of_run_is_unwound() {
    let _alone = alone();
    let world = World::new(7, MS);
    Config::new().clock(ClockKind::Virtual).run(|| {
        for _ in 0..1000 {
            drop(world.spawn(5));
            if world.random.one_in(3) {
                green::yield_now().unwrap();
            }
        }
    });
    world.audit();
}
