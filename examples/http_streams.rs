//! Bodies as streams, both ways: a body goes out as it is made, and the answer is read line by line as it comes back.
//!
//! `cargo run --example http_streams`

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::h1::Framing;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::http::{Client, SendBody};
use gfetch::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let server = HttpServer::new(listener).start(number_lines);
        let url = format!("http://{}/", server.local_addr()?);
        for line in numbered(&url, &["red", "green", "blue"])? {
            println!("{line}");
        }
        Ok(())
    })
}

/// Sends each word on a line of its own, a tenth of a second apart, and collects the lines of the answer.
pub fn numbered(url: &str, words: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let words: Vec<String> = words.iter().map(|word| format!("{word}\n")).collect();
    let client = Client::builder().build()?;
    let answer = client.post(url).body(SendBody::reader(Slowly(words.into_iter()))).send()?;
    // `Answer` is a `BufRead`: nothing of the body is held but the line.
    Ok(answer.lines().collect::<io::Result<_>>()?)
}

/// A reader that makes its bytes as they are asked for, and waits as green threads do.
struct Slowly(std::vec::IntoIter<String>);

impl Read for Slowly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(word) = self.0.next() else { return Ok(0) };
        green::sleep(Duration::from_millis(100))?;
        (&mut &mut *buffer).write_all(word.as_bytes())?;
        Ok(word.len())
    }
}

/// Answers a body with its lines, numbered, each as it comes.
pub fn number_lines(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut lines = Vec::new();
    for (number, line) in BufReader::new(exchange.body()).lines().enumerate() {
        lines.push(format!("{} {}\n", number + 1, line?));
    }
    let mut body = exchange.start(200, &Fields::new(), Framing::Chunked)?;
    for line in lines {
        body.write_all(line.as_bytes())?;
        body.flush()?;
    }
    body.finish()
}
