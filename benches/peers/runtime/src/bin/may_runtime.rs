//! may's side of `benches/peers/run runtime`: stackful coroutines, one worker.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gfetch_runtime_peers::{Cost, MESSAGE, Meter, arguments, memory_bytes};
use may::coroutine::{self, JoinHandle, sleep, yield_now};
use may::net::{TcpListener, TcpStream};
use may::sync::{SyncFlag, mpsc};

fn main() {
    let (case, size, operations) = arguments();
    may::config().set_workers(1);
    let work = move || match case.as_str() {
        "yield" => yield_among(size, operations),
        "spawn-cold" => spawn_at_once(size),
        "spawn-warm" => spawn_in_batches(size, operations),
        "ring" => ring(size, operations),
        "pingpong" => echo_clients(1, operations),
        "echo" => echo_clients(size, operations),
        "sleepers" => sleepers(size, operations),
        "parked" => parked(size),
        other => panic!("no such case: {other}"),
    };
    go(work).join().unwrap().print();
}

fn go<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    // SAFETY: nothing here is thread-local, and no stack is used deeply: the size is may's default.
    unsafe { coroutine::spawn(f) }
}

fn yield_among(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(4);
    let tasks: Vec<_> = (0..size).map(|_| go(move || (0..each).for_each(|_| yield_now()))).collect();
    yield_now();
    let meter = Meter::start();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    meter.cost((each - 1) * size)
}

fn spawn_at_once(size: usize) -> Cost {
    let meter = Meter::start();
    let tasks: Vec<_> = (0..size).map(|n| go(move || n)).collect();
    let sum: usize = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    assert_eq!(sum, size * (size - 1) / 2);
    meter.cost(size)
}

fn spawn_in_batches(size: usize, operations: usize) -> Cost {
    let batches = (operations / size).max(1);
    spawn_at_once(size);
    let meter = Meter::start();
    (0..batches).for_each(|_| drop(spawn_at_once(size)));
    meter.cost(batches * size)
}

/// may's channels have no bound.
fn ring(size: usize, operations: usize) -> Cost {
    let (mut sends, receives): (Vec<_>, Vec<_>) = (0..size).map(|_| mpsc::channel::<usize>()).unzip();
    let done = Arc::new(SyncFlag::new());
    let first = sends[0].clone();
    sends.rotate_left(1);
    for (own, next) in receives.into_iter().zip(sends) {
        let done = done.clone();
        go(move || {
            while let Ok(left) = own.recv() {
                if left == 0 {
                    return done.fire();
                }
                next.send(left - 1).unwrap();
            }
        });
    }
    yield_now();
    let meter = Meter::start();
    first.send(operations).unwrap();
    done.wait();
    meter.cost(operations)
}

fn echo_clients(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    go(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            go(move || {
                stream.set_nodelay(true).unwrap();
                let mut buffer = [0; MESSAGE];
                while stream.read_exact(&mut buffer).is_ok() {
                    stream.write_all(&buffer).unwrap();
                }
            });
        }
    });
    let (ready, all_ready) = mpsc::channel();
    let start = Arc::new(SyncFlag::new());
    let client = || {
        let (ready, start) = (ready.clone(), start.clone());
        go(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            exchange(&mut stream);
            ready.send(()).unwrap();
            start.wait();
            (0..each).for_each(|_| exchange(&mut stream));
        })
    };
    let clients: Vec<_> = (0..size).map(|_| client()).collect();
    (0..size).for_each(|_| all_ready.recv().unwrap());
    let meter = Meter::start();
    start.fire();
    clients.into_iter().for_each(|client| client.join().unwrap());
    meter.cost(each * size)
}

fn exchange(stream: &mut TcpStream) {
    let mut buffer = [7; MESSAGE];
    stream.write_all(&buffer).unwrap();
    stream.read_exact(&mut buffer).unwrap();
}

fn sleepers(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(1);
    let sleeps = |n: usize| move || (0..each).for_each(|_| sleep(Duration::from_millis(10 + (n % 90) as u64)));
    let meter = Meter::start();
    let tasks: Vec<_> = (0..size).map(|n| go(sleeps(n))).collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    meter.cost(each * size)
}

fn parked(size: usize) -> Cost {
    let before = memory_bytes();
    let (event, there) = (Arc::new(SyncFlag::new()), Arc::new(AtomicUsize::new(0)));
    let meter = Meter::start();
    let waits = || {
        let (event, there) = (event.clone(), there.clone());
        go(move || {
            there.fetch_add(1, Ordering::Relaxed);
            event.wait();
        })
    };
    let tasks: Vec<_> = (0..size).map(|_| waits()).collect();
    // A loop of yields would keep the one worker to itself.
    while there.load(Ordering::Relaxed) < size {
        sleep(Duration::from_millis(1));
    }
    let bytes = memory_bytes() - before;
    event.fire();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    let mut cost = meter.cost(size);
    cost.bytes = bytes;
    cost
}
