//! `tiny_http` as a server: its own threads accept and read; who takes a request from it waits by a condition of std's.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::thread;

use gfetch::green;
use tiny_http::{Request, Response, Server};

use crate::support::{all, patched, timed};
use crate::{DELAY, MANY, assert_overlapped};

#[test]
fn a_greenlet_for_each_request() {
    let (done, wall) = timed(|| {
        patched(|| {
            let server = Rc::new(Server::http("127.0.0.1:0").unwrap());
            let address = server.server_addr().to_ip().unwrap();
            let takes = server.clone();
            let serves = green::spawn(move || {
                while let Ok(request) = takes.recv() {
                    green::spawn(move || {
                        thread::sleep(DELAY);
                        let path = request.url().to_owned();
                        request.respond(Response::from_string(path)).unwrap();
                    });
                }
            });
            let done = all(MANY, move |n| {
                let mut answer = ureq::get(format!("http://{address}/{n}")).call().unwrap();
                answer.body_mut().read_to_string().unwrap()
            });
            server.unblock();
            serves.get().unwrap();
            done
        })
    });
    assert_eq!(done, (0..MANY).map(|n| format!("/{n}")).collect::<Vec<_>>());
    assert_overlapped(wall, MANY, DELAY);
}

/// Two requests at once on one connection: the answer to the second is ready first, and waits by std's mpsc for the other.
#[test]
fn answers_in_the_order_of_a_pipeline() {
    let answers = patched(|| {
        let server = Rc::new(Server::http("127.0.0.1:0").unwrap());
        let mut client = TcpStream::connect(server.server_addr().to_ip().unwrap()).unwrap();
        let serves = green::spawn(move || {
            let requests = [server.recv().unwrap(), server.recv().unwrap()];
            requests.map(|request| green::spawn(move || answer(request))).map(|task| task.get().unwrap())
        });
        client
            .write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).unwrap();
        serves.get().unwrap();
        answers
    });
    let bodies: Vec<_> = answers.split("\r\n\r\n").skip(1).collect();
    assert!(bodies[0].starts_with("/slow") && bodies[1] == "/", "{answers}");
}

fn answer(request: Request) {
    let path = request.url().to_owned();
    if path == "/slow" {
        thread::sleep(DELAY);
    }
    request.respond(Response::from_string(path)).unwrap();
}
