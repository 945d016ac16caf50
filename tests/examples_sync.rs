//! The examples of time-outs, queues and locks, run on the virtual clock: each tells what gevent's tutorial tells.

use std::io;

use gfetch::green::{ClockKind, Config};

#[path = "../examples/events_and_queues.rs"]
#[allow(dead_code)]
mod events_and_queues;
#[path = "../examples/locks_and_locals.rs"]
#[allow(dead_code)]
mod locks_and_locals;
#[path = "../examples/timeouts.rs"]
#[allow(dead_code)]
mod timeouts;

#[track_caller]
fn assert_tells(tell: impl FnOnce(&mut Vec<u8>) -> io::Result<()>, expected: &str) {
    let mut told = Vec::new();
    Config::new().clock(ClockKind::Virtual).run(|| tell(&mut told)).unwrap();
    assert_eq!(String::from_utf8(told).unwrap(), expected);
}

#[test]
fn s3_12_to_s3_16_timeouts_in_all_their_forms() {
    let expected = "\
10 s: Could not complete
15 s: TooLong
16 s: Thread 1 timed out
17 s: Thread 2 timed out
18 s: Thread 3 timed out
19 s: Some(None)
";
    assert_tells(timeouts::tell, expected);
}

#[test]
fn s3_18_to_s3_22_events_results_and_queues() {
    let mut expected = "== Event\nA: Hey wait for me, I have to do something\n".to_owned();
    expected += &"I'll wait for you\n".repeat(5);
    expected += "Ok, I'm done\n";
    expected += &"It's about time\n".repeat(5);
    expected += "== AsyncResult\nsleep 3\nget hello\nset hello start\nsetted\nHello!\n== Queue\n";
    for (n, name) in (1..25).zip(["steve", "john", "nancy"].iter().cycle()) {
        expected += &format!("Worker {name} got task {n}\n");
    }
    expected += &"Quitting time!\n".repeat(3);
    expected += "the queue is empty\n== Queue(maxsize=3)\n";
    for (n, name) in (1..20).zip(["steve", "john", "bob"].iter().cycle()) {
        expected += &format!("Worker {name} got task {n}\n");
        match n {
            6 => expected += "Assigned all work in iteration 1\n",
            18 => expected += "Assigned all work in iteration 2\n",
            _ => {}
        }
    }
    expected += &"Quitting time! (1 s)\n".repeat(3);
    expected += "== JoinableQueue\nwash\ndry\n";
    expected += "all done; once more: task_done called more often than items were put\n";
    expected += "== Channel\nsending\nhello\nsent hello\nworld\nsent world\nquit\n";
    assert_tells(events_and_queues::tell, &expected);
}

#[test]
fn s3_29_to_s3_31_semaphores_locks_and_locals() {
    let expected = "\
Worker 0 acquired semaphore
Worker 1 acquired semaphore
Worker 0 released semaphore
Worker 1 released semaphore
Worker 3 acquired semaphore
Worker 4 acquired semaphore
Worker 3 released semaphore
Worker 4 released semaphore
Worker 5 acquired semaphore
Worker 5 released semaphore
counted 3
1
2
x is not local to f2
";
    assert_tells(locks_and_locals::tell, expected);
}
