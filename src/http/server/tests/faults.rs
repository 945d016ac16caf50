//! What goes wrong: on the client's side, in its time, in a handler.

use super::*;

#[test]
fn a_body_broken_by_the_client_is_told_and_not_passed_by() {
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let client = Client::saying(&[begin, "3\r\nabcd\r\n"]);
    serve(&client, echo).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 400 ") && client.heard().contains("Connection: close"));

    let client = Client::saying(&[begin, "zz\r\n", &get("/smuggled")]);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["ok"], "what follows broken chunks is no request");
}

#[test]
fn a_body_that_stops_is_408_and_one_that_ends_early_is_no_answer() {
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    let client = Client::saying(&[begin, "abc"]).then(Then::Waits);
    serve(&client, echo).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 408 "), "{}", client.heard());
    let client = Client::saying(&[begin, "abc"]);
    assert_eq!(serve(&client, echo).0.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(client.heard(), "");
}

#[test]
fn what_smuggles_is_refused_and_the_connection_ends() {
    let smuggled = get("/smuggled");
    for (request, status) in [
        (
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{smuggled}"),
            400,
        ),
        (format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{smuggled}"), 400),
        (format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{smuggled}"), 501),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{smuggled}"), 400),
        (format!("GET / HTTP/1.1\r\nHost : a\r\n\r\n{smuggled}"), 400),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n{smuggled}"), 400),
        (format!("GET / HTTP/2.0\r\n\r\n{smuggled}"), 505),
        (format!("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n{smuggled}"), 501),
    ] {
        let client = Client::saying(&[&request]).then(Then::Waits);
        serve(&client, echo).0.unwrap();
        let heard = client.heard();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{request}\n{heard}");
        assert!(heard.contains("\r\nConnection: close\r\n") && !heard.contains("/smuggled"), "{heard}");
        assert!(client.ended.get());
    }
}

#[test]
fn an_idle_connection_is_closed_in_silence() {
    let client = Client::saying(&[&get("/a")]).then(Then::Waits);
    let (result, lived) = serve(&client, echo);
    result.unwrap();
    assert_eq!((client.bodies().len(), lived), (1, ServerLimits::default().idle_time));
}

#[test]
fn a_head_that_drips_meets_its_deadline() {
    let drops = vec!["A: b\r\n"; 100];
    let client = Client::saying(&["GET / HTTP/1.1\r\n"]).and(Duration::from_secs(1), &drops).then(Then::Waits);
    let (result, lived) = serve(&client, echo);
    result.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 408 "));
    let limits = ServerLimits::default();
    assert!(lived <= limits.head_time + limits.linger_time, "{lived:?}");
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let client = Client::saying(&[&get("/")]).then(Then::TakesNothing);
    let (result, lived) = serve(&client, ignore);
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(lived, ServerLimits::default().write_time);
}

#[test]
fn a_handlers_error_is_500_before_the_answer_and_a_break_after_it() {
    let client = Client::saying(&[&get("/"), &get("/2")]);
    serve(&client, |_| Err(io::Error::other("secret"))).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 500 ") && !client.heard().contains("secret"));
    assert_eq!(client.bodies().len(), 1);

    let client = Client::saying(&[&get("/")]);
    let result = serve(&client, |exchange| {
        let mut out = exchange.start(200, &Fields::new(), Framing::Chunked)?;
        out.write_all(b"half")?;
        out.flush()?;
        Err(io::Error::other("gone"))
    });
    assert_eq!(result.0.unwrap_err().to_string(), "gone");
    assert_eq!(client.bodies(), ["4\r\nhalf\r\n"], "no last chunk");
}

#[test]
fn a_handlers_panic_is_500_and_stays_a_panic() {
    let client = Client::saying(&[&get("/")]);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = serve(&client, |_| panic!("oh"));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"oh"));
    assert!(client.heard().starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_killed_handler_answers_nothing() {
    let client = Client::saying(&[&get("/")]);
    Config::new().clock(ClockKind::Virtual).run(|| {
        let stream = client.clone();
        let task = green::spawn(move || {
            let slow = |_: &mut Exchange| Ok(green::sleep(Duration::from_secs(9))?);
            serve_connection(stream, None, &slow, &ServerLimits::default())
        });
        green::sleep(Duration::from_secs(1)).unwrap();
        task.kill().unwrap();
        assert!(matches!(task.get(), Err(green::GetError::Killed)));
    });
    assert_eq!(client.heard(), "");
}

#[test]
fn no_answer_is_500_an_abort_is_none_and_a_dropped_body_breaks() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, |_| Ok(())).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 500 "));

    let client = Client::saying(&[&get("/"), &get("/2")]);
    let abort = |exchange: &mut Exchange| {
        exchange.abort();
        Ok(())
    };
    serve(&client, abort).0.unwrap();
    assert_eq!(client.heard(), "");

    let client = Client::saying(&[&get("/"), &get("/2")]);
    let dropped = |exchange: &mut Exchange| exchange.start(200, &Fields::new(), Framing::Length(9))?.write_all(b"four");
    serve(&client, dropped).0.unwrap();
    assert_eq!(client.bodies(), ["four"], "nothing is answered behind a body that is cut off");
}
