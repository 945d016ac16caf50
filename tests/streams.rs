//! What sockets promise beside each other: closing, a second reader, reused numbers, short reads, fairness, deadlines.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gfetch::green::{self, run, sleep, spawn, timeout, yield_now};
use gfetch::net::{TcpListener, TcpStream, UnixStream};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A connected pair, both ends on this hub.
fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = spawn(move || listener.accept().unwrap().0);
    let near = TcpStream::connect(address).unwrap();
    (near, accepted.get().unwrap())
}

/// Bug class 1.
#[test]
fn closing_wakes_the_reader_with_an_error() {
    run(|| {
        let (near, _far) = tcp_pair();
        let near = Rc::new(near);
        let reading = near.clone();
        let reader = spawn(move || (&*reading).read(&mut [0; 8]));
        sleep(MS).unwrap();
        near.close();
        let error = timeout(SECOND, || reader.get()).unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
        assert!((&*near).read(&mut [0; 8]).is_err(), "and so does whoever comes later");
    });
}

#[test]
fn closing_wakes_an_accept_with_an_error() {
    run(|| {
        let listener = Rc::new(TcpListener::bind(loopback()).unwrap());
        let accepting = listener.clone();
        let waiter = spawn(move || accepting.accept().map(drop));
        sleep(MS).unwrap();
        listener.close();
        assert!(timeout(SECOND, || waiter.get()).unwrap().unwrap().is_err());
    });
}

#[test]
fn a_second_reader_is_refused_and_the_first_unharmed_also_once_bytes_have_come() {
    run(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let reading = near.clone();
        let first = spawn(move || {
            let mut bytes = [0; 8];
            let read = (&*reading).read(&mut bytes).unwrap();
            bytes[..read].to_vec()
        });
        yield_now().unwrap();
        let busy = (&*near).read(&mut [0; 8]).unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        assert_eq!((&*near).write(b"x").unwrap(), 1, "the other direction is free");

        // A greenlet that runs between the first one's wake and its turn.
        let stealing = near.clone();
        let thief = spawn(move || {
            (&far).write_all(b"hello").unwrap();
            // While the first one holds its share it has not read yet.
            while Rc::strong_count(&stealing) > 2 {
                let busy = (&*stealing).read(&mut [0; 8]).unwrap_err();
                assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
                yield_now().unwrap();
            }
        });
        assert_eq!(first.get().unwrap(), b"hello");
        thief.get().unwrap();
    });
}

/// Bug class 4.
#[test]
fn a_reused_descriptor_number_hears_nothing_old() {
    run(|| {
        let listener = std::net::TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let pair = || {
            let near = std::net::TcpStream::connect(address).unwrap();
            (near, listener.accept().unwrap().0)
        };
        let mut reused = 0;
        for _ in 0..200 {
            let (near, mut far) = pair();
            let number = near.as_raw_fd();
            let near = TcpStream::from_std(near).unwrap();
            // The event of these bytes is still due when the socket is closed and its number taken by the next one.
            far.write_all(b"old").unwrap();
            drop(near);
            let (next, _far) = pair();
            reused += u32::from(next.as_raw_fd() == number);
            let next = TcpStream::from_std(next).unwrap();
            let read = timeout(MS, || (&next).read(&mut [0; 8]));
            assert!(read.is_err(), "nothing was sent to it: {read:?}");
        }
        assert!(reused > 0, "the kernel gives the lowest free number");
    });
}

/// Bug class 4.
#[test]
fn a_socket_that_outlives_its_hub_harms_no_socket_of_the_next() {
    let (old, _far) = run(|| UnixStream::pair().unwrap());
    run(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let error = (&old).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        drop(old);
        let reader = spawn(move || (&near).read(&mut [0; 8]).unwrap());
        sleep(MS).unwrap();
        (&far).write_all(b"abc").unwrap();
        assert_eq!(timeout(SECOND, || reader.get()).expect("woken").unwrap(), 3);
    });
}

#[test]
fn what_was_sent_before_a_close_is_read_and_then_the_end() {
    run(|| {
        for total in [1usize, 7, 8, 9, 16, 1000, 100_000] {
            let (near, far) = tcp_pair();
            let sender = spawn(move || {
                (&far).write_all(&vec![7; total]).unwrap();
                far.shutdown(Shutdown::Write).unwrap();
                far
            });
            let (mut buffer, mut read) = ([0; 8], 0);
            loop {
                match timeout(SECOND * 5, || (&near).read(&mut buffer)).expect("no edge is missed").unwrap() {
                    0 => break,
                    some => read += some,
                }
            }
            assert_eq!(read, total);
            drop(sender.get());
        }
    });
}

#[test]
fn every_edge_is_heard_in_a_long_ping_pong_of_odd_sizes() {
    run(|| {
        let (near, far) = tcp_pair();
        let echo = spawn(move || {
            let mut buffer = [0; 5];
            loop {
                match (&far).read(&mut buffer).unwrap() {
                    0 => return,
                    read => (&far).write_all(&buffer[..read]).unwrap(),
                }
            }
        });
        for size in (1..=13).cycle().take(3000) {
            let sent = vec![size as u8; size];
            (&near).write_all(&sent).unwrap();
            let mut back = vec![0; size];
            timeout(SECOND * 5, || (&near).read_exact(&mut back)).expect("an edge was lost").unwrap();
            assert_eq!(back, sent);
        }
        near.shutdown(Shutdown::Write).unwrap();
        echo.get().unwrap();
    });
}

/// A peer in a thread of its own that sends as fast as it can.
fn endless_body() -> SocketAddr {
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let block = vec![1; 1 << 16];
        while stream.write_all(&block).is_ok() {}
    });
    address
}

#[test]
fn an_endless_body_ends_at_its_timeout_and_delays_no_other() {
    let address = endless_body();
    run(|| {
        let bytes = Rc::new(Cell::new(0u64));
        let count = bytes.clone();
        let body = spawn(move || {
            let start = Instant::now();
            let stream = TcpStream::connect(address).unwrap();
            let mut buffer = [0; 1024];
            let ended = timeout(MS * 400, || {
                loop {
                    count.set(count.get() + (&stream).read(&mut buffer)? as u64);
                }
                #[expect(unreachable_code)]
                Ok::<(), io::Error>(())
            });
            (ended.is_err(), start.elapsed())
        });
        let beside = spawn(|| {
            let start = Instant::now();
            sleep(MS * 100).unwrap();
            start.elapsed()
        });
        let took = beside.get().unwrap();
        assert!(took < MS * 200, "the other took {took:?} instead of 100 ms");
        let (timed_out, took) = body.get().unwrap();
        assert!(timed_out);
        assert!(took >= MS * 400 && took < MS * 600, "it ended after {took:?}");
        assert!(bytes.get() > 1 << 20, "it ran at full speed: {}", bytes.get());
    });
}

#[test]
fn calls_on_many_ready_sockets_yield_and_meet_their_deadline() {
    run(|| {
        let pairs: Vec<_> = (0..200).map(|_| UnixStream::pair().unwrap()).collect();
        let others = Rc::new(Cell::new(0u32));
        let ticks = others.clone();
        let other = spawn(move || {
            loop {
                ticks.set(ticks.get() + 1);
                yield_now().unwrap();
            }
        });
        let start = Instant::now();
        // Each socket is called seldom; the greenlet never waits.
        let result = timeout(MS * 50, || {
            while start.elapsed() < SECOND * 5 {
                for (near, far) in &pairs {
                    (&*near).write_all(b"x")?;
                    (&*far).read_exact(&mut [0])?;
                }
            }
            Ok::<(), io::Error>(())
        });
        assert!(result.is_err(), "ran for {:?}", start.elapsed());
        let rounds = start.elapsed().as_millis();
        assert!(others.get() > 10, "{} turns in {rounds} ms", others.get());
        other.kill().unwrap();
    });
}

#[test]
fn a_killed_reader_leaves_the_socket_to_the_next() {
    run(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let reading = near.clone();
        let first = spawn(move || (&*reading).read(&mut [0; 8]).map(drop));
        yield_now().unwrap();
        first.kill().unwrap();
        (&far).write_all(b"abc").unwrap();
        assert_eq!((&*near).read(&mut [0; 8]).unwrap(), 3);
    });
}

#[test]
fn a_read_that_nobody_answers_ends_by_its_scope_as_an_error_and_by_its_own_limit_as_a_value() {
    run(|| {
        let (near, _far) = tcp_pair();
        let error = timeout(SECOND, || {
            let inner = timeout(MS * 5, || (&near).read(&mut [0; 8]));
            assert!(inner.is_err());
            Err::<(), io::Error>(green::sleep(SECOND * 2).unwrap_err().into())
        });
        assert!(error.is_err());
        let own_limit = near.read_timeout(&mut [0; 8], MS * 5).unwrap();
        assert_eq!(own_limit, None, "a call's own limit is a value");
    });
}
