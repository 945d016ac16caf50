//! The HTTP client as another program meets it over TLS: certificates, versions, connections, what an error says.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use gfetch::green::{self, ClockKind, Config};
use gfetch::http::fields::Fields;
use gfetch::http::server::{Exchange, HttpServer};
use gfetch::http::types::{StatusCode, Version};
use gfetch::http::{Blame, Client, ErrorKind, HttpVersions, Phase, RedirectPolicy, RequestError, SendBody};
use gfetch::net::{Roots, TcpListener, TlsAcceptor, TlsConfig};

/// On the virtual clock: minutes take no time.
fn story(f: impl FnOnce()) {
    Config::new().clock(ClockKind::Virtual).run(f);
}

/// The key and certificate of this name, which signs itself; and a client's trust in it.
fn identity(name: &str) -> (TlsAcceptor, TlsConfig) {
    let own = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    let config = TlsConfig::builder().roots(Roots::Der(vec![own.cert.der().to_vec()])).build().unwrap();
    (acceptor, config)
}

fn trusting(config: &TlsConfig) -> Client {
    Client::builder().tls(config.clone()).build().unwrap()
}

/// Serves over TLS on `host`; where.
fn serve(host: &str, acceptor: TlsAcceptor, answer: impl Fn(&mut Exchange<'_>) -> io::Result<()> + 'static) -> String {
    let listener = TcpListener::bind(format!("{host}:0").parse().unwrap()).unwrap();
    let server = HttpServer::new(listener).tls(acceptor).start(answer);
    format!("https://{}", server.local_addr().unwrap())
}

/// Answers with method, target, `Authorization` and the length of the body.
fn echoes(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut body = Vec::new();
    exchange.body().read_to_end(&mut body)?;
    let head = exchange.head();
    let secret = head.fields.first_str("authorization").unwrap_or("-");
    let told = format!("{} {} {secret} {}", head.method, head.target, body.len());
    exchange.respond(200, &Fields::new(), told.as_bytes())
}

#[test]
fn a_request_over_tls_is_as_any_other_and_keeps_its_connection() {
    story(|| {
        let (acceptor, config) = identity("127.0.0.1");
        let url = serve("127.0.0.1", acceptor, echoes);
        let client = trusting(&config);
        let answer = client.get(format!("{url}/a?b")).send().unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_11));
        let trace = answer.trace();
        assert_eq!((trace.tls, trace.reused), (Some("1.3"), false));
        assert!(trace.time(Phase::Tls).is_some() && trace.time(Phase::Connect).is_some());
        assert_eq!(answer.text().unwrap(), "GET /a?b - 0");
        let large = SendBody::reader(io::repeat(7).take(1_000_000));
        let answer = client.post(&url).basic_auth("me", "secret").body(large).send().unwrap();
        assert!(answer.trace().reused && answer.trace().time(Phase::Tls).is_none());
        assert_eq!(answer.text().unwrap(), "POST / Basic bWU6c2VjcmV0 1000000");
    });
}

#[test]
fn where_the_server_knows_no_http2_it_is_http1() {
    story(|| {
        for protocols in [&["http/1.1"][..], &[]] {
            let (acceptor, config) = identity("127.0.0.1");
            let url = serve("127.0.0.1", acceptor.alpn(protocols), echoes);
            for versions in [HttpVersions::ByAlpn, HttpVersions::Http1, HttpVersions::PriorKnowledge] {
                let client = Client::builder().tls(config.clone()).versions(versions).build().unwrap();
                assert_eq!(client.get(&url).send().unwrap().version(), Version::HTTP_11);
            }
        }
    });
}

#[test]
fn a_certificate_that_does_not_fit_is_the_servers_fault_and_nothing_was_sent() {
    story(|| {
        let asked = Rc::new(Cell::new(0));
        let count = asked.clone();
        let (acceptor, config) = identity("another.example");
        let url = serve("127.0.0.1", acceptor, move |exchange| {
            count.set(count.get() + 1);
            echoes(exchange)
        });
        let strangers = [Client::builder().build().unwrap(), trusting(&identity("127.0.0.1").1), trusting(&config)];
        for client in strangers {
            let error = client.post(&url).bearer_auth("sEcReT").body("x").send().unwrap_err();
            assert_eq!((error.kind(), error.stage()), (ErrorKind::Certificate, Some(Phase::Tls)), "{error:?}");
            assert_eq!((error.blame(), error.may_have_acted()), (Blame::Server, false), "{error:?}");
            assert!(!error.is_retry_sensible() && !format!("{error:?} {error}").contains("sEcReT"));
        }
        assert_eq!(asked.get(), 0);
        let blind = TlsConfig::builder().insecure(true).build().unwrap();
        assert_eq!(trusting(&blind).get(&url).send().unwrap().text().unwrap(), "GET / - 0");
    });
}

#[test]
fn secrets_do_not_follow_from_https_to_http() {
    story(|| {
        let (acceptor, config) = identity("127.0.0.1");
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let plain = HttpServer::new(listener).start(echoes);
        let plain = format!("http://{}/end", plain.local_addr().unwrap());
        let mut to = Fields::new();
        to.push("Location", &plain).unwrap();
        let url = serve("127.0.0.1", acceptor, move |exchange| exchange.respond(302, &to, b""));
        let client = trusting(&config);
        let answer = client.get(&url).bearer_auth("secret").send().unwrap();
        assert_eq!((answer.url().as_str(), answer.redirects(), answer.trace().tls), (&*plain, 1, None));
        assert_eq!(answer.text().unwrap(), "GET /end - 0");
        let trusted = RedirectPolicy::default().trust_other_origins(true);
        let answer = client.get(&url).bearer_auth("secret").redirects(trusted).send().unwrap();
        assert_eq!(answer.text().unwrap(), "GET /end Bearer secret 0");
    });
}

/// Accepts once, says these bytes after the request, and ends without TLS's farewell.
fn cuts(acceptor: TlsAcceptor, said: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    green::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = acceptor.accept(stream).unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(said).and_then(|()| stream.flush());
    });
    url
}

#[test]
fn a_body_is_whole_only_where_its_framing_or_tls_says_so() {
    story(|| {
        let (acceptor, config) = identity("127.0.0.1");
        let client = trusting(&config);
        let ask = |said| client.get(cuts(acceptor.clone(), said)).send().unwrap().text();
        assert_eq!(ask(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").unwrap(), "abc");
        for said in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"HTTP/1.1 200 OK\r\n\r\nabc",
        ] {
            let error: RequestError = ask(said).unwrap_err();
            let is = (error.kind(), error.stage(), error.is_retry_sensible());
            assert_eq!(is, (ErrorKind::Truncated, Some(Phase::Receive), true), "{error:?}");
        }
    });
}
