//! gfetch's side of `benches/peers/run runtime`: one case a process, whose cost it prints as one line of JSON.
//!
//! `runtime CASE SIZE OPERATIONS`: the same cases, sizes and line as its peers in `benches/peers/runtime`.

#[allow(dead_code)]
mod meter;

use std::io::{Read, Write};
use std::time::Duration;

use gfetch::green::{self, Event, Greenlet, Queue, join_all, sleep, spawn, yield_now};
use gfetch::net::{StreamServer, TcpListener, TcpStream};

use meter::{Cost, Meter, memory_bytes};

/// Bytes of a message of `pingpong` and `echo`.
const MESSAGE: usize = 64;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [case, size, operations] = &words[..] else {
        return println!("usage: runtime CASE SIZE OPERATIONS; benches/peers/run calls it");
    };
    let (size, operations) = (size.parse().expect("a size"), operations.parse().expect("operations"));
    let cost = green::run(|| match case.as_str() {
        "yield" => yield_among(size, operations),
        "spawn-cold" => spawn_at_once(size),
        "spawn-warm" => spawn_in_batches(size, operations),
        "ring" => ring(size, operations),
        "pingpong" => echo_clients(1, operations),
        "echo" => echo_clients(size, operations),
        "sleepers" => sleepers(size, operations),
        "parked" => parked(size),
        other => panic!("no such case: {other}"),
    });
    cost.print();
}

fn measure(operations: usize, work: impl FnOnce()) -> Cost {
    let meter = Meter::start();
    work();
    meter.cost(operations)
}

fn yield_among(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(4);
    let yields = move || (0..each).for_each(|_| yield_now().unwrap());
    let tasks: Vec<_> = (0..size).map(|_| spawn(yields)).collect();
    yield_now().unwrap(); // what a stack's first touch costs is not a yield's price
    measure((each - 1) * size, || join_all(&tasks).unwrap())
}

fn spawn_at_once(size: usize) -> Cost {
    measure(size, || {
        let tasks: Vec<_> = (0..size).map(|n| spawn(move || n)).collect();
        assert_eq!(total(&tasks), size * (size - 1) / 2);
    })
}

fn spawn_in_batches(size: usize, operations: usize) -> Cost {
    let batches = (operations / size).max(1);
    spawn_at_once(size);
    measure(batches * size, || {
        for _ in 0..batches {
            spawn_at_once(size);
        }
    })
}

fn total(tasks: &[Greenlet<usize>]) -> usize {
    tasks.iter().map(|task| task.get().unwrap()).sum()
}

/// A token goes round a ring of greenlets, each with a queue of one place in front of it.
fn ring(size: usize, operations: usize) -> Cost {
    let queues: Vec<Queue<usize>> = (0..size).map(|_| Queue::bounded(1)).collect();
    let done = Event::new();
    for at in 0..size {
        let (own, next, done) = (queues[at].clone(), queues[(at + 1) % size].clone(), done.clone());
        spawn(move || {
            while let Ok(Some(left)) = own.get() {
                if left == 0 {
                    return done.set();
                }
                next.put(left - 1).unwrap();
            }
        });
    }
    yield_now().unwrap();
    measure(operations, || {
        queues[0].put(operations).unwrap();
        done.wait().unwrap();
    })
}

/// Clients and the server that echoes to them, all on this thread.
fn echo_clients(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(1);
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    StreamServer::new(listener).start(|mut stream, _peer| {
        let mut buffer = [0; MESSAGE];
        while stream.read_exact(&mut buffer).is_ok() {
            stream.write_all(&buffer).unwrap();
        }
    });
    let (ready, go) = (Queue::unbounded(), Event::new());
    let client = || {
        let (ready, go) = (ready.clone(), go.clone());
        spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            exchange(&mut stream);
            ready.put(()).unwrap();
            go.wait().unwrap();
            (0..each).for_each(|_| exchange(&mut stream));
        })
    };
    let clients: Vec<_> = (0..size).map(|_| client()).collect();
    for _ in 0..size {
        assert!(ready.get().unwrap().is_some());
    }
    measure(each * size, || {
        go.set();
        clients.iter().for_each(|client| client.get().unwrap());
    })
}

fn exchange(stream: &mut TcpStream) {
    let mut buffer = [7; MESSAGE];
    stream.write_all(&buffer).unwrap();
    stream.read_exact(&mut buffer).unwrap();
}

fn sleepers(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(1);
    let sleeps = |n: usize| move || (0..each).for_each(|_| sleep(Duration::from_millis(10 + (n % 90) as u64)).unwrap());
    measure(each * size, || {
        let tasks: Vec<_> = (0..size).map(|n| spawn(sleeps(n))).collect();
        join_all(&tasks).unwrap();
    })
}

fn parked(size: usize) -> Cost {
    let before = memory_bytes();
    let event = Event::new();
    let mut bytes = 0;
    let mut cost = measure(size, || {
        let waits = || {
            let event = event.clone();
            spawn(move || event.wait().unwrap())
        };
        let tasks: Vec<_> = (0..size).map(|_| waits()).collect();
        yield_now().unwrap();
        bytes = memory_bytes() - before;
        event.set();
        join_all(&tasks).unwrap();
    });
    cost.bytes = bytes;
    cost
}
