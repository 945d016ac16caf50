//! Stacks: many, reused, guarded.

use super::*;

#[test]
fn a_full_pool_gives_the_closure_back() {
    run(|| {
        let pool = Pool::new(1);
        let _first = pool.spawn(|| sleep(MS)).unwrap();
        let refused = pool.try_spawn(|| ());
        assert!(refused.is_err());
        pool.join().unwrap();
        assert!(pool.try_spawn(|| ()).is_ok());
    });
}

#[test]
fn a_hundred_thousand_greenlets_live_at_once_on_guarded_stacks() {
    run(|| {
        let event = Event::new();
        let tasks: Vec<_> = (0..100_000u64)
            .map(|n| {
                let event = event.clone();
                spawn(move || event.wait().map(|()| n))
            })
            .collect();
        yield_now().unwrap();
        event.set();
        let sum: u64 = tasks.iter().map(|task| task.get().unwrap().unwrap()).sum();
        assert_eq!(sum, 99_999 * 100_000 / 2);
    });
}

#[test]
fn protected_guards_serve_where_the_kernel_has_no_better_ones_and_end_in_an_error() {
    // Twice: what the first hub took is given back.
    (0..2).for_each(|_| Config::new().protected_guards().run(spawn_until_refused));
}

#[test]
fn stacks_are_reused_over_a_million_spawns() {
    run(|| {
        for n in 0..1_000_000u64 {
            assert_eq!(spawn(move || n).get().unwrap(), n);
        }
    });
}

#[test]
fn a_large_closure_is_boxed() {
    run(|| {
        let large = [7u8; 4096];
        assert_eq!(spawn(move || large.iter().map(|&b| u64::from(b)).sum::<u64>()).get().unwrap(), 7 * 4096);
    });
}
