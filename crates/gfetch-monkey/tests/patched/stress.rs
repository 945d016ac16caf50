//! Random walks of many greenlets and threads over std's locks and channels: nobody waits for ever, nothing is lost. A seed
//! that fails is named.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use gfetch::green;

use crate::support::{SECOND, all};

/// xorshift: the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What hubs and threads fight for, with what is true of it at any time.
#[derive(Default)]
struct Ground {
    plain: Mutex<(u64, u64)>,
    shared: RwLock<(u64, u64)>,
    permits: Mutex<u32>,
    freed: Condvar,
}

impl Ground {
    /// One step of a random walk; nothing is lost, and nobody sees half a change.
    fn step(&self, random: &mut Random) {
        match random.below(4) {
            0 => {
                let mut both = self.plain.lock().unwrap();
                both.0 += 1;
                pause(random);
                both.1 += 1;
                assert_eq!(both.0, both.1);
            }
            1 => {
                let mut both = self.shared.write().unwrap();
                both.0 += 1;
                pause(random);
                both.1 += 1;
            }
            2 => {
                let both = self.shared.read().unwrap();
                pause(random);
                assert_eq!(both.0, both.1);
            }
            _ => {
                let limit = Duration::from_millis(1 + random.below(3));
                let permits = self.permits.lock().unwrap();
                let (mut permits, ended) =
                    self.freed.wait_timeout_while(permits, limit, |permits| *permits == 0).unwrap();
                if ended.timed_out() {
                    return;
                }
                *permits -= 1;
                drop(permits);
                pause(random);
                *self.permits.lock().unwrap() += 1;
                self.freed.notify_one();
            }
        }
    }
}

/// Lets others come in between: greenlets, threads, nobody.
fn pause(random: &mut Random) {
    match random.below(8) {
        0 => thread::sleep(Duration::from_micros(random.below(300))),
        1..=3 if green::interpose::can_wait() => green::yield_now().unwrap(),
        4 => thread::yield_now(),
        _ => {}
    }
}

#[test]
fn many_hubs_and_threads_lose_no_wake() {
    for seed in 1..=4_u64 {
        let ground = Arc::new(Ground { permits: Mutex::new(2), ..Ground::default() });
        let hub = |n: u64| {
            let ground = ground.clone();
            thread::spawn(move || {
                gfetch_monkey::patch_all();
                green::Config::new().seed(seed * 31 + n).run(move || {
                    all(8, move |m| {
                        let mut random = Random(seed << 32 | n << 16 | (m as u64 + 1));
                        (0..60).for_each(|_| ground.step(&mut random));
                    });
                });
            })
        };
        let plain = |n: u64| {
            let ground = ground.clone();
            thread::spawn(move || {
                let mut random = Random(seed << 32 | n);
                (0..120).for_each(|_| ground.step(&mut random));
            })
        };
        let fighters = [hub(1), hub(2), plain(3), plain(4)];
        fighters.into_iter().for_each(|fighter| fighter.join().unwrap_or_else(|_| panic!("seed {seed}")));
        assert_eq!(*ground.permits.lock().unwrap(), 2, "seed {seed}");
    }
}

/// Many greenlets of two hubs are parked for different things that threads and the other hub give them.
#[test]
fn many_parkers_on_few_threads_lose_no_token() {
    for seed in 1..=4_u64 {
        let (to_first, first) = mpsc::channel::<mpsc::Sender<u64>>();
        let answers = thread::spawn(move || {
            let mut random = Random(seed);
            let mut asked = Vec::new();
            loop {
                match first.recv_timeout(Duration::from_micros(200)) {
                    Ok(question) => asked.push(question),
                    Err(RecvTimeoutError::Timeout) => asked.drain(..).for_each(|question| question.send(7).unwrap()),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                // Answered one by one or in heaps, in any order.
                while asked.len() > random.below(12) as usize {
                    let question: mpsc::Sender<u64> = asked.swap_remove(random.below(asked.len() as u64) as usize);
                    if random.below(4) == 0 {
                        thread::sleep(Duration::from_micros(random.below(400)));
                    }
                    question.send(7).unwrap();
                }
            }
        });
        let parked = Arc::new(AtomicU32::new(0));
        let hub = |n: u64| {
            let (ask, parked) = (Mutex::new(to_first.clone()), parked.clone());
            thread::spawn(move || {
                gfetch_monkey::patch_all();
                green::Config::new().seed(seed * 17 + n).run(move || {
                    let ask = Rc::new(ask.into_inner().unwrap());
                    let sums = all(12, move |m| {
                        let mut random = Random(seed << 32 | n << 16 | (m as u64 + 1));
                        let mut sum = 0;
                        for _ in 0..40 {
                            let (answer, answered) = mpsc::channel();
                            ask.send(answer).unwrap();
                            match random.below(3) {
                                0 => thread::sleep(Duration::from_micros(random.below(300))),
                                1 => green::yield_now().unwrap(),
                                _ => {}
                            }
                            sum += match random.below(3) {
                                0 => answered.recv_timeout(SECOND * 60).unwrap(),
                                _ => answered.recv().unwrap(),
                            };
                            parked.fetch_add(1, Ordering::Relaxed);
                        }
                        sum
                    });
                    assert_eq!(sums, [280; 12]);
                });
            })
        };
        let hubs = [hub(1), hub(2)];
        drop(to_first);
        hubs.into_iter().for_each(|hub| hub.join().unwrap_or_else(|_| panic!("seed {seed}")));
        answers.join().unwrap();
        assert_eq!(parked.load(Ordering::Relaxed), 2 * 12 * 40);
    }
}
