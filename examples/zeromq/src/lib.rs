//! libzmq's sockets on green threads: a send or a receive that has to wait parks its greenlet, and the others run.
//!
//! libzmq has threads of its own for the network. They tell a socket's owner by a descriptor (`ZMQ_FD`) that something has
//! happened, not what: the state of the socket (`ZMQ_EVENTS`) has to be read after each wait, and reading it, like each send
//! and receive, takes what the descriptor told. So a wait is only right after the state has been read and is not the one
//! hoped for, and only while no other greenlet uses the same socket: that is why all calls here take `&mut self`.

use std::io;
use std::os::fd::RawFd;

use gfetch::net;
use zmq::{DONTWAIT, PollEvents};

/// How long unsent messages keep [`Context`](zmq::Context) from ending, which stops this OS thread, in milliseconds.
/// libzmq's own default is for ever.
const LINGER_MS: i32 = 500;

/// A ZeroMQ socket, used by one greenlet at a time.
pub struct Socket {
    socket: zmq::Socket,
    fd: RawFd,
}

impl Socket {
    /// A socket of this kind.
    pub fn new(context: &zmq::Context, kind: zmq::SocketType) -> io::Result<Socket> {
        let socket = context.socket(kind)?;
        socket.set_linger(LINGER_MS)?;
        let fd = socket.get_fd()?;
        Ok(Socket { socket, fd })
    }

    /// Takes what comes to this address, such as `tcp://127.0.0.1:*`; returns the address with what was chosen for `*`.
    pub fn bind(&mut self, address: &str) -> io::Result<String> {
        self.socket.bind(address)?;
        self.socket.get_last_endpoint()?.map_err(|_| io::Error::other("an address that is no text"))
    }

    /// Goes to this address; the connection comes about later.
    pub fn connect(&mut self, address: &str) -> io::Result<()> {
        Ok(self.socket.connect(address)?)
    }

    /// For options: queue lengths, subscriptions. Not to send or receive by, which would stop all greenlets.
    pub fn options(&self) -> &zmq::Socket {
        &self.socket
    }

    /// Sends a message of one part; parks while the socket has nobody to send to or their queues are full.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.when(zmq::POLLOUT, |socket| socket.send(message, DONTWAIT))
    }

    /// Receives a message's next part; parks until one has come. A time-out or a kill takes none.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.when(zmq::POLLIN, |socket| socket.recv_bytes(DONTWAIT))
    }

    /// Tries, and tries again whenever the state has become `wanted`.
    fn when<T>(&mut self, wanted: PollEvents, mut call: impl FnMut(&zmq::Socket) -> zmq::Result<T>) -> io::Result<T> {
        loop {
            match call(&self.socket) {
                Err(zmq::Error::EINTR) => continue,
                Err(zmq::Error::EAGAIN) => {}
                done => return Ok(done?),
            }
            while !self.socket.get_events()?.contains(wanted) {
                net::wait_readable(&self.fd, None)?;
            }
        }
    }
}
