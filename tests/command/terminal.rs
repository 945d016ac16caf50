//! A real pseudo-terminal with an emulated screen, for tests of what a user sees, types and drags.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

use crate::runner::{program, wait_until};

const ROWS: u16 = 12;
/// A process that takes longer hangs.
const MAX_TIME: Duration = Duration::from_secs(20);

/// A terminal, and what runs on it.
pub struct Terminal {
    master: File,
    seen: Arc<Mutex<Seen>>,
    child: Child,
    reader: JoinHandle<()>,
}

struct Seen {
    parser: Parser,
    bytes: Vec<u8>,
}

/// A terminal in the making.
pub struct OnTerminal {
    command: Command,
    columns: u16,
    rows: u16,
    stdout: Option<Stdio>,
}

/// `gfetch` with these arguments, on a terminal of so many columns.
pub fn on_terminal(columns: u16, args: &[&str]) -> OnTerminal {
    OnTerminal::of(columns, program(), args)
}

/// A shell with job control, which finds the command as `$0`.
pub fn shell_on_terminal(columns: u16) -> OnTerminal {
    OnTerminal::of(columns, "/bin/sh", &["-i"]).env("PS1", "$ ").env("ENV", "").env("GFETCH", program())
}

impl OnTerminal {
    fn of(columns: u16, program: &str, args: &[&str]) -> OnTerminal {
        // It makes its standard input the controlling terminal, and becomes the program.
        let mut command = Command::new("setsid");
        command.args(["--ctty", program]).args(args);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TERM", "xterm-256color");
        OnTerminal { command, columns, rows: ROWS, stdout: None }
    }

    pub fn env(mut self, name: &str, value: &str) -> OnTerminal {
        self.command.env(name, value);
        self
    }

    /// A terminal that says it has no size.
    pub fn sizeless(mut self) -> OnTerminal {
        (self.columns, self.rows) = (0, 0);
        self
    }

    /// Standard output goes elsewhere.
    pub fn stdout(mut self, to: impl Into<Stdio>) -> OnTerminal {
        self.stdout = Some(to.into());
        self
    }

    pub fn start(mut self) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        resize(&master, self.columns, self.rows);
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        self.command.stdin(end()).stderr(end()).stdout(self.stdout.unwrap_or_else(end));
        let child = self.command.spawn().unwrap();
        // Else the terminal would never end: the command holds its standard streams.
        drop((slave, self.command));
        let master = File::from(master);
        let parser = Parser::new(at_least_one(ROWS), at_least_one(self.columns), 0);
        let seen = Arc::new(Mutex::new(Seen { parser, bytes: Vec::new() }));
        let (mut reader, sink) = (master.try_clone().unwrap(), seen.clone());
        let reader = thread::spawn(move || {
            let mut piece = [0; 16 * 1024];
            // It fails once nobody has the other end any more.
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                let mut seen = sink.lock().unwrap();
                seen.parser.process(&piece[..count]);
                seen.bytes.extend_from_slice(&piece[..count]);
            }
        });
        Terminal { master, seen, child, reader }
    }
}

impl Terminal {
    /// Types, as a user does: `\x03` is Ctrl-C.
    pub fn type_in(&self, keys: &str) {
        (&self.master).write_all(keys.as_bytes()).unwrap();
    }

    /// Drags the terminal to another width. It cuts off what has no room then, as xterm does.
    pub fn resize(&self, columns: u16) {
        let mut seen = self.seen.lock().unwrap();
        seen.parser.screen_mut().set_size(at_least_one(ROWS), at_least_one(columns));
        resize(&self.master, columns, ROWS);
    }

    /// The screen's rows, without what is blank at their ends and below.
    pub fn rows(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let columns = seen.parser.screen().size().1;
        let mut rows: Vec<String> =
            seen.parser.screen().rows(0, columns.into()).map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub fn wait_for(&self, what: &str, shown: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut rows = Vec::new();
        wait_until(what, || {
            rows = self.rows();
            shown(&rows)
        });
        rows
    }

    /// Everything that was written to it.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().bytes).into_owned()
    }

    /// Sends a signal by its name to the process.
    pub fn signal(&self, name: &str) {
        let status = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(status.unwrap().success());
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end. What was shown by then stays readable.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + MAX_TIME;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last may still be on its way.
                wait_until("end of what was written", || self.reader.is_finished());
                return status;
            }
            if Instant::now() > until {
                let _ = self.child.kill();
                panic!("it did not end in {MAX_TIME:?}; the terminal shows {:#?}", self.rows());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(master: impl AsFd, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).unwrap();
}

fn at_least_one(number: u16) -> NonZero<u16> {
    NonZero::new(number.max(1)).unwrap()
}
