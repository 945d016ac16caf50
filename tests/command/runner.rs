//! Runs `gfetch` as a script would: a folder of its own, no environment, a time limit, everything captured.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A process that takes longer hangs: no test here means to take a fraction of it.
const MAX_TIME: Duration = Duration::from_secs(20);
/// How often something that will come soon is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Runs `gfetch` with these arguments to its end.
pub fn gfetch(args: &[&str]) -> Run {
    Gfetch::new(args).run()
}

/// Runs it and reads its JSON records.
pub fn records(args: &[&str]) -> Vec<Value> {
    Gfetch::new(args).args(&["--format", "json"]).run().records()
}

/// A command in the making.
pub struct Gfetch {
    command: Command,
    input: Vec<u8>,
    keep_open: bool,
}

impl Gfetch {
    pub fn new(args: &[&str]) -> Gfetch {
        let mut command = Command::new(program());
        command.args(args);
        Gfetch::of(command)
    }

    /// A shell script that finds the command as `$0`.
    pub fn shell(script: &str) -> Gfetch {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, program()]);
        Gfetch::of(command)
    }

    fn of(mut command: Command) -> Gfetch {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Gfetch { command, input: Vec::new(), keep_open: false }
    }

    pub fn args(mut self, args: &[&str]) -> Gfetch {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Gfetch {
        self.command.env(name, value);
        self
    }

    /// What standard input holds.
    pub fn input(mut self, bytes: impl AsRef<[u8]>) -> Gfetch {
        self.input = bytes.as_ref().to_vec();
        self
    }

    /// Standard input stays open after the input: an endless pipe.
    pub fn keep_open(mut self) -> Gfetch {
        self.keep_open = true;
        self
    }

    /// Runs in this folder.
    pub fn dir(mut self, dir: &Dir) -> Gfetch {
        self.command.current_dir(dir.path());
        self
    }

    pub fn stdout(mut self, to: impl Into<Stdio>) -> Gfetch {
        self.command.stdout(to);
        self
    }

    pub fn stderr(mut self, to: impl Into<Stdio>) -> Gfetch {
        self.command.stderr(to);
        self
    }

    pub fn run(self) -> Run {
        self.start().wait()
    }

    pub fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = std::mem::take(&mut self.input);
        let (out, err) = (Tap::on(child.stdout.take()), Tap::on(child.stderr.take()));
        // On a thread: the command may be busy with something else than reading. It may also not read at all.
        let feeder = thread::spawn(move || {
            let _ = stdin.write_all(&input);
            stdin
        });
        let stdin = if self.keep_open { Some(feeder.join().unwrap()) } else { None };
        Running { child, stdin, out, err, started: Instant::now() }
    }
}

/// The command itself.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_gfetch")
}

/// A command that runs.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    out: Tap,
    err: Tap,
    started: Instant,
}

impl Running {
    pub fn send(&mut self, input: &str) {
        self.stdin.as_mut().unwrap().write_all(input.as_bytes()).unwrap();
    }

    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until so many lines are on standard output.
    pub fn wait_for_lines(&self, lines: usize) -> String {
        wait_until("lines on standard output", || {
            self.out.seen().iter().filter(|byte| **byte == b'\n').count() >= lines
        });
        String::from_utf8(self.out.seen()).unwrap()
    }

    /// Sends a signal by its name: `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(status.unwrap().success());
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its state as `ps` shows it: `T` while it stands still.
    pub fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap()
    }

    /// Whether it has got so far as to have this thread.
    pub fn has_thread(&self, name: &str) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.id())).into_iter().flatten().flatten();
        let mut names = threads.map(|thread| fs::read_to_string(thread.path().join("comm")).unwrap_or_default());
        names.any(|thread| thread.trim_end() == name)
    }

    /// What it has done so far may have taken long.
    pub fn give_time(&mut self) {
        self.started = Instant::now();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end, which must come in time.
    pub fn wait(mut self) -> Run {
        self.end_input();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > MAX_TIME {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let err = String::from_utf8_lossy(&self.err.finish()).into_owned();
                panic!("gfetch did not end in {MAX_TIME:?}; standard error: {err}");
            }
            thread::sleep(LOOK_EVERY);
        };
        let took = self.started.elapsed();
        let (out, err) = (self.out.finish(), String::from_utf8(self.err.finish()).unwrap());
        Run { status, out, err, took }
    }
}

/// What came out so far, gathered by a thread.
struct Tap {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Tap {
    fn on(stream: Option<impl Read + Send + 'static>) -> Tap {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = bytes.clone();
        let read = move |mut stream: Box<dyn Read + Send>| {
            let mut piece = [0; 16 * 1024];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                sink.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        };
        let reader = stream.map(|stream| thread::spawn(move || read(Box::new(stream))));
        Tap { bytes, reader }
    }

    fn seen(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    fn finish(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        std::mem::take(&mut *self.bytes.lock().unwrap())
    }
}

/// What a command left.
#[derive(Debug)]
pub struct Run {
    pub status: ExitStatus,
    pub out: Vec<u8>,
    pub err: String,
    pub took: Duration,
}

impl Run {
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    pub fn text(&self) -> &str {
        str::from_utf8(&self.out).unwrap()
    }

    pub fn lines(&self) -> Vec<&str> {
        self.text().lines().collect()
    }

    /// Every line of the output, as the JSON it must be.
    pub fn records(&self) -> Vec<Value> {
        let record = |line: &&str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(self.out.is_empty() || self.out.ends_with(b"\n"), "{self:?}");
        self.lines().iter().map(record).collect()
    }

    /// Fails unless it ended so; shows what it said.
    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.status.code(), Some(code), "{} {}", String::from_utf8_lossy(&self.out), self.err);
        self
    }
}

/// A folder that is gone after the test.
pub struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new() -> Dir {
        Dir(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The path of a file as an argument.
    pub fn at(&self, name: &str) -> String {
        self.file(name).into_os_string().into_string().unwrap()
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), bytes).unwrap();
        self.at(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}; {:?}", self.names()))
    }

    /// Every file below, by its relative path, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.path(), "", &mut names);
        names.sort();
        names
    }
}

fn collect(dir: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}

/// Waits for what must come soon.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + MAX_TIME / 2;
    while !done() {
        assert!(Instant::now() < until, "no {what} in {:?}", MAX_TIME / 2);
        thread::sleep(LOOK_EVERY);
    }
}
