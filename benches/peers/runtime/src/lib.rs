//! What both peers share: the arguments, the clock, the line of JSON.

use std::time::{Duration, Instant};

/// Bytes of a message of `pingpong` and `echo`.
pub const MESSAGE: usize = 64;

pub struct Cost {
    pub operations: usize,
    pub wall: Duration,
    pub cpu: Duration,
    pub bytes: u64,
}

/// `CASE SIZE OPERATIONS` from the command line.
pub fn arguments() -> (String, usize, usize) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [case, size, operations] = &words[..] else { panic!("usage: CASE SIZE OPERATIONS") };
    (case.clone(), size.parse().expect("a size"), operations.parse().expect("operations"))
}

/// What has been taken since it was made.
pub struct Meter(Instant, Duration);

impl Meter {
    pub fn start() -> Meter {
        Meter(Instant::now(), cpu_time())
    }

    pub fn cost(self, operations: usize) -> Cost {
        Cost { operations, wall: self.0.elapsed(), cpu: cpu_time() - self.1, bytes: 0 }
    }
}

impl Cost {
    pub fn print(&self) {
        println!(
            "{{\"operations\":{},\"wall_ns\":{},\"cpu_ns\":{},\"bytes\":{}}}",
            self.operations,
            self.wall.as_nanos(),
            self.cpu.as_nanos(),
            self.bytes
        );
    }
}

/// Resident memory with page tables.
pub fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = |key: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (kib("VmRSS:") + kib("VmPTE:")) * 1024
}

fn cpu_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid out pointer, and a clock that every Linux has.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
