//! Tests of `send`: expectations, and answers that come before the end of the request.

use std::io::Read;
use std::rc::Rc;
use std::time::Instant;

use url::Url;

use super::*;
use crate::green::ClockKind;
use crate::http::fields::Fields;
use crate::http::{Client, ClientConfig, PoolLimits};
use crate::net::{Resolver, ResolverConfig, Roots, TcpListener, TcpStream, TlsAcceptor, TlsConfig, TlsStream};

/// More than socket buffers hold.
const BYTES: usize = 32 << 20;
const BIG: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig";

/// Listens, and serves the first connection; its URL.
fn serve(scheme: &str, serve: impl FnOnce(TcpStream) -> io::Result<()> + 'static) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = Url::parse(&format!("{scheme}://{}/", listener.local_addr().unwrap())).unwrap();
    green::spawn(move || serve(listener.accept()?.0));
    url
}

fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// Status and body of one exchange, and whether its connection was kept.
fn post(url: &Url, tls: TlsConfig, body: &[u8], expect: bool) -> Result<(u16, String, bool), Error> {
    let mut fields = Fields::new();
    if expect {
        fields.push("Expect", "100-continue").unwrap();
    }
    let client = Client::new(ClientConfig {
        resolver: Resolver::new(ResolverConfig::default()),
        tls,
        connect_timeout: None,
        pool: PoolLimits::default(),
        versions: Default::default(),
    });
    let request = Request {
        method: "POST",
        url,
        fields: &fields,
        body: Some(body),
        answer_timeout: None,
        upload: None,
        throttle: None,
    };
    let mut text = String::new();
    let mut response = client.send(&request, &mut Trace::default())?;
    response.read_to_string(&mut text).map_err(Error::from_io)?;
    Ok((response.head().status, text, client.idle() == 1))
}

fn plain(url: &Url, body: &[u8], expect: bool) -> Result<(u16, String, bool), Error> {
    post(url, TlsConfig::builder().build_lazy(), body, expect)
}

/// On the virtual clock, with the time that it took.
fn story(f: impl FnOnce() -> (u16, String, bool)) -> ((u16, String, bool), Duration) {
    green::Config::new().clock(ClockKind::Virtual).run(|| {
        let began = green::now();
        (f(), green::now() - began)
    })
}

/// Reads a body of this length and says how long it was in coming.
fn answer_with_the_wait(mut stream: TcpStream, before: &'static [u8]) -> io::Result<()> {
    head(&mut stream)?;
    let began: Instant = green::now();
    stream.write_all(before)?;
    stream.read_exact(&mut [0; 5])?;
    let waited = (green::now() - began).as_millis().to_string();
    stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{waited}", waited.len()).as_bytes())?;
    // It stays open.
    head(&mut stream).map(drop)
}

#[test]
fn an_expected_continue_lets_the_body_go_at_once_and_silence_after_a_second() {
    for (before, waited) in [
        (&b""[..], "1000"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "0"),
        (b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", "0"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "1000"),
    ] {
        let run = || {
            let url = serve("http", move |stream| answer_with_the_wait(stream, before));
            plain(&url, b"12345", true).unwrap()
        };
        assert_eq!(story(run).0, (200, waited.to_owned(), true), "{:?}", String::from_utf8_lossy(before));
    }
}

#[test]
fn a_body_that_nobody_wants_is_not_sent() {
    let ((status, text, kept), took) = story(|| {
        let url = serve("http", |mut stream| {
            assert!(head(&mut stream)?.contains("Expect: 100-continue\r\n"));
            stream.write_all(BIG)?;
            let rest = io::copy(&mut stream, &mut io::sink())?;
            assert_eq!(rest, 0, "nothing of the body");
            Ok(())
        });
        plain(&url, &[b'x'; 5000], true).unwrap()
    });
    assert_eq!((status, text.as_str(), kept, took), (413, "big", false, Duration::ZERO));
}

/// On the real clock, because megabytes pass through the kernel; without the watch this would hang.
#[test]
fn an_answer_ends_the_sending_though_the_server_neither_reads_nor_closes() {
    green::run(|| {
        let ended = green::timeout(Duration::from_secs(20), || {
            let url = serve("http", |mut stream| {
                head(&mut stream)?;
                green::sleep(Duration::from_millis(20))?;
                stream.write_all(BIG)?;
                green::sleep(Duration::from_secs(100)).map_err(io::Error::from)
            });
            plain(&url, &vec![b'x'; BYTES], false)
        });
        assert_eq!(ended.unwrap().unwrap(), (413, "big".to_owned(), false));
    });
}

fn tls() -> (TlsAcceptor, TlsConfig) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    (acceptor, TlsConfig::builder().roots(Roots::Der(vec![own.cert.der().to_vec()])).build().unwrap())
}

#[test]
fn the_same_over_tls_and_what_is_read_arrives_whole() {
    green::run(|| {
        let done = green::timeout(Duration::from_secs(30), || {
            let (acceptor, tls) = tls();
            let refuses = acceptor.clone();
            let url = serve("https", move |stream| {
                let mut stream = refuses.accept(stream).map_err(io::Error::other)?;
                head(&mut stream)?;
                stream.write_all(BIG)?;
                stream.flush()?;
                green::sleep(Duration::from_secs(100)).map_err(io::Error::from)
            });
            let refused = post(&url, tls.clone(), &vec![b'x'; BYTES], false)?;
            let url = serve("https", move |stream| {
                let mut stream: TlsStream = acceptor.accept(stream).map_err(io::Error::other)?;
                head(&mut stream)?;
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                stream.flush()?;
                let read = io::copy(&mut (&mut stream).take(BYTES as u64), &mut io::sink())?;
                stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{read}").as_bytes())?;
                stream.flush()?;
                head(&mut stream).map(drop)
            });
            Ok((refused, post(&url, tls, &vec![b'x'; BYTES], true)?))
        });
        let (refused, taken) = done.unwrap().unwrap_or_else(|error: Error| panic!("{error}"));
        assert_eq!(refused, (413, "big".to_owned(), false));
        assert_eq!(taken, (200, BYTES.to_string(), true));
    });
}

#[test]
fn a_success_before_the_end_lets_the_rest_go_and_counts_if_it_does_not() {
    const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
    green::run(|| {
        let read = Rc::new(std::cell::Cell::new(0));
        let count = read.clone();
        let url = serve("http", move |mut stream| {
            head(&mut stream)?;
            stream.write_all(FINE)?;
            green::sleep(Duration::from_millis(20))?;
            count.set(io::copy(&mut (&mut stream).take(BYTES as u64), &mut io::sink())?);
            green::sleep(Duration::from_secs(100)).map_err(io::Error::from)
        });
        assert_eq!(plain(&url, &vec![b'x'; BYTES], false).unwrap(), (200, "fine".to_owned(), true));
        let all = green::timeout(Duration::from_secs(20), || {
            while read.get() == 0 {
                green::sleep(Duration::from_millis(1))?;
            }
            Ok::<_, Interrupt>(read.get())
        });
        assert_eq!(all.unwrap().unwrap(), BYTES as u64);
        let url = serve("http", |mut stream| {
            head(&mut stream)?;
            stream.write_all(FINE)?;
            stream.read_exact(&mut [0; 1000])
        });
        assert_eq!(plain(&url, &vec![b'x'; BYTES], false).unwrap(), (200, "fine".to_owned(), false));
    });
}

struct Tens(std::cell::Cell<u32>);

impl Throttle for Tens {
    fn wait(&self, wanted: usize) -> Result<usize, Interrupt> {
        self.0.set(self.0.get() + 1);
        green::sleep(Duration::from_secs(1))?;
        Ok(wanted.min(10))
    }
}

#[test]
fn a_throttle_is_asked_for_each_piece() {
    green::Config::new().clock(ClockKind::Virtual).run(|| {
        let url = serve("http", |mut stream| {
            head(&mut stream)?;
            stream.read_exact(&mut [0; 35])?;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        });
        let (throttle, fields, began) = (Tens(Default::default()), Fields::new(), green::now());
        let client = Client::new(ClientConfig {
            resolver: Resolver::new(ResolverConfig::default()),
            tls: TlsConfig::builder().build_lazy(),
            connect_timeout: None,
            pool: PoolLimits::default(),
            versions: Default::default(),
        });
        let request = Request {
            upload: None,
            method: "PUT",
            url: &url,
            fields: &fields,
            body: Some(&[b'x'; 35]),
            answer_timeout: None,
            throttle: Some(&throttle),
        };
        assert_eq!(client.send(&request, &mut Trace::default()).unwrap().head().status, 204);
        assert_eq!((throttle.0.get(), green::now() - began), (4, Duration::from_secs(4)));
    });
}
