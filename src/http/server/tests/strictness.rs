//! What pywsgi's own tests hold it to: requests that are refused, bodies that are cut or forged, upgrades, secrets.

use super::*;

/// Bug class 40, and pywsgi's BadRequestTests and Test414: each is answered once, with `Connection: close`.
#[test]
fn a_bad_request_gets_its_status_and_nothing_behind_it_is_read() {
    let post = |field: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
    let cases = [
        (414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(8192 - 14))),
        (414, "x".repeat(10_000)),
        (400, "GET /\r\n\r\n".into()),
        (505, "GET / HTTP/1\r\n\r\n".into()),
        (400, "GET / http/1.1\r\nHost: a\r\n\r\n".into()),
        (400, "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n".into()),
        (505, "GET / HTTP/3.1\r\nHost: a\r\n\r\n".into()),
        (400, "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        (400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        (400, post("Content-Length: -1")),
        (400, post("Content-Length: +1")),
        (400, post("Content-Length: abc")),
        (400, post("Content-Length:")),
        (400, post("Content-Length: 1_0")),
        (400, post("Content-Length: 0x1")),
        (400, post("Content-Length: 99999999999999999999")),
        (400, post("Content-Length: 1, 2")),
        (400, post("Transfer-Encoding: chunked\r\nContent-Length: 3")),
        (400, post("Transfer-Encoding: chunked, chunked")),
        (400, post("Transfer-Encoding: xchunked")),
        (400, post("Content-Length: 1").replace("POST", "HEAD")),
        (400, post("Transfer-Encoding: chunked").replace("1.1", "1.0")),
        (431, post(&format!("A: {}", "b".repeat(70_000)))),
        (400, "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n".into()),
    ];
    for (status, request) in cases {
        let client = Client::saying(&[&request, &get("/smuggled")]).then(Then::Waits);
        serve(&client, echo).0.unwrap();
        let (heard, request) = (client.heard(), &request[..request.len().min(80)]);
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}\n{heard}");
        assert!(heard.contains("\r\nConnection: close\r\n"), "{heard}");
        assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "{heard}");
    }
}

/// Bug class 40, and pywsgi's ChunkedInputTests: broken chunks are an error to the handler, 400, and the end.
#[test]
fn broken_chunks_are_an_error_to_the_handler_and_the_end_of_the_connection() {
    let long = |what: &str| what.replace('*', &"x".repeat(20_000));
    let cases = [
        "zz\r\n".to_owned(),
        "\r\n".into(),
        "-1\r\n".into(),
        "0x3\r\nabc\r\n0\r\n\r\n".into(),
        "3_0\r\n".into(),
        "11111111111111111\r\n".into(),
        "3\nabc\r\n0\r\n\r\n".into(),
        "3\r\nabcd\r\n".into(),
        "3\r\nabc0\r\n\r\n".into(),
        "3;\x01\r\nabc\r\n0\r\n\r\n".into(),
        long("3;*\r\nabc\r\n0\r\n\r\n"),
        long("3\r\nabc\r\n0\r\nA: *\r\n\r\n"),
        "3\r\nabc\r\n0\r\nno colon\r\n\r\n".into(),
        "3\r\nabc\r\n0\r\nA: b\n\r\n".into(),
        "3\r\nabc\r\n0\r\nA: b\r\rB: c\r\n\r\n".into(),
    ];
    for broken in cases {
        let begin = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        for handler in [echo, ignore] {
            let client = Client::saying(&[begin, &broken, &get("/smuggled")]).then(Then::Waits);
            serve(&client, handler).0.unwrap();
            let (heard, broken) = (client.heard(), &broken[..broken.len().min(40)]);
            assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "{broken:?}\n{heard}");
            assert!(!heard.contains("/smuggled"), "{heard}");
        }
        let client = Client::saying(&[begin, &broken]).then(Then::Waits);
        serve(&client, echo).0.unwrap();
        assert!(client.heard().starts_with("HTTP/1.1 400 "), "{broken:?}\n{}", client.heard());
    }
}

/// Bug class 40, and pywsgi's `test_trailers_*`: what stands in the trailers is never a request and never a field of one.
#[test]
fn a_request_in_the_trailers_is_no_request() {
    let trailers = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                    3\r\nabc\r\n0\r\nGET: /smuggled HTTP/1.1\r\nHost: b\r\nContent-Length: 7\r\n\r\n";
    let client = Client::saying(&[trailers, &get("/next")]);
    let hosts = RefCell::new(Vec::new());
    serve(&client, |exchange| {
        echo(exchange)?;
        hosts.borrow_mut().extend(exchange.head().fields.all("host").map(<[u8]>::to_vec));
        assert!(exchange.head().fields.first("content-length").is_none());
        Ok(())
    })
    .0
    .unwrap();
    assert_eq!(client.bodies(), ["/ abc", "/next "]);
    assert_eq!(*hosts.borrow(), [b"a", b"a"]);
}

/// Bug class 40: a body that ends early is an error of the read, never a short success.
#[test]
fn a_short_body_is_an_error_to_the_handler() {
    for (field, body) in [("Content-Length: 9", "abc"), ("Transfer-Encoding: chunked", "9\r\nabc")] {
        let client = Client::saying(&[&format!("POST / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n"), body]);
        let seen = Cell::new(None);
        let result = serve(&client, |exchange| {
            let read = exchange.body().read_to_end(&mut Vec::new());
            seen.set(Some(read.as_ref().unwrap_err().kind()));
            read.map(drop)
        });
        assert!(result.0.is_err());
        assert_eq!(seen.get(), Some(io::ErrorKind::UnexpectedEof));
    }
}

/// Bug class 40 (gevent#2075): a body that a 100 was never asked for is not taken for the next request.
#[test]
fn a_body_that_comes_without_its_100_is_no_request() {
    let smuggled = get("/smuggled");
    let waits =
        format!("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n", smuggled.len());
    let client = Client::saying(&[&waits, &smuggled]).then(Then::Waits);
    serve(&client, ignore).0.unwrap();
    assert_eq!((client.bodies(), client.heard().contains("100 Continue")), (vec!["ok".to_owned()], false));
}

#[test]
fn a_100_is_sent_once_and_not_for_http_1_0() {
    let waits = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    let client = Client::saying(&[waits, "ab", "cd"]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.heard().matches("100 Continue").count(), 1);
    let client = Client::saying(&[&waits.replace("1.1", "1.0"), "abcd"]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.heard().matches("100 Continue").count(), 0);
}

/// pywsgi drops such fields, because CGI's names cannot tell them apart.
#[test]
fn a_name_with_an_underscore_is_another_name() {
    let client =
        Client::saying(&[&get("/").replace("Host", "X_Auth: forged\r\nX-Auth: real\r\nContent_Length: 9\r\nHost")]);
    serve(&client, |exchange| {
        let auth = exchange.head().fields.first_str("x-auth").unwrap().to_owned();
        exchange.respond(200, &Fields::new(), auth.as_bytes())
    })
    .0
    .unwrap();
    assert_eq!(client.bodies(), ["real"]);
}

#[test]
fn an_answer_204_or_304_takes_no_body() {
    for status in [204, 304] {
        for method in ["GET", "HEAD"] {
            let client = Client::saying(&[&get("/").replace("GET", method)]);
            serve(&client, |exchange| {
                let refused = exchange.respond(status, &Fields::new(), b"body").unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
                let mut out = exchange.start(status, &Fields::new(), Framing::Chunked)?;
                assert!(out.is_dropped());
                out.write_all(b"")?;
                assert_eq!(out.write_all(b"body").unwrap_err().kind(), io::ErrorKind::InvalidInput);
                out.finish()
            })
            .0
            .unwrap();
            assert!(client.heard().starts_with(&format!("HTTP/1.1 {status} ")) && client.heard().ends_with("\r\n\r\n"));
        }
    }
}

/// pywsgi's TestErrorAfterChunk and its siblings: what counts is what has gone out, not what was begun.
#[test]
fn an_error_is_500_as_long_as_nothing_has_gone_out() {
    let client = Client::saying(&[&get("/"), &get("/2")]);
    let begins_and_fails = |exchange: &mut Exchange| {
        exchange.start(200, &Fields::new(), Framing::Chunked)?.write_all(b"half")?;
        Err(io::Error::other("gone"))
    };
    serve(&client, begins_and_fails).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 500 ") && !client.heard().contains("half"), "{}", client.heard());
    assert_eq!(client.bodies().len(), 1, "and the connection ends");

    let client = Client::saying(&[&get("/")]);
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        serve(&client, |exchange| {
            exchange.start(200, &Fields::new(), Framing::Chunked)?.write_all(b"half")?;
            panic!("as this test wants")
        })
    }));
    assert!(unwound.is_err() && client.heard().starts_with("HTTP/1.1 500 "));
}

#[test]
fn the_first_chunks_may_be_empty() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, |exchange| {
        let mut out = exchange.start(200, &Fields::new(), Framing::Chunked)?;
        for piece in [&b""[..], b"", b"hi", b""] {
            out.write_all(piece)?;
            out.flush()?;
        }
        out.finish()
    })
    .0
    .unwrap();
    assert_eq!(client.bodies(), ["2\r\nhi\r\n0\r\n\r\n"]);
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: shout\r\n\r\n";

/// Goes on in `shout`, where every answer is in capitals.
fn shout(exchange: &mut Exchange) -> io::Result<()> {
    let mut stream = exchange.upgrade("shout", &Fields::new())?;
    let mut heard = [0; 16];
    loop {
        match stream.read(&mut heard)? {
            0 => return stream.end(),
            length => stream.write_all(heard[..length].to_ascii_uppercase().as_slice())?,
        }
    }
}

#[test]
fn an_upgrade_leaves_the_raw_stream_with_what_came_behind_the_request() {
    let client = Client::saying(&[&format!("{UPGRADE}GET / "), "HTTP/1.1\r\n\r\n"]);
    serve(&client, shout).0.unwrap();
    let heard = client.heard();
    let expected =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    assert_eq!(heard, expected);
    assert!(client.ended.get());
}

#[test]
fn an_upgrade_that_was_not_offered_is_refused_and_the_handler_can_answer() {
    let cases = [
        get("/"),
        UPGRADE.replace("shout", "whisper"),
        UPGRADE.replace("Connection: keep-alive, Upgrade\r\n", ""),
        UPGRADE.replace("HTTP/1.1", "HTTP/1.0"),
        UPGRADE.replace("Host", "Content-Length: 3\r\nHost"),
    ];
    for request in cases {
        let client = Client::saying(&[&request, "abc"]);
        serve(&client, |exchange| {
            assert_eq!(exchange.upgrade("shout", &Fields::new()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
            exchange.respond(426, &Fields::new(), b"")
        })
        .0
        .unwrap();
        assert!(client.heard().starts_with("HTTP/1.1 426 "), "{request}");
    }
}

/// pywsgi: SecureEnviron hides the values of the environment where it is printed.
#[test]
fn debug_shows_no_secret() {
    let secret =
        "GET /path?token=swordfish HTTP/1.1\r\nHost: a\r\nAuthorization: swordfish\r\nCookie: swordfish\r\n\r\n";
    let client = Client::saying(&[secret]);
    serve(&client, |exchange| exchange.respond(200, &Fields::new(), format!("{exchange:?}").as_bytes())).0.unwrap();
    let shown = client.bodies().concat();
    assert!(shown.contains("/path") && shown.contains("***") && !shown.contains("swordfish"), "{shown}");
}
