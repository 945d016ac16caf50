//! The server's rules on a stream in memory, on the virtual clock: what is sent comes in the pieces that the test made.

mod answers;
mod bodies;
mod faults;
mod over_tls;
mod standing;
mod strictness;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::green::{self, ClockKind, Config};
use crate::http::fields::Fields;
use crate::http::h1::Framing;

/// A client: says its pieces after their pauses, then closes if it has no more. What it heard, a string a write.
#[derive(Clone, Debug, Default)]
struct Client {
    says: Rc<RefCell<VecDeque<Piece>>>,
    then: Rc<Cell<Then>>,
    heard: Rc<RefCell<Vec<String>>>,
    reads: Rc<Cell<u32>>,
    ended: Rc<Cell<bool>>,
}

/// A pause, and what comes after it.
type Piece = (Duration, Vec<u8>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Then {
    #[default]
    Closes,
    Waits,
    TakesNothing,
}

impl Client {
    fn saying(pieces: &[&str]) -> Client {
        Client::default().and(Duration::ZERO, pieces)
    }

    fn and(self, pause: Duration, pieces: &[&str]) -> Client {
        self.says.borrow_mut().extend(pieces.iter().map(|piece| (pause, piece.as_bytes().to_vec())));
        self
    }

    fn then(self, then: Then) -> Client {
        self.then.set(then);
        self
    }

    fn heard(&self) -> String {
        self.heard.borrow().concat()
    }

    fn bodies(&self) -> Vec<String> {
        let heard = self.heard();
        heard.split("HTTP/1.1 ").skip(1).map(|answer| answer.split_once("\r\n\r\n").unwrap().1.to_owned()).collect()
    }
}

impl Read for Client {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reads.set(self.reads.get() + 1);
        let Some((pause, mut piece)) = self.says.borrow_mut().pop_front() else {
            if self.then.get() != Then::Closes {
                green::sleep(Duration::from_secs(3600))?;
            }
            return Ok(0);
        };
        if !pause.is_zero() {
            green::sleep(pause)?;
        }
        let taken = piece.len().min(out.len());
        out[..taken].copy_from_slice(&piece[..taken]);
        if taken < piece.len() {
            self.says.borrow_mut().push_front((Duration::ZERO, piece.split_off(taken)));
        }
        Ok(taken)
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.then.get() == Then::TakesNothing {
            green::sleep(Duration::from_secs(3600))?;
        }
        self.heard.borrow_mut().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ServedStream for Client {
    fn end(&mut self) -> io::Result<()> {
        self.ended.set(true);
        Ok(())
    }
}

/// What became of the connection, and how long it lived.
fn serve(client: &Client, handler: impl Fn(&mut Exchange) -> io::Result<()>) -> (io::Result<()>, Duration) {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let begun = green::now();
        let result = serve_connection(client.clone(), None, &handler, &ServerLimits::default());
        (result, green::now() - begun)
    })
}

/// Answers with the target and the body of the request.
fn echo(exchange: &mut Exchange) -> io::Result<()> {
    let mut text = format!("{} ", exchange.head().target);
    exchange.body().read_to_string(&mut text)?;
    exchange.respond(200, &Fields::new(), text.as_bytes())
}

fn ignore(exchange: &mut Exchange) -> io::Result<()> {
    exchange.respond(200, &Fields::new(), b"ok")
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}
