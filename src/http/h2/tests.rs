//! Tests of HTTP/2 against the `h2` crate's own server, on the same hub: what goes well, and what a server may decide.

mod face;
mod server;

use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::Builder;
use url::Url;

use self::server::*;
use super::Http2Error;
use crate::green::{self, ClockKind, Config};
use crate::http::connection::Transport;
use crate::http::fields::Fields;
use crate::http::h1::{Framing, ProtocolError, Truncated, Version};
use crate::http::{Client, ClientConfig, Error, HttpVersions, Phase, PoolLimits, Request, Response, Trace};
use crate::net::{Resolver, ResolverConfig, TlsConfig};

fn client_with(tls: TlsConfig, versions: HttpVersions) -> Client {
    let resolver = Resolver::new(ResolverConfig::default());
    Client::new(ClientConfig { resolver, tls, connect_timeout: None, pool: PoolLimits::default(), versions })
}

fn client() -> Client {
    client_with(TlsConfig::builder().build_lazy(), HttpVersions::PriorKnowledge)
}

fn request<'a>(method: &'a str, url: &'a Url, body: Option<&'a [u8]>) -> Request<'a> {
    static NO_FIELDS: Fields = Fields::new();
    Request { method, url, fields: &NO_FIELDS, body, upload: None, throttle: None, answer_timeout: None }
}

fn get(client: &Client, url: &Url) -> Result<Vec<u8>, Error> {
    read(client.send(&request("GET", url, None), &mut Trace::default())?)
}

fn read(mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    response.read_to_end(&mut body).map_err(Error::from_io)?;
    Ok(body)
}

fn run<T: 'static>(f: impl FnOnce() -> T + 'static) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

#[test]
fn two_hundred_greenlets_share_one_connection() {
    run(|| {
        let server = serve(Builder::new(), |asked, answering| answering.whole(asked.uri().path().as_bytes()));
        let client = client();
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let (client, url) = (client.clone(), server.url.join(&format!("/{number}")).unwrap());
                green::spawn(move || get(&client, &url).unwrap())
            })
            .collect();
        for (number, task) in tasks.iter().enumerate() {
            assert_eq!(task.get().unwrap(), format!("/{number}").into_bytes());
        }
        // The server's SETTINGS, which allow more, come after the first hundred.
        assert!(server.connections.get() <= 2, "{} connections", server.connections.get());
        assert_eq!(client.idle(), server.connections.get());
    });
}

#[test]
fn one_after_another_use_one_connection_and_say_so() {
    run(|| {
        let server = serve(Builder::new(), |_, answering| answering.whole(b"body"));
        let client = client();
        for number in 0..50 {
            let mut trace = Trace::default();
            trace.wants_local = number % 2 == 0;
            let response = client.send(&request("GET", &server.url, None), &mut trace).unwrap();
            assert_eq!((response.head().version, response.head().status), (Version::Http2, 200));
            assert_eq!(read(response).unwrap(), b"body");
            assert_eq!((trace.reused, trace.time(Phase::Connect).is_some()), (number > 0, number == 0));
            assert!(trace.remote.is_some() && trace.sent);
            assert_eq!(trace.local.is_some(), trace.wants_local);
        }
        assert_eq!((server.connections.get(), client.idle()), (1, 1));
    });
}

#[test]
fn where_one_stream_is_allowed_each_request_has_a_connection() {
    run(|| {
        let mut builder = Builder::new();
        builder.max_concurrent_streams(1);
        let server = serve(builder, |_, answering| {
            green::sleep(Duration::from_secs(1)).unwrap();
            answering.whole(b"body");
        });
        let client = client();
        assert_eq!(get(&client, &server.url).unwrap(), b"body");
        let began = green::now();
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let (client, url) = (client.clone(), server.url.clone());
                green::spawn(move || get(&client, &url).unwrap())
            })
            .collect();
        tasks.iter().for_each(|task| assert_eq!(task.get().unwrap(), b"body"));
        assert_eq!((server.connections.get(), client.idle()), (5, 5));
        assert!(green::now() - began < Duration::from_secs(2), "they waited for each other");
    });
}

#[test]
fn large_bodies_go_both_ways() {
    run(|| {
        let body: Rc<[u8]> = (0..5_000_000_u32).map(|number| ((number * 7) >> 3) as u8).collect();
        let sent = body.clone();
        let server = serve(Builder::new(), move |mut asked, mut answering| {
            let had = answering.read(asked.body_mut());
            let length = sent.len().to_string();
            let had = had.to_string();
            let mut stream = answering.head(200, &[("content-length", &length), ("x-had", &had)], false).unwrap();
            answering.send(&mut stream, &sent);
        });
        let client = client();
        let response = client.send(&request("POST", &server.url, Some(&body)), &mut Trace::default()).unwrap();
        assert_eq!(response.head().fields.first_str("x-had"), Some("5000000"));
        assert_eq!(response.head().framing, Framing::Length(5_000_000));
        assert!(read(response).unwrap() == body[..], "another body");
    });
}

#[test]
fn a_reader_that_waits_does_not_stop_the_others() {
    run(|| {
        let body = vec![7; 3_000_000];
        let server = serve(Builder::new(), move |_, answering| answering.whole(&body));
        let client = client();
        let ask = || client.send(&request("GET", &server.url, None), &mut Trace::default()).unwrap();
        let waiting: Vec<_> = (0..20).map(|_| ask()).collect();
        assert_eq!(read(ask()).unwrap().len(), 3_000_000);
        for response in waiting {
            assert_eq!(read(response).unwrap().len(), 3_000_000);
        }
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn heads_without_bodies_end_at_once() {
    run(|| {
        let server = serve(Builder::new(), |asked, mut answering| {
            let status = asked.uri().path().trim_start_matches('/').parse().unwrap();
            answering.head(status, &[("content-length", "5")], true);
        });
        let client = client();
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
            let url = server.url.join(&format!("/{status}")).unwrap();
            let response = client.send(&request(method, &url, None), &mut Trace::default()).unwrap();
            assert!(response.is_done(), "{method} {status}");
            assert_eq!((response.head().framing, response.head().content_length()), (Framing::None, Some(5)));
            assert_eq!(client.idle(), 1);
        }
    });
}

#[test]
fn a_length_that_does_not_hold_is_an_error() {
    run(|| {
        let server = serve(Builder::new(), |asked, mut answering| {
            let length = if asked.uri().path() == "/short" { "10" } else { "2" };
            let mut stream = answering.head(200, &[("content-length", length)], false).unwrap();
            let _ = stream.send_data(Bytes::from_static(b"12345"), true);
        });
        let client = client();
        for path in ["/short", "/long"] {
            let got = get(&client, &server.url.join(path).unwrap());
            assert!(matches!(got, Err(Error::Http2(Http2Error::Stream(1)))), "{path}: {got:?}");
        }
        assert_eq!(server.connections.get(), 1, "the connection goes on");
    });
}

#[test]
fn a_timeout_or_a_kill_resets_its_stream_and_no_other() {
    run(|| {
        let cancelled = Rc::new(Cell::new(0));
        let count = cancelled.clone();
        let server = serve(Builder::new(), move |asked, mut answering| {
            if asked.uri().path() == "/never" {
                let Answering { respond, bell } = &mut answering;
                let reset = bell.wait_for(|context| respond.poll_reset(context));
                assert_eq!(reset.unwrap().unwrap(), Reason::CANCEL);
                count.set(count.get() + 1);
                return;
            }
            green::sleep(Duration::from_secs(5)).unwrap();
            answering.whole(b"late");
        });
        let client = client();
        let (late, url) = (client.clone(), server.url.clone());
        let late = green::spawn(move || get(&late, &url).unwrap());
        let never = server.url.join("/never").unwrap();
        let (killed, url) = (client.clone(), never.clone());
        let killed = green::spawn(move || get(&killed, &url));
        assert!(green::timeout(Duration::from_secs(1), || get(&client, &never)).is_err());
        killed.kill().unwrap();
        let asked = Request { answer_timeout: Some(Duration::from_secs(1)), ..request("GET", &never, None) };
        assert!(matches!(client.send(&asked, &mut Trace::default()), Err(Error::AnswerTimeout(_))));
        assert_eq!(late.get().unwrap(), b"late");
        assert_eq!((cancelled.get(), server.connections.get(), client.idle()), (3, 1, 1));
    });
}

#[test]
fn what_a_server_refuses_unseen_is_sent_again_also_a_post() {
    run(|| {
        let refusals = Rc::new(Cell::new(3));
        let server = serve(Builder::new(), move |mut asked, mut answering| {
            if refusals.get() > 0 {
                refusals.set(refusals.get() - 1);
                return answering.respond.send_reset(Reason::REFUSED_STREAM);
            }
            let had = answering.read(asked.body_mut());
            answering.whole(had.to_string().as_bytes());
        });
        let client = client();
        let response = client.send(&request("POST", &server.url, Some(b"12345")), &mut Trace::default()).unwrap();
        assert_eq!(read(response).unwrap(), b"5");
    });
}

#[test]
fn of_a_refused_burst_each_stream_counts_what_was_open_when_it_was_begun() {
    run(|| {
        let (begun, refused) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let count = (begun.clone(), refused.clone());
        let server = serve(Builder::new(), move |asked, mut answering| {
            count.0.set(count.0.get() + 1);
            let number: u32 = asked.uri().path()[1..].parse().unwrap();
            // Four are answered; whoever else was begun beside them is refused when they have long been over.
            let is_refused = (4..8).contains(&number) && count.1.get() < 4;
            green::sleep(Duration::from_secs(if is_refused { 2 } else { 1 })).unwrap();
            if is_refused {
                count.1.set(count.1.get() + 1);
                return answering.respond.send_reset(Reason::REFUSED_STREAM);
            }
            answering.whole(b"body");
        });
        let client = client();
        let all_at_once = |count: usize| {
            let ask = |number| {
                let (client, url) = (client.clone(), server.url.join(&format!("/{number}")).unwrap());
                green::spawn(move || get(&client, &url).unwrap())
            };
            let tasks: Vec<_> = (0..count).map(ask).collect();
            tasks.iter().for_each(|task| assert_eq!(task.get().unwrap(), b"body"));
            server.connections.get()
        };
        assert_eq!(all_at_once(1), 1);
        assert_eq!((all_at_once(8), begun.get(), refused.get()), (1, 1 + 8 + 4, 4), "there was room for four");
        assert_eq!((all_at_once(4), all_at_once(5)), (1, 2), "and there is for no more");
    });
}

#[test]
fn a_server_that_always_refuses_is_not_asked_for_ever() {
    run(|| {
        let asked = Rc::new(Cell::new(0));
        let count = asked.clone();
        let server = serve(Builder::new(), move |_, mut answering| {
            count.set(count.get() + 1);
            answering.respond.send_reset(Reason::REFUSED_STREAM);
        });
        let mut trace = Trace::default();
        let got = client().send(&request("GET", &server.url, None), &mut trace).map(drop);
        assert!(matches!(got, Err(Error::Http2(Http2Error::Reset(7)))), "{got:?}");
        assert_eq!((asked.get(), trace.sent), (1 + super::limits::MAX_REPEATS, false));
    });
}

#[test]
fn a_reset_has_its_code_and_its_stage() {
    run(|| {
        let server = serve(Builder::new(), |asked, mut answering| {
            if asked.uri().path() == "/body" {
                let mut stream = answering.head(200, &[], false).unwrap();
                stream.send_data(Bytes::from_static(b"1"), false).unwrap();
                green::sleep(Duration::from_millis(10)).unwrap();
                return stream.send_reset(Reason::INTERNAL_ERROR);
            }
            answering.respond.send_reset(Reason::ENHANCE_YOUR_CALM);
        });
        let client = client();
        let mut trace = Trace::default();
        let got = client.send(&request("GET", &server.url, None), &mut trace).map(drop);
        assert!(matches!(got, Err(Error::Http2(Http2Error::Reset(11)))), "{got:?}");
        assert_eq!((trace.phase(), trace.sent), (Some(Phase::Wait), true));
        let got = get(&client, &server.url.join("/body").unwrap());
        assert!(matches!(got, Err(Error::Http2(Http2Error::Reset(2)))), "{got:?}");
        assert_eq!(server.connections.get(), 1);
    });
}

#[test]
fn informational_heads_are_passed_over_and_counted() {
    run(|| {
        let server = serve(Builder::new(), |asked, mut answering| {
            let count: u32 = asked.uri().path().trim_start_matches('/').parse().unwrap();
            for _ in 0..count {
                let early = http::Response::builder().status(103).body(()).unwrap();
                let _ = answering.respond.send_informational(early);
            }
            answering.whole(b"body");
        });
        let client = client();
        assert_eq!(get(&client, &server.url.join("/32").unwrap()).unwrap(), b"body");
        let got = get(&client, &server.url.join("/33").unwrap());
        assert!(matches!(got, Err(Error::Protocol(ProtocolError::TooManyInformational { .. }))), "{got:?}");
    });
}

#[test]
fn an_answer_before_the_end_of_the_upload_ends_it() {
    run(|| {
        let server = serve(Builder::new(), |_, mut answering| {
            answering.head(413, &[], true);
        });
        let body = vec![0; 10_000_000];
        let response = client().send(&request("POST", &server.url, Some(&body)), &mut Trace::default()).unwrap();
        assert_eq!(response.head().status, 413);
    });
}

#[test]
fn a_body_that_the_server_does_not_take_is_timed_piece_by_piece() {
    run(|| {
        let server = serve(Builder::new(), |_asked, answering| {
            green::sleep(Duration::from_secs(100)).unwrap();
            answering.whole(b"");
        });
        let body = vec![0; 10_000_000];
        let asked =
            Request { answer_timeout: Some(Duration::from_secs(2)), ..request("POST", &server.url, Some(&body)) };
        let mut trace = Trace::default();
        let got = client().send(&asked, &mut trace).map(drop);
        assert!(matches!(got, Err(Error::AnswerTimeout(_))), "{got:?}");
        assert_eq!(trace.phase(), Some(Phase::Send));
    });
}

#[test]
fn alpn_decides_once_and_the_others_wait_for_it() {
    run(|| {
        let (acceptor, config) = tls(&["h2", "http/1.1"]);
        let answer: Answerer = Rc::new(|_, answering| answering.whole(b"body"));
        let server = secure(serve_raw(move |stream, _| {
            let stream = acceptor.accept(stream).unwrap();
            assert_eq!(stream.alpn(), Some(&b"h2"[..]));
            serve_connection(Transport::Tls(Box::new(stream)), &Builder::new(), &answer);
        }));
        let client = client_with(config, HttpVersions::ByAlpn);
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let (client, url) = (client.clone(), server.url.clone());
                green::spawn(move || get(&client, &url).unwrap())
            })
            .collect();
        tasks.iter().for_each(|task| assert_eq!(task.get().unwrap(), b"body"));
        assert_eq!(server.connections.get(), 1);
    });
}

/// Answers by HTTP/1.1 for as long as it is asked.
fn answer_http1(mut stream: impl Read + std::io::Write) {
    let mut head = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none").and_then(|()| stream.flush());
        }
    }
}

#[test]
fn an_origin_that_speaks_http1_gets_connections_as_before() {
    run(|| {
        for protocols in [&["http/1.1"][..], &[]] {
            let (acceptor, config) = tls(protocols);
            let server = secure(serve_raw(move |stream, _| answer_http1(acceptor.accept(stream).unwrap())));
            let client = client_with(config, HttpVersions::ByAlpn);
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let (client, url) = (client.clone(), server.url.clone());
                    green::spawn(move || get(&client, &url).unwrap())
                })
                .collect();
            tasks.iter().for_each(|task| assert_eq!(task.get().unwrap(), b"one"));
            assert!(client.idle() == server.connections.get() && server.connections.get() <= 8);
        }
    });
}

#[test]
fn http1_alone_offers_nothing_else() {
    run(|| {
        let (acceptor, config) = tls(&["h2", "http/1.1"]);
        let server = secure(serve_raw(move |stream, _| {
            let stream = acceptor.accept(stream).unwrap();
            assert_eq!(stream.alpn(), Some(&b"http/1.1"[..]));
            answer_http1(stream);
        }));
        assert_eq!(get(&client_with(config, HttpVersions::Http1), &server.url).unwrap(), b"one");
    });
}

#[test]
fn a_server_that_wants_http1_gets_it() {
    run(|| {
        let (acceptor, config) = tls(&["h2", "http/1.1"]);
        let answer: Answerer =
            Rc::new(|_, mut answering: Answering| answering.respond.send_reset(Reason::HTTP_1_1_REQUIRED));
        let server = secure(serve_raw(move |stream, _| {
            let stream = acceptor.accept(stream).unwrap();
            match stream.alpn() {
                Some(b"h2") => serve_connection(Transport::Tls(Box::new(stream)), &Builder::new(), &answer),
                _ => answer_http1(stream),
            }
        }));
        let client = client_with(config, HttpVersions::ByAlpn);
        for _ in 0..3 {
            assert_eq!(get(&client, &server.url).unwrap(), b"one");
        }
        assert_eq!(server.connections.get(), 2);
    });
}

#[test]
fn the_first_that_fails_leaves_the_others_to_themselves() {
    run(|| {
        let (acceptor, config) = tls(&["h2"]);
        let answer: Answerer = Rc::new(|_, answering| answering.whole(b"body"));
        let server = secure(serve_raw(move |stream, number| {
            if number > 0 {
                let stream = acceptor.accept(stream).unwrap();
                serve_connection(Transport::Tls(Box::new(stream)), &Builder::new(), &answer);
            }
        }));
        let client = client_with(config, HttpVersions::ByAlpn);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (client, url) = (client.clone(), server.url.clone());
                green::spawn(move || get(&client, &url).is_ok())
            })
            .collect();
        let good = tasks.iter().filter(|task| task.get().unwrap()).count();
        assert_eq!(good, 7);
    });
}

#[test]
fn a_connection_that_died_idle_is_replaced_unseen() {
    run(|| {
        let answer: Answerer = Rc::new(|_, answering| answering.whole(b"body"));
        let server = serve_raw(move |stream, _| {
            let answer = answer.clone();
            let _ = green::timeout(Duration::from_secs(1), || -> Result<(), green::Interrupt> {
                serve_connection(Transport::Plain(stream), &Builder::new(), &answer);
                Ok(())
            });
        });
        let client = client();
        for _ in 0..3 {
            assert_eq!(get(&client, &server.url).unwrap(), b"body");
            green::sleep(Duration::from_secs(2)).unwrap();
        }
        assert_eq!(server.connections.get(), 3);
    });
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_on_demand() {
    run(|| {
        let server = serve(Builder::new(), |_, answering| answering.whole(b"body"));
        let client = client();
        get(&client, &server.url).unwrap();
        green::sleep(PoolLimits::default().idle_time).unwrap();
        get(&client, &server.url).unwrap();
        assert_eq!((server.connections.get(), client.idle()), (2, 1));
        assert!(client.close_one_idle() && !client.close_one_idle());
        get(&client, &server.url).unwrap();
        client.make_cold();
        assert_eq!((server.connections.get(), client.idle()), (3, 0));
    });
}

#[test]
fn a_server_that_speaks_http1_where_http2_is_known_is_told_apart() {
    run(|| {
        let server = serve_raw(|stream, _| answer_http1(stream));
        let got = get(&client(), &server.url);
        assert!(matches!(got, Err(Error::Http2(Http2Error::Refused(super::Refused::NotHttp2)))), "{got:?}");
        let server = serve_raw(|stream, _| drop(stream));
        let got = get(&client(), &server.url);
        assert!(matches!(got, Err(Error::Truncated(Truncated::Nothing) | Error::Io(_))), "{got:?}");
    });
}
