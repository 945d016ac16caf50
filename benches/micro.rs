//! Micro-benchmarks of the runtime and the HTTP machine: CPU time per operation, best and median of several rounds.
//!
//! `cargo bench --bench micro --features measuring` prints the table; `cargo bench --bench micro -- --smoke` runs each once, briefly, to prove
//! that the benchmarks still work; a word after `--` runs only the rows whose names contain it. Wall time means little on a shared machine, so CPU time of the process is read.

#[allow(dead_code)]
mod meter;

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use gfetch::green::{self, Event, spawn, yield_now};

use gfetch::http::cookies::Jar;
use gfetch::http::fields::Fields;
use url::Url;

use meter::{cpu_time, memory_bytes};

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let rounds = if smoke { 1 } else { 7 };
    let scale = if smoke { 100 } else { 1 };
    println!("{:<42} {:>10} {:>10}", "CPU ns per operation", "best", "median");
    for coroutines in [1, 10_000] {
        let name = format!("floor: corosensei, {coroutines} in turn");
        row_of(&only, &name, rounds, || floor(coroutines, (2_000_000 / scale).max(4 * coroutines)));
    }
    for greenlets in [2, 64, 1_000, 10_000, 100_000] {
        let name = format!("yield among {greenlets}");
        row_of(&only, &name, rounds, || yield_among(greenlets, (2_000_000 / scale).max(4 * greenlets)));
    }
    row(&only, "spawn + join, one at a time", rounds, || spawn_and_join(1_000_000 / scale));
    row(&only, "spawn + finish, batches of 1,000", rounds, || spawn_batches(1_000, 1_000 / scale.min(100)));
    row(&only, "sleep, 10,000 sleepers", rounds, || sleepers(10_000, 100 / scale.min(50)));
    row(&only, "queue: put + get across a switch", rounds, || queue(1_000_000 / scale));
    row_of(&only, "cookies: sent to one of 10,000 sites", rounds, || cookies_sent(10_000, 1_000_000 / scale));
    row_of(&only, "cookies: none of its own, 10,000 sites", rounds, || cookies_of_others(10_000, 1_000_000 / scale));
    row_of(&only, "cookies: taken from one of 10,000 sites", rounds, || cookies_taken(10_000, 1_000_000 / scale));
    #[cfg(feature = "measuring")]
    row_of(&only, "idle pool: take, give back, 10,000 origins", rounds, || idle_pool(10_000, 1_000_000 / scale));
    #[cfg(not(feature = "measuring"))]
    println!("(the idle pool's row: cargo bench --bench micro --features measuring)");
    if !smoke && only.is_none() {
        parked(1_000_000);
    }
}

/// Runs `work`, which says how many operations it did, and prints CPU nanoseconds per operation.
fn row(only: &Option<String>, name: &str, rounds: usize, work: impl Fn() -> usize) {
    if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
        return;
    }
    row_of(only, name, rounds, || {
        let start = cpu_time();
        let operations = work();
        (cpu_time() - start, operations)
    });
}

/// The same for `work` that takes its own time.
fn row_of(only: &Option<String>, name: &str, rounds: usize, work: impl Fn() -> (Duration, usize)) {
    if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
        return;
    }
    let cost = |(time, operations): (Duration, usize)| time.as_nanos() as f64 / operations as f64;
    let mut costs: Vec<f64> = (0..rounds).map(|_| cost(green::run(&work))).collect();
    costs.sort_by(f64::total_cmp);
    println!("{name:<42} {:>10.1} {:>10.1}", costs[0], costs[costs.len() / 2]);
}

/// What the switches themselves cost, with no scheduler around them: among many, their stacks come from memory each time.
fn floor(coroutines: usize, switches: usize) -> (Duration, usize) {
    let each = switches / coroutines;
    let coroutine = |_| {
        corosensei::Coroutine::new(move |yielder: &corosensei::Yielder<(), ()>, ()| {
            for _ in 0..each {
                yielder.suspend(());
            }
        })
    };
    let mut all: Vec<_> = (0..coroutines).map(coroutine).collect();
    all.iter_mut().for_each(|one| assert!(one.resume(()).as_yield().is_some()));
    let start = cpu_time();
    for _ in 1..each {
        all.iter_mut().for_each(|one| assert!(one.resume(()).as_yield().is_some()));
    }
    let time = cpu_time() - start;
    all.iter_mut().for_each(|one| assert!(one.resume(()).as_return().is_some()));
    (time, (each - 1) * coroutines)
}

/// Once all have run for the first time: what a stack's first touch costs is not a yield's price.
fn yield_among(greenlets: usize, switches: usize) -> (Duration, usize) {
    let each = switches / greenlets;
    let tasks: Vec<_> = (0..greenlets)
        .map(|_| {
            spawn(move || {
                for _ in 0..each {
                    yield_now().unwrap();
                }
            })
        })
        .collect();
    yield_now().unwrap();
    let start = cpu_time();
    green::join_all(&tasks).unwrap();
    (cpu_time() - start, (each - 1) * greenlets)
}

fn spawn_and_join(count: usize) -> usize {
    for n in 0..count {
        assert_eq!(spawn(move || n).get().unwrap(), n);
    }
    count
}

fn spawn_batches(batch: usize, batches: usize) -> usize {
    for _ in 0..batches {
        let tasks: Vec<_> = (0..batch).map(|n| spawn(move || n)).collect();
        green::join_all(&tasks).unwrap();
    }
    batch * batches
}

fn sleepers(count: usize, times: usize) -> usize {
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            spawn(move || {
                for _ in 0..times {
                    green::sleep(Duration::from_micros(1 + (n % 100) as u64)).unwrap();
                }
            })
        })
        .collect();
    green::join_all(&tasks).unwrap();
    count * times
}

fn queue(count: usize) -> usize {
    let queue = green::Queue::bounded(1);
    let source = queue.clone();
    spawn(move || {
        for n in 0..count {
            source.put(n).unwrap();
        }
        source.close();
    });
    let mut got = 0;
    while queue.get().unwrap().is_some() {
        got += 1;
    }
    assert_eq!(got, count);
    count
}

/// Memory of a million greenlets that wait for one event.
fn parked(count: usize) {
    let bytes = green::run(|| {
        let before = memory_bytes();
        let event = Event::new();
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let event = event.clone();
                spawn(move || event.wait())
            })
            .collect();
        yield_now().unwrap();
        let parked = memory_bytes() - before;
        event.set();
        green::join_all(&tasks).unwrap();
        parked
    });
    println!(
        "{count} parked greenlets: {:.2} GiB with page tables, {} bytes each",
        bytes as f64 / (1u64 << 30) as f64,
        bytes / count as u64
    );
}

/// A jar with three cookies of each site, and the sites' URLs.
fn jar(sites: usize) -> (Jar, Vec<Url>) {
    let mut jar = Jar::new();
    let urls: Vec<Url> =
        (0..sites).map(|site| Url::parse(&format!("https://www.site{site}.example/a/page?q=1")).unwrap()).collect();
    for (site, url) in urls.iter().enumerate() {
        let domain = format!("visitor=8f14e45fceea167a; Domain=site{site}.example; Path=/; Max-Age=86400");
        for value in ["session=0123456789abcdef; Path=/; Secure; HttpOnly", "folder=1", &domain] {
            jar.set(url, value.as_bytes(), SystemTime::now()).unwrap();
        }
    }
    (jar, urls)
}

/// What a request pays whose answer sets nothing: the look-up, the rules, the field's text; and the look into the answer.
fn cookies_sent(sites: usize, requests: usize) -> (Duration, usize) {
    let (mut jar, urls) = jar(sites);
    let answer = answer();
    let start = cpu_time();
    for request in 0..requests {
        let url = &urls[request * 7919 % sites];
        let value = jar.header(url, SystemTime::now());
        assert!(black_box(value).is_some());
        jar.take(url, answer.all("set-cookie"), SystemTime::now());
    }
    (cpu_time() - start, requests)
}

/// What a request pays to a site that has no cookies, among many that have.
fn cookies_of_others(sites: usize, requests: usize) -> (Duration, usize) {
    let (mut jar, _) = jar(sites);
    let urls: Vec<Url> =
        (0..sites).map(|site| Url::parse(&format!("https://www.other{site}.example/")).unwrap()).collect();
    let start = cpu_time();
    for request in 0..requests {
        assert!(black_box(jar.header(&urls[request * 7919 % sites], SystemTime::now())).is_none());
    }
    (cpu_time() - start, requests)
}

/// The fields of an answer that sets no cookie.
fn answer() -> Fields {
    let mut fields = Fields::new();
    for (name, value) in [
        ("Date", "Sat, 21 Nov 2026 08:49:37 GMT"),
        ("Content-Type", "text/html"),
        ("Content-Length", "1024"),
        ("Cache-Control", "no-cache"),
    ] {
        fields.push(name, value).unwrap();
    }
    fields
}

/// What an answer pays that sets a cookie.
fn cookies_taken(sites: usize, answers: usize) -> (Duration, usize) {
    let (mut jar, urls) = jar(sites);
    let start = cpu_time();
    for answer in 0..answers {
        let value = b"session=fedcba9876543210; Path=/; Secure; HttpOnly; Max-Age=3600";
        black_box(jar.set(&urls[answer * 7919 % sites], value, SystemTime::now())).unwrap();
    }
    (cpu_time() - start, answers)
}

/// What a request pays the idle pool.
#[cfg(feature = "measuring")]
fn idle_pool(origins: usize, requests: usize) -> (Duration, usize) {
    let pool = gfetch::http::idle_pool::IdlePool::of(origins).unwrap();
    let start = cpu_time();
    assert!((0..requests).all(|request| pool.exchange(request * 7919)));
    (cpu_time() - start, requests)
}
