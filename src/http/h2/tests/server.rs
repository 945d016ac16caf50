//! The `h2` crate's own server on the hub of a test, over TCP or TLS.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, Connection, SendResponse};
use url::Url;

use crate::green::{self, Doorbell, Why};
use crate::http::connection::Transport;
use crate::http::h2::wire::Wire;
use crate::net::{Roots, TcpListener, TcpStream, TlsAcceptor, TlsConfig};

pub type Asked = http::Request<RecvStream>;
pub type Answerer = Rc<dyn Fn(Asked, Answering)>;

/// What a handler answers with, on a greenlet of its own.
pub struct Answering {
    pub respond: SendResponse<Bytes>,
    pub bell: Doorbell,
}

impl Answering {
    pub fn head(&mut self, status: u16, fields: &[(&str, &str)], ends: bool) -> Option<h2::SendStream<Bytes>> {
        let mut answer = http::Response::builder().status(status);
        for (name, value) in fields {
            answer = answer.header(*name, *value);
        }
        self.respond.send_response(answer.body(()).unwrap(), ends).ok()
    }

    pub fn whole(mut self, body: &[u8]) {
        if let Some(mut stream) = self.head(200, &[], body.is_empty()) {
            self.send(&mut stream, body);
        }
    }

    /// All of `body`, as the client takes it.
    pub fn send(&self, stream: &mut h2::SendStream<Bytes>, mut body: &[u8]) {
        while !body.is_empty() {
            stream.reserve_capacity(body.len());
            let Ok(Some(Ok(room))) = self.bell.wait_for(|context| stream.poll_capacity(context)) else { return };
            let (piece, rest) = body.split_at(room.min(body.len()));
            let _ = stream.send_data(Bytes::copy_from_slice(piece), rest.is_empty());
            body = rest;
        }
    }

    pub fn read(&self, body: &mut RecvStream) -> usize {
        let mut bytes = 0;
        while let Ok(Some(Ok(piece))) = self.bell.wait_for(|context| body.poll_data(context)) {
            bytes += piece.len();
            let _ = body.flow_control().release_capacity(piece.len());
        }
        bytes
    }
}

/// Polls until there is something, waiting for the wire in between.
fn wait_on<T>(wire: &Wire, bell: &Doorbell, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
    loop {
        wire.begin_turn();
        if let Poll::Ready(output) = poll(&mut bell.context()) {
            return Some(output);
        }
        match wire.or_ready(|| bell.wait(Why::Read(wire.fd()), None)) {
            Some(Err(_)) => return None,
            Some(Ok(_)) => {}
            None => green::yield_now().unwrap(),
        }
    }
}

pub fn serve_connection(transport: Transport, builder: &Builder, answer: &Answerer) {
    let (wire, bell) = (Wire::of_server(transport), Doorbell::new());
    let mut handshake = pin!(builder.handshake::<_, Bytes>(wire.clone()));
    let Some(Ok(mut connection)) = wait_on(&wire, &bell, |context| handshake.as_mut().poll(context)) else { return };
    let connection: &mut Connection<Wire, Bytes> = &mut connection;
    while let Some(Some(Ok((asked, respond)))) = wait_on(&wire, &bell, |context| connection.poll_accept(context)) {
        let answer = answer.clone();
        green::spawn(move || answer(asked, Answering { respond, bell: Doorbell::new() }));
    }
}

pub struct Server {
    pub url: Url,
    pub connections: Rc<Cell<usize>>,
}

/// Plain HTTP/2 from the first byte.
pub fn serve(builder: Builder, answer: impl Fn(Asked, Answering) + 'static) -> Server {
    let answer: Answerer = Rc::new(answer);
    serve_raw(move |stream, _| serve_connection(Transport::Plain(stream), &builder, &answer))
}

/// Each connection is dealt with by `each`, with its number.
pub fn serve_raw(each: impl Fn(TcpStream, usize) + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let connections = Rc::new(Cell::new(0));
    let (counted, each) = (connections.clone(), Rc::new(each));
    green::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let number = counted.replace(counted.get() + 1);
            let each = each.clone();
            green::spawn(move || each(stream, number));
        }
    });
    Server { url, connections }
}

/// The key and certificate of `127.0.0.1`, spoken by ALPN as given.
pub fn tls(protocols: &[&str]) -> (TlsAcceptor, TlsConfig) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_string()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    let roots = Roots::Der(vec![own.cert.der().to_vec()]);
    (acceptor.alpn(protocols), TlsConfig::builder().roots(roots).build().unwrap())
}

pub fn secure(mut server: Server) -> Server {
    server.url.set_scheme("https").unwrap();
    server
}
