//! tokio's side of `benches/peers/run runtime`: the current-thread runtime.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gfetch_runtime_peers::{Cost, MESSAGE, Meter, arguments, memory_bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, yield_now};

fn main() {
    let (case, size, operations) = arguments();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cost = runtime.block_on(async {
        match case.as_str() {
            "yield" => yield_among(size, operations).await,
            "spawn-cold" => spawn_at_once(size).await,
            "spawn-warm" => spawn_in_batches(size, operations).await,
            "ring" => ring(size, operations).await,
            "pingpong" => echo_clients(1, operations).await,
            "echo" => echo_clients(size, operations).await,
            "sleepers" => sleepers(size, operations).await,
            "parked" => parked(size).await,
            other => panic!("no such case: {other}"),
        }
    });
    cost.print();
}

async fn join_all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut values = Vec::with_capacity(tasks.len());
    for task in tasks {
        values.push(task.await.unwrap());
    }
    values
}

async fn yield_among(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(4);
    let yields = move || async move {
        for _ in 0..each {
            yield_now().await;
        }
    };
    let tasks: Vec<_> = (0..size).map(|_| tokio::spawn(yields())).collect();
    yield_now().await;
    let meter = Meter::start();
    join_all(tasks).await;
    meter.cost((each - 1) * size)
}

async fn spawn_at_once(size: usize) -> Cost {
    let meter = Meter::start();
    let tasks: Vec<_> = (0..size).map(|n| tokio::spawn(async move { n })).collect();
    assert_eq!(join_all(tasks).await.iter().sum::<usize>(), size * (size - 1) / 2);
    meter.cost(size)
}

async fn spawn_in_batches(size: usize, operations: usize) -> Cost {
    let batches = (operations / size).max(1);
    spawn_at_once(size).await;
    let meter = Meter::start();
    for _ in 0..batches {
        spawn_at_once(size).await;
    }
    meter.cost(batches * size)
}

async fn ring(size: usize, operations: usize) -> Cost {
    let (mut sends, mut receives): (Vec<_>, Vec<_>) = (0..size).map(|_| mpsc::channel::<usize>(1)).unzip();
    let done = Arc::new(Notify::new());
    let first = sends[0].clone();
    // The one at `at` receives at its own channel and sends to the next one's.
    sends.rotate_left(1);
    for (mut own, next) in receives.drain(..).zip(sends) {
        let done = done.clone();
        tokio::spawn(async move {
            while let Some(left) = own.recv().await {
                if left == 0 {
                    return done.notify_one();
                }
                next.send(left - 1).await.unwrap();
            }
        });
    }
    yield_now().await;
    let meter = Meter::start();
    first.send(operations).await.unwrap();
    done.notified().await;
    meter.cost(operations)
}

async fn echo_clients(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    let (ready, mut all_ready) = mpsc::channel(1);
    let (go, started) = tokio::sync::watch::channel(false);
    let client = || {
        let (ready, mut started) = (ready.clone(), started.clone());
        tokio::spawn(async move {
            let mut stream = connect(address).await;
            exchange(&mut stream).await;
            ready.send(()).await.unwrap();
            started.wait_for(|go| *go).await.unwrap();
            for _ in 0..each {
                exchange(&mut stream).await;
            }
        })
    };
    let clients: Vec<_> = (0..size).map(|_| client()).collect();
    for _ in 0..size {
        all_ready.recv().await.unwrap();
    }
    let meter = Meter::start();
    go.send(true).unwrap();
    join_all(clients).await;
    meter.cost(each * size)
}

async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn echo(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; MESSAGE];
    while stream.read_exact(&mut buffer).await.is_ok() {
        stream.write_all(&buffer).await.unwrap();
    }
}

async fn exchange(stream: &mut TcpStream) {
    let mut buffer = [7; MESSAGE];
    stream.write_all(&buffer).await.unwrap();
    stream.read_exact(&mut buffer).await.unwrap();
}

async fn sleepers(size: usize, operations: usize) -> Cost {
    let each = (operations / size).max(1);
    let sleeps = |n: usize| async move {
        for _ in 0..each {
            tokio::time::sleep(Duration::from_millis(10 + (n % 90) as u64)).await;
        }
    };
    let meter = Meter::start();
    let tasks: Vec<_> = (0..size).map(|n| tokio::spawn(sleeps(n))).collect();
    join_all(tasks).await;
    meter.cost(each * size)
}

async fn parked(size: usize) -> Cost {
    let before = memory_bytes();
    let event = Arc::new(Notify::new());
    let meter = Meter::start();
    let waits = || {
        let event = event.clone();
        tokio::spawn(async move { event.notified().await })
    };
    let tasks: Vec<_> = (0..size).map(|_| waits()).collect();
    yield_now().await;
    while tokio::runtime::Handle::current().metrics().global_queue_depth() > 0 {
        yield_now().await;
    }
    // The current-thread runtime looks elsewhere every few tasks: more turns until all have parked.
    for _ in 0..size / 16 + 64 {
        yield_now().await;
    }
    let bytes = memory_bytes() - before;
    event.notify_waiters();
    join_all(tasks).await;
    let mut cost = meter.cost(size);
    cost.bytes = bytes;
    cost
}
