//! What greenlets save a program of blocking requests: 1,000 by `ureq`, all at once, on greenlets of one thread and on a
//! thread each.
//!
//! `cargo bench -p gfetch-monkey --bench ureq` prints the table: wall time, CPU time and the peak of memory, medians and
//! range of runs that take turns. With `-- --smoke` each side runs once, with few requests.
//!
//! Each run is a process of its own (this program again), so that no peak is another's, and so is the server. It answers
//! nobody before all have asked, and then takes [`DELAY`]: so all are under way at once, or the run fails. Every answer is
//! a page of its own, which is looked at.

#[allow(dead_code)]
#[path = "../../../benches/meter.rs"]
mod meter;

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, ServerLimits};
use gfetch::net::TcpListener;
use ureq::Agent;

use meter::{Cost, Meter, median, peak_bytes};

/// Requests at once, and runs of each side.
const FULL: (usize, usize) = (1000, 15);
const SMOKE: (usize, usize) = (50, 1);
/// What the server takes for each answer, once all have asked.
const DELAY: Duration = Duration::from_millis(100);
/// How long it holds a request while others have not come.
const PATIENCE: Duration = Duration::from_secs(30);
const SIDES: [&str; 2] = ["greenlets", "threads"];
/// What ureq has for a connection, each way: most of the memory that a request takes. And little of it.
const BUFFERS: [usize; 2] = [128 << 10, 4 << 10];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (flags, words): (Vec<_>, Vec<_>) = words.iter().map(String::as_str).partition(|word| word.starts_with("--"));
    match words[..] {
        ["server", count] => serve(count.parse().unwrap()),
        [side, address, count, buffers] => {
            run(side, address.parse().unwrap(), count.parse().unwrap(), buffers.parse().unwrap()).print();
        }
        _ => compare(if flags.contains(&"--smoke") { SMOKE } else { FULL }),
    }
}

/// Runs all by turns, and tells what they took.
fn compare((count, rounds): (usize, usize)) {
    let mut server = Server(begin(&["server", &count.to_string()]));
    let address = line(&mut server.0);
    println!("{count} requests by ureq, all at once; median of {rounds} (range)");
    println!("{:<32} {:>22} {:>22} {:>24}", "", "wall, ms", "CPU, ms", "peak of memory, MiB");
    for buffers in BUFFERS {
        let mut costs = [Vec::new(), Vec::new()];
        for turn in 0..rounds * 2 {
            // Who comes second comes first in the next round.
            let side = (turn + turn / 2) % 2;
            let mut run = begin(&[SIDES[side], &address, &count.to_string(), &buffers.to_string()]);
            costs[side].push(figures(&line(&mut run)));
            assert!(run.wait().unwrap().success(), "{} failed", SIDES[side]);
        }
        for (side, costs) in SIDES.iter().zip(&costs) {
            let cells = [0, 1, 2].map(|column| spread(&costs.iter().map(|cost| cost[column]).collect::<Vec<_>>()));
            let name = format!("{side}, buffers of {} KiB", buffers >> 10);
            println!("{name:<32} {:>22} {:>22} {:>24}", cells[0], cells[1], cells[2]);
        }
    }
}

/// Ended with its value, also where a run has failed.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// This program again, with other words.
fn begin(words: &[&str]) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new(program).args(words).stdout(Stdio::piped()).spawn().unwrap()
}

/// The first line that it says.
fn line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Milliseconds of wall time and of CPU time, and MiB, from the line that [`Cost::print`] writes.
fn figures(line: &str) -> [f64; 3] {
    let numbers = line.split(|letter: char| !letter.is_ascii_digit()).filter_map(|word| word.parse::<f64>().ok());
    let [_, wall, cpu, bytes] = numbers.collect::<Vec<_>>()[..] else { panic!("no cost: {line:?}") };
    [wall / 1e6, cpu / 1e6, bytes / f64::from(1 << 20)]
}

fn spread(values: &[f64]) -> String {
    let [least, most] = [values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max)];
    format!("{:.1} ({:.1} … {:.1})", median(values), least.unwrap(), most.unwrap())
}

/// One side's run. Memory is what it takes at most beyond what the program had before, of its own: neither page tables nor
/// the kernel's stacks.
fn run(side: &str, server: SocketAddr, count: usize, buffers: usize) -> Cost {
    let config = Agent::config_builder().input_buffer_size(buffers).output_buffer_size(buffers).build();
    let agent = Agent::new_with_config(config);
    let get = move |n: usize| fetch(&agent, server, n);
    let before = peak_bytes();
    let meter = Meter::start();
    match side {
        "greenlets" => on_greenlets(count, get),
        "threads" => on_threads(count, get),
        other => panic!("no such side: {other}"),
    }
    let cost = meter.cost(count);
    Cost { bytes: peak_bytes() - before, ..cost }
}

/// Code as it is written for threads. Fails where it got another page than it asked for.
fn fetch(agent: &Agent, server: SocketAddr, n: usize) {
    let target = format!("/{n}");
    let mut answer = agent.get(format!("http://{server}{target}")).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), page(&target));
}

fn on_greenlets(count: usize, get: impl Fn(usize) + Clone + 'static) {
    gfetch_monkey::patch_all();
    green::run(|| {
        let fetches = (0..count).map(|n| {
            let get = get.clone();
            green::spawn(move || get(n))
        });
        let fetches: Vec<_> = fetches.collect();
        fetches.iter().for_each(|fetch| fetch.get().unwrap());
        assert_eq!(std::fs::read_dir("/proc/self/task").unwrap().count(), 1, "all on this thread");
    });
}

fn on_threads(count: usize, get: impl Fn(usize) + Clone + Send + 'static) {
    let fetches = (0..count).map(|n| {
        let get = get.clone();
        std::thread::spawn(move || get(n))
    });
    let fetches: Vec<_> = fetches.collect();
    fetches.into_iter().for_each(|fetch| fetch.join().unwrap());
}

/// About 1 KiB, another for each target.
fn page(target: &str) -> String {
    format!("the page at {target}\n").repeat(60)
}

/// Serves for ever, `count` requests at once, and says where.
fn serve(count: usize) {
    green::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        println!("{}", listener.local_addr().unwrap());
        let waiting = RefCell::new((0, green::Event::new()));
        let server = gfetch::http::server::start(listener, ServerLimits::default(), move |exchange: &mut Exchange| {
            let all_have_come = together(&mut waiting.borrow_mut(), count);
            if !all_have_come.wait_timeout(PATIENCE).unwrap() {
                return exchange.respond(503, &Fields::new(), b"others have not come");
            }
            green::sleep(DELAY)?;
            exchange.respond(200, &Fields::new(), page(&exchange.head().target).as_bytes())
        });
        server.wait().unwrap();
    });
}

/// Counts one more of those that `count` make whole; what they wait for.
fn together((come, whole): &mut (usize, green::Event), count: usize) -> green::Event {
    let own = whole.clone();
    *come += 1;
    if *come == count {
        own.set();
        (*come, *whole) = (0, green::Event::new());
    }
    own
}
