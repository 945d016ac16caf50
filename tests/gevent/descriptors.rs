//! select's three lists and poll's flags; os calls and threads that the common pool takes over.

use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use gfetch::green::{self, offload_many, run, sleep, spawn, yield_now};
use gfetch::net::{self, Interest, Poll, TcpListener, TcpStream};

use super::{MS, SECOND};

#[test]
fn urgent_bytes_are_in_selects_third_list_and_told_by_poll() {
    run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        let fd = near.as_raw_fd();
        assert!(net::select(&[], &[], &[fd], Some(MS)).unwrap().urgent.is_empty());
        let selecting = spawn(move || net::select(&[], &[], &[fd], Some(SECOND * 10)).unwrap());
        yield_now().unwrap();
        assert_eq!(socket2::SockRef::from(&far).send_out_of_band(b"!").unwrap(), 1);
        assert_eq!(selecting.get().unwrap().urgent, [fd]);
        let mut poll = Poll::new();
        poll.register(&near, Interest::PRIORITY);
        let found = poll.poll(Some(SECOND * 10)).unwrap();
        assert!(found[0].1.priority && !found[0].1.readable, "{found:?}");
    });
}

#[test]
fn poll_tells_of_a_pipe_whose_reader_has_gone_and_of_one_whose_writer_has() {
    run(|| {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut poll = Poll::new();
        poll.register(&writer, Interest::WRITABLE);
        let found = poll.poll(Some(SECOND * 10)).unwrap();
        assert!(found[0].1.error && found[0].1.writable, "a write would not wait but fail: {found:?}");
        let (reader, writer) = io::pipe().unwrap();
        (&writer).write_all(b"x").unwrap();
        drop(writer);
        let mut poll = Poll::new();
        poll.register(&reader, Interest::READABLE);
        let found = poll.poll(Some(SECOND * 10)).unwrap();
        assert!(found[0].1.closed && found[0].1.readable && !found[0].1.error, "{found:?}");
        poll.modify(&reader, Interest::WRITABLE).unwrap();
        let found = poll.poll(Some(SECOND * 10)).unwrap();
        assert!(found[0].1.closed && !found[0].1.readable, "a hang-up is told unasked: {found:?}");
    });
}

/// gevent: a pool of ten threads takes the calls that block, ten at once.
#[test]
fn the_common_pool_runs_ten_calls_at_once_and_no_eleventh() {
    run(|| {
        let (entered, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(())));
        let closed = gate.lock().unwrap();
        let calls = offload_many((0..12).map(|n| {
            let (entered, gate) = (entered.clone(), gate.clone());
            move || {
                entered.fetch_add(1, Ordering::SeqCst);
                drop(gate.lock().unwrap());
                n
            }
        }));
        let begun = std::time::Instant::now();
        while entered.load(Ordering::SeqCst) < 10 {
            assert!(begun.elapsed() < SECOND * 60, "only {} run", entered.load(Ordering::SeqCst));
            sleep(MS).unwrap();
        }
        sleep(MS * 20).unwrap();
        assert_eq!(entered.load(Ordering::SeqCst), 10);
        drop(closed);
        assert_eq!(calls.into_iter().map(|call| call.get().unwrap()).collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    });
}

/// gevent's `tp_read` and `tp_write`: the blocking calls themselves, on a thread, for descriptors that must stay blocking.
#[test]
fn a_blocking_read_on_a_thread_lets_the_others_run() {
    run(|| {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let reading = spawn(move || {
            green::offload(move || {
                let mut buffer = [0; 8];
                io::Read::read(&mut reader, &mut buffer).map(|read| buffer[..read].to_vec())
            })
        });
        sleep(MS * 5).unwrap();
        assert!(!reading.is_done());
        writer.write_all(b"late").unwrap();
        assert_eq!(reading.get().unwrap().unwrap().unwrap(), b"late");
    });
}

/// The connection that a kill interrupted is closed, and its peer sees that.
#[test]
fn a_killed_reader_lets_go_of_the_socket_it_owns() {
    run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        let (tell, told) = mpsc::channel();
        let reader = spawn(move || {
            tell.send(()).unwrap();
            io::Read::read(&mut &near, &mut [0; 8])
        });
        yield_now().unwrap();
        told.try_recv().expect("it reads");
        reader.kill().unwrap();
        assert_eq!(io::Read::read(&mut &far, &mut [0; 8]).unwrap(), 0);
    });
}
