//! What patching costs: CPU time, best and median of rounds that take turns, and the two bounds that are promised.
//!
//! Rounds are short and many, who is first changes, and what is held to a bound is the median of what a round cost more (or
//! how many times as much) than the one beside it: so a machine that does something else now and then does not decide.
//!
//! `cargo bench -p gfetch-monkey --bench cost` prints the table and fails where a bound is passed; with `-- --smoke` each
//! row runs once, briefly, and no bound is looked at.
//!
//! - A patched call off any greenlet costs at most [`MOST_NS`] more than the bare system call.
//! - An exchange on patched `std::net` costs at most [`MOST_TIMES`] what it costs on `gfetch::net`.

#[allow(dead_code)]
#[path = "../../../benches/meter.rs"]
mod meter;

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use gfetch::{green, net};
use gfetch_monkey::original;
use libc::{c_int, c_void, size_t, ssize_t};

use meter::{cpu_time, median};

/// A patched call off any greenlet, beyond the bare one.
const MOST_NS: f64 = 5.0;
/// A patched exchange on a greenlet, of the library's own.
const MOST_TIMES: f64 = 1.3;

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let (rounds, scale) = if smoke { (1, 20) } else { (401, 1) };
    gfetch_monkey::patch_all();
    println!("{:<52} {:>10} {:>10}", "CPU ns per operation", "best", "median");
    let (calls, exchanges) = (40_000 / scale, 3_000 / scale);

    let here = by_turns(rounds, calls, [&bare, &patched]);
    table("recv off any hub", ["bare system call", "patched"], &here);
    let in_loop = by_turns(rounds, calls, [&|n| in_the_loop(n, bare), &|n| in_the_loop(n, patched)]);
    table("recv in the hub's own loop", ["bare system call", "patched"], &in_loop);
    let talk = by_turns(rounds, exchanges, [&exchange_by_net, &exchange_by_std]);
    table("a byte there and back on TCP, two greenlets", ["gfetch::net", "patched std::net"], &talk);
    let ready = by_turns(rounds, calls, [&|n| green::run(|| bare(n)), &|n| green::run(|| patched(n))]);
    table("recv on a greenlet that need not wait", ["bare system call", "patched"], &ready);

    let mut kept = true;
    for (name, pair) in [("off any hub", &here), ("in the hub's loop", &in_loop)] {
        let more = beside(pair, |bare, patched| patched - bare);
        kept &= bound(&format!("a patched call {name}: {more:.1} ns more, at most {MOST_NS}"), more <= MOST_NS);
    }
    let times = beside(&talk, |own, patched| patched / own);
    kept &=
        bound(&format!("a patched exchange: {times:.2} times gfetch's own, at most {MOST_TIMES}"), times <= MOST_TIMES);
    if !kept && !smoke {
        std::process::exit(1);
    }
}

fn bound(text: &str, kept: bool) -> bool {
    println!("{} {text}", if kept { "kept:    " } else { "EXCEEDED:" });
    kept
}

/// Nanoseconds an operation of each of the two, which take their own time, round by round, by turns.
fn by_turns(rounds: usize, operations: usize, works: [&dyn Fn(usize) -> Duration; 2]) -> [Vec<f64>; 2] {
    let mut costs = [Vec::new(), Vec::new()];
    for turn in 0..rounds * 2 {
        // Who comes second comes first in the next round.
        let who = (turn + turn / 2) % 2;
        costs[who].push(works[who](operations).as_nanos() as f64 / operations as f64);
    }
    costs
}

/// The median of what a round is to the one beside it.
fn beside([first, second]: &[Vec<f64>; 2], compare: fn(f64, f64) -> f64) -> f64 {
    median(&first.iter().zip(second).map(|(first, second)| compare(*first, *second)).collect::<Vec<_>>())
}

/// CPU time of `calls` calls.
fn timed(calls: usize, mut call: impl FnMut()) -> Duration {
    let start = cpu_time();
    for _ in 0..calls {
        call();
    }
    cpu_time() - start
}

fn table(what: &str, names: [&str; 2], costs: &[Vec<f64>; 2]) {
    for (name, costs) in names.iter().zip(costs) {
        let best = costs.iter().copied().fold(f64::INFINITY, f64::min);
        println!("{:<52} {best:>10.1} {:>10.1}", format!("{what}: {name}"), median(costs));
    }
}

/// A socket with a byte to look at, as often as one likes.
fn ready_socket() -> (UnixStream, UnixStream) {
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"x").unwrap();
    (near, far)
}

type Recv = unsafe extern "C" fn(c_int, *mut c_void, size_t, c_int) -> ssize_t;

fn bare(calls: usize) -> Duration {
    look(original::recv, calls)
}

fn patched(calls: usize) -> Duration {
    look(libc::recv, calls)
}

/// Both are called by an address that the compiler does not know, as what a shared library has: neither is inlined.
fn look(recv: Recv, calls: usize) -> Duration {
    let (near, _far) = ready_socket();
    let (recv, mut byte) = (black_box(recv), 0_u8);
    timed(calls, || {
        // SAFETY: room for a byte.
        let got = unsafe { recv(near.as_raw_fd(), (&raw mut byte).cast(), 1, libc::MSG_PEEK) };
        assert_eq!(got, 1);
    })
}

/// Runs `work` on a hub's thread, but on no greenlet.
fn in_the_loop(calls: usize, work: fn(usize) -> Duration) -> Duration {
    green::run(|| {
        let (tell, told) = green::threads::bounded(1);
        green::Handle::current().post(move || tell.try_send(work(calls)).unwrap());
        told.recv().unwrap().unwrap()
    })
}

fn exchange_by_net(exchanges: usize) -> Duration {
    green::run(|| {
        let listener = net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.set_nodelay(true).unwrap();
        far.set_nodelay(true).unwrap();
        talk(
            exchanges,
            move |byte| near.write_all(byte).and_then(|()| near.read_exact(byte)).unwrap(),
            move |byte| {
                far.read_exact(byte).and_then(|()| far.write_all(byte)).unwrap();
            },
        )
    })
}

fn exchange_by_std(exchanges: usize) -> Duration {
    green::run(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.set_nodelay(true).unwrap();
        far.set_nodelay(true).unwrap();
        talk(
            exchanges,
            move |byte| near.write_all(byte).and_then(|()| near.read_exact(byte)).unwrap(),
            move |byte| {
                far.read_exact(byte).and_then(|()| far.write_all(byte)).unwrap();
            },
        )
    })
}

fn talk(exchanges: usize, mut near: impl FnMut(&mut [u8]), mut far: impl FnMut(&mut [u8]) + 'static) -> Duration {
    let answers = green::spawn(move || (0..exchanges).for_each(|_| far(&mut [0])));
    let time = timed(exchanges, || near(&mut [0]));
    answers.join().unwrap();
    time
}
