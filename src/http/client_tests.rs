//! Tests of `client`: connections kept, replaced and resumed.

use std::cell::Cell;
use std::io::{Read, Write};

use url::Url;

use super::*;
use crate::green;
use crate::http::Upload;
use crate::http::fields::Fields;
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
    Request { method, url, fields: &NO_FIELDS, body, answer_timeout: None, upload: None, throttle: None }
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

#[test]
fn who_shares_a_client_is_asked_for_descriptors_as_long_as_it_is_there() {
    let client = client(TlsConfig::builder().build_lazy());
    let asked = Rc::new(Cell::new((0, 0)));
    let (of_first, of_second) = (asked.clone(), asked.clone());
    let first: Rc<dyn Fn()> = Rc::new(move || of_first.update(|(first, second)| (first + 1, second)));
    let second: Rc<dyn Fn()> = Rc::new(move || of_second.update(|(first, second)| (first, second + 1)));
    client.on_no_descriptor(&first);
    client.on_no_descriptor(&second);
    assert!(!client.make_room());
    assert_eq!(asked.get(), (1, 1));
    drop(first);
    assert!(!client.make_room() && !client.close_one_idle());
    assert_eq!(asked.get(), (1, 2), "who is gone is not asked, and only who wants one asks");
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

/// What arrives of an upload, by its framing; each connection is answered once.
fn arrives(upload: &Upload, method: &str) -> (Result<Vec<u8>, Error>, Vec<u8>) {
    let heard = Rc::new(std::cell::RefCell::new(Vec::new()));
    let hearing = heard.clone();
    let (_, url) = serve("http", move |mut stream, _| {
        let mut byte = [0];
        while stream.read(&mut byte)? > 0 {
            hearing.borrow_mut().push(byte[0]);
            let heard = hearing.borrow();
            if heard.ends_with(b"0\r\n\r\n") || heard.ends_with(b"END") {
                drop(heard);
                stream.write_all(ANSWER)?;
            }
        }
        Ok(())
    });
    let client = client(TlsConfig::builder().build_lazy());
    let answer = exchange(&client, &Request { upload: Some(upload), ..request(method, &url, None) });
    (answer.map(|(body, _)| body), heard.take())
}

#[test]
fn an_upload_of_known_length_says_it_and_another_goes_in_chunks() {
    green::run(|| {
        let (answer, heard) = arrives(&Upload::new(&b"some bytes END and more"[..], Some(14)), "POST");
        let heard = String::from_utf8(heard).unwrap();
        assert!(answer.is_ok() && heard.contains("\r\nContent-Length: 14\r\n"), "{heard}");
        assert!(heard.ends_with("\r\n\r\nsome bytes END"), "{heard}");

        let pieces = (&b"one"[..]).chain(&b""[..]).chain(&b"and two"[..]);
        let (answer, heard) = arrives(&Upload::new(pieces, None), "PUT");
        let heard = String::from_utf8(heard).unwrap();
        assert!(answer.is_ok() && heard.contains("\r\nTransfer-Encoding: chunked\r\n"), "{heard}");
        assert!(heard.ends_with("\r\n\r\n3\r\none\r\n7\r\nand two\r\n0\r\n\r\n"), "{heard}");
        assert!(!heard.contains("Content-Length"));
    });
}

/// Whoever gave them: a program may have put them into a plan or a target by itself.
#[test]
fn a_second_word_about_the_messages_end_is_never_sent() {
    green::run(|| {
        let (connections, url) = serve("http", |mut stream, _| stream.write_all(ANSWER));
        let client = client(TlsConfig::builder().build_lazy());
        for given in [
            &[("Content-Length", "0")][..],
            &[("X", "y"), ("Transfer-Encoding", "chunked")],
            &[("Host", "a"), ("host", "b")],
            &[("Connection", "content-length")],
        ] {
            let mut fields = Fields::new();
            given.iter().for_each(|(name, value)| fields.push(name, value).unwrap());
            let answer =
                exchange(&client, &Request { fields: &fields, ..request("POST", &url, Some(b"GET / HTTP/1.1")) });
            let refused = matches!(answer, Err(Error::Request(FieldError::Given(_))));
            assert!(refused && connections.get() == 0, "{given:?}");
        }
    });
}

#[test]
fn an_upload_that_ends_early_or_breaks_is_the_callers_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is on fire"))
        }
    }
    green::run(|| {
        let (answer, _) = arrives(&Upload::new(&b"short"[..], Some(8)), "POST");
        let error = answer.unwrap_err();
        assert!(matches!(&error, Error::Body(inner) if inner.kind() == io::ErrorKind::UnexpectedEof), "{error:?}");
        assert!(error.to_string().ends_with("it ended 3 bytes before its announced length"), "{error}");
        let (answer, _) = arrives(&Upload::new(Broken, None), "POST");
        assert!(matches!(answer, Err(Error::Body(_))));
    });
}

#[test]
fn an_upload_that_has_begun_is_not_sent_again_on_another_connection() {
    green::run(|| {
        let (count, url) = serve("http", |mut stream, _| {
            read_request(&mut stream, 0)?;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            read_request(&mut stream, 0)
        });
        let client = client(TlsConfig::builder().build_lazy());
        exchange(&client, &request("GET", &url, None)).unwrap();
        let upload = Upload::new(&b"bytes"[..], Some(5));
        let put = Request { upload: Some(&upload), ..request("PUT", &url, None) };
        assert!(exchange(&client, &put).is_err(), "its body is gone, though a PUT may be repeated");
        assert_eq!(count.get(), 1);
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
