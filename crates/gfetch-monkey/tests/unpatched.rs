//! A program that links this crate and never patches: every call is the system's, on greenlets too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green;
use gfetch_monkey::{Feature, is_patched, report};

const MOMENT: Duration = Duration::from_millis(50);

/// The functions are there: they are ours, and do what the system's do.
fn linked() {
    assert!(report().left_out().next().is_none());
    assert!(Feature::ALL.iter().all(|feature| !is_patched(*feature)));
}

#[test]
fn sleeps_on_greenlets_follow_one_another() {
    linked();
    let start = Instant::now();
    green::run(|| {
        let sleepers: Vec<_> = (0..4).map(|_| green::spawn(|| thread::sleep(MOMENT))).collect();
        green::join_all(&sleepers).unwrap();
    });
    assert!(start.elapsed() >= MOMENT * 4);
}

#[test]
fn a_read_on_a_greenlet_blocks_the_others() {
    linked();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let writes = thread::spawn(move || {
        thread::sleep(MOMENT);
        far.write_all(b"x").unwrap();
    });
    green::run(|| {
        let other = green::spawn(|| ());
        near.read_exact(&mut [0]).unwrap();
        assert!(!other.is_done());
    });
    writes.join().unwrap();
}

#[test]
fn threads_talk_by_streams_datagrams_and_pipes() {
    linked();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serves = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        client.write_all(&all).unwrap();
    });
    let body = vec![3; 4 << 20];
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&body).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert!(back == body);
    serves.join().unwrap();
    let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    far.send_to(b"hello", near.local_addr().unwrap()).unwrap();
    assert_eq!(near.recv_from(&mut [0; 64]).unwrap(), (5, far.local_addr().unwrap()));
    near.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!(near.recv(&mut [0; 64]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let output = Command::new("echo").arg("out").output().unwrap();
    assert_eq!(output.stdout, b"out\n");
    let nobody = "127.0.0.1:1";
    assert_eq!(TcpStream::connect(nobody).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}
