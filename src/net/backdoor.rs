//! A console into a running hub over a Unix socket: who is there, what they wait for, the numbers, and a kill.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::socket;
use crate::green::{self, Builder, Greenlet, Interrupt, Semaphore, Watched};

/// Longer lines are refused, and their connection is closed.
const MAX_LINE_BYTES: usize = 256;
/// Connections at once; more wait in the kernel.
const MAX_CONNECTIONS: usize = 4;
/// A console that says nothing, or hears nothing, for so long makes room for another.
const IDLE: Duration = Duration::from_secs(600);
/// The pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);
/// Only the owner may connect.
const MODE: u32 = 0o600;

const HELP: &str = "\
ps        every greenlet: id, name, spawn site, what it waits for, stack
tree      the same by who spawned whom
where ID  one greenlet in full (also: stack ID)
kill ID   ask a greenlet to end
stats     the hub's numbers
trace     what was recorded last, where the hub records (Config::record)
quit      close this connection
";

/// A console on a Unix socket for who runs this process: `nc -U PATH`, then `help`. gevent: `backdoor.BackdoorServer`,
/// which runs Python over TCP; here there are commands, no language, and only the socket's owner (and root) may connect.
///
/// It listens until it is dropped, which also ends its connections and removes the socket's file. While it listens the
/// hub waits for it, so that a deadlock is not reported; `ps` shows it.
///
/// ```
/// use gfetch::{green, net::{Backdoor, UnixStream}};
/// use std::io::{Read, Write};
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("backdoor");
/// green::run(|| {
///     let _backdoor = Backdoor::open(&path).unwrap();
///     let mut console = UnixStream::connect(&path).unwrap();
///     console.write_all(b"ps\nquit\n").unwrap();
///     let mut text = String::new();
///     console.read_to_string(&mut text).unwrap();
///     assert!(text.contains("main (spawned at ") && text.contains("backdoor"));
/// });
/// ```
pub struct Backdoor {
    path: PathBuf,
    acceptor: Greenlet<()>,
    connections: green::Group,
}

impl Backdoor {
    /// Makes the socket at `path`, which must not exist, and listens.
    ///
    /// # Errors
    /// Those of making the socket: `AddrInUse` where something is at `path` already, be it what a process that was
    /// stopped hard has left there: remove that first.
    ///
    /// # Panics
    /// Outside [`green::run`](green::run()).
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> io::Result<Backdoor> {
        let path = path.as_ref().to_owned();
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.bind(&SockAddr::unix(&path)?)?;
        // Nobody can connect before the socket listens, and then only who may.
        let listens = fs::set_permissions(&path, fs::Permissions::from_mode(MODE)).and_then(|()| {
            socket.listen(MAX_CONNECTIONS as i32)?;
            Watched::new(socket)
        });
        let listener = listens.inspect_err(|_| drop(fs::remove_file(&path)))?;
        let connections = green::Group::new();
        let group = connections.clone();
        let acceptor = Builder::new().name("backdoor").spawn(move || accept_all(&listener, &group))?;
        Ok(Backdoor { path, acceptor, connections })
    }

    /// Where its socket is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Backdoor {
    fn drop(&mut self) {
        self.acceptor.kill_nowait();
        self.connections.kill_nowait();
        let _ = fs::remove_file(&self.path);
    }
}

fn accept_all(listener: &Watched<Socket>, connections: &green::Group) {
    let places = Semaphore::new(MAX_CONNECTIONS);
    loop {
        let Ok(place) = places.acquire() else { return };
        let accepted =
            socket::accept(listener, None).and_then(|new| new.map(|(socket, _)| Watched::new(socket)).transpose());
        match accepted {
            Ok(None) => {}
            Ok(Some(stream)) => {
                connections.spawn(move || {
                    let _place = place;
                    Console { stream }.serve()
                });
            }
            Err(error) if Interrupt::of(&error).is_some() => return,
            Err(_) if green::sleep(PAUSE).is_err() => return,
            Err(_) => {}
        }
    }
}

struct Console {
    stream: Watched<Socket>,
}

impl Console {
    fn serve(&self) -> io::Result<()> {
        let mut input = Vec::new();
        loop {
            while let Some(end) = input.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = input.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                if line.trim() == "quit" {
                    return Ok(());
                }
                let answer = answer(line.trim());
                if green::timeout(IDLE, || self.say(&answer)).is_err() {
                    return Ok(());
                }
            }
            if input.len() > MAX_LINE_BYTES {
                return self.say(&format!("a line of more than {MAX_LINE_BYTES} bytes: closed\n"));
            }
            let mut buffer = [0; MAX_LINE_BYTES];
            match socket::read(&self.stream, &mut buffer, Some(IDLE))? {
                None | Some(0) => return Ok(()),
                Some(read) => input.extend_from_slice(&buffer[..read]),
            }
        }
    }

    fn say(&self, text: &str) -> io::Result<()> {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            let Some(written) = socket::write(&self.stream, left, None)? else { continue };
            left = &left[written..];
        }
        Ok(())
    }
}

/// What is said to one command.
fn answer(line: &str) -> String {
    let mut words = line.split_whitespace();
    let (command, argument, more) = (words.next(), words.next(), words.next());
    let id = || match argument.map(str::parse::<u64>) {
        Some(Ok(id)) => Ok(id),
        Some(Err(_)) => Err(format!("{} is no id: a number, as ps shows it\n", argument.unwrap_or_default())),
        None => Err("which one? give an id, as ps shows it\n".to_owned()),
    };
    match (command, more) {
        (None, _) => String::new(),
        (Some(_), Some(_)) => "too many words: try help\n".to_owned(),
        (Some("ps"), _) => green::dump_tasks().to_string(),
        (Some("tree"), _) => green::dump_tasks().tree().to_string(),
        (Some("stats"), _) => format!("{}\n", green::stats()),
        (Some("trace"), _) => green::trace().to_string(),
        (Some("help"), _) => HELP.to_owned(),
        (Some("where" | "stack"), _) => id().map_or_else(|error| error, where_is),
        (Some("kill"), _) => id().map_or_else(|error| error, kill),
        (Some(_), _) => "no such command: try help\n".to_owned(),
    }
}

fn where_is(id: u64) -> String {
    let dump = green::dump_tasks();
    let found = dump.tasks.iter().zip(dump.lines()).find(|(task, _)| task.id == id);
    let Some((task, line)) = found else { return nobody(id) };
    let used = task.stack_used_bytes.map_or_else(|| "not begun".to_owned(), |used| format!("{used} bytes deep"));
    let parent = task.parent.map_or_else(|| "nobody on this hub".to_owned(), |parent| format!("greenlet {parent}"));
    let mut text = format!("{line}\n  spawned by {parent} at {}\n", task.spawned_at);
    text += &format!("  stack of {} bytes, {used}\n", task.stack_bytes);
    text
}

fn kill(id: u64) -> String {
    if id == 0 {
        return "that is the main greenlet: its end would be the program's\n".to_owned();
    }
    if green::kill_by_id(id) { format!("asked greenlet {id} to end\n") } else { nobody(id) }
}

fn nobody(id: u64) -> String {
    format!("no greenlet {id} lives\n")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::green::{Event, GetError};
    use crate::net::UnixStream;

    /// Says `lines` to a backdoor and returns all it says until it closes.
    fn ask(path: &Path, lines: &str) -> String {
        let mut console = UnixStream::connect(path).unwrap();
        console.write_all(lines.as_bytes()).unwrap();
        let mut text = String::new();
        console.read_to_string(&mut text).unwrap();
        text
    }

    fn with_backdoor(f: impl FnOnce(&Path, Backdoor)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backdoor");
        green::run(|| f(&path, Backdoor::open(&path).unwrap()));
        assert!(!path.exists(), "its file is removed");
    }

    #[test]
    fn only_the_owner_may_connect() {
        with_backdoor(|path, _backdoor| {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        });
    }

    #[test]
    fn ps_where_and_tree_tell_of_each_greenlet() {
        with_backdoor(|path, _backdoor| {
            let event = Event::new();
            let waiting = event.clone();
            let worker = Builder::new().name("worker").spawn(move || waiting.wait()).unwrap();
            let id = worker.id();
            let text = ask(path, &format!("ps\nwhere {id}\nstack {id}\ntree\nquit\nps\n"));
            assert_eq!(text.matches(" worker (spawned at src/net/backdoor.rs:").count(), 1, "{text}");
            let labelled = format!("#{id} \"worker\" (spawned at src/net/backdoor.rs:");
            assert_eq!(text.matches(&labelled).count(), 3, "{text}");
            assert_eq!(text.matches("waits for an event").count(), 4, "{text}");
            assert_eq!(text.matches("  spawned by greenlet 0 at src/net/backdoor.rs:").count(), 2, "{text}");
            assert_eq!(text.matches("  stack of 262144 bytes, ").count(), 2, "{text}");
            let in_the_tree = |line: &str| line.starts_with("  #") && line.contains(" \"backdoor\" (spawned at");
            assert!(text.lines().any(in_the_tree) && text.contains("waits to read descriptor"), "{text}");
            event.set();
            worker.join().unwrap();
        });
    }

    #[test]
    fn kill_ends_a_greenlet_and_not_the_main_one() {
        with_backdoor(|path, _backdoor| {
            let worker = green::spawn(|| green::sleep(IDLE));
            let id = worker.id();
            let text = ask(path, &format!("kill {id}\nkill 0\nkill 999\nkill\nkill x\nquit\n"));
            let expected = format!(
                "asked greenlet {id} to end\nthat is the main greenlet: its end would be the program's\n\
                 no greenlet 999 lives\nwhich one? give an id, as ps shows it\nx is no id: a number, as ps shows it\n"
            );
            assert_eq!(text, expected);
            assert!(matches!(worker.get(), Err(GetError::Killed)));
        });
    }

    #[test]
    fn stats_trace_help_and_what_is_no_command_are_answered() {
        with_backdoor(|path, _backdoor| {
            let text = ask(path, "stats\r\n\ntrace\nhelp\nrm -rf /\nfork\nquit\n");
            assert!(text.starts_with("up ") && text.contains(", switches "), "{text}");
            assert!(text.ends_with(&format!("{HELP}too many words: try help\nno such command: try help\n")), "{text}");
        });
    }

    #[test]
    fn a_line_without_end_is_refused_and_closed() {
        with_backdoor(|path, _backdoor| {
            let text = ask(path, &"x".repeat(MAX_LINE_BYTES + 1));
            assert_eq!(text, "a line of more than 256 bytes: closed\n");
            assert_eq!(ask(path, "quit\n"), "");
        });
    }

    #[test]
    fn more_consoles_than_places_wait_their_turn_and_leave_nothing_behind() {
        with_backdoor(|path, _backdoor| {
            let first: Vec<_> = (0..MAX_CONNECTIONS).map(|_| UnixStream::connect(path).unwrap()).collect();
            let path = path.to_owned();
            let next = green::spawn(move || ask(&path, "kill 0\nquit\n"));
            green::sleep(PAUSE / 5).unwrap();
            assert!(!next.is_done(), "there is no place");
            drop(first);
            assert!(next.get().unwrap().contains("main greenlet"));
            green::sleep(PAUSE / 5).unwrap();
            assert_eq!(green::dump_tasks().tasks.len(), 2, "main and the backdoor: {}", green::dump_tasks());
        });
    }

    #[test]
    fn dropping_it_closes_open_consoles() {
        with_backdoor(|path, backdoor| {
            let mut console = UnixStream::connect(path).unwrap();
            console.write_all(b"kill 0\n").unwrap();
            assert!(console.read(&mut [0; 100]).unwrap() > 0);
            drop(backdoor);
            assert_eq!(console.read(&mut [0; 100]).unwrap(), 0);
            assert!(UnixStream::connect(path).is_err());
        });
    }

    #[test]
    fn a_path_that_exists_is_left_alone() {
        with_backdoor(|path, _backdoor| {
            let again = Backdoor::open(path).err().unwrap();
            assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
            assert_eq!(ask(path, "quit\n"), "");
        });
    }
}
