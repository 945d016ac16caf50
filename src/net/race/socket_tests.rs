//! The race over real sockets, on loopback: both families, and no descriptor left behind.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;

use socket2::{Domain, Type};

use super::*;
use crate::green;
use crate::net::TcpListener;

const MS: Duration = Duration::from_millis(1);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn loopback(address: impl Into<IpAddr>) -> SocketAddr {
    SocketAddr::new(address.into(), 0)
}

/// A listener on `ip`, or what the system says against it.
fn listen(ip: IpAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(loopback(ip))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// An address of loopback at which nobody listens, nor will while the socket lives: it is bound and no more.
fn deaf(ip: IpAddr) -> io::Result<(socket2::Socket, SocketAddr)> {
    let socket = socket2::Socket::new(Domain::for_address(loopback(ip)), Type::STREAM, None)?;
    socket.bind(&loopback(ip).into())?;
    let address = socket.local_addr()?.as_socket().unwrap();
    Ok((socket, address))
}

#[test]
fn real_sockets_fall_back_from_a_refused_family_to_the_other() {
    green::run(|| {
        let (_listener, there) = listen(Ipv4Addr::LOCALHOST.into()).unwrap();
        let options = ConnectOptions::default();
        // Refused where the machine has IPv6, unreachable where it has none: both fall back.
        let deaf6 = deaf(V6);
        let there6 = deaf6.as_ref().map_or(SocketAddr::new(V6, 9), |deaf| deaf.1);
        let connected = connect(&[there6, there], &options).unwrap();
        assert_eq!((connected.address, connected.stream.peer_addr().unwrap()), (there, there));

        match listen(V6) {
            Ok((_listener, there6)) => {
                let (_deaf, deaf4) = deaf(Ipv4Addr::LOCALHOST.into()).unwrap();
                assert_eq!(connect(&[deaf4, there6], &options).unwrap().address, there6);
                assert_eq!(connect(&[there6], &options).unwrap().address, there6);
            }
            Err(_) => assert_eq!(connect(&[there6], &options).err().unwrap().kind(), ConnectErrorKind::Unreachable),
        }
    });
}

#[test]
fn refused_by_all_is_refused() {
    green::run(|| {
        let deaf = [(); 3].map(|()| deaf(Ipv4Addr::LOCALHOST.into()).unwrap());
        let addresses = deaf.each_ref().map(|deaf| deaf.1);
        let error = connect(&addresses, &ConnectOptions::default()).err().unwrap();
        assert_eq!((error.kind(), error.failures().len()), (ConnectErrorKind::Refused, 3));
    });
}

/// Runs a test again in a process of its own, where no other test opens descriptors, with at most `descriptors` of them.
/// True in that process.
fn alone(test: &str, descriptors: usize) -> bool {
    const ALONE: &str = "GFETCH_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(std::env::current_exe().unwrap()).env(ALONE, "1");
    let name = format!("net::race::socket_tests::{test}");
    let done = command.args(["--exact", &name, "--test-threads=1"]).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&done.stderr));
    false
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A listener that answers nobody any more: its queue is full.
fn silent() -> (socket2::Socket, Vec<std::net::TcpStream>, SocketAddr) {
    let (socket, address) = deaf(Ipv4Addr::LOCALHOST.into()).unwrap();
    socket.listen(0).unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, MS * 100) {
        queued.push(stream);
    }
    (socket, queued, address)
}

#[test]
fn an_interrupted_race_leaves_no_descriptor_behind() {
    if !alone("an_interrupted_race_leaves_no_descriptor_behind", 256) {
        return;
    }
    green::run(|| {
        let (_silent, _queued, address) = silent();
        let before = descriptors();
        let options = ConnectOptions { attempt_delay: MS };
        for addresses in [&[address; 4][..], &[address]] {
            let timed_out = green::timeout(MS * 30, || connect(addresses, &options));
            assert!(timed_out.is_err());
            let racing = addresses.to_vec();
            let killed = green::spawn(move || connect(&racing, &options).map(drop));
            green::sleep(MS * 30).unwrap();
            assert_eq!(descriptors() - before, addresses.len(), "all attempts are under way");
            killed.kill().unwrap();
            green::yield_now().unwrap();
            assert_eq!(descriptors(), before);
        }
    });
}

#[test]
fn the_winner_alone_keeps_its_descriptor() {
    if !alone("the_winner_alone_keeps_its_descriptor", 256) {
        return;
    }
    green::run(|| {
        let (_silent, _queued, address) = silent();
        let (_listener, there) = listen(Ipv4Addr::LOCALHOST.into()).unwrap();
        let before = descriptors();
        let connected = connect(&[address, address, there], &ConnectOptions { attempt_delay: MS }).unwrap();
        green::yield_now().unwrap();
        assert_eq!((connected.address, descriptors()), (there, before + 1));
        drop(connected);
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn without_a_descriptor_left_the_error_says_so_and_another_try_succeeds() {
    if !alone("without_a_descriptor_left_the_error_says_so_and_another_try_succeeds", 64) {
        return;
    }
    green::run(|| {
        let (_listener, there) = listen(Ipv4Addr::LOCALHOST.into()).unwrap();
        let mut files = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            files.push(file);
        }
        let options = ConnectOptions::default();
        for addresses in [&[there][..], &[there, there]] {
            let error = connect(addresses, &options).err().unwrap();
            assert!(error.is_out_of_descriptors(), "{error}");
        }
        files.pop();
        assert_eq!(connect(&[there], &options).unwrap().address, there);
    });
}

#[test]
fn a_socket_that_was_connected_to_itself_is_refused() {
    green::run(|| {
        let (socket, own) = deaf(Ipv4Addr::LOCALHOST.into()).unwrap();
        socket.connect(&own.into()).unwrap();
        let stream = TcpStream::from_std(socket.into()).unwrap();
        assert_eq!(stream.refuse_itself(own).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);

        let (_listener, there) = listen(Ipv4Addr::LOCALHOST.into()).unwrap();
        TcpStream::connect(there).unwrap().refuse_itself(there).unwrap();
    });
}
