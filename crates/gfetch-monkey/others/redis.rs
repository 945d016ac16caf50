//! `redis` against a real Redis.

use std::thread;
use std::time::Duration;

use gfetch::green;
use redis::{Client, Commands, Connection};

use crate::support::{MOMENT, patched, timed};
use crate::{MANY, as_on_threads, needs};

fn connection(port: u16) -> Connection {
    Client::open(format!("redis://127.0.0.1:{port}")).unwrap().get_connection().unwrap()
}

/// Each waits in vain for a list, and then has its own key.
#[test]
fn many_connections_that_wait() {
    const WAIT: Duration = Duration::from_millis(200);
    let server = needs!(redis);
    let port = server.port;
    let done = as_on_threads(MANY, WAIT, move |n| {
        let mut connection = connection(port);
        let nothing: Option<[String; 2]> = connection.blpop(format!("empty {n}"), WAIT.as_secs_f64()).unwrap();
        let () = connection.set(format!("key {n}"), n * n).unwrap();
        let value: usize = connection.get(format!("key {n}")).unwrap();
        (nothing, value)
    });
    assert_eq!(done, (0..MANY).map(|n| (None, n * n)).collect::<Vec<_>>());
}

/// One is blocked in the server until another, on the same thread, lets it go.
#[test]
fn a_list_that_another_greenlet_fills() {
    let server = needs!(redis);
    let port = server.port;
    let popped: Option<[String; 2]> = patched(|| {
        let waits = green::spawn(move || connection(port).blpop("filled", 0.0).unwrap());
        let mut connection = connection(port);
        let clients =
            |connection: &mut Connection| -> String { redis::cmd("CLIENT").arg("LIST").query(connection).unwrap() };
        while !clients(&mut connection).contains("cmd=blpop") {
            thread::sleep(MOMENT);
        }
        assert!(!waits.is_done());
        let _: usize = connection.rpush("filled", "value").unwrap();
        waits.get().unwrap()
    });
    assert_eq!(popped, Some(["filled".to_owned(), "value".to_owned()]));
}

/// What is published comes to each subscriber; a read with a time-out ends.
#[test]
fn subscribers() {
    let server = needs!(redis);
    let port = server.port;
    let (heard, wall) = timed(|| {
        patched(|| {
            let subscribers: Vec<_> = (0..MANY).map(|_| green::spawn(move || hear(port))).collect();
            let mut connection = connection(port);
            let mut receivers = 0;
            while receivers < MANY {
                thread::sleep(MOMENT);
                receivers =
                    redis::cmd("PUBSUB").arg("NUMSUB").arg("news").query::<(String, usize)>(&mut connection).unwrap().1;
            }
            assert_eq!(connection.publish::<_, _, usize>("news", "spring").unwrap(), MANY);
            subscribers.iter().map(|task| task.get().unwrap()).collect::<Vec<_>>()
        })
    });
    assert_eq!(heard, vec![("spring".to_owned(), true); MANY]);
    assert!(wall < QUIET * MANY as u32 / 2, "{wall:?}");
}

/// How long a subscriber listens for a second message.
const QUIET: Duration = Duration::from_millis(200);

/// The first message, and whether the wait for a second ended by its time-out.
fn hear(port: u16) -> (String, bool) {
    let mut connection = connection(port);
    let mut news = connection.as_pubsub();
    news.subscribe("news").unwrap();
    let first = news.get_message().unwrap().get_payload().unwrap();
    news.set_read_timeout(Some(QUIET)).unwrap();
    (first, news.get_message().is_err_and(|error| error.is_timeout()))
}
