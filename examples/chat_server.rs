//! A chat over TCP: what one user says, all others read, in the order in which it was said.
//!
//! `cargo run --example chat_server`, then `nc 127.0.0.1 8001` from several terminals. The first line is the user's name.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;

use gfetch::green::{self, Greenlet, Group, Queue};
use gfetch::net::{StreamServer, TcpListener, TcpStream};

/// A line has at most so many bytes.
const MAX_LINE_BYTES: u64 = 4 * 1024;
/// So many lines may wait for a user who reads slowly; with more, the user is cut off.
const MAX_WAITING_LINES: usize = 1000;

fn main() -> io::Result<()> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 8001).into())?;
        println!("chatting on {}", listener.local_addr()?);
        let room = Room::default();
        StreamServer::new(listener).serve_forever(move |stream, _peer| room.chat(stream))
    })
}

/// Who is there. Clones are the same room.
#[derive(Clone, Default)]
pub struct Room {
    users: Rc<RefCell<BTreeMap<u64, User>>>,
    next: Rc<Cell<u64>>,
    /// Greenlets that write to users.
    writers: Group,
}

/// The lines that wait to be read by a user, and the connection that they go to.
struct User {
    lines: Queue<Rc<str>>,
    stream: Rc<TcpStream>,
}

impl Room {
    /// Users now.
    pub fn len(&self) -> usize {
        self.users.borrow().len()
    }

    /// Greenlets that write to users now.
    pub fn writers(&self) -> usize {
        self.writers.len()
    }

    /// Reads one user's lines until the user leaves, in the connection's greenlet. Another one writes to the user.
    pub fn chat(&self, stream: TcpStream) -> io::Result<()> {
        let stream = Rc::new(stream);
        let mut input = BufReader::new(&*stream);
        let Some(name) = read_line(&mut input)? else { return Ok(()) };
        let member = self.enter(&stream);
        self.say_to_others(member.id, &format!("* {name} is here\n"));
        let heard = loop {
            match read_line(&mut input) {
                Ok(Some(line)) => self.say_to_others(member.id, &format!("{name}: {line}\n")),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let id = member.id;
        drop(member);
        self.say_to_others(id, &format!("* {name} has left\n"));
        heard
    }

    fn enter(&self, stream: &Rc<TcpStream>) -> Member {
        let id = self.next.replace(self.next.get() + 1);
        let lines: Queue<Rc<str>> = Queue::bounded(MAX_WAITING_LINES);
        let (source, sink) = (lines.clone(), stream.clone());
        let writer = self.writers.spawn(move || {
            while let Ok(Some(line)) = source.get() {
                if (&*sink).write_all(line.as_bytes()).is_err() {
                    break;
                }
            }
        });
        self.users.borrow_mut().insert(id, User { lines, stream: stream.clone() });
        Member { room: self.clone(), id, writer }
    }

    /// Never waits, so that a line reaches all or none before the next one is said.
    fn say_to_others(&self, id: u64, line: &str) {
        let line: Rc<str> = line.into();
        for (_, user) in self.users.borrow().iter().filter(|(other, _)| **other != id) {
            if user.lines.try_put(line.clone()).is_err() {
                let _ = user.stream.shutdown(Shutdown::Both); // its reader leaves the room
            }
        }
    }
}

/// A user in the room. Leaving it, in whatever way, frees the greenlet that writes.
struct Member {
    room: Room,
    id: u64,
    writer: Greenlet<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.room.users.borrow_mut().remove(&self.id);
        self.writer.kill_nowait();
    }
}

/// The next line without its end; none at the end of the stream.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if input.take(MAX_LINE_BYTES).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if !line.ends_with('\n') && line.len() as u64 == MAX_LINE_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line that does not end"));
    }
    Ok(Some(line.trim_end().to_owned()))
}
