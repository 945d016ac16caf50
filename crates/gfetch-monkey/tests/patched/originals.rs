//! The originals of all functions: they do what the system's do. And what fortified code calls.

use std::collections::BTreeSet;
use std::io::{Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::ptr;

use gfetch_monkey::{get_original, original, symbols};
use libc::{c_int, c_void, epoll_event, fd_set, iovec, mmsghdr, msghdr, pollfd, timespec, timeval};

use crate::support::{begun, file, patched, told};

/// A call of one original, and what it is called.
type Case = (&'static str, fn());

macro_rules! cases {
    ($($name:ident: $body:expr;)*) => {
        [$((stringify!($name), || {
            assert_eq!(get_original(stringify!($name)), Some(original::$name as *const ()));
            // SAFETY: places of this function's own, and descriptors of its own.
            #[allow(unused_unsafe)]
            unsafe { $body }
        }),)*]
    };
}

/// A stream with four bytes to read.
fn full() -> (UnixStream, UnixStream) {
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"four").unwrap();
    (near, far)
}

fn vector(bytes: &mut [u8; 4]) -> iovec {
    iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: 4 }
}

fn message(part: &mut iovec) -> msghdr {
    // SAFETY: zeros are a message without anything.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (part, 1);
    message
}

/// Has `receive` read the four bytes.
fn receives(receive: impl FnOnce(c_int, *mut c_void) -> isize) {
    let ((near, _far), mut bytes) = (full(), [0_u8; 4]);
    assert_eq!(told(receive(near.as_raw_fd(), bytes.as_mut_ptr().cast())), Ok(4));
    assert_eq!(&bytes, b"four");
}

/// Has `send` write four bytes.
fn sends(send: impl FnOnce(c_int, *mut c_void) -> isize) {
    let ((near, mut far), mut bytes) = (UnixStream::pair().unwrap(), *b"four");
    assert_eq!(told(send(near.as_raw_fd(), bytes.as_mut_ptr().cast())), Ok(4));
    far.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"four");
}

/// Has `copy` take four bytes of a file to a socket.
fn copies(copy: impl FnOnce(c_int, c_int) -> isize) {
    let ((near, mut far), mut file) = (UnixStream::pair().unwrap(), file());
    file.write_all(b"four").unwrap();
    file.rewind().unwrap();
    assert_eq!(told(copy(near.as_raw_fd(), file.as_raw_fd())), Ok(4));
    far.read_exact(&mut [0; 4]).unwrap();
}

/// Has `connect` reach a listener, and `accept` take a connection of it.
fn meets(accept: impl FnOnce(c_int) -> c_int) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let fd = told(accept(listener.as_raw_fd())).unwrap() as c_int;
    // SAFETY: nobody else has it.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}

/// Has `poll` find a readable descriptor.
fn polls(poll: impl FnOnce(*mut pollfd) -> c_int) {
    let (near, _far) = full();
    let mut asked = pollfd { fd: near.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    assert_eq!((told(poll(&mut asked)), asked.revents), (Ok(1), libc::POLLIN));
}

/// The same by a set.
fn selects(select: impl FnOnce(c_int, *mut fd_set) -> c_int) {
    let (near, _far) = full();
    // SAFETY: a set that is emptied first, and a number that fits.
    unsafe {
        let mut set: fd_set = std::mem::zeroed();
        libc::FD_SET(near.as_raw_fd(), &mut set);
        assert_eq!(told(select(near.as_raw_fd() + 1, &mut set)), Ok(1));
        assert!(libc::FD_ISSET(near.as_raw_fd(), &set));
    }
}

/// The same by an epoll.
fn tells(wait: impl FnOnce(c_int, *mut epoll_event) -> c_int) {
    let (near, _far) = full();
    let mut event = epoll_event { events: libc::EPOLLIN as u32, u64: 7 };
    // SAFETY: descriptors of its own, and a good event.
    unsafe {
        let epoll = OwnedFd::from_raw_fd(libc::epoll_create1(libc::EPOLL_CLOEXEC));
        assert_eq!(libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, near.as_raw_fd(), &mut event), 0);
        event.u64 = 0;
        assert_eq!(told(wait(epoll.as_raw_fd(), &mut event)), Ok(1));
    }
    assert_eq!({ event.u64 }, 7);
}

/// Has `wait` hear of a child's end. It may be any child, which is another test's if it is not ours.
fn reaps(wait: impl FnOnce(libc::pid_t) -> Result<i64, i32>) {
    let mut child = Command::new("true").spawn().unwrap();
    assert!(wait(child.id() as libc::pid_t).is_ok());
    let _ = child.wait();
}

const MOMENT: timespec = timespec { tv_sec: 0, tv_nsec: 1_000_000 };

const CASES: &[Case] = &cases! {
    accept: meets(|fd| original::accept(fd, ptr::null_mut(), ptr::null_mut()));
    accept4: meets(|fd| original::accept4(fd, ptr::null_mut(), ptr::null_mut(), libc::SOCK_CLOEXEC));
    connect: {
        let near = libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        let address = libc::sockaddr { sa_family: libc::AF_UNIX as u16, sa_data: [1; 14] };
        assert_eq!(told(original::connect(near, &address, 16)), Err(libc::ENOENT));
        assert_eq!(told(original::close(near)), Ok(0));
    };
    close: assert_eq!(told(original::close(-1)), Err(libc::EBADF));
    dup2: assert_eq!([told(original::dup2(0, 0)), told(original::dup2(-1, -1))], [Ok(0), Err(libc::EBADF)]);
    dup3: assert_eq!(told(original::dup3(0, 0, 0)), Err(libc::EINVAL));
    recv: receives(|fd, at| original::recv(fd, at, 4, 0));
    recvfrom: receives(|fd, at| original::recvfrom(fd, at, 4, 0, ptr::null_mut(), ptr::null_mut()));
    recvmsg: receives(|fd, at| original::recvmsg(fd, &mut message(&mut vector(&mut *at.cast())), 0));
    recvmmsg: receives(|fd, at| {
        let mut part = vector(&mut *at.cast());
        let mut one = mmsghdr { msg_hdr: message(&mut part), msg_len: 0 };
        assert_eq!(told(original::recvmmsg(fd, &mut one, 1, 0, ptr::null_mut())), Ok(1));
        one.msg_len as isize
    });
    __recv_chk: receives(|fd, at| original::__recv_chk(fd, at, 4, 4, 0));
    __recvfrom_chk: receives(|fd, at| original::__recvfrom_chk(fd, at, 4, 4, 0, ptr::null_mut(), ptr::null_mut()));
    read: receives(|fd, at| original::read(fd, at, 4));
    readv: receives(|fd, at| original::readv(fd, &vector(&mut *at.cast()), 1));
    __read_chk: receives(|fd, at| original::__read_chk(fd, at, 4, 4));
    send: sends(|fd, at| original::send(fd, at, 4, 0));
    sendto: sends(|fd, at| original::sendto(fd, at, 4, 0, ptr::null(), 0));
    sendmsg: sends(|fd, at| original::sendmsg(fd, &message(&mut vector(&mut *at.cast())), 0));
    sendmmsg: sends(|fd, at| {
        let mut part = vector(&mut *at.cast());
        let mut one = mmsghdr { msg_hdr: message(&mut part), msg_len: 0 };
        assert_eq!(told(original::sendmmsg(fd, &mut one, 1, 0)), Ok(1));
        one.msg_len as isize
    });
    write: sends(|fd, at| original::write(fd, at, 4));
    writev: sends(|fd, at| original::writev(fd, &vector(&mut *at.cast()), 1));
    sendfile: copies(|to, from| original::sendfile(to, from, ptr::null_mut(), 4));
    sendfile64: copies(|to, from| original::sendfile64(to, from, ptr::null_mut(), 4));
    splice: {
        let ((near, _far), (mut reader, writer)) = (full(), std::io::pipe().unwrap());
        let (from, to) = (near.as_raw_fd(), writer.as_raw_fd());
        assert_eq!(told(original::splice(from, ptr::null_mut(), to, ptr::null_mut(), 4, 0)), Ok(4));
        reader.read_exact(&mut [0; 4]).unwrap();
    };
    poll: {
        polls(|asked| original::poll(asked, 1, -1));
        assert_eq!(told(original::poll(ptr::null_mut(), 0, 1)), Ok(0));
    };
    ppoll: polls(|asked| original::ppoll(asked, 1, ptr::null(), ptr::null()));
    __poll_chk: polls(|asked| original::__poll_chk(asked, 1, -1, size_of::<pollfd>()));
    __ppoll_chk: polls(|asked| original::__ppoll_chk(asked, 1, &MOMENT, ptr::null(), size_of::<pollfd>()));
    select: {
        selects(|count, set| original::select(count, set, ptr::null_mut(), ptr::null_mut(), ptr::null_mut()));
        let mut moment = timeval { tv_sec: 0, tv_usec: 1000 };
        let none = ptr::null_mut;
        assert_eq!(told(original::select(0, none(), none(), none(), &mut moment)), Ok(0));
        assert_eq!((moment.tv_sec, moment.tv_usec), (0, 0));
    };
    pselect: selects(|count, set| {
        original::pselect(count, set, ptr::null_mut(), ptr::null_mut(), &MOMENT, ptr::null())
    });
    epoll_wait: tells(|epoll, event| original::epoll_wait(epoll, event, 1, -1));
    epoll_pwait: tells(|epoll, event| original::epoll_pwait(epoll, event, 1, -1, ptr::null()));
    epoll_pwait2: tells(|epoll, event| original::epoll_pwait2(epoll, event, 1, &MOMENT, ptr::null()));
    nanosleep: assert_eq!(told(original::nanosleep(&MOMENT, ptr::null_mut())), Ok(0));
    clock_nanosleep: {
        assert_eq!(original::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &MOMENT, ptr::null_mut()), 0);
    };
    usleep: assert_eq!(told(original::usleep(1000)), Ok(0));
    sleep: assert_eq!(original::sleep(0), 0);
    waitpid: reaps(|child| told(original::waitpid(child, ptr::null_mut(), 0)));
    wait4: reaps(|child| told(original::wait4(child, ptr::null_mut(), 0, ptr::null_mut())));
    waitid: reaps(|child| {
        // SAFETY: zeros are an answer that says nothing.
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let told = told(original::waitid(libc::P_PID, child as u32, &mut info, libc::WEXITED | libc::WNOWAIT));
        assert_eq!(info.si_pid(), child);
        told
    });
    syscall: assert_eq!(told(original::syscall(libc::SYS_getpid, 0, 0, 0, 0, 0, 0)), Ok(i64::from(libc::getpid())));
    pthread_join: {
        extern "C" fn gives(value: *mut c_void) -> *mut c_void {
            value
        }
        let (mut thread, mut value) = (std::mem::zeroed(), ptr::null_mut());
        let given = ptr::without_provenance_mut(5);
        assert_eq!(libc::pthread_create(&mut thread, ptr::null(), gives, given), 0);
        assert_eq!(original::pthread_join(thread, &mut value), 0);
        assert_eq!(value, given);
    };
};

/// They hear of any child, and so of other tests' in this process.
const OF_ANY_CHILD: [&str; 2] = ["wait", "wait3"];

#[cfg(not(target_feature = "crt-static"))]
const HERE: &[Case] = &cases! {
    getaddrinfo: {
        let mut list = ptr::null_mut();
        assert_eq!(original::getaddrinfo(c"localhost".as_ptr(), ptr::null(), ptr::null(), &mut list), 0);
        libc::freeaddrinfo(list);
    };
    getnameinfo: {
        let address = libc::sockaddr { sa_family: libc::AF_INET as u16, sa_data: [0; 14] };
        let (mut host, none) = ([0_u8; 64], ptr::null_mut());
        let told = original::getnameinfo(&address, 16, host.as_mut_ptr().cast(), 64, none, 0, libc::NI_NUMERICHOST);
        assert_eq!((told, &host[..8]), (0, &b"0.0.0.0\0"[..]));
    };
};
/// musl's resolver has no originals; what it is called by instead is tried by whole look-ups.
#[cfg(target_feature = "crt-static")]
const HERE: &[Case] = &[];

#[test]
fn every_original_does_what_the_systems_does() {
    let named: BTreeSet<_> = CASES.iter().chain(HERE).map(|(name, _)| *name).chain(OF_ANY_CHILD).collect();
    let all: BTreeSet<_> = symbols().map(|symbol| symbol.name()).filter(|name| !name.starts_with("_pthread")).collect();
    assert_eq!(named, all);
    patched(|| CASES.iter().chain(HERE).for_each(|(_, case)| case()));
}

#[test]
fn the_originals_for_any_child_hear_of_it() {
    crate::apart::apart("originals::the_originals_for_any_child_hear_of_it", || {
        for way in 0..2 {
            patched(|| {
                reaps(|child| {
                    let mut status = -1;
                    // SAFETY: a place for the status.
                    let told = told(unsafe {
                        match way {
                            0 => original::wait(&mut status),
                            _ => original::wait3(&mut status, 0, ptr::null_mut()),
                        }
                    });
                    assert_eq!((told, status), (Ok(child.into()), 0));
                    told
                });
            });
        }
        assert_eq!([get_original("wait"), get_original("wait3")].map(|known| known.is_some()), [true; 2]);
    });
}

#[test]
fn fortified_code_waits_as_other_code_does_and_ends_where_a_buffer_is_too_small() {
    unsafe extern "C" {
        fn __recv_chk(fd: c_int, at: *mut c_void, length: usize, room: usize, flags: c_int) -> isize;
        fn __recvfrom_chk(
            fd: c_int,
            at: *mut c_void,
            length: usize,
            room: usize,
            flags: c_int,
            address: *mut libc::sockaddr,
            address_length: *mut libc::socklen_t,
        ) -> isize;
        fn __read_chk(fd: c_int, at: *mut c_void, length: usize, room: usize) -> isize;
        fn __poll_chk(asked: *mut pollfd, count: libc::nfds_t, milliseconds: c_int, room: usize) -> c_int;
        fn __ppoll_chk(
            asked: *mut pollfd,
            count: libc::nfds_t,
            limit: *const timespec,
            mask: *const libc::sigset_t,
            room: usize,
        ) -> c_int;
    }
    // What is asked for, and what there is room for.
    type Call = unsafe fn(c_int, usize, usize) -> isize;
    let ways: [Call; 5] = [
        // SAFETY: handed on to the caller; there is room for two.
        |fd, length, room| unsafe { __recv_chk(fd, [0_u8; 2].as_mut_ptr().cast(), length, room, 0) },
        // SAFETY: handed on to the caller; there is room for two.
        |fd, length, room| unsafe {
            __recvfrom_chk(fd, [0_u8; 2].as_mut_ptr().cast(), length, room, 0, ptr::null_mut(), ptr::null_mut())
        },
        // SAFETY: handed on to the caller; there is room for two.
        |fd, length, room| unsafe { __read_chk(fd, [0_u8; 2].as_mut_ptr().cast(), length, room) },
        // SAFETY: handed on to the caller; there is room for two.
        |fd, length, room| unsafe {
            let mut asked = [pollfd { fd, events: libc::POLLIN, revents: 0 }; 2];
            __poll_chk(asked.as_mut_ptr(), length as libc::nfds_t, -1, room * size_of::<pollfd>()) as isize
        },
        // SAFETY: handed on to the caller; there is room for two.
        |fd, length, room| unsafe {
            let mut asked = [pollfd { fd, events: libc::POLLIN, revents: 0 }; 2];
            let (count, room) = (length as libc::nfds_t, room * size_of::<pollfd>());
            __ppoll_chk(asked.as_mut_ptr(), count, ptr::null(), ptr::null(), room) as isize
        },
    ];
    for call in ways {
        patched(|| {
            let (near, mut far) = UnixStream::pair().unwrap();
            let fd = near.as_raw_fd();
            // SAFETY: room for one.
            let waits = begun(move || unsafe { call(fd, 1, 1) });
            far.write_all(b"x").unwrap();
            assert_eq!(waits.get().unwrap(), 1);
            // SAFETY: the child ends itself, before it writes anywhere.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: as above.
                unsafe {
                    libc::signal(libc::SIGABRT, libc::SIG_DFL);
                    call(fd, 2, 1);
                    libc::_exit(0);
                }
            }
            let mut status = 0;
            // SAFETY: a place for the status.
            assert_eq!(told(unsafe { libc::waitpid(child, &mut status, 0) }), Ok(child.into()));
            assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGABRT, "{status}");
        });
    }
}
