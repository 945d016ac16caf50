//! std's sockets where they would block, and where they must not.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::time::Duration;
use std::{fs, thread};

use gfetch::green;

use crate::support::{Folder, MOMENT, SECOND, all, begun, errno, patched, timed};

#[test]
fn a_non_blocking_socket_is_left_alone() {
    patched(|| {
        let (mut near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let other = green::spawn(|| ());
        assert_eq!(near.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let filled = std::iter::repeat_with(|| near.write(&[0; 65_536])).find_map(Result::err).unwrap();
        assert_eq!(filled.kind(), io::ErrorKind::WouldBlock);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(!other.is_done(), "nobody waited");
        drop(far);
    });
}

#[test]
fn a_sockets_own_time_outs_are_kept() {
    let ((), wall) = timed(|| {
        patched(|| {
            let (mut near, _far) = UnixStream::pair().unwrap();
            near.set_read_timeout(Some(MOMENT)).unwrap();
            near.set_write_timeout(Some(MOMENT)).unwrap();
            assert_eq!(near.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
            let mut written = 0;
            let error = loop {
                match near.write(&[0; 100_000]) {
                    Ok(more) => written += more,
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            assert!(written > 0, "what went before is told");
            let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
            listener.set_read_timeout(Some(MOMENT)).unwrap();
            assert_eq!(listener.recv_from(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        });
    });
    assert!(wall >= MOMENT * 3, "{wall:?}");
}

#[test]
fn large_bodies_go_both_ways_on_one_thread() {
    const BYTES: usize = 8 << 20;
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let echo = green::spawn(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            far.write_all(&all).unwrap();
        });
        let body: Vec<u8> = (0..BYTES).map(|n| (n / 7) as u8).collect();
        // One call of the system takes all of it, as when it blocks.
        assert_eq!(near.write(&body).unwrap(), BYTES);
        near.shutdown(Shutdown::Write).unwrap();
        let mut back = Vec::new();
        near.read_to_end(&mut back).unwrap();
        assert!(back == body);
        echo.get().unwrap();
    });
}

#[test]
fn a_connect_waits_fails_and_times_out_as_it_should() {
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        assert!(stream.take_error().unwrap().is_none());
        // SAFETY: no pointers.
        let flags = unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&stream), libc::F_GETFL) };
        assert_eq!(flags & libc::O_NONBLOCK, 0, "as std made it");
        TcpStream::connect_timeout(&address, SECOND).unwrap();
        // Not the listener's, closed: another test's child may have it for the moment before it becomes another program.
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(errno(TcpStream::connect(nobody)), libc::ECONNREFUSED);
        assert_eq!(errno(TcpStream::connect_timeout(&nobody, SECOND)), libc::ECONNREFUSED);
    });
}

#[test]
fn a_unix_listener_whose_queue_is_full_is_asked_again() {
    let folder = std::env::temp_dir().join(format!("gfetch-monkey-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("full");
    patched(|| {
        let listener = UnixListener::bind(&path).unwrap();
        // SAFETY: no pointers.
        assert_eq!(unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(&listener), 0) }, 0);
        let first = UnixStream::connect(&path).unwrap();
        let path = path.clone();
        let second = begun(move || UnixStream::connect(path).unwrap());
        green::sleep(MOMENT).unwrap();
        assert!(!second.is_done(), "the queue holds one");
        listener.accept().unwrap();
        listener.accept().unwrap();
        drop((first, second.get().unwrap()));
    });
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn several_accept_from_one_listener_and_each_connection_is_taken_once() {
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let clones: Vec<_> = (0..8).map(|_| listener.try_clone().unwrap()).collect();
        let accepting: Vec<_> = clones.into_iter().map(|own| green::spawn(move || own.accept().unwrap().1)).collect();
        green::yield_now().unwrap();
        let clients = all(8, move |_| TcpStream::connect(address).unwrap());
        let mut taken: Vec<_> = accepting.iter().map(|task| task.get().unwrap()).collect();
        let mut made: Vec<_> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
        taken.sort();
        made.sort();
        assert_eq!(taken, made);
    });
}

#[test]
fn hubs_of_several_threads_accept_from_one_listener_and_none_blocks() {
    const CONNECTIONS: usize = 200;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let hubs: Vec<_> = (0..3)
        .map(|_| {
            let own = listener.try_clone().unwrap();
            thread::spawn(move || {
                patched(|| {
                    let accepts = green::spawn(move || {
                        let mut count = 0;
                        // A byte from the last client ends the hub that got it; the others are ended by the kill.
                        while let Ok((mut client, _)) = own.accept() {
                            count += 1;
                            client.write_all(b"x").unwrap();
                        }
                        count
                    });
                    // A hub that blocks in accept does not come to this.
                    let mut last = usize::MAX;
                    loop {
                        green::sleep(Duration::from_millis(300)).unwrap();
                        let now = DONE.load(std::sync::atomic::Ordering::Relaxed);
                        if now == last && now == CONNECTIONS {
                            break;
                        }
                        last = now;
                    }
                    accepts.kill_nowait();
                    accepts.get().unwrap()
                })
            })
        })
        .collect();
    static DONE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    for _ in 0..CONNECTIONS {
        let mut client = TcpStream::connect(address).unwrap();
        client.read_exact(&mut [0]).unwrap();
        DONE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    let counts: Vec<usize> = hubs.into_iter().map(|hub| hub.join().unwrap()).collect();
    assert_eq!(counts.iter().sum::<usize>(), CONNECTIONS, "{counts:?}");
}

#[test]
fn datagrams_are_waited_for_and_keep_their_bounds() {
    patched(|| {
        let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let (to, from) = (near.local_addr().unwrap(), far.local_addr().unwrap());
        let receives = begun(move || {
            let mut buffer = [0; 64];
            let first = near.recv_from(&mut buffer).unwrap();
            let second = near.recv_from(&mut buffer).unwrap();
            let third = near.recv_from(&mut buffer).unwrap();
            [first, second, third]
        });
        for bytes in [&b"one"[..], b"", b"three"] {
            far.send_to(bytes, to).unwrap();
            green::yield_now().unwrap();
        }
        assert_eq!(receives.get().unwrap(), [(3, from), (0, from), (5, from)]);
    });
}

#[test]
fn a_datagram_for_a_full_peer_is_tried_again_and_does_not_spin() {
    patched(|| {
        let folder = Folder::new("datagrams");
        let path = folder.0.join("full");
        let receiver = UnixDatagram::bind(&path).unwrap();
        // One that is connected to nobody has room whatever its receivers have.
        let sender = UnixDatagram::unbound().unwrap();
        let own = sender.try_clone().unwrap();
        own.set_write_timeout(Some(MOMENT)).unwrap();
        let error = std::iter::repeat_with(|| own.send_to(b"x", &path)).find_map(Result::err).unwrap();
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN), "its time-out");
        own.set_write_timeout(None).unwrap();
        let sends = begun(move || (0..20).all(|_| sender.send_to(b"y", &path).is_ok()));
        let before = green::stats().switches;
        let ((), wall) = timed(|| green::sleep(MOMENT * 10).unwrap());
        let switches = green::stats().switches - before;
        assert!(u128::from(switches) < wall.as_millis() * 10, "{switches} switches in {wall:?}");
        let mut byte = [0];
        while byte != *b"y" || !sends.is_done() {
            receiver.recv(&mut byte).unwrap();
        }
        assert!(sends.get().unwrap());
    });
}

#[test]
fn who_always_finds_bytes_lets_the_others_run() {
    patched(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        far.write_all(&[0; 4096]).unwrap();
        let other = green::spawn(|| ());
        let reads = green::spawn(move || (0..4096).find(|_| near.read(&mut [0]).is_err() || other.is_done()));
        assert!(reads.get().unwrap().is_some_and(|calls| calls < 100));
    });
}
