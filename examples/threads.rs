//! More than one core: a hub on each of several threads, channels between them, and calls that block on a thread pool.
//!
//! `cargo run --example threads`

use std::io::{self, Write};

use gfetch::green::{self, ThreadPool, threads};

/// Each hub runs ten greenlets that take work from one channel; the results come back through another.
pub fn a_hub_per_core(hubs: usize, out: &mut dyn Write) -> io::Result<()> {
    let (work, jobs) = threads::bounded::<u64>(16);
    let (done, results) = threads::unbounded();
    let source = std::thread::spawn(move || (1..=1000).for_each(|n| work.send(n).expect("the hubs take all")));
    threads::run_on_threads(hubs, |_| {
        let workers: Vec<_> = (0..10)
            .map(|_| {
                let (jobs, done) = (jobs.clone(), done.clone());
                green::spawn(move || {
                    while let Ok(Some(n)) = jobs.recv() {
                        done.send(n * n).expect("the main thread takes all");
                    }
                })
            })
            .collect();
        green::join_all(&workers).expect("the jobs end");
    });
    source.join().expect("it does not panic");
    drop(done);
    let squares = green::run(|| std::iter::from_fn(|| results.recv().expect("no deadline")).collect::<Vec<_>>());
    writeln!(out, "{} squares, sum {}", squares.len(), squares.iter().sum::<u64>())
}

/// Ten calls that block a thread each, at once, beside the greenlets.
pub fn calls_that_block(out: &mut dyn Write) -> io::Result<()> {
    green::run(|| {
        let pool = ThreadPool::new(10);
        let together = std::sync::Arc::new(std::sync::Barrier::new(10));
        let met = pool.map(0..10, move |n| (n, together.wait()).0)?;
        writeln!(out, "all ten were there at once: {met:?}")
    })
}

/// A future of a crate that knows nothing of greenlets, or of any runtime.
pub fn a_future(out: &mut dyn Write) -> io::Result<()> {
    green::run(|| {
        let (sender, receiver) = futures_channel::oneshot::channel();
        std::thread::spawn(move || sender.send("from a thread"));
        let word = green::block_on(receiver)?.map_err(io::Error::other)?;
        writeln!(out, "a future: {word}")
    })
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    let out = &mut io::stdout();
    a_hub_per_core(threads::cores(), out)?;
    calls_that_block(out)?;
    a_future(out)
}
