//! Tests of `response`: bodies dropped and read, and where the connection goes after them.

use std::io::Write;

use url::Url;

use super::*;
use crate::green;
use crate::http::{Client, ClientConfig, PoolLimits, Request, Trace};
use crate::net::{Resolver, ResolverConfig, TcpListener, TlsConfig};

const TEN_MIB: usize = 10 << 20;

/// A client, and the URL of a server that gives one connection these bytes, an answer a request, and then closes.
fn meet(answers: Vec<Vec<u8>>) -> (Client, Url) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    green::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    });
    let client = Client::new(ClientConfig {
        resolver: Resolver::new(ResolverConfig::default()),
        tls: TlsConfig::builder().build_lazy(),
        connect_timeout: None,
        pool: PoolLimits::default(),
        versions: Default::default(),
    });
    (client, url)
}

fn get(client: &Client, url: &Url) -> (Response, Trace) {
    let mut trace = Trace::default();
    let request = Request {
        method: "GET",
        url,
        fields: &Default::default(),
        body: None,
        answer_timeout: None,
        upload: None,
        throttle: None,
    };
    (client.send(&request, &mut trace).unwrap(), trace)
}

/// Drops the whole body; the largest piece that went at once.
fn drop_all(response: &mut Response) -> io::Result<u64> {
    let mut largest = 0;
    loop {
        match response.discard()? {
            0 => return Ok(largest),
            bytes => largest = largest.max(bytes),
        }
    }
}

fn with_length(bytes: usize) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes(), vec![b'x'; bytes]].concat()
}

/// Chunks of 1 MiB, between them small ones.
fn in_chunks() -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..10 {
        answer.extend_from_slice(b"ffff0\r\n");
        answer.resize(answer.len() + 0xffff0, b'x');
        answer.extend_from_slice(b"\r\n10;x=y\r\n0123456789abcdef\r\n");
    }
    answer.extend_from_slice(b"0\r\nA: b\r\n\r\n");
    answer
}

#[test]
fn a_dropped_body_is_counted_exactly_and_its_connection_serves_again() {
    for large in [with_length(TEN_MIB), in_chunks()] {
        green::run(|| {
            let (client, url) = meet(vec![large, with_length(3)]);
            let (mut response, trace) = get(&client, &url);
            assert!(!trace.reused);
            let largest = drop_all(&mut response).unwrap();
            assert_eq!((response.wire_bytes(), response.is_done()), (TEN_MIB as u64, true));
            assert!(largest > 64 << 10, "the kernel dropped none of it: {largest} bytes at most");
            assert_eq!(client.idle(), 1);
            let (mut response, trace) = get(&client, &url);
            assert!(trace.reused);
            drop_all(&mut response).unwrap();
            assert_eq!(response.wire_bytes(), 3);
        });
    }
}

#[test]
fn a_dropped_body_until_close_is_counted_exactly_and_keeps_nothing() {
    green::run(|| {
        let answer = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; TEN_MIB]].concat();
        let (client, url) = meet(vec![answer]);
        let (mut response, _) = get(&client, &url);
        drop_all(&mut response).unwrap();
        assert_eq!((response.wire_bytes(), response.is_done(), client.idle()), (TEN_MIB as u64, true, 0));
    });
}

#[test]
fn a_body_partly_read_and_partly_dropped_is_counted_once() {
    green::run(|| {
        let (client, url) = meet(vec![in_chunks(), with_length(3)]);
        let (mut response, _) = get(&client, &url);
        let mut some = vec![0; 100_000];
        response.read_exact(&mut some).unwrap();
        assert!(some.iter().all(|&byte| byte == b'x'));
        drop_all(&mut response).unwrap();
        assert_eq!((response.wire_bytes(), client.idle()), (TEN_MIB as u64, 1));
    });
}

#[test]
fn unasked_bytes_behind_an_exact_read_cost_the_connection() {
    for large in [with_length(TEN_MIB), in_chunks()] {
        green::run(|| {
            let poisoned = [large, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".to_vec()].concat();
            let (client, url) = meet(vec![poisoned]);
            let (mut response, _) = get(&client, &url);
            drop_all(&mut response).unwrap();
            assert_eq!((response.wire_bytes(), client.idle()), (TEN_MIB as u64, 0));
        });
    }
}

#[test]
fn a_body_that_was_cut_off_stays_cut_off() {
    green::run(|| {
        let mut answer = with_length(100);
        answer.truncate(answer.len() - 1);
        let (client, url) = meet(vec![answer]);
        let (mut response, _) = get(&client, &url);
        let mut all = Vec::new();
        for _ in 0..3 {
            assert_eq!(response.read_to_end(&mut all).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
        assert_eq!((all.len(), response.is_done(), client.idle()), (99, false, 0));
    });
}

#[test]
fn half_a_chunk_size_is_not_ready_and_a_broken_one_is() {
    green::run(|| {
        let chunked = |rest: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{rest}").into_bytes();
        for (rest, ready) in
            [("", false), ("1", false), ("1;x\r", false), ("1\r\na", true), ("z", true), ("0\r\n\r\n", true)]
        {
            let (client, url) = meet(vec![chunked(rest)]);
            let (mut response, _) = get(&client, &url);
            assert_eq!(response.is_ready(), ready, "{rest:?}");
        }
    });
}

#[test]
fn a_response_dropped_early_closes_its_connection() {
    green::run(|| {
        let (client, url) = meet(vec![with_length(100), with_length(3)]);
        drop(get(&client, &url));
        assert_eq!(client.idle(), 0);
    });
}
