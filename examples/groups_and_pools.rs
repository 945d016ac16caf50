//! Groups and pools, as gevent's tutorials tell of them: greenlets that are joined, mapped over, bounded and shut down
//! together.
//!
//! `cargo run --example groups_and_pools`

use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{self, Group, Interrupt, Pool, join_all, sleep, spawn, yield_now};
use gfetch::net::{TcpListener, TcpStream};

/// Where a story goes, line by line.
pub type Say = Rc<dyn Fn(&str)>;

/// A title, and who tells it.
pub type Story = (&'static str, fn(Say));

/// The stories, by name.
pub const STORIES: &[Story] = &[
    ("the_same_order_each_time", the_same_order_each_time),
    ("talk", talk),
    ("hello_from_a_group", hello_from_a_group),
    ("intensive", intensive),
    ("hello_from_a_pool", hello_from_a_pool),
    ("a_pool_of_sockets", a_pool_of_sockets),
];

fn main() {
    for (name, story) in STORIES {
        println!("--- {name}");
        green::run(|| story(Rc::new(|line| println!("{line}"))));
    }
}

/// S3.6: a pool of processes (or threads) gives its results in another order each time; a pool of greenlets does not.
pub fn the_same_order_each_time(say: Say) {
    let echo = |n: u32| {
        sleep(Duration::from_millis(1)).unwrap();
        n
    };
    let pool = Pool::new(10);
    let runs = [(); 4].map(|()| pool.imap_unordered(echo, 0..10).map(Result::unwrap).collect::<Vec<_>>());
    say(&format!("{:?}", runs[0]));
    say(&format!("all equal: {}", runs.iter().all(|run| *run == runs[0])));
}

/// S3.23: what `joinall` does with a list, a group does with its members.
pub fn talk(say: Say) {
    let talk = |message: &'static str| {
        let say = say.clone();
        spawn(move || (0..3).for_each(|_| say(message)))
    };
    join_all(&[talk("bar"), talk("foo"), talk("fizz")]).unwrap();
    say("--- as a group");
    let group = Group::new();
    for message in ["bar", "foo", "fizz"] {
        group.add(&talk(message));
    }
    group.join().unwrap();
}

/// S3.24: `map` runs each item in a member of its own. (A member leaves as soon as it has ended. gevent tells the size of
/// the group before it looks at its ends; the `yield_now` lets all three begin before the first ends.)
pub fn hello_from_a_group(say: Say) {
    let group = Group::new();
    let (members, speak) = (group.clone(), say.clone());
    let hello_from = move |_: u32| {
        speak(&format!("Size of group {}", members.len()));
        yield_now().unwrap();
        green::current().id()
    };
    let mut ids = group.map(hello_from, 0..3).unwrap();
    ids.dedup();
    say(&format!("{} different greenlets", ids.len()));
}

/// S3.25, S3.26: `imap` gives the results in the items' order, `imap_unordered` as they come.
pub fn intensive(say: Say) {
    let intensive = |n: u32| {
        sleep(Duration::from_secs(u64::from(3 - n))).unwrap();
        ("task", n)
    };
    let start = green::now();
    let tell = |result: Result<(&str, u32), _>| {
        say(&format!("{:.0} s {:?}", (green::now() - start).as_secs_f64(), result.unwrap()));
    };
    let group = Group::new();
    say("Ordered:");
    group.imap(intensive, 0..3).for_each(tell);
    say("Unordered:");
    group.imap_unordered(intensive, 0..3).for_each(tell);
}

/// S3.27: a pool of two runs two at once.
pub fn hello_from_a_pool(say: Say) {
    let pool = Pool::new(2);
    let (members, speak) = (pool.clone(), say);
    let hello_from = move |_: u32| {
        speak(&format!("Size of pool {}", members.len()));
        yield_now().unwrap();
    };
    pool.map(hello_from, 0..3).unwrap();
}

/// S3.28: as many sockets as there are places, each served by a greenlet; one more is refused; the shutdown ends all.
pub struct SocketPool {
    pool: Pool,
}

impl SocketPool {
    /// With so many places; the tutorial's has 1000.
    pub fn new(size: usize) -> SocketPool {
        SocketPool { pool: Pool::new(size) }
    }

    /// Serves a socket: says back what comes, until it ends.
    pub fn add_handler(&self, socket: TcpStream) -> Result<(), &'static str> {
        let listen = move || -> io::Result<()> {
            let mut buffer = [0; 1024];
            loop {
                match (&socket).read(&mut buffer)? {
                    0 => return Ok(()),
                    read => (&socket).write_all(&buffer[..read])?,
                }
            }
        };
        self.pool.try_spawn(listen).map(drop).map_err(|_| "At maximum pool size")
    }

    /// Ends all.
    pub fn shutdown(&self) -> Result<(), Interrupt> {
        self.pool.kill()
    }
}

/// S3.28 in use.
pub fn a_pool_of_sockets(say: Say) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let sockets = SocketPool::new(3);
    let mut clients = Vec::new();
    for n in 1..=4 {
        let connecting = spawn(move || TcpStream::connect(address));
        let (accepted, _) = listener.accept().unwrap();
        clients.push(connecting.get().unwrap().unwrap());
        say(&format!("socket {n}: {:?}", sockets.add_handler(accepted)));
    }
    let mut echo = [0; 5];
    (&clients[0]).write_all(b"hello").unwrap();
    (&clients[0]).read_exact(&mut echo).unwrap();
    say(&String::from_utf8_lossy(&echo));
    sockets.shutdown().unwrap();
    let ended = clients.iter().filter(|client| matches!((&**client).read(&mut echo), Ok(0))).count();
    say(&format!("{ended} sockets closed"));
}
