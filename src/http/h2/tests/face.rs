//! The client's face over HTTP/2: what another program meets is what it meets over HTTP/1.1.

use std::cell::RefCell;
use std::io::{BufRead, Read};
use std::rc::Rc;
use std::time::Duration;

use h2::Reason;
use h2::server::Builder;

use super::run;
use super::server::*;
use crate::green;
use crate::http::builder::ClientBuilder;
use crate::http::cookies::Jar;
use crate::http::types::{self, StatusCode};
use crate::http::{Answer, Blame, Client, ErrorKind, HttpVersions, Phase, RequestError, SendBody};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Speaks HTTP/2 also where there is no TLS.
fn builder() -> ClientBuilder {
    Client::builder().versions(HttpVersions::PriorKnowledge)
}

fn client() -> Client {
    builder().build().unwrap()
}

/// What a server was asked, a line each: method, path, fields of interest, bytes of the body.
type Log = Rc<RefCell<Vec<String>>>;

/// Notes what it is asked, and answers `/STATUS/rest` with that status and a `Location` of `/rest`, anything else with its
/// path.
fn leads(log: &Log) -> impl Fn(Asked, Answering) + 'static {
    let log = log.clone();
    move |mut asked, mut answering| {
        let path = asked.uri().path().to_owned();
        let mut line = format!("{} {path}", asked.method());
        for name in ["authorization", "cookie", "x-mine", "content-length", "transfer-encoding", "connection"] {
            if let Some(value) = asked.headers().get(name) {
                line += &format!(" | {name}: {}", value.to_str().unwrap());
            }
        }
        let body = answering.read(asked.body_mut());
        if body > 0 {
            line += &format!(" | {body} bytes");
        }
        log.borrow_mut().push(line);
        match path[1..].split_once('/').and_then(|(status, rest)| Some((status.parse().ok()?, rest))) {
            Some((status, rest)) => {
                let location = if rest.starts_with("http") { rest.to_owned() } else { format!("/{rest}") };
                answering.head(status, &[("location", &location), ("set-cookie", "a=1; Path=/")], true);
            }
            None => answering.whole(path.as_bytes()),
        }
    }
}

#[test]
fn an_answer_is_status_fields_and_a_body_that_is_read_as_it_comes() {
    run(|| {
        let server = serve(Builder::new(), |_, mut answering| {
            let fields = [("x-a", "1"), ("x-a", "2"), ("retry-after", "7")];
            let mut stream = answering.head(201, &fields, false).unwrap();
            answering.send(&mut stream, b"one\ntwo\nthree");
        });
        let client = client();
        let mut answer = client.get(server.url.as_str()).send().unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::CREATED, types::Version::HTTP_2));
        assert_eq!(answer.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((answer.url(), answer.redirects(), answer.retry_after()), (&server.url, 0, Some(s(7))));
        assert_eq!(answer.remote_addr().map(|remote| remote.port()), server.url.port());
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        assert_eq!(line, "one\n");
        assert_eq!(answer.lines().map(Result::unwrap).collect::<Vec<_>>(), ["two", "three"]);
        let again = client.get(server.url.as_str()).send().unwrap();
        assert!(again.trace().reused && again.trace().time(Phase::Connect).is_none());
    });
}

#[test]
fn bodies_go_out_from_memory_and_from_readers_of_any_length() {
    run(|| {
        let log = Log::default();
        let server = serve(Builder::new(), leads(&log));
        let (client, url) = (client(), server.url.as_str());
        let large = vec![b'x'; 1_000_000];
        client.post(url).header("X-Mine", "1").body("text").send().unwrap();
        client.put(url).body(large.clone()).send().unwrap();
        client.post(url).body(SendBody::sized(std::io::Cursor::new(large.clone()), 1_000_000)).send().unwrap();
        client.post(url).body(SendBody::reader(std::io::Cursor::new(large))).send().unwrap();
        client.get(url).header("Connection", "close").header("Transfer-Encoding", "chunked").send().unwrap();
        assert_eq!(
            *log.borrow(),
            [
                "POST / | x-mine: 1 | content-length: 4 | 4 bytes",
                "PUT / | content-length: 1000000 | 1000000 bytes",
                "POST / | content-length: 1000000 | 1000000 bytes",
                "POST / | 1000000 bytes",
                "GET /",
            ]
        );
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn redirects_and_cookies_go_by_the_same_rules() {
    run(|| {
        let (here, there) = (Log::default(), Log::default());
        let (first, other) = (serve(Builder::new(), leads(&here)), serve(Builder::new(), leads(&there)));
        let client = builder().cookies(Rc::new(RefCell::new(Jar::new()))).build().unwrap();
        let ask = |path: &str| client.post(format!("{}{path}", first.url)).bearer_auth("secret").body("four");
        let answer = ask("302/end").send().unwrap();
        assert_eq!((answer.redirects(), answer.url().path()), (1, "/end"));
        assert_eq!(answer.text().unwrap(), "/end");
        ask(&format!("307/{}away", other.url)).send().unwrap();
        let bearer = "authorization: Bearer secret";
        assert_eq!(
            *here.borrow(),
            [
                format!("POST /302/end | {bearer} | content-length: 4 | 4 bytes"),
                format!("GET /end | {bearer} | cookie: a=1"),
                format!("POST /307/{}away | {bearer} | cookie: a=1 | content-length: 4 | 4 bytes", other.url),
            ]
        );
        let gone = there.take();
        assert!(gone.len() == 1 && !gone[0].contains("secret"), "{gone:?}");
    });
}

#[test]
fn a_body_that_is_left_ends_its_stream_and_leaves_the_connection() {
    run(|| {
        let server = serve(Builder::new(), |_, answering| answering.whole(&vec![7; 3_000_000]));
        let client = client();
        for _ in 0..3 {
            let mut answer = client.get(server.url.as_str()).send().unwrap();
            answer.read_exact(&mut [0; 10]).unwrap();
            drop(answer);
            assert_eq!(client.get(server.url.as_str()).send().unwrap().bytes().unwrap().len(), 3_000_000);
        }
        assert_eq!((server.connections.get(), client.idle()), (1, 1));
    });
}

#[test]
fn each_clock_ends_its_own_request() {
    run(|| {
        let server = serve(Builder::new(), |asked, mut answering| {
            if asked.uri().path() == "/drips" {
                let mut stream = answering.head(200, &[], false).unwrap();
                let _ = stream.send_data("a".into(), false);
                let _ = green::sleep(s(100));
                drop(stream);
            } else {
                let _ = green::sleep(s(40));
                answering.whole(b"late");
            }
        });
        let (late, drips) = (server.url.join("late").unwrap(), server.url.join("drips").unwrap());
        let patient = client();
        let (beside, url) = (patient.clone(), late.clone());
        let beside = green::spawn(move || beside.get(url.as_str()).send().unwrap().text().unwrap());
        let error = patient.get(late.as_str()).timeout(s(2)).send().unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Timeout, Some(Phase::Wait)));
        assert!(error.may_have_acted() && error.is_retry_sensible());
        let mut answer = patient.get(drips.as_str()).timeout(s(3)).send().unwrap();
        let error = answer.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(RequestError::of(&error).unwrap().kind(), ErrorKind::Timeout);
        let stalls = builder().stall_timeout(Some(s(5))).build().unwrap();
        let error = stalls.get(drips.as_str()).send().unwrap().bytes().unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Timeout, Some(Phase::Receive)));
        let answers = builder().answer_timeout(Some(s(4))).build().unwrap();
        let error = answers.get(late.as_str()).send().unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Timeout, Some(Phase::Wait)));
        assert_eq!(beside.get().unwrap(), "late", "who had time did not notice");
    });
}

#[test]
fn errors_say_whose_doing_it_was_and_whether_to_try_again() {
    run(|| {
        let server = serve(Builder::new(), |asked, mut answering| {
            let mut respond = |reason| answering.respond.send_reset(reason);
            match asked.uri().path() {
                "/cancel" => respond(Reason::CANCEL),
                "/refuse" => respond(Reason::REFUSED_STREAM),
                "/long" => {
                    let mut stream = answering.head(200, &[("content-length", "2")], false).unwrap();
                    let _ = stream.send_data("12345".into(), true);
                }
                _ => {
                    let mut stream = answering.head(200, &[], false).unwrap();
                    let _ = stream.send_data("12345".into(), false);
                    // What was not sent before a reset is not sent.
                    let _ = green::sleep(s(1));
                    stream.send_reset(Reason::INTERNAL_ERROR);
                }
            }
        });
        let client = client();
        let ask = |path: &str| client.get(server.url.join(path).unwrap().as_str()).send().and_then(Answer::bytes);
        type Row<'a> = (&'a str, ErrorKind, Phase, Blame, bool, bool);
        let table: [Row<'_>; 4] = [
            ("cancel", ErrorKind::Reset, Phase::Wait, Blame::Network, true, true),
            ("refuse", ErrorKind::Reset, Phase::Wait, Blame::Network, true, false),
            ("long", ErrorKind::Protocol, Phase::Receive, Blame::Server, false, true),
            ("half", ErrorKind::Reset, Phase::Receive, Blame::Network, true, true),
        ];
        for (path, kind, stage, blame, again, acted) in table {
            let error = ask(path).unwrap_err();
            assert_eq!((error.kind(), error.stage(), error.blame()), (kind, Some(stage), blame), "{path}: {error:?}");
            assert_eq!((error.is_retry_sensible(), error.may_have_acted()), (again, acted), "{path}: {error:?}");
        }
        let post = client.post(server.url.join("refuse").unwrap().as_str()).body("x").send().unwrap_err();
        assert!(post.is_retry_sensible(), "nobody looked at it: {post:?}");
        let post = client.post(server.url.join("cancel").unwrap().as_str()).body("x").send().unwrap_err();
        assert!(!post.is_retry_sensible(), "{post:?}");
    });
}

#[test]
fn the_http_crates_types_say_which_version_it_was() {
    run(|| {
        let server = serve(Builder::new(), |_, answering| answering.whole(b"body"));
        let asked = types::Request::get(server.url.as_str()).body(SendBody::none()).unwrap();
        let (parts, body) = client().execute(asked).unwrap().into_parts();
        assert_eq!((parts.version, parts.status), (types::Version::HTTP_2, StatusCode::OK));
        assert_eq!(body.bytes().unwrap(), b"body");
    });
}

/// Over TLS the server decides; who wants HTTP/1.1 alone says so.
#[test]
fn the_version_is_agreed_by_tls() {
    run(|| {
        let (acceptor, config) = tls(&["h2"]);
        let answer: Answerer = Rc::new(|_, answering| answering.whole(b"body"));
        let server = secure(serve_raw(move |stream, _| {
            if let Ok(stream) = acceptor.accept(stream) {
                serve_connection(crate::http::connection::Transport::Tls(Box::new(stream)), &Builder::new(), &answer);
            }
        }));
        let client = Client::builder().tls(config.clone()).build().unwrap();
        for _ in 0..5 {
            let answer = client.get(server.url.as_str()).send().unwrap();
            assert_eq!((answer.version(), answer.trace().tls), (types::Version::HTTP_2, Some("1.3")));
            assert_eq!(answer.text().unwrap(), "body");
        }
        assert_eq!(server.connections.get(), 1);
        let old = Client::builder().tls(config).versions(HttpVersions::Http1).build().unwrap();
        let error = old.get(server.url.as_str()).send().unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Tls, Some(Phase::Tls)), "{error:?}");
        let stranger = Client::builder().build().unwrap();
        let error = stranger.get(server.url.as_str()).send().unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Certificate, Some(Phase::Tls)), "{error:?}");
        assert!(!error.may_have_acted() && !error.is_retry_sensible());
    });
}
