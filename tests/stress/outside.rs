//! Steps that end at sockets and on other OS threads.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gfetch::green::{self, Handle, Mailbox, Sender, offload, sleep, timeout};
use gfetch::net::{StreamServer, TcpListener, TcpStream, UnixStream};

use crate::books::Alive;
use crate::world::World;

/// The way out of a story, and what came back.
#[derive(Clone)]
pub struct Outside {
    server: SocketAddr,
    mailbox: Rc<Mailbox<u64>>,
    sender: Sender<u64>,
    sent: Arc<AtomicU64>,
    received: Rc<Cell<u64>>,
    /// Greenlets that other threads asked for, and those of them that ran.
    asked: Arc<AtomicU64>,
    came: Arc<AtomicU64>,
}

impl Outside {
    /// To be called inside `run`; the server echoes for as long as that lasts.
    pub fn new() -> Outside {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let server = listener.local_addr().unwrap();
        StreamServer::new(listener).pool(4).start(|stream, _peer| echo(stream));
        let (sender, mailbox) = green::mailbox();
        Outside {
            server,
            mailbox: Rc::new(mailbox),
            sender,
            sent: Arc::default(),
            received: Rc::default(),
            asked: Arc::default(),
            came: Arc::default(),
        }
    }

    /// True if it completed.
    pub fn act(&self, world: &World) -> bool {
        match world.random.below(6) {
            0 => self.offload(world),
            1 => self.spawn_from_a_thread(),
            2 => self.receive(world),
            3 => self.connect(world),
            _ => self.talk(world),
        }
    }

    fn offload(&self, world: &World) -> bool {
        let (pause, sender, sent) = (world.pause(), self.sender.clone(), self.sent.clone());
        let answer = offload(move || {
            std::thread::sleep(pause);
            sent.fetch_add(1, Ordering::SeqCst);
            sender.send(1);
            41
        });
        assert!(answer.as_ref().is_ok_and(|answer| *answer == 41) || answer.is_err());
        answer.is_ok()
    }

    fn spawn_from_a_thread(&self) -> bool {
        let (handle, asked, came) = (Handle::current(), self.asked.clone(), self.came.clone());
        let answer = offload(move || {
            let taken = handle.spawn(move || {
                came.fetch_add(1, Ordering::SeqCst);
            });
            asked.fetch_add(u64::from(taken), Ordering::SeqCst);
        });
        answer.is_ok()
    }

    fn receive(&self, world: &World) -> bool {
        let got = timeout(world.pause(), || self.mailbox.receive());
        if let Ok(Ok(Some(letter))) = got {
            self.received.set(self.received.get() + letter);
        }
        got.is_ok()
    }

    /// A pair of which one end echoes: somebody may kill the echo, close the talker's end or say goodbye early.
    fn talk(&self, world: &World) -> bool {
        let (near, far) = UnixStream::pair().unwrap();
        let alive = Alive::new(&world.books);
        let echo = green::spawn(move || {
            let _alive = alive;
            echo(far)
        });
        let near = Rc::new(near);
        match world.random.below(5) {
            0 => echo.kill_nowait(),
            1 => drop(near.shutdown(Shutdown::Write)),
            2 => {
                let (closing, pause, alive) = (near.clone(), world.pause(), Alive::new(&world.books));
                green::spawn(move || {
                    let _alive = alive;
                    let slept = sleep(pause);
                    closing.close();
                    slept
                });
            }
            _ => {}
        }
        exchange(world, &*near)
    }

    /// The same with a server that serves few at once.
    fn connect(&self, world: &World) -> bool {
        let Ok(Ok(stream)) = timeout(world.pause() * 4, || TcpStream::connect(self.server)) else { return false };
        exchange(world, &stream)
    }

    pub fn audit(&self) {
        while let Some(letter) = self.mailbox.try_receive() {
            self.received.set(self.received.get() + letter);
        }
        assert_eq!(self.received.get(), self.sent.load(Ordering::SeqCst), "letters sent and received");
        let (came, asked) = (self.came.load(Ordering::SeqCst), self.asked.load(Ordering::SeqCst));
        assert!(came <= asked, "{came} greenlets of {asked} that were asked for");
    }

    /// Whether every call on another thread has ended: each holds a sender or a handle's count.
    pub fn is_quiet(&self) -> bool {
        Arc::strong_count(&self.sent) == 1 && Arc::strong_count(&self.came) == 1
    }
}

fn echo(stream: impl Read + Write) -> io::Result<()> {
    let mut stream = stream;
    let mut buffer = [0; 512];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

/// Writes some bytes and reads them back: however it ends, what came back is the beginning of what was sent.
fn exchange<'a, S>(world: &World, stream: &'a S) -> bool
where
    &'a S: Read + Write,
{
    let bytes: Vec<u8> = (0..world.random.below(3_000)).map(|n| (n % 251) as u8).collect();
    let wrote = { stream }.write_all(&bytes).is_ok();
    let mut back = Vec::new();
    let mut buffer = [0; 300];
    while back.len() < bytes.len() {
        match { stream }.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => back.extend_from_slice(&buffer[..count]),
        }
    }
    assert!(bytes.starts_with(&back), "{} bytes came back wrong", back.len());
    wrote && back.len() == bytes.len()
}
