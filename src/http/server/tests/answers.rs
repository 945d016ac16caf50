//! Answers: how they look, and how they end.

use super::*;

#[test]
fn an_exchange_is_one_read_and_one_write() {
    let client = Client::saying(&[&get("/1"), &get("/2")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/1 ", "/2 "]);
    assert_eq!(client.heard.borrow().len(), 2);
    assert_eq!(client.reads.get(), 3, "the third is the close");
}

#[test]
fn an_answer_says_who_when_and_how_long() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, ignore).0.unwrap();
    let heard = client.heard();
    let lines: Vec<_> = heard.split("\r\n").collect();
    assert_eq!(lines[..2], ["HTTP/1.1 200 OK", concat!("Server: gfetch/", env!("CARGO_PKG_VERSION"))]);
    assert!(httpdate::parse_http_date(lines[2].strip_prefix("Date: ").unwrap()).is_ok());
    assert_eq!(lines[3..], ["Content-Length: 2", "", "ok"]);
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let together = format!("{}POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc{}", get("/a"), get("/c"));
    let client = Client::saying(&[&together]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/a ", "/b abc", "/c "]);
}

#[test]
fn a_head_larger_than_the_first_read_is_read_whole() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", "t".repeat(5000), "b".repeat(20_000));
    let client = Client::saying(&[&long, &get("/2")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), [format!("/{} ", "t".repeat(5000)), "/2 ".into()]);
}

#[test]
fn http_1_0_closes_unless_it_asks_to_stay() {
    let old = "GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n";
    let client = Client::saying(&[old]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/a "]);
    assert!(client.heard().contains("\r\nConnection: close\r\n"));

    let stays = "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".repeat(2);
    let client = Client::saying(&[&stays]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/a ", "/a "]);
    assert_eq!(client.heard().matches("\r\nConnection: keep-alive\r\n").count(), 2);
}

#[test]
fn a_peer_that_says_close_is_closed() {
    let client = Client::saying(&[&get("/a").replace("Host", "Connection: close\r\nHost")]).then(Then::Waits);
    let (result, lived) = serve(&client, echo);
    result.unwrap();
    assert_eq!(lived, Duration::ZERO);
    assert!(client.heard().contains("\r\nConnection: close\r\n"));
}

/// Three pieces, of no length known.
fn pieces(exchange: &mut Exchange) -> io::Result<()> {
    let mut out = exchange.start(200, &Fields::new(), Framing::Chunked)?;
    for piece in ["a", "", "bcdefghijklmnop", "q"] {
        out.write_all(piece.as_bytes())?;
    }
    out.finish()
}

#[test]
fn a_body_of_no_length_is_chunked_and_runs_to_the_close_for_http_1_0() {
    let client = Client::saying(&[&get("/")]);
    serve(&client, pieces).0.unwrap();
    assert_eq!(client.bodies(), ["1\r\na\r\nf\r\nbcdefghijklmnop\r\n1\r\nq\r\n0\r\n\r\n"]);
    assert!(client.heard().contains("\r\nTransfer-Encoding: chunked\r\n"));

    let client = Client::saying(&["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]).then(Then::Waits);
    serve(&client, pieces).0.unwrap();
    assert_eq!(client.bodies(), ["abcdefghijklmnopq"]);
    assert!(client.heard().contains("\r\nConnection: close\r\n") && !client.heard().contains("Transfer-Encoding"));
}

#[test]
fn head_gets_the_head_and_204_and_304_no_length() {
    let ask = |method: &str| format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
    let client = Client::saying(&[&ask("HEAD"), &ask("GET")]);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["", "ok"]);
    assert_eq!(client.heard().matches("Content-Length: 2").count(), 2);
    for status in [204, 304] {
        let client = Client::saying(&[&ask("GET")]);
        serve(&client, |exchange| exchange.respond(status, &Fields::new(), b"")).0.unwrap();
        assert_eq!(client.bodies(), [""]);
        assert!(!client.heard().contains("Content-Length"));
    }
}

#[test]
fn a_handler_cannot_split_or_frame_a_response() {
    assert!(Fields::new().push("A", "b\r\nC: d").is_err());
    for name in ["Content-Length", "transfer-encoding", "Connection", "Keep-Alive"] {
        let client = Client::saying(&[&get("/")]);
        let own = |exchange: &mut Exchange| {
            let mut fields = Fields::new();
            fields.push(name, "7").unwrap();
            assert_eq!(exchange.respond(200, &fields, b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            assert_eq!(exchange.respond(100, &Fields::new(), b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            exchange.respond(200, &Fields::new(), b"ok")?;
            assert_eq!(exchange.respond(200, &Fields::new(), b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            Ok(())
        };
        serve(&client, own).0.unwrap();
        assert_eq!(client.bodies(), ["ok"]);
    }
}

#[test]
fn a_body_is_as_long_as_announced() {
    let client = Client::saying(&[&get("/"), &get("/2")]);
    let result = serve(&client, |exchange| {
        let mut out = exchange.start(200, &Fields::new(), Framing::Length(3))?;
        out.write_all(b"ab")?;
        assert_eq!(out.write_all(b"cd").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        out.finish()
    });
    result.0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 500 ") && !client.heard().contains("ab"), "nothing had gone out");
    assert_eq!(client.bodies().len(), 1);
}

#[test]
fn a_large_body_goes_out_in_large_pieces() {
    let body = "0123456789".repeat(100_000);
    let client = Client::saying(&[&get("/")]);
    serve(&client, |exchange| exchange.respond(200, &Fields::new(), body.as_bytes())).0.unwrap();
    assert_eq!(client.bodies(), [body]);
    assert_eq!(client.heard.borrow().len(), 2, "the head with a first piece, and the rest");
}
