//! A server whose answers a test writes itself: a closure from the request to the whole answer.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::server::{Request, read_request};

/// A silent connection is given up after this: longer than any test waits.
const SILENCE: Duration = Duration::from_secs(30);

type Answer = dyn Fn(&Request) -> String + Send + Sync;

pub struct Answering {
    pub addr: SocketAddr,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Answering {
    pub fn new(answer: impl Fn(&Request) -> String + Send + Sync + 'static) -> Answering {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, log) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Request>>>::default());
        let (shared, answer) = (log.clone(), Arc::<Answer>::from(Box::new(answer) as Box<Answer>));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, answer) = (shared.clone(), answer.clone());
                thread::spawn(move || serve(&stream.unwrap(), &log, &*answer));
            }
        });
        Answering { addr, log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The value of this field in every request so far, as `path value`, `-` where it is missing.
    pub fn sent(&self, field: &str) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().map(|request| format!("{} {}", request.path, request.field(field).unwrap_or("-"))).collect()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }
}

fn serve(mut stream: &TcpStream, log: &Mutex<Vec<Request>>, answer: &Answer) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        log.lock().unwrap().push(request.clone());
        if stream.write_all(answer(&request).as_bytes()).is_err() {
            return;
        }
    }
}

/// An answer with these fields, each with its line end, and a short body.
pub fn with(status: u16, fields: &str) -> String {
    format!("HTTP/1.1 {status} Whatever\r\n{fields}Content-Length: 2\r\n\r\nok")
}
