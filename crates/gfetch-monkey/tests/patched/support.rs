//! What the tests share: a patched hub, servers on threads of their own, spans of time with room on busy machines.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::FromRawFd;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green;

pub const SECOND: Duration = Duration::from_secs(1);

/// A moment, for what must be waited for.
pub const MOMENT: Duration = Duration::from_millis(20);

/// What a C call told: its value, or the error number.
pub fn told(value: impl TryInto<i64>) -> Result<i64, i32> {
    let error = io::Error::last_os_error().raw_os_error().unwrap();
    let value = value.try_into().unwrap_or_else(|_| panic!("a number of C"));
    if value < 0 { Err(error) } else { Ok(value) }
}

/// The error number of a failure of std's.
pub fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> i32 {
    result.unwrap_err().raw_os_error().unwrap()
}

/// A regular file without a name.
pub fn file() -> File {
    // SAFETY: a string of C, and a descriptor that only this file has.
    unsafe { File::from_raw_fd(libc::memfd_create(c"gfetch-monkey".as_ptr(), libc::MFD_CLOEXEC)) }
}

/// A folder of a test's own, which is gone at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gfetch-monkey-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Spawns `f` and runs it until it waits.
pub fn begun<T: 'static>(f: impl FnOnce() -> T + 'static) -> green::Greenlet<T> {
    let task = green::spawn(f);
    green::yield_now().unwrap();
    assert!(!task.is_done(), "it was to wait");
    task
}

/// Patches all and runs `f` as a hub's main greenlet.
pub fn patched<T>(f: impl FnOnce() -> T) -> T {
    gfetch_monkey::patch_all();
    green::run(f)
}

/// What `f` gave, and how long it took.
pub fn timed<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = f();
    (done, start.elapsed())
}

/// Spawns `count` greenlets and waits for all; a panic of one is ours.
pub fn all<T: 'static>(count: usize, f: impl Fn(usize) -> T + Clone + 'static) -> Vec<T> {
    let spawn = |n| {
        let f = f.clone();
        green::spawn(move || f(n))
    };
    let tasks: Vec<_> = (0..count).map(spawn).collect();
    tasks.iter().map(|task| task.get().unwrap()).collect()
}

/// A server on threads of the system: each connection has its request read, `delay` slept and an answer written.
pub fn slow_server(delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || {
                let mut request = [0; 1024];
                let length = client.read(&mut request).unwrap();
                assert!(request[..length].ends_with(b"\r\n\r\n"), "a whole request");
                thread::sleep(delay);
                let _ = client.write_all(b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello");
            });
        }
    });
    address
}
