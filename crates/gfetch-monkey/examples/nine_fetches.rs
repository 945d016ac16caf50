//! The tutorials' `requests.get`, nine times (S3.5): one after another, then all at once, by a client on `std::net` that blocks
//! and knows nothing of greenlets. `page_fetch` does the same with `ureq`.
//!
//! ```text
//! cargo run -p gfetch-monkey --example nine_fetches                          # of a slow server within
//! cargo run -p gfetch-monkey --example nine_fetches -- localhost:8000 /path  # of this one
//! ```

use std::io;
use std::time::Instant;

use gfetch::green;

/// Code as it is written for threads.
pub mod blocking {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    /// The body of a page; the host is looked up, by the system.
    pub fn get(host: &str, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("no page: {answer:?}"))),
        }
    }

    /// A server on threads whose pages come `delay` after they were asked for; its host and port.
    pub fn serve(delay: Duration) -> io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = format!("localhost:{}", listener.local_addr()?.port());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || -> io::Result<()> {
                    let head: io::Result<Vec<String>> = BufReader::new(&stream)
                        .lines()
                        .take_while(|line| line.as_ref().is_ok_and(|l| !l.is_empty()))
                        .collect();
                    thread::sleep(delay);
                    let head = head?;
                    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
                    write!(stream, "HTTP/1.0 200 OK\r\n\r\n{{\"url\": {path:?}}}{}", " ".repeat(500))
                });
            }
        });
        Ok(host)
    }
}

/// The first 200 characters of each page, in the order in which they came: of the fetches one after another, and of those at
/// once; and how long each way took, in seconds.
pub fn tell(host: &str, paths: &[String], say: impl Fn(String) + Clone + 'static) -> io::Result<[f64; 2]> {
    let fetch = move |host: &str, path: &str| -> io::Result<()> {
        let page = blocking::get(host, path)?;
        say(page.chars().take(200).collect::<String>().trim_end().to_owned());
        Ok(())
    };
    let start = Instant::now();
    for path in paths {
        fetch(host, path)?;
    }
    let serial = start.elapsed();
    let start = Instant::now();
    let fetches: Vec<_> = paths.iter().map(|path| spawn(&fetch, host, path)).collect();
    for fetched in fetches {
        fetched.get().map_err(|error| io::Error::other(error.to_string()))??;
    }
    Ok([serial, start.elapsed()].map(|wall| wall.as_secs_f64()))
}

fn spawn<F>(fetch: &F, host: &str, path: &str) -> green::Greenlet<io::Result<()>>
where
    F: Fn(&str, &str) -> io::Result<()> + Clone + 'static,
{
    let (fetch, host, path) = (fetch.clone(), host.to_owned(), path.to_owned());
    green::spawn(move || fetch(&host, &path))
}

#[allow(dead_code)]
fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let host = words.next().map_or_else(|| blocking::serve(std::time::Duration::from_millis(500)), Ok)?;
    let path = words.next().unwrap_or_else(|| "/get".to_owned());
    let paths: Vec<String> = (1..10).map(|n| format!("{path}?n={n}")).collect();
    gfetch_monkey::patch_all();
    let [serial, at_once] = green::run(|| tell(&host, &paths, |line| println!("{line}")))?;
    println!("one after another: {serial:.2} s, all at once: {at_once:.2} s");
    Ok(())
}
