//! The tutorials' page fetch (S2.6) by `ureq`, a client that blocks and knows nothing of greenlets: first one page after
//! another, then all at once, on one thread of the system.
//!
//! ```text
//! cargo run -p gfetch-monkey --example page_fetch                  # four pages of a slow server within
//! cargo run -p gfetch-monkey --example page_fetch -- URL URL …     # these
//! ```

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use gfetch::green;

fn main() -> Result<(), Box<dyn Error>> {
    let mut urls: Vec<_> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        urls = slow_pages(Duration::from_secs(1))?;
    }
    gfetch_monkey::patch_all();
    green::run(|| tell(&urls, &|line| println!("{line}")))
}

/// Fetches all of `urls` in both ways. `say` hears what the lesson prints.
pub fn tell(urls: &[String], say: &(impl Fn(&str) + Clone + 'static)) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    for url in urls {
        fetch(url, say)?;
    }
    say(&format!("one after another: {:.2} s", start.elapsed().as_secs_f64()));
    let start = Instant::now();
    let fetches: Vec<_> = urls.iter().cloned().map(|url| spawn(url, say.clone())).collect();
    for fetch in fetches {
        fetch.get()??;
    }
    say(&format!("all at once: {:.2} s", start.elapsed().as_secs_f64()));
    Ok(())
}

fn spawn(url: String, say: impl Fn(&str) + 'static) -> green::Greenlet<Result<(), ureq::Error>> {
    green::spawn(move || fetch(&url, &say))
}

/// Code as it is written for threads.
fn fetch(url: &str, say: &impl Fn(&str)) -> Result<(), ureq::Error> {
    say(&format!("GET: {url}"));
    let page = ureq::get(url).call()?.body_mut().read_to_vec()?;
    say(&format!("{} bytes received from {url}.", page.len()));
    Ok(())
}

/// The URLs of four pages, two of them the same; each comes `delay` after it was asked for.
fn slow_pages(delay: Duration) -> Result<Vec<String>, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let length = stream.read(&mut [0; 4096])?;
                thread::sleep(delay);
                let page = "a page\n".repeat(length);
                write!(stream, "HTTP/1.0 200 OK\r\ncontent-length: {}\r\n\r\n{page}", page.len())
            });
        }
    });
    Ok(["python", "yahoo", "github", "github"].map(|name| format!("http://{address}/{name}")).into())
}
