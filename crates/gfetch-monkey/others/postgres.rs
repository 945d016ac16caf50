//! `postgres` against a real PostgreSQL. It is no blocking code, but an asynchronous one of which each connection has a
//! tokio runtime: that notes per *thread* that it runs, so that a second one on the thread, though on another greenlet,
//! is refused. What works is one at a time, or a thread for each; libpq has no such thing (`libpq.rs`).

use std::thread;

use gfetch::green::{self, ThreadPool};
use postgres::{Client, NoTls};

use crate::support::{MOMENT, begun, patched, timed};
use crate::{assert_overlapped, needs};
use std::time::Duration;

fn connection(port: u16) -> Client {
    Client::connect(&format!("host=127.0.0.1 port={port} user=postgres"), NoTls).unwrap()
}

/// `n` squared, after so long.
fn square(connection: &mut Client, n: i64, time: Duration) -> i64 {
    let query = "select $1::bigint * $1::bigint from pg_sleep($2)";
    connection.query_one(query, &[&n, &time.as_secs_f64()]).unwrap().get(0)
}

/// One connection waits as a greenlet: others, of other kinds, go on.
#[test]
fn one_at_a_time() {
    let server = needs!(postgres);
    let port = server.port;
    patched(|| {
        let queries = begun(move || {
            let mut connection = connection(port);
            (0..3).map(|n| square(&mut connection, n, MOMENT * 5)).collect::<Vec<_>>()
        });
        let mut ticks = 0;
        while !queries.is_done() {
            thread::sleep(MOMENT / 4);
            ticks += 1;
        }
        assert!(ticks >= 3, "{ticks} ticks in three slow queries");
        assert_eq!(queries.get().unwrap(), [0, 1, 4]);
    });
}

/// DOES NOT WORK: two at once on one thread.
#[test]
fn two_at_once_are_refused_by_tokio() {
    let server = needs!(postgres);
    let port = server.port;
    patched(|| {
        let first = begun(move || square(&mut connection(port), 3, MOMENT * 25));
        let second = green::spawn(move || square(&mut connection(port), 4, MOMENT));
        let refused = second.get().unwrap_err().to_string();
        assert!(refused.contains("Cannot start a runtime from within a runtime"), "{refused}");
        assert_eq!(first.get().unwrap(), 9);
    });
}

/// The way round: threads, for which a greenlet waits.
#[test]
fn many_by_a_pool_of_threads() {
    const COUNT: usize = 20;
    const SLOW: Duration = Duration::from_millis(500);
    let server = needs!(postgres);
    let port = server.port;
    let (done, wall) = timed(|| {
        patched(|| {
            let pool = ThreadPool::new(COUNT);
            let query = |n| pool.spawn(move || square(&mut connection(port), n, SLOW)).unwrap();
            let queries: Vec<_> = (0..COUNT as i64).map(query).collect();
            queries.into_iter().map(|query| query.get().unwrap()).collect::<Vec<_>>()
        })
    });
    assert_eq!(done, (0..COUNT as i64).map(|n| n * n).collect::<Vec<_>>());
    assert_overlapped(wall, COUNT, SLOW);
}
