//! The tutorials' rows that say more than the order of their lines.

use std::hint::black_box;

use gfetch::green::{Event, GetError, Interrupt, Pool, PoolFull, Timeout, join_all, now, run, sleep, spawn, yield_now};

use super::{Log, MS, SECOND, virtual_run};

#[test]
fn s0_1_locals_survive_any_number_of_switches() {
    run(|| {
        let tasks: Vec<_> = (0..100_u64)
            .map(|n| {
                spawn(move || {
                    let (mut sum, numbers) = (0_u64, [n; 64]);
                    let text = format!("greenlet {n}");
                    for step in 0..2_000 {
                        yield_now().unwrap();
                        sum += black_box(&numbers)[step % 64] + step as u64;
                    }
                    (sum, text)
                })
            })
            .collect();
        for (n, task) in (0..).zip(&tasks) {
            assert_eq!(task.get().unwrap(), (2_000 * n + 1_999_000, format!("greenlet {n}")));
        }
    });
}

/// A blocking call is no wait: it stops every greenlet of the thread.
#[test]
fn s1_3_a_sleep_of_std_does_not_switch_and_blocks_everyone() {
    run(|| {
        let log = Log::new();
        let tasks = [("blocks", true), ("other", false)].map(|(name, blocks)| {
            let log = log.clone();
            spawn(move || {
                log.say((name, "begins"));
                if blocks {
                    std::thread::sleep(MS * 5);
                }
                log.say((name, "ends"));
            })
        });
        join_all(&tasks).unwrap();
        let expected = [("blocks", "begins"), ("blocks", "ends"), ("other", "begins"), ("other", "ends")];
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn s3_10_the_states_of_a_winner_and_a_loser() {
    virtual_run(|| {
        let (winner, loser) = (spawn(|| "You win!"), spawn(|| -> &str { panic!("You fail at failing.") }));
        assert!(winner.is_started() && loser.is_started());
        join_all([&winner, &loser]).expect("a failure is not raised by the join");
        for task in [&winner, &loser] {
            assert!(task.is_done() && !task.is_started());
        }
        assert!(winner.is_successful() && !loser.is_successful());
        assert_eq!(winner.outcome().unwrap().is_success(), winner.is_successful());
        assert_eq!(winner.get().unwrap(), "You win!");
        for _ in 0..2 {
            let again = loser.get();
            assert!(matches!(again, Err(GetError::Panicked(panic)) if panic.message() == "You fail at failing."));
        }
    });
}

/// The timer is started by hand and is not given to the join: it ends that all the same.
#[test]
fn s3_14_a_started_time_out_ends_a_join_that_has_no_limit() {
    virtual_run(|| {
        let (timer, start) = (Timeout::new(SECOND), now());
        timer.start().unwrap();
        let ended = spawn(|| sleep(SECOND * 2)).join();
        assert!(timer.is(&ended.unwrap_err()));
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn s3_15_a_time_out_that_is_started_anew_ends_a_get() {
    virtual_run(|| {
        let (timer, start) = (Timeout::start_new(SECOND), now());
        let ended = spawn(|| sleep(SECOND * 2)).get();
        let Err(GetError::Interrupted(interrupt @ Interrupt::TimedOut(_))) = ended else { panic!("{ended:?}") };
        assert!(timer.is(&interrupt));
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn s3_28_a_pool_of_a_thousand_refuses_one_more_and_its_shutdown_ends_all() {
    run(|| {
        let pool = Pool::new(1000);
        let listen = || spawn(|| Event::new().wait());
        let listening: Vec<_> = (0..1000).map(|_| listen()).collect();
        listening.iter().for_each(|listener| pool.try_add(listener).unwrap());
        assert!(pool.is_full());
        let one_more = listen();
        assert_eq!(pool.try_add(&one_more), Err(PoolFull(())));
        yield_now().unwrap();
        pool.kill().unwrap();
        assert!(listening.iter().all(|listener| matches!(listener.get(), Err(GetError::Killed))));
        assert_eq!((pool.len(), pool.free(), one_more.is_done()), (0, 1000, false));
    });
}
