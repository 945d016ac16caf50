//! Tests of `client`: connections kept, replaced and resumed.

use std::cell::Cell;
use std::io::{Read, Write};

use super::*;
use crate::net::{Roots, TcpListener, TcpStream, TlsAcceptor};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

fn client(tls: TlsConfig) -> Client {
    let resolver = Resolver::new(crate::net::ResolverConfig::default());
    Client::new(ClientConfig {
        resolver,
        tls,
        connect_timeout: None,
        pool: PoolLimits::default(),
        versions: Default::default(),
    })
}

fn request<'a>(method: &'a str, url: &'a Url, body: Option<&'a [u8]>) -> Request<'a> {
    static NO_FIELDS: Fields = Fields::new();
    Request { method, url, fields: &NO_FIELDS, body, answer_timeout: None }
}

/// One exchange, its body read; whether the connection had served before.
fn exchange(client: &Client, request: &Request<'_>) -> Result<(Vec<u8>, bool), Error> {
    let mut trace = Trace::default();
    let mut response = client.send(request, &mut trace)?;
    let mut body = Vec::new();
    response.read_to_end(&mut body).map_err(Error::from_io)?;
    Ok((body, trace.reused))
}

/// Reads a head, then a body of this length.
fn read_request(stream: &mut impl Read, body: usize) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    io::copy(&mut stream.take(body as u64), &mut io::sink()).map(drop)
}

/// Accepts for ever; each connection is `serve`d with its number. How many there were, and the URL.
fn serve(scheme: &str, serve: impl Fn(TcpStream, usize) -> io::Result<()> + 'static) -> (Rc<Cell<usize>>, Url) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = Url::parse(&format!("{scheme}://{}/", listener.local_addr().unwrap())).unwrap();
    let count = Rc::new(Cell::new(0));
    let (counted, serve) = (count.clone(), Rc::new(serve));
    green::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let number = counted.replace(counted.get() + 1);
            let serve = serve.clone();
            green::spawn(move || drop(serve(stream, number)));
        }
    });
    (count, url)
}

#[test]
fn a_connection_serves_one_request_after_another() {
    green::run(|| {
        let (count, url) = serve("http", |mut stream, _| {
            loop {
                read_request(&mut stream, 0)?;
                stream.write_all(ANSWER)?;
            }
        });
        let client = client(TlsConfig::builder().build_lazy());
        for number in 0..100 {
            let (body, reused) = exchange(&client, &request("GET", &url, None)).unwrap();
            assert_eq!((&body[..], reused), (&b"body"[..], number > 0));
        }
        assert_eq!((count.get(), client.idle()), (1, 1));
    });
}

/// Each connection answers one request and reads a second; then it is gone.
#[test]
fn a_request_is_repeated_on_a_dead_connection_only_where_that_is_harmless() {
    for (method, repeated) in [
        ("GET", true),
        ("HEAD", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("POST", false),
        ("PATCH", false),
        ("ODD", false),
    ] {
        green::run(|| {
            let (count, url) = serve("http", |mut stream, _| {
                read_request(&mut stream, 0)?;
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
                read_request(&mut stream, 0)
            });
            let client = client(TlsConfig::builder().build_lazy());
            exchange(&client, &request("GET", &url, None)).unwrap();
            let second = exchange(&client, &request(method, &url, None));
            assert_eq!(second.is_ok(), repeated, "{method}");
            assert_eq!(count.get(), if repeated { 2 } else { 1 }, "{method}");
            if let Err(error) = second {
                assert!(matches!(error, Error::Truncated(Truncated::Nothing) | Error::Io(_)), "{error:?}");
            }
        });
    }
}

/// 32 MiB through the socket buffers, on the real clock: every wait for room ends.
#[test]
fn a_large_upload_arrives_whole() {
    const BYTES: usize = 32 << 20;
    green::run(|| {
        let (_, url) = serve("http", |mut stream, _| {
            read_request(&mut stream, BYTES)?;
            stream.write_all(ANSWER)
        });
        let client = client(TlsConfig::builder().build_lazy());
        let limit = Some(Duration::from_secs(20));
        let body = vec![b'x'; BYTES];
        let upload = Request { answer_timeout: limit, ..request("POST", &url, Some(&body)) };
        assert_eq!(exchange(&client, &upload).unwrap().0, b"body");
    });
}

fn acceptor() -> (TlsAcceptor, TlsConfig) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    (acceptor, TlsConfig::builder().roots(Roots::Der(vec![own.cert.der().to_vec()])).build().unwrap())
}

#[test]
fn a_connection_is_kept_and_a_session_resumed_over_tls() {
    green::run(|| {
        let (acceptor, tls) = acceptor();
        let resumed = Rc::new(Cell::new(0));
        let seen = resumed.clone();
        let (count, url) = serve("https", move |stream, _| {
            let mut stream = acceptor.accept(stream).map_err(io::Error::other)?;
            seen.set(seen.get() + usize::from(stream.resumed()));
            loop {
                read_request(&mut stream, 0)?;
                stream.write_all(ANSWER)?;
                stream.flush()?;
            }
        });
        let client = client(tls);
        let get = request("GET", &url, None);
        assert_eq!(exchange(&client, &get).unwrap(), (b"body".to_vec(), false));
        for _ in 0..10 {
            assert_eq!(exchange(&client, &get).unwrap(), (b"body".to_vec(), true));
        }
        assert_eq!((count.get(), resumed.get(), client.idle()), (1, 0, 1));
        client.close_idle();
        assert_eq!(exchange(&client, &get).unwrap(), (b"body".to_vec(), false));
        assert_eq!((count.get(), resumed.get()), (2, 1));
        client.make_cold();
        exchange(&client, &get).unwrap();
        assert_eq!((count.get(), resumed.get()), (3, 1));
    });
}

#[test]
fn clients_of_different_trust_share_nothing() {
    green::run(|| {
        let (acceptor, tls) = acceptor();
        let (count, url) = serve("https", move |stream, _| {
            let mut stream = acceptor.accept(stream).map_err(io::Error::other)?;
            loop {
                read_request(&mut stream, 0)?;
                stream.write_all(ANSWER)?;
                stream.flush()?;
            }
        });
        let get = request("GET", &url, None);
        let (one, other) = (client(tls.clone()), client(TlsConfig::builder().insecure(true).build().unwrap()));
        assert!(!exchange(&one, &get).unwrap().1);
        assert!(!exchange(&other, &get).unwrap().1);
        assert_eq!(count.get(), 2);
    });
}
