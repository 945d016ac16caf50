//! Requests' bodies: read, asked for, left unread.

use super::*;

#[test]
fn how_the_bytes_come_in_pieces_changes_nothing() {
    let bytes =
        format!("{}POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", get("/a"));
    for size in 1..bytes.len() {
        let pieces: Vec<_> = bytes.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let client = Client::saying(&pieces);
        serve(&client, echo).0.unwrap();
        assert_eq!(client.bodies(), ["/a ", "/b abc"], "in pieces of {size}");
    }
}

const WAITING: &str = "PUT /w HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

#[test]
fn a_client_that_waits_for_100_gets_it_when_its_body_is_read() {
    let client = Client::saying(&[WAITING, "abc", &get("/2")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.heard.borrow()[0], "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.bodies(), ["", "/w abc", "/2 "]);
}

#[test]
fn a_client_that_waits_for_100_in_vain_is_closed() {
    let client = Client::saying(&[WAITING]).then(Then::Waits);
    serve(&client, ignore).0.unwrap();
    assert!(client.heard().starts_with("HTTP/1.1 200") && client.heard().contains("\r\nConnection: close\r\n"));
    assert!(client.ended.get(), "it may read its answer before the close");
}

#[test]
fn a_body_that_came_unasked_needs_no_100() {
    let client = Client::saying(&[&format!("{WAITING}abc")]);
    serve(&client, echo).0.unwrap();
    assert_eq!(client.bodies(), ["/w abc"]);
}

#[test]
fn a_small_unread_body_is_drained_and_a_large_one_ends_the_connection() {
    let post = |bytes: usize| format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {bytes}\r\n\r\n");
    let client = Client::saying(&[&post(10_000), &"x".repeat(10_000), &get("/2")]);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["ok", "ok"]);

    let client = Client::saying(&[&post(10 << 20), "x"]).then(Then::Waits);
    let (result, lived) = serve(&client, ignore);
    result.unwrap();
    assert_eq!(client.bodies(), ["ok"]);
    assert!(client.heard().contains("\r\nConnection: close\r\n"));
    assert_eq!(lived, ServerLimits::default().linger_time);
}

#[test]
fn an_endless_unread_body_in_chunks_is_not_drained_for_ever() {
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let begin = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let client = Client::saying(&[begin]).and(Duration::ZERO, &vec![&*chunk; 400]).then(Then::Waits);
    serve(&client, ignore).0.unwrap();
    assert_eq!(client.bodies(), ["ok"]);
    assert!(!client.says.borrow().is_empty(), "not all of it was read");
}
