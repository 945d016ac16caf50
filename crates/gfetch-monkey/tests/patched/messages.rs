//! `sendmsg`, `recvmsg` and many at once, as C code calls them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr;

use gfetch::green;
use libc::{c_int, iovec, mmsghdr, msghdr, timespec};

use crate::support::{MOMENT, SECOND, begun, patched, timed, told};

fn vector(bytes: &mut [u8]) -> iovec {
    iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() }
}

fn message(parts: &mut [iovec]) -> msghdr {
    // SAFETY: zeros are a message without anything.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (parts.as_mut_ptr(), parts.len() as _);
    message
}

fn many(parts: &mut [iovec]) -> Vec<mmsghdr> {
    parts.chunks_mut(1).map(|part| mmsghdr { msg_hdr: message(part), msg_len: 0 }).collect()
}

/// How `recvmmsg` was told to wait, and what it told.
fn receive_many(
    socket: &UdpSocket,
    count: usize,
    flags: c_int,
    limit: Option<timespec>,
) -> (Result<i64, i32>, Vec<u32>) {
    let mut limit = limit;
    receive_many_until(socket, count, flags, limit.as_mut())
}

fn receive_many_until(
    socket: &UdpSocket,
    count: usize,
    flags: c_int,
    limit: Option<&mut timespec>,
) -> (Result<i64, i32>, Vec<u32>) {
    let mut buffers = vec![[0; 16]; count];
    let mut parts: Vec<iovec> = buffers.iter_mut().map(|buffer| vector(buffer)).collect();
    let mut messages = many(&mut parts);
    let limit = limit.map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: as many messages, each with its buffer.
    let told =
        told(unsafe { libc::recvmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), count as u32, flags as _, limit) });
    (told, messages.iter().map(|message| message.msg_len).collect())
}

#[test]
fn a_large_message_is_sent_whole_and_received_whole() {
    const BYTES: usize = 2 << 20;
    patched(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let receives = begun(move || {
            let (mut one, mut two) = (vec![0; BYTES / 3], vec![0; BYTES - BYTES / 3]);
            let mut parts = [vector(&mut one), vector(&mut two)];
            let mut message = message(&mut parts);
            // SAFETY: two good buffers.
            let length = told(unsafe { libc::recvmsg(far.as_raw_fd(), &mut message, libc::MSG_WAITALL) });
            (length, [one, two].concat())
        });
        let mut body: Vec<u8> = (0..BYTES).map(|n| (n / 3) as u8).collect();
        let (one, two) = body.split_at_mut(BYTES / 2);
        let mut parts = [vector(one), vector(two)];
        let message = message(&mut parts);
        // SAFETY: two good buffers.
        assert_eq!(told(unsafe { libc::sendmsg(near.as_raw_fd(), &message, 0) }), Ok(BYTES as i64));
        let (length, received) = receives.get().unwrap();
        assert_eq!(length, Ok(BYTES as i64));
        assert!(received == body);
    });
}

#[test]
fn waiting_for_all_ends_with_the_stream() {
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let receive = move || {
            let mut buffer = [0_u8; 100];
            // SAFETY: room for a hundred.
            told(unsafe { libc::recv(near.as_raw_fd(), buffer.as_mut_ptr().cast(), 100, libc::MSG_WAITALL) })
        };
        let receives = begun(receive);
        for _ in 0..3 {
            far.write_all(&[0; 10]).unwrap();
            green::yield_now().unwrap();
        }
        drop(far);
        assert_eq!(receives.get().unwrap(), Ok(30));
    });
}

/// Has the other end told that the connection is no more.
fn reset(stream: TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let (place, length) = ((&raw const linger).cast(), size_of_val(&linger) as _);
    // SAFETY: a value of that length.
    let told = unsafe { libc::setsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, place, length) };
    assert_eq!(told, 0);
}

#[test]
fn a_connection_that_breaks_amid_a_call_is_the_next_calls_failure() {
    fn receives(near: &TcpStream) -> [Result<i64, i32>; 2] {
        let mut buffer = [0_u8; 100];
        // SAFETY: room for a hundred.
        let mut receive =
            || told(unsafe { libc::recv(near.as_raw_fd(), buffer.as_mut_ptr().cast(), 100, libc::MSG_WAITALL) });
        [receive(), receive()]
    }
    fn sends(near: &TcpStream) -> [Result<i64, i32>; 2] {
        let bytes = vec![0_u8; 32 << 20];
        // SAFETY: so many bytes.
        let send =
            || told(unsafe { libc::send(near.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) });
        [send().map(|sent| i64::from(sent > 0)), send()]
    }
    patched(|| {
        // It breaks before the call, or amid it. What came before that is received first.
        for (call, told, amid) in
            [(receives as fn(&TcpStream) -> _, Ok(10), false), (receives, Ok(10), true), (sends, Ok(1), true)]
        {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut far, _) = listener.accept().unwrap();
            far.write_all(&[1; 10]).unwrap();
            let calls = green::spawn(move || call(&near));
            if amid {
                green::sleep(MOMENT).unwrap();
                assert!(!calls.is_done());
            }
            reset(far);
            assert_eq!(calls.get().unwrap(), [told, Err(libc::ECONNRESET)]);
        }
    });
}

/// A message with descriptor 0 in it.
fn send_with_descriptor(socket: &UnixStream, bytes: &mut [u8]) {
    let (mut parts, mut room) = ([vector(bytes)], [0_u64; 4]);
    let mut message = message(&mut parts);
    // SAFETY: room for a header and a descriptor, which is more than they take; a good message.
    unsafe {
        message.msg_control = room.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = &mut *libc::CMSG_FIRSTHDR(&message);
        (header.cmsg_level, header.cmsg_type) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        header.cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<c_int>().write_unaligned(0);
        assert_eq!(told(libc::sendmsg(socket.as_raw_fd(), &message, 0)), Ok(bytes.len() as i64));
    }
}

#[test]
fn descriptors_that_come_with_a_later_part_are_received_and_end_the_message() {
    patched(|| {
        for amid in [false, true] {
            let (mut near, far) = UnixStream::pair().unwrap();
            let receives = move || {
                let (mut bytes, mut room) = ([0; 100], [0_u64; 8]);
                let mut parts = [vector(&mut bytes)];
                let mut message = message(&mut parts);
                (message.msg_control, message.msg_controllen) = (room.as_mut_ptr().cast(), size_of_val(&room) as _);
                // SAFETY: a good message, with room for control data.
                let length = told(unsafe { libc::recvmsg(far.as_raw_fd(), &mut message, libc::MSG_WAITALL) });
                // SAFETY: the kernel has filled it.
                let header = unsafe { libc::CMSG_FIRSTHDR(&message).as_ref() };
                let fd = header.map(|header| {
                    assert_eq!((header.cmsg_level, header.cmsg_type), (libc::SOL_SOCKET, libc::SCM_RIGHTS));
                    // SAFETY: so its data is a descriptor, which nobody else has.
                    drop(unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<c_int>().read_unaligned()) });
                });
                (length, fd, message.msg_flags & libc::MSG_CTRUNC)
            };
            near.write_all(&[1; 10]).unwrap();
            let receives = if amid { begun(receives) } else { green::spawn(receives) };
            send_with_descriptor(&near, &mut [2; 20]);
            near.write_all(&[3; 30]).unwrap();
            assert_eq!(receives.get().unwrap(), (Ok(30), Some(()), 0), "amid: {amid}");
        }
    });
}

#[test]
fn who_connects_by_sending_waits_until_it_is_sent() {
    patched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // SAFETY: zeros are an address of no family.
        let mut to: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        (to.sin_family, to.sin_port) = (libc::AF_INET as _, listener.local_addr().unwrap().port().to_be());
        to.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        let mut bytes = *b"hello";
        let (address, length) = ((&raw mut to).cast(), size_of_val(&to) as u32);
        for is_message in [false, true] {
            // SAFETY: a socket of its own; five bytes, or a message of them, and an address of that length.
            let sent = unsafe {
                let near = OwnedFd::from_raw_fd(libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0));
                let mut parts = [vector(&mut bytes)];
                let mut message = message(&mut parts);
                (message.msg_name, message.msg_namelen) = (address, length);
                told(match is_message {
                    true => libc::sendmsg(near.as_raw_fd(), &message, libc::MSG_FASTOPEN),
                    false => {
                        let (at, address) = (bytes.as_ptr().cast(), address.cast_const().cast());
                        libc::sendto(near.as_raw_fd(), at, 5, libc::MSG_FASTOPEN, address, length)
                    }
                })
            };
            assert_eq!(sent, Ok(5));
            let mut heard = String::new();
            listener.accept().unwrap().0.read_to_string(&mut heard).unwrap();
            assert_eq!(heard, "hello");
        }
        // Others take no notice of it.
        let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        to.sin_port = far.local_addr().unwrap().port().to_be();
        let address = (&raw const to).cast();
        // SAFETY: five bytes, and an address of that length.
        let sent =
            unsafe { libc::sendto(near.as_raw_fd(), bytes.as_ptr().cast(), 5, libc::MSG_FASTOPEN, address, length) };
        assert_eq!(told(sent), Ok(5));
        assert!(near.peer_addr().is_err(), "it is connected to nobody");
    });
}

#[test]
fn what_is_peeked_at_stays() {
    patched(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let peeks = begun(move || {
            let mut byte = 0_u8;
            // SAFETY: room for a byte.
            let peeked = told(unsafe { libc::recv(near.as_raw_fd(), (&raw mut byte).cast(), 1, libc::MSG_PEEK) });
            let mut all = String::new();
            near.read_to_string(&mut all).unwrap();
            (peeked, byte, all)
        });
        far.write_all(b"xyz").unwrap();
        drop(far);
        assert_eq!(peeks.get().unwrap(), (Ok(1), b'x', "xyz".to_owned()));
    });
}

#[test]
fn many_datagrams_are_received_one_after_another() {
    patched(|| {
        let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let to = near.local_addr().unwrap();
        let other = near.try_clone().unwrap();
        let receives = begun(move || receive_many(&other, 3, 0, None));
        for bytes in [&b"a"[..], b"bb", b"ccc"] {
            far.send_to(bytes, to).unwrap();
            green::yield_now().unwrap();
        }
        assert_eq!(receives.get().unwrap(), (Ok(3), vec![1, 2, 3]));
        let other = near.try_clone().unwrap();
        let receives = begun(move || receive_many(&other, 3, libc::MSG_WAITFORONE, None));
        far.send_to(b"alone", to).unwrap();
        assert_eq!(receives.get().unwrap(), (Ok(1), vec![5, 0, 0]));
        far.send_to(b"in time", to).unwrap();
        let moment = timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 };
        let (received, wall) = timed(|| receive_many(&near, 3, 0, Some(moment)));
        assert_eq!(received, (Ok(1), vec![7, 0, 0]));
        assert!(wall >= MOMENT, "{wall:?}");
        let wrong = timespec { tv_sec: 0, tv_nsec: -1 };
        assert_eq!(receive_many(&near, 3, 0, Some(wrong)).0, Err(libc::EINVAL));
    });
}

#[test]
fn waiting_for_all_of_datagrams_is_waiting_for_each() {
    patched(|| {
        let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let send = |bytes: &[u8]| far.send_to(bytes, near.local_addr().unwrap()).unwrap();
        send(b"a");
        send(b"bb");
        // One will do, and what else is there comes with it.
        let other = near.try_clone().unwrap();
        let receives = green::spawn(move || receive_many(&other, 3, libc::MSG_WAITALL | libc::MSG_WAITFORONE, None));
        assert!(receives.join_timeout(SECOND * 5).unwrap(), "it waits for the third");
        assert_eq!(receives.get().unwrap(), (Ok(2), vec![1, 2, 0]));
        send(b"ccc");
        let other = near.try_clone().unwrap();
        let receives = green::spawn(move || {
            let mut moment = timespec { tv_sec: 0, tv_nsec: MOMENT.as_nanos() as i64 };
            (receive_many_until(&other, 2, libc::MSG_WAITALL, Some(&mut moment)), moment.tv_nsec)
        });
        assert!(receives.join_timeout(SECOND * 5).unwrap(), "its time is over");
        assert_eq!(receives.get().unwrap(), ((Ok(1), vec![3, 0]), 0));
        send(b"dddd");
        let mut long = timespec { tv_sec: 100, tv_nsec: 0 };
        assert_eq!(receive_many_until(&near, 1, 0, Some(&mut long)), (Ok(1), vec![4]));
        assert!((50..100).contains(&long.tv_sec), "what is left of it: {}", long.tv_sec);
    });
}

#[test]
fn what_a_connected_socket_is_told_after_some_datagrams_is_the_next_calls_failure() {
    patched(|| {
        let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        near.connect(far.local_addr().unwrap()).unwrap();
        let own = near.try_clone().unwrap();
        let receives = begun(move || [2, 1].map(|count| receive_many(&own, count, 0, None).0));
        far.send_to(b"a", near.local_addr().unwrap()).unwrap();
        green::sleep(MOMENT).unwrap();
        drop(far);
        // Another test's child may have the other end too, for the moment before it becomes another program.
        while !receives.is_done() {
            let _ = near.send(b"to nobody");
            green::sleep(MOMENT).unwrap();
        }
        assert_eq!(receives.get().unwrap(), [Ok(1), Err(libc::ECONNREFUSED)]);
    });
}

#[test]
fn many_messages_are_sent_whole_on_a_stream() {
    const BYTES: usize = 400_000;
    patched(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let reads = begun(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            all
        });
        let mut bodies = [vec![1; BYTES], vec![2; BYTES], vec![3; BYTES]];
        let mut parts: Vec<iovec> = bodies.iter_mut().map(|body| vector(body)).collect();
        let mut messages = many(&mut parts);
        // SAFETY: three messages, each with its buffer.
        let sent = told(unsafe { libc::sendmmsg(near.as_raw_fd(), messages.as_mut_ptr(), 3, 0) });
        assert_eq!(sent, Ok(3));
        assert!(messages.iter().all(|message| message.msg_len as usize == BYTES));
        drop(near);
        assert!(reads.get().unwrap() == bodies.concat());
    });
}
