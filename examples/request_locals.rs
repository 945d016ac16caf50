//! What belongs to one request, for code that is not handed it: a value of the greenlet that answers.
//!
//! `cargo run --example request_locals`, then `curl -i http://127.0.0.1:8000/`: `Hello 127.0.0.1`.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use gfetch::green::{self, green_local};
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::net::TcpListener;

fn main() -> io::Result<()> {
    green::run(|| {
        let listener = TcpListener::bind(([127, 0, 0, 1], 8000).into())?;
        let server = HttpServer::new(listener).start(|exchange| answer(exchange, hello));
        println!("serving http://{}/", server.local_addr()?);
        server.wait()
    })
}

green_local! {
    /// The request that this greenlet answers now.
    static REQUEST: RefCell<Option<Rc<Request>>> = RefCell::default();
}

thread_local! {
    /// Requests that anybody still has.
    static OPEN: Cell<usize> = const { Cell::new(0) };
}

/// What a view may want to know.
pub struct Request {
    /// The client's address; `-` where the connection has none.
    pub remote_addr: String,
    /// The request's target.
    pub target: String,
}

impl Request {
    /// The request that the running greenlet answers.
    ///
    /// # Panics
    /// Outside of [`answer`].
    pub fn current() -> Rc<Request> {
        REQUEST.with(|request| request.borrow().clone()).expect("a view is called by `answer`")
    }
}

/// Answers with the text that `view` makes, for which [`Request::current`] is this request.
pub fn answer(exchange: &mut Exchange<'_>, view: impl FnOnce() -> io::Result<String>) -> io::Result<()> {
    let remote_addr = exchange.peer().map_or("-".to_owned(), |peer| peer.ip().to_string());
    let _bound = Bound::new(Request { remote_addr, target: exchange.head().target.clone() });
    let text = view()?;
    let mut fields = Fields::new();
    fields.push("Content-Type", "text/html; charset=utf-8").map_err(io::Error::other)?;
    exchange.respond(200, &fields, text.as_bytes())
}

fn hello() -> io::Result<String> {
    Ok(format!("Hello {}", Request::current().remote_addr))
}

/// A request is its greenlet's for as long as this lives, whatever ends it: the next one on the connection has the same
/// greenlet.
struct Bound;

impl Bound {
    fn new(request: Request) -> Bound {
        REQUEST.with(|current| current.replace(Some(Rc::new(request))));
        OPEN.set(OPEN.get() + 1);
        Bound
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        REQUEST.with(RefCell::take);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
    }
}

/// Requests that anybody still has.
pub fn open_requests() -> usize {
    OPEN.get()
}
