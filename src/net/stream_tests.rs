//! What each stream and datagram socket promises: its own time-outs, tries, both directions at once, nothing left behind.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::green::{self, ClockKind, Config, Interrupt, sleep, spawn, timeout, yield_now};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(loopback()).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

#[test]
fn a_sockets_own_time_out_is_an_error_but_no_interrupt_and_loses_nothing() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let (near, far) = tcp_pair();
        near.set_read_timeout(Some(SECOND * 3));
        let start = green::now();
        let error = (&near).read(&mut [0; 8]).unwrap_err();
        assert_eq!((error.kind(), green::now() - start), (ErrorKind::TimedOut, SECOND * 3));
        assert!(Interrupt::of(&error).is_none());
        (&far).write_all(b"abc").unwrap();
        assert_eq!((&near).read(&mut [0; 8]).unwrap(), 3);

        near.set_write_timeout(Some(SECOND));
        let block = vec![0; 1 << 20];
        let error = (&near).write_all(&block.repeat(16)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "nobody reads");
        assert_eq!((near.read_limit(), near.write_limit()), (Some(SECOND * 3), Some(SECOND)));
    });
}

#[test]
fn of_a_scope_and_a_sockets_time_out_the_earlier_ends_the_read() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let (near, _far) = tcp_pair();
        near.set_read_timeout(Some(SECOND * 3));
        assert!(timeout(SECOND, || (&near).read(&mut [0; 8])).is_err());
        let inner = timeout(SECOND * 5, || (&near).read(&mut [0; 8])).unwrap();
        assert_eq!(inner.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_time_out_of_zero_and_the_tries_never_wait() {
    green::run(|| {
        let (near, far) = tcp_pair();
        let would_block = |result: io::Result<usize>| assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
        would_block(near.try_read(&mut [0; 8]));
        near.set_read_timeout(Some(Duration::ZERO));
        would_block((&near).read(&mut [0; 8]));
        would_block(near.peek(&mut [0; 8]));
        (&far).write_all(b"abc").unwrap();
        net_wait(&near);
        assert_eq!(near.peek(&mut [0; 8]).unwrap(), 3);
        assert_eq!((&near).read(&mut [0; 2]).unwrap(), 2);
        assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 1);
        near.set_write_timeout(Some(Duration::ZERO));
        let block = vec![0; 1 << 16];
        let full = (0..1000).map(|_| (&near).write(&block)).find_map(Result::err).unwrap();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        would_block(near.try_write(&block));

        let listener = TcpListener::bind(loopback()).unwrap();
        assert_eq!(listener.try_accept().err().unwrap().kind(), ErrorKind::WouldBlock);
        assert!(listener.accept_timeout(MS).unwrap().is_none());
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.accept_timeout(SECOND).unwrap().is_some());
    });
}

fn net_wait(stream: &TcpStream) {
    assert!(wait_readable(stream, Some(SECOND)).unwrap());
}

#[test]
fn one_greenlet_writes_while_another_reads_the_same_stream() {
    green::run(|| {
        let total = 4 << 20;
        let ends = tcp_pair();
        let tasks: Vec<_> = [Rc::new(ends.0), Rc::new(ends.1)]
            .into_iter()
            .flat_map(|end| {
                let (writing, reading) = (end.clone(), end);
                let writer = spawn(move || {
                    (&*writing).write_all(&vec![3; total]).unwrap();
                    writing.shutdown(Shutdown::Write).unwrap();
                    total
                });
                let reader = spawn(move || io::copy(&mut &*reading, &mut io::sink()).unwrap() as usize);
                [writer, reader]
            })
            .collect();
        assert!(tasks.iter().all(|task| task.get().unwrap() == total));
    });
}

/// Bug class 1: a reader waited for ever when another greenlet closed the socket.
#[test]
fn closing_wakes_whoever_waits_on_any_kind_of_socket() {
    green::run(|| {
        macro_rules! closed_while {
            ($socket:expr, $wait:expr) => {{
                let socket = Rc::new($socket);
                let waiting = socket.clone();
                let waiter = spawn(move || $wait(&*waiting).map(drop));
                sleep(MS).unwrap();
                socket.close();
                let error = timeout(SECOND, || waiter.get()).unwrap().unwrap().unwrap_err();
                assert_eq!((error.kind(), socket.as_raw_fd()), (ErrorKind::NotConnected, -1));
            }};
        }
        let folder = tempfile::tempdir().unwrap();
        let (near, _far) = UnixStream::pair().unwrap();
        closed_while!(near, |mut stream: &UnixStream| stream.read(&mut [0; 8]));
        let (near, _far) = tcp_pair();
        closed_while!(near, |stream: &TcpStream| stream.peek(&mut [0; 8]));
        closed_while!(UdpSocket::bind(loopback()).unwrap(), |socket: &UdpSocket| socket.recv_from(&mut [0; 8]));
        let (near, _far) = UnixDatagram::pair().unwrap();
        closed_while!(near, |socket: &UnixDatagram| socket.recv(&mut [0; 8]));
        closed_while!(UnixListener::bind(folder.path().join("s")).unwrap(), |listener: &UnixListener| listener
            .accept());
        let (near, _far) = pipe().unwrap();
        closed_while!(near, |mut reader: &PipeReader| reader.read(&mut [0; 8]));
    });
}

/// A listener whose queue is full, so that a connect waits.
fn silent() -> (socket2::Socket, Vec<std::net::TcpStream>, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&loopback().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, MS * 100) {
        queued.push(stream);
    }
    (socket, queued, address)
}

/// Sockets of this process that are connecting to `address`, as the kernel lists them.
fn connecting(address: SocketAddr) -> usize {
    const SYN_SENT: &str = "02";
    let port = format!(":{:04X}", address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row[2].ends_with(&port) && row[3] == SYN_SENT).count()
}

/// Bug class 41: create_connection leaked the socket when it was interrupted.
#[test]
fn a_connect_over_loopback_is_done_at_once_and_lets_nobody_run() {
    green::run(|| {
        let listener = TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let other = spawn(|| ());
        let near = TcpStream::connect(address).unwrap();
        assert!(!other.is_done());
        let far = listener.accept().unwrap().0;
        (&far).write_all(b"abc").unwrap();
        assert_eq!((&near).read(&mut [0; 8]).unwrap(), 3, "and what comes then is heard");
        other.join().unwrap();
    });
}

#[test]
fn an_interrupted_or_timed_out_connect_leaks_no_socket() {
    green::run(|| {
        let (_silent, _queued, address) = silent();
        let before = connecting(address);
        let killed = spawn(move || TcpStream::connect(address).map(drop));
        sleep(MS * 5).unwrap();
        assert_eq!(connecting(address), before + 1, "it is under way");
        killed.kill().unwrap();
        assert_eq!(connecting(address), before);
        assert!(timeout(MS * 5, || TcpStream::connect(address)).is_err());
        let error = TcpStream::connect_timeout(address, MS * 5).err().unwrap();
        assert_eq!((error.kind(), Interrupt::of(&error).is_none()), (ErrorKind::TimedOut, true));
        let resolver = Resolver::new(ResolverConfig::default());
        let error = create_connection(&resolver, "127.0.0.1", address.port(), Some(MS * 5)).err().unwrap();
        assert_eq!((error.kind(), Interrupt::of(&error).is_none()), (ErrorKind::TimedOut, true));
        let error = timeout(MS * 5, || {
            let error = create_connection(&resolver, "127.0.0.1", address.port(), None).err().unwrap();
            assert!(Interrupt::of(&error).is_some(), "the scope's own: {error}");
            Err::<(), _>(error)
        });
        assert!(error.is_err());
        assert_eq!(connecting(address), before);
    });
}

#[test]
fn a_connection_may_come_from_an_address_of_ones_own_choice() {
    green::run(|| {
        let listener = TcpListener::bind(loopback()).unwrap();
        let own = SocketAddr::from(([127, 0, 0, 2], 0));
        let near = TcpStream::connect_from(own, listener.local_addr().unwrap()).unwrap();
        let (far, peer) = listener.accept().unwrap();
        assert_eq!((near.local_addr().unwrap(), peer.ip()), (peer, own.ip()));
        assert_eq!(near.peer_addr().unwrap(), far.local_addr().unwrap());
        near.set_linger(Some(Duration::ZERO)).unwrap();
        assert!(near.set_linger(Some(SECOND)).is_err());
        near.set_keepalive(Some(SECOND * 30)).unwrap();
        near.set_nodelay(false).unwrap();
        drop(near);
        assert_eq!((&far).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn listeners_of_one_port_may_be_several() {
    green::run(|| {
        let options = ListenOptions { reuse_port: true, ..ListenOptions::default() };
        let first = TcpListener::bind_with(loopback(), &options).unwrap();
        TcpListener::bind_with(first.local_addr().unwrap(), &options).unwrap();
        assert!(TcpListener::bind(first.local_addr().unwrap()).is_err());
    });
}

#[test]
fn datagrams_keep_their_bounds_and_tell_what_was_cut() {
    green::run(|| {
        let (near, far) = (UdpSocket::bind(loopback()).unwrap(), UdpSocket::bind(loopback()).unwrap());
        near.connect(far.local_addr().unwrap()).unwrap();
        far.connect(near.local_addr().unwrap()).unwrap();
        for length in [0, 1, 100, 10_000] {
            assert_eq!(near.send(&vec![7; length]).unwrap(), length);
        }
        let mut buffer = [0; 100];
        assert_eq!(far.peek(&mut [0; 4]).unwrap().sent_bytes, 0);
        let received = [(); 4].map(|()| far.recv(&mut buffer).unwrap());
        assert_eq!(received.map(|one| (one.bytes, one.sent_bytes)), [(0, 0), (1, 1), (100, 100), (100, 10_000)]);
        assert_eq!(received.map(|one| one.is_truncated()), [false, false, false, true]);
        far.set_read_timeout(Some(MS));
        assert_eq!(far.recv(&mut buffer).unwrap_err().kind(), ErrorKind::TimedOut);
        far.set_read_timeout(Some(Duration::ZERO));
        assert_eq!(far.recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        let gone = far.local_addr().unwrap();
        drop(far);
        near.send(b"x").unwrap();
        assert_eq!(near.recv(&mut buffer).unwrap_err().kind(), ErrorKind::ConnectionRefused, "from {gone}");
    });
}

#[test]
fn unix_datagrams_tell_their_sender_and_wait_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    green::run(|| {
        let (near, far) = (UnixDatagram::bind(&here).unwrap(), UnixDatagram::bind(&there).unwrap());
        near.send_to(b"hello", &there).unwrap();
        let received = far.recv_from(&mut [0; 4]).unwrap();
        assert_eq!((received.is_truncated(), received.from.as_deref()), (true, Some(here.as_path())));
        let nameless = UnixDatagram::unbound().unwrap();
        nameless.connect(&there).unwrap();
        let sender = spawn(move || (0..500).all(|_| nameless.send(b"more").is_ok()));
        yield_now().unwrap();
        for _ in 0..500 {
            let received = far.recv_from(&mut [0; 8]).unwrap();
            assert_eq!((received.bytes, received.from), (4, None));
        }
        assert!(sender.get().unwrap());
    });
}

#[test]
fn unix_streams_know_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    green::run(|| {
        let listener = UnixListener::bind(&path).unwrap();
        let near = UnixStream::connect(&path).unwrap();
        let far = listener.accept_timeout(SECOND).unwrap().unwrap();
        assert_eq!(near.peer_addr().unwrap().as_deref(), Some(path.as_path()));
        assert_eq!((near.local_addr().unwrap(), far.local_addr().unwrap()), (None, Some(path.clone())));
        assert_eq!(listener.try_accept().err().unwrap().kind(), ErrorKind::WouldBlock);
    });
}

/// Bug class 17: thousands of events in one poll delayed the timers.
#[test]
fn many_ready_sockets_do_not_delay_a_timer_until_all_are_served() {
    // Each reader reads at once and is ready again: without a bound the timer would never come.
    green::run(|| {
        let pairs: Vec<_> = (0..100).map(|_| UnixStream::pair().unwrap()).collect();
        let loops: Vec<_> = pairs
            .into_iter()
            .map(|(near, far)| {
                let echo = move |mut one: UnixStream| {
                    spawn(move || {
                        let mut byte = [0];
                        while one.read_exact(&mut byte).is_ok() && one.write_all(&byte).is_ok() {}
                    })
                };
                (&near).write_all(b"x").unwrap();
                [echo(near), echo(far)]
            })
            .collect();
        let start = std::time::Instant::now();
        sleep(MS * 20).unwrap();
        assert!(start.elapsed() < MS * 500, "the timer came after {:?}", start.elapsed());
        assert!(loops.iter().flatten().all(|echo| !echo.is_done()), "they were busy all the time");
    });
}
