//! What the benchmarks measure with: CPU time, memory, and a case's cost as a line of JSON. The peers in
//! `benches/peers/runtime` use the same file.

#![allow(unsafe_code, reason = "std reads no CPU clock")]

use std::time::{Duration, Instant};

/// What a case took.
pub struct Cost {
    pub operations: usize,
    pub wall: Duration,
    pub cpu: Duration,
    pub bytes: u64,
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

/// Resident memory with page tables.
pub fn memory_bytes() -> u64 {
    status_bytes("VmRSS:") + status_bytes("VmPTE:")
}

/// The most resident memory that there has been so far, without page tables.
pub fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// What this process has used so far, all threads.
pub fn cpu_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid out pointer, and a clock that every Linux has.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
