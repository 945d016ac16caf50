//! `tiny_http` as a server: its own threads accept and read; who takes a request from it waits by a condition of std's.

use std::rc::Rc;
use std::thread;

use gfetch::green;
use tiny_http::{Response, Server};

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
