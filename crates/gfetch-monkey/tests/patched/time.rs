//! The sleeping calls of C, by the hub's clock.

use std::thread;
use std::time::{Duration, Instant};

use gfetch::green::{self, ClockKind, Config};
use libc::timespec;

use crate::support::{MOMENT, all, patched, timed, told};

#[test]
fn every_sleep_lets_the_others_run() {
    let sleeps: [fn(); 5] = [
        || thread::sleep(MOMENT),
        // SAFETY: no pointers.
        || assert_eq!(unsafe { libc::usleep(MOMENT.as_micros() as u32) }, 0),
        || {
            let time = timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 };
            // SAFETY: a good span.
            assert_eq!(unsafe { libc::nanosleep(&time, std::ptr::null_mut()) }, 0);
        },
        || {
            let when = monotonic() + MOMENT;
            let when = timespec { tv_sec: when.as_secs() as i64, tv_nsec: when.subsec_nanos().into() };
            let clock = libc::CLOCK_MONOTONIC;
            // SAFETY: a good moment.
            let told = unsafe { libc::clock_nanosleep(clock, libc::TIMER_ABSTIME, &when, std::ptr::null_mut()) };
            assert_eq!(told, 0);
            assert!(monotonic() >= Duration::new(when.tv_sec as u64, when.tv_nsec as u32));
        },
        // SAFETY: no pointers.
        || assert_eq!(unsafe { libc::sleep(1) }, 0),
    ];
    for (n, sleep) in sleeps.into_iter().enumerate() {
        let (_, wall) = timed(|| patched(|| all(200, move |_| sleep())));
        assert!(wall >= MOMENT && wall < MOMENT * 150, "sleep {n}: {wall:?}");
    }
}

fn monotonic() -> Duration {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a place for the time.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[test]
fn a_virtual_clock_jumps_over_the_sleeps_of_others() {
    gfetch_monkey::patch_all();
    let real = Instant::now();
    Config::new().clock(ClockKind::Virtual).run(|| {
        let start = green::now();
        thread::sleep(Duration::from_secs(3600));
        assert_eq!(green::now() - start, Duration::from_secs(3600));
    });
    assert!(real.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_span_that_is_none_is_refused() {
    patched(|| {
        let (wrong, right) = (timespec { tv_sec: 0, tv_nsec: 1_000_000_000 }, timespec { tv_sec: 0, tv_nsec: 1 });
        // SAFETY: a span, though a wrong one; then an address that is none, which the kernel refuses.
        unsafe {
            assert_eq!(told(libc::nanosleep(&wrong, std::ptr::null_mut())), Err(libc::EINVAL));
            assert_eq!(libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &wrong, std::ptr::null_mut()), libc::EINVAL);
            assert_eq!(
                libc::clock_nanosleep(libc::CLOCK_THREAD_CPUTIME_ID, 0, &right, std::ptr::null_mut()),
                libc::EINVAL
            );
            assert_eq!(told(libc::nanosleep(std::ptr::null(), std::ptr::null_mut())), Err(libc::EFAULT));
        }
    });
}

#[test]
fn eat_play_task_in_the_tutorials_order() {
    gfetch_monkey::patch_all();
    let order = Config::new().clock(ClockKind::Virtual).run(|| {
        let order = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let (eats, plays) = (order.clone(), order.clone());
        let eat = green::spawn(move || {
            eats.borrow_mut().push("eat 1");
            thread::sleep(Duration::from_secs(2));
            eats.borrow_mut().push("eat 2");
        });
        let play = green::spawn(move || {
            plays.borrow_mut().push("play 1");
            thread::sleep(Duration::from_secs(1));
            plays.borrow_mut().push("play 2");
        });
        green::join_all(&[eat, play]).unwrap();
        order.take()
    });
    assert_eq!(order, ["eat 1", "play 1", "play 2", "eat 2"]);
}
