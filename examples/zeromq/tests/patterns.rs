//! ZeroMQ's patterns against the real libzmq over loopback (S3.37).

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use gfetch::green;
use gfetch_zeromq::Socket;

const ANY: &str = "tcp://127.0.0.1:*";
const MS: Duration = Duration::from_millis(1);

/// On green threads, for at most ten seconds.
fn story(tell: impl FnOnce(&zmq::Context) -> io::Result<()>) {
    let context = zmq::Context::new();
    green::run(|| green::timeout(MS * 10_000, || tell(&context)).expect("in time").expect("it succeeds"));
}

#[test]
fn a_request_is_answered_while_other_greenlets_run() {
    story(|context| {
        let mut server = Socket::new(context, zmq::REP)?;
        let address = server.bind(ANY)?;
        let serving = green::spawn(move || -> io::Result<()> {
            for _ in 0..100 {
                let question = server.receive()?;
                green::sleep(MS)?;
                server.send(&[&question[..], b"!"].concat())?;
            }
            Ok(())
        });
        let ticks = Rc::new(Cell::new(0));
        let counting = ticks.clone();
        let ticking = green::spawn(move || {
            loop {
                counting.set(counting.get() + 1);
                green::sleep(MS).unwrap();
            }
        });
        let mut client = Socket::new(context, zmq::REQ)?;
        client.connect(&address)?;
        for number in 0..100 {
            client.send(format!("{number}").as_bytes())?;
            assert_eq!(client.receive()?, format!("{number}!").into_bytes());
        }
        assert!(ticks.get() > 20, "{} turns for the others", ticks.get());
        ticking.kill_nowait();
        serving.get().unwrap()
    });
}

#[test]
fn a_peer_that_is_no_greenlet_is_talked_to_as_well() {
    let context = zmq::Context::new();
    let server = context.socket(zmq::REP).unwrap();
    server.bind(ANY).unwrap();
    let address = server.get_last_endpoint().unwrap().unwrap();
    let thread = std::thread::spawn(move || {
        for _ in 0..50 {
            let question = server.recv_bytes(0).unwrap();
            server.send(question, 0).unwrap();
        }
    });
    story(|context| {
        let mut client = Socket::new(context, zmq::REQ)?;
        client.connect(&address)?;
        for number in 0..50_u8 {
            client.send(&vec![number; 100_000])?;
            assert_eq!(client.receive()?, vec![number; 100_000]);
        }
        Ok(())
    });
    thread.join().unwrap();
}

#[test]
fn each_piece_of_work_goes_to_one_worker() {
    story(|context| {
        let mut source = Socket::new(context, zmq::PUSH)?;
        let work_at = source.bind(ANY)?;
        let mut sink = Socket::new(context, zmq::PULL)?;
        let results_at = sink.bind(ANY)?;
        let mut workers = Vec::new();
        for name in 0..3_u8 {
            let mut work = Socket::new(context, zmq::PULL)?;
            let mut results = Socket::new(context, zmq::PUSH)?;
            work.connect(&work_at)?;
            results.connect(&results_at)?;
            workers.push(green::spawn(move || -> io::Result<()> {
                loop {
                    let job = work.receive()?;
                    results.send(&[&[name][..], &job].concat())?;
                }
            }));
        }
        let sending = green::spawn(move || -> io::Result<()> {
            for job in 0..3000_u32 {
                source.send(&job.to_be_bytes())?;
            }
            Ok(())
        });
        let mut done = Vec::new();
        for _ in 0..3000 {
            let result = sink.receive()?;
            done.push(u32::from_be_bytes(result[1..].try_into().unwrap()));
        }
        done.sort_unstable();
        assert_eq!(done, (0..3000).collect::<Vec<_>>());
        sending.get().unwrap()?;
        workers.iter().for_each(|worker| worker.kill_nowait());
        Ok(())
    });
}

#[test]
fn a_sender_parks_at_full_queues_and_goes_on_when_they_are_read() {
    story(|context| {
        let mut sink = Socket::new(context, zmq::PULL)?;
        sink.options().set_rcvhwm(10)?;
        let address = sink.bind(ANY)?;
        let mut source = Socket::new(context, zmq::PUSH)?;
        source.options().set_sndhwm(10)?;
        source.connect(&address)?;
        const MESSAGES: u32 = 400;
        let sent = Rc::new(Cell::new(0));
        let counting = sent.clone();
        let sending = green::spawn(move || -> io::Result<()> {
            for number in 0..MESSAGES {
                source.send(&vec![number as u8; 1 << 16])?;
                counting.set(number + 1);
            }
            Ok(())
        });
        green::sleep(MS * 300)?;
        assert!(sent.get() < MESSAGES, "it parks: not all of 25 MB fit");
        for number in 0..MESSAGES {
            assert_eq!(sink.receive()?[0], number as u8);
        }
        sending.get().unwrap()
    });
}

#[test]
fn a_receive_that_is_timed_out_or_killed_takes_nothing() {
    story(|context| {
        let mut sink = Socket::new(context, zmq::PULL)?;
        let address = sink.bind(ANY)?;
        assert!(green::timeout(MS * 20, || sink.receive()).is_err());
        let shared = Rc::new(std::cell::RefCell::new(sink));
        let held = shared.clone();
        let killed = green::spawn(move || held.borrow_mut().receive());
        green::sleep(MS * 20)?;
        killed.kill().unwrap();
        let mut source = Socket::new(context, zmq::PUSH)?;
        source.connect(&address)?;
        source.send(b"for whoever asks next")?;
        assert_eq!(shared.borrow_mut().receive()?, b"for whoever asks next");
        Ok(())
    });
}
