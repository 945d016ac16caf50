//! The greenlet that keeps a connection going: polls the `h2` crate, and waits for the socket or for who has a request.

use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use h2::client::Connection;

use super::connection::Status;
use super::limits::CLOSE_TIME;
use super::wire::Wire;
use crate::green::{self, Doorbell, Why, Woken};
use crate::http::error::Error;
use crate::http::origin::Origin;

/// Spawns it. It ends with the connection: when that is retired and its last stream has ended, or it is broken.
pub(super) fn start(
    connection: Connection<Wire, Bytes>,
    wire: Wire,
    status: Rc<Status>,
    origin: &Origin,
) -> Result<(), Error> {
    let mut connection = Box::new(connection);
    let ended = Ended(status);
    let name = format!("http2 {}", origin.authority());
    let spawned = green::Builder::new().name(&name).spawn(move || {
        let ended = ended;
        drive(Pin::new(&mut *connection), &wire, &ended.0);
    });
    spawned.map(drop).map_err(Error::Io)
}

/// However the driver ends, nobody else uses the connection.
struct Ended(Rc<Status>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.set(true);
    }
}

fn drive(mut connection: Pin<&mut Connection<Wire, Bytes>>, wire: &Wire, status: &Status) {
    let bell = Doorbell::new();
    loop {
        wire.begin_turn();
        // What went wrong, its streams have been told.
        if connection.as_mut().poll(&mut bell.context()).is_ready() {
            return;
        }
        let is_idle = status.open_streams.get() == 0;
        let is_closing = is_idle && status.retired.get();
        // What an idle connection may still hear keeps nobody from calling the others' wait a deadlock.
        let why = if is_idle { Why::Signal } else { Why::Read(wire.fd()) };
        match wire.or_ready(|| bell.wait(why, is_closing.then_some(CLOSE_TIME))) {
            Some(Ok(Woken::Ready)) => {}
            Some(Ok(Woken::Expired) | Err(_)) => return,
            None if green::yield_now().is_err() => return,
            None => {}
        }
    }
}
