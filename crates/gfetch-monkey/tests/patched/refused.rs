//! Calls that the system refuses, or has nothing to do for: they tell on a greenlet what they tell on a thread, and at once.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::ptr;

use gfetch::green;
use libc::{c_int, epoll_event, timespec};

use crate::support::{SECOND, patched, told};

/// What a call told, under what it is called here.
type Told = (&'static str, Result<i64, i32>);

fn accepts(all: &mut Vec<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (udp, unix) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UnixDatagram::unbound().unwrap());
    let (pipe, _writer) = std::io::pipe().unwrap();
    let mut accept = |name, fd, flags| {
        // SAFETY: no places.
        all.push((name, told(unsafe { libc::accept4(fd, ptr::null_mut(), ptr::null_mut(), flags) })));
    };
    drop(listener.accept().unwrap());
    accept("accept by flags that are none", listener.as_raw_fd(), 1);
    accept("accept of a stream", stream.as_raw_fd(), 0);
    accept("accept of UDP", udp.as_raw_fd(), 0);
    accept("accept of a datagram socket of Unix", unix.as_raw_fd(), 0);
    accept("accept of a pipe", pipe.as_raw_fd(), 0);
    accept("accept of nothing", -1, 0);
}

fn reads_and_writes(all: &mut Vec<Told>) {
    let (reader, writer) = std::io::pipe().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (mut bytes, none) = ([0_u8; 16], ptr::null_mut::<libc::c_void>());
    let at = bytes.as_mut_ptr();
    // SAFETY: room for sixteen; a socket of its own.
    unsafe {
        let fresh = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        all.extend([
            ("read of what is written", told(libc::read(writer.as_raw_fd(), at.cast(), 1))),
            ("write of what is read", told(libc::write(reader.as_raw_fd(), at.cast(), 1))),
            ("recv of a stream that is not connected", told(libc::recv(fresh, at.cast(), 1, 0))),
            ("send by one", told(libc::send(fresh, at.cast(), 1, libc::MSG_NOSIGNAL))),
            ("recv of a pipe", told(libc::recv(reader.as_raw_fd(), at.cast(), 1, 0))),
            ("send to nobody", told(libc::send(udp.as_raw_fd(), at.cast(), 1, 0))),
            ("connect to nothing", told(libc::connect(udp.as_raw_fd(), ptr::null(), 0))),
            ("connect of a pipe", told(libc::connect(reader.as_raw_fd(), at.cast::<libc::sockaddr>(), 16))),
            ("recvmmsg of none", told(libc::recvmmsg(udp.as_raw_fd(), none.cast(), 0, 0, none.cast()))),
            ("sendmmsg of none", told(libc::sendmmsg(udp.as_raw_fd(), none.cast(), 0, 0))),
            ("close", told(libc::close(fresh))),
        ]);
    }
}

fn copies(all: &mut Vec<Told>) {
    let ((reader, writer), (near, far)) = (std::io::pipe().unwrap(), UnixStream::pair().unwrap());
    let (reader, writer, near, far) = (reader.as_raw_fd(), writer.as_raw_fd(), near.as_raw_fd(), far.as_raw_fd());
    let mut offset = 0;
    let mut splice = |name, from: c_int, to: c_int, count, flags| {
        // SAFETY: no offsets.
        let spliced = told(unsafe { libc::splice(from, ptr::null_mut(), to, ptr::null_mut(), count, flags) });
        all.push((name, spliced));
    };
    splice("splice of no bytes", reader, near, 0, 0);
    splice("splice of two sockets", near, far, 1, 0);
    splice("splice of nothing", -1, writer, 1, 0);
    splice("splice by flags that are none", reader, near, 1, 1 << 20);
    // SAFETY: a place for the offset.
    unsafe {
        all.extend([
            ("sendfile of a pipe", told(libc::sendfile(near, reader, ptr::null_mut(), 1))),
            ("sendfile of a pipe at a place", told(libc::sendfile(near, reader, &mut offset, 1))),
            ("sendfile of a socket", told(libc::sendfile(far, near, ptr::null_mut(), 1))),
            ("sendfile of no bytes", told(libc::sendfile(near, -1, ptr::null_mut(), 0))),
        ]);
    }
}

fn waits(all: &mut Vec<Told>) {
    let (near, _far) = UnixStream::pair().unwrap();
    let (mut event, none) = (epoll_event { events: 0, u64: 0 }, ptr::null_mut::<libc::c_void>());
    let wrong = timespec { tv_sec: -1, tv_nsec: 0 };
    // SAFETY: room for an event, for the set of descriptors that is not looked at, and good spans.
    unsafe {
        let epoll = libc::epoll_create1(libc::EPOLL_CLOEXEC);
        // A number that was open: the kernel looks at no others. High ones are no other test's.
        let closed = libc::fcntl(near.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 800);
        assert_eq!(libc::close(closed), 0);
        let mut set: libc::fd_set = std::mem::zeroed();
        libc::FD_SET(closed, &mut set);
        all.extend([
            ("epoll_wait for no events", told(libc::epoll_wait(epoll, &mut event, 0, -1))),
            ("epoll_wait of a socket", told(libc::epoll_wait(near.as_raw_fd(), &mut event, 1, -1))),
            ("epoll_wait of nothing", told(libc::epoll_wait(-1, &mut event, 1, -1))),
            ("poll of too many", told(libc::poll(none.cast(), libc::nfds_t::MAX, -1))),
            ("ppoll for less than no time", told(libc::ppoll(none.cast(), 0, &wrong, ptr::null()))),
            ("select of less than none", told(libc::select(-1, none.cast(), none.cast(), none.cast(), none.cast()))),
            (
                "select of what is not open",
                told(libc::select(closed + 1, &mut set, none.cast(), none.cast(), none.cast())),
            ),
            ("waitpid of nobody's", told(libc::waitpid(libc::getpid(), none.cast(), 0))),
            ("waitpid in a way that is none", told(libc::waitpid(-1, none.cast(), 1 << 20))),
            ("waitid for nothing", told(libc::waitid(libc::P_PID, 1, none.cast(), 0))),
            ("nanosleep for less than no time", told(libc::nanosleep(&wrong, none.cast()))),
            ("close", told(libc::close(epoll))),
        ]);
    }
}

#[test]
fn what_is_refused_at_once_on_a_thread_is_so_on_a_greenlet() {
    for calls in [accepts, reads_and_writes, copies, waits] {
        gfetch_monkey::patch_all();
        let mut on_a_thread = Vec::new();
        calls(&mut on_a_thread);
        let on_a_greenlet = patched(|| {
            let greenlet = green::spawn(move || {
                let mut all = Vec::new();
                calls(&mut all);
                all
            });
            assert!(greenlet.join_timeout(SECOND * 10).unwrap(), "one waits: on a thread {on_a_thread:?}");
            greenlet.get().unwrap()
        });
        assert_eq!(on_a_greenlet, on_a_thread);
    }
}
