//! A question answered (REQ, REP), and work handed out to two workers (PUSH, PULL), all in one thread.
//!
//! `cargo run` in this folder; libzmq has to be installed (Debian: `libzmq3-dev`).

use std::io;

use gfetch::green::{self, Queue};
use gfetch_zeromq::Socket;

fn main() -> io::Result<()> {
    let context = zmq::Context::new();
    green::run(|| ask(&context).and_then(|()| hand_out(&context)))
}

fn ask(context: &zmq::Context) -> io::Result<()> {
    let mut server = Socket::new(context, zmq::REP)?;
    let address = server.bind("tcp://127.0.0.1:*")?;
    green::spawn(move || -> io::Result<()> {
        loop {
            let question = server.receive()?;
            server.send(&[b"you asked: ", &question[..]].concat())?;
        }
    });
    let mut client = Socket::new(context, zmq::REQ)?;
    client.connect(&address)?;
    for question in ["what?", "when?", "why?"] {
        client.send(question.as_bytes())?;
        println!("{}", String::from_utf8_lossy(&client.receive()?));
    }
    Ok(())
}

fn hand_out(context: &zmq::Context) -> io::Result<()> {
    let mut source = Socket::new(context, zmq::PUSH)?;
    let address = source.bind("tcp://127.0.0.1:*")?;
    let done = Queue::unbounded();
    let mut workers = Vec::new();
    for name in ["first", "second"] {
        let mut work = Socket::new(context, zmq::PULL)?;
        work.connect(&address)?;
        let done = done.clone();
        workers.push(green::spawn(move || -> io::Result<()> {
            loop {
                let job = work.receive()?;
                done.put(format!("{name}: {}", String::from_utf8_lossy(&job))).map_err(io::Error::other)?;
            }
        }));
    }
    for number in 0..6 {
        source.send(format!("job {number}").as_bytes())?;
    }
    // Who has connected first may get all of them: no worker can be told its end by a message.
    for line in done.into_iter().take(6) {
        println!("{}", line.map_err(io::Error::other)?);
    }
    green::kill_all(&workers).map_err(io::Error::other)
}
