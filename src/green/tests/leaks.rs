//! What a hub holds once the greenlets that made it hold something have ended: nothing.

use std::os::unix::net::UnixStream;
use std::rc::Weak;

use super::*;
use crate::green::hub::Hub;
use crate::green::task::Task;

/// Everything that a greenlet can wait for and be interrupted at.
#[derive(Clone)]
struct Things {
    event: Event,
    queue: Queue<u64>,
    permits: Semaphore,
    group: Group,
    alarm: Alarm,
    near: Rc<Watched<UnixStream>>,
}

impl Things {
    fn new() -> (Things, UnixStream) {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let near = Rc::new(Watched::new(near).unwrap());
        let (event, queue, permits) = (Event::new(), Queue::bounded(1), Semaphore::new(0));
        (Things { event, queue, permits, group: Group::new(), alarm: Alarm::new(), near }, far)
    }

    /// Waits in the way of the number `way`, for ever but for what ends it.
    fn wait(&self, way: u64, others: &[Greenlet<()>]) {
        let long = SECOND * 3600;
        match way % 12 {
            0 => drop(self.event.wait()),
            1 => drop(self.event.wait_timeout(MS)),
            2 => drop(self.queue.get()),
            3 => drop(self.queue.get_timeout(MS)),
            4 => (0..3).for_each(|n| drop(self.queue.put_timeout(n, MS))),
            5 => drop(self.permits.acquire()),
            6 => drop(self.permits.acquire_timeout(MS)),
            7 => drop(timeout(MS, || sleep(long))),
            8 => drop(self.alarm.guard(|| sleep(long))),
            9 => drop(timeout(MS, || join_all(others))),
            10 => drop(timeout(MS, || self.near.wait_readable())),
            _ => drop(timeout(MS * 2, || timeout(long, || shield(MS, || self.group.join())))),
        }
    }
}

/// Spawns waiters of every kind, ends them in one of several ways, and gives what must be gone then.
fn wait_and_end(round: u64, things: &Things) -> Vec<Weak<Task>> {
    let sleeper = Rc::new([spawn(|| drop(sleep(SECOND * 7200)))]);
    let mut all: Vec<Greenlet<()>> = Vec::new();
    for way in 0..24 {
        let (things, sleeper) = (things.clone(), sleeper.clone());
        let waiter = spawn(move || things.wait(way + round, &*sleeper));
        if way % 3 == 0 && round.is_multiple_of(5) {
            waiter.kill_nowait(); // it never starts
        }
        all.push(waiter);
    }
    match round % 3 {
        0 => all.iter().for_each(Greenlet::kill_nowait),
        1 => sleep(MS * round as u32).unwrap(),
        _ => yield_now().unwrap(),
    }
    things.event.set();
    things.alarm.set(Duration::ZERO);
    all.iter().for_each(|waiter| waiter.kill().unwrap());
    sleeper[0].kill().unwrap();
    things.event.clear();
    all.iter().chain(&*sleeper).map(|waiter| Rc::downgrade(&waiter.task)).collect()
}

#[test]
fn interrupted_waits_leave_no_waiter_no_timer_and_no_stack() {
    virtual_run(|| {
        for round in 0..300 {
            let (things, far) = Things::new();
            let gone = wait_and_end(round, &things);
            drop((things, far));
            let kept = gone.iter().filter(|task| task.strong_count() > 0).count();
            assert_eq!(kept, 0, "round {round}: something still holds greenlets that have ended");
            Hub::with(|hub| {
                assert_eq!(hub.timers.next(), None, "round {round}: a timer is left");
                assert_eq!(hub.live.borrow().all().len(), 1, "round {round}: only main lives");
                assert_eq!(hub.stacks.borrow().lent(), 1, "round {round}: a stack is not given back");
                assert_eq!((hub.descriptor_waits.get(), hub.offload_waits.get()), (0, 0));
            });
        }
    });
}
