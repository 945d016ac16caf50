//! Where bodies go: counted, hashed, printed in turn.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::rc::Rc;

use gfetch::fetch::plan::Bodies;
use sha2::{Digest, Sha256};

use super::*;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn coded(peer: &mut Peer, coding: &str, body: &[u8]) {
    peer.raw(format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len()));
    peer.raw(body);
}

#[test]
fn decoded_and_wire_bytes_are_told_apart_and_the_hash_is_of_the_decoded() {
    story(|| {
        let plain = b"the same again, ".repeat(10_000);
        let packed = gzip(&plain);
        let (wire, hash) = (packed.len() as u64, <[u8; 32]>::from(Sha256::digest(&plain)));
        let length = plain.len() as u64;
        let server = Server::start(move |_, peer| coded(peer, "gzip", &packed));
        let mut plan = Plan { hash_bodies: true, ..plan() };
        let outcome = fetch_one(plan.clone(), &server.url("/"));
        assert_eq!((outcome.bytes, outcome.wire_bytes, outcome.content_length), (length, wire, Some(wire)));
        assert_eq!(outcome.sha256, Some(hash));
        assert_eq!(server.asked()[0].fields("accept-encoding"), ["deflate, gzip, br, zstd"]);
        plan.request.compressed = Some(false);
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!((outcome.bytes, outcome.wire_bytes), (wire, wire));
        assert!(server.asked()[1].fields("accept-encoding").is_empty());
    });
}

#[test]
fn max_filesize_counts_decoded_bytes_so_that_a_bomb_ends_early() {
    story(|| {
        let packed = gzip(&vec![0; 50 << 20]);
        let server = Server::start(move |_, peer| coded(peer, "gzip", &packed));
        let mut plan = plan();
        plan.limits.max_filesize = Some(1 << 20);
        let outcome = fetch_one(plan, &server.url("/"));
        assert_eq!(kind(&outcome), Some(Kind::TooLarge));
        assert!(outcome.bytes <= (1 << 20) + 16 * 1024, "{}", outcome.bytes);
    });
}

/// A body that is there whole is decoded without waiting for anything.
#[test]
fn others_run_between_the_pieces_of_a_body_that_is_decoded() {
    story(|| {
        let (bytes, piece) = (32 << 20, 16 << 10);
        let packed = gzip(&vec![0; bytes]);
        let server = Server::start(move |_, peer| coded(peer, "gzip", &packed));
        let turns = Rc::new(Cell::new(0));
        let counted = turns.clone();
        let other = green::spawn(move || {
            while green::yield_now().is_ok() {
                counted.set(counted.get() + 1);
            }
        });
        assert_eq!(fetch_one(plan(), &server.url("/")).bytes, bytes as u64);
        other.kill_nowait();
        assert!(turns.get() >= bytes / piece, "{} turns", turns.get());
    });
}

#[test]
fn answers_without_a_body_have_no_bytes_whatever_their_head_says() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/204" => peer.raw("HTTP/1.1 204 No Content\r\nContent-Encoding: what\r\n\r\n"),
            "/304" => peer.raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nContent-Encoding: what\r\n\r\n"),
            _ => peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nContent-Encoding: what\r\n\r\n"),
        });
        let mut plan = Plan { hash_bodies: true, jobs: 1, ..plan() };
        let none = Some(<[u8; 32]>::from(Sha256::digest(b"")));
        for outcome in fetch(plan.clone(), &["/204", "/304"].map(|path| server.url(path))) {
            assert_eq!((kind(&outcome), outcome.bytes, outcome.wire_bytes, outcome.sha256), (None, 0, 0, none));
        }
        plan.request.method = Some("HEAD".to_owned());
        let outcome = fetch_one(plan, &server.url("/head"));
        assert_eq!((kind(&outcome), outcome.bytes, outcome.content_length), (None, 0, Some(99)));
    });
}

#[test]
fn a_body_that_breaks_off_is_told_as_far_as_it_came() {
    story(|| {
        let server = Server::start(|asked, peer| {
            match asked.path.as_str() {
                "/length" => peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
                "/chunked" => peer.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
                "/broken" => peer.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"),
                "/coding" => coded(peer, "gzip", b"this is no gzip"),
                "/nothing" => {}
                _ => peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd"),
            }
            peer.close();
        });
        for (path, kind, stage, bytes, curl) in [
            ("/length", Kind::Truncated, Stage::Receive, 3, 18),
            ("/chunked", Kind::Truncated, Stage::Receive, 3, 18),
            ("/broken", Kind::Protocol, Stage::Receive, 3, 56),
            ("/coding", Kind::Decode, Stage::Decode, 0, 61),
            ("/nothing", Kind::Reset, Stage::Wait, 0, 52),
            ("/lengths", Kind::Protocol, Stage::Wait, 0, 8),
        ] {
            for hash_bodies in [true, false] {
                let outcome = fetch_one(Plan { hash_bodies, ..plan() }, &server.url(path));
                assert_eq!(why(&outcome), Some((kind, stage, None)), "{path}");
                assert_eq!((outcome.bytes, outcome.error.as_ref().unwrap().curl), (bytes, curl), "{path}");
            }
        }
    });
}

#[test]
fn a_bad_status_is_the_failure_whatever_its_body_is() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/whole" => peer.answer("404 Not Found", &[], "sorry"),
            "/coding" => peer.answer("404 Not Found", &["Content-Encoding: what"], "sorry"),
            "/short" => {
                peer.raw("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nsorry");
                peer.close();
            }
            _ => peer.raw("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"),
        });
        let outcomes = fetch(plan(), &["/whole", "/coding", "/short", "/bare"].map(|path| server.url(path)));
        for outcome in &outcomes {
            assert_eq!(why(outcome), Some((Kind::Status, Stage::Receive, None)));
        }
        let bytes: Vec<u64> = outcomes.iter().map(|outcome| outcome.bytes).collect();
        assert_eq!(bytes, [5, 0, 5, 0]);
        assert_eq!(outcomes[0].error.as_ref().unwrap().message, "Not Found");
        assert_eq!(outcomes[3].error.as_ref().unwrap().message, "Not Found");
    });
}

/// What came out of the run, piece by piece with its time.
type Written = Rc<RefCell<Vec<(Duration, String)>>>;

/// Prints as the command does: bodies at their record's turn; the parts of the output, with when they came.
fn print(plan: Plan, lines: &[String]) -> (Vec<Outcome>, Vec<(Duration, String)>) {
    let written = Written::default();
    let (into, began) = (written.clone(), green::now());
    let output: Output = Rc::new(move |bytes| {
        into.borrow_mut().push((green::now() - began, String::from_utf8_lossy(bytes).into_owned()));
        Ok(())
    });
    let session = session_to(Plan { bodies: Bodies::Print, ..plan }, Some(output.clone()));
    let mut outcomes = Vec::new();
    for fetched in session.run(list(lines), no_names()) {
        let mut fetched = fetched.unwrap();
        if let Some(body) = &mut fetched.body {
            body.drain(|bytes| output(bytes)).unwrap();
        }
        session.turn().pass_to(fetched.turn + 1);
        outcomes.push(fetched.outcome);
    }
    let written = written.take();
    (outcomes, written)
}

fn told(written: &[(Duration, String)]) -> String {
    written.iter().map(|(_, text)| text.as_str()).collect()
}

/// `/name/seconds`: the name at once, and again after so many seconds.
fn two_parts() -> Server {
    Server::start(|asked, peer| {
        let (name, seconds) = asked.path[1..].split_once('/').unwrap();
        peer.raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", 2 * name.len()));
        green::sleep(s(seconds.parse().unwrap())).unwrap();
        peer.raw(name);
    })
}

#[test]
fn bodies_come_in_the_lines_order_once_and_the_one_in_turn_as_it_arrives() {
    story(|| {
        let server = two_parts();
        let lines = ["/a/3", "/b/1", "/c/9", "/d/2"].map(|path| server.url(path));
        let (outcomes, written) = print(plan(), &lines);
        assert!(outcomes.iter().all(Outcome::ok));
        assert_eq!(told(&written), "aabbccdd");
        let times: Vec<_> = written.iter().map(|(at, text)| (at.as_secs(), text.as_str())).collect();
        assert_eq!(times[..3], [(0, "a"), (3, "a"), (3, "bb")], "the first byte is out before its body is complete");
        assert_eq!(times.last(), Some(&(9, "dd")));
    });
}

#[test]
fn in_the_order_of_completion_no_body_is_mixed_with_another() {
    story(|| {
        let server = two_parts();
        let lines = ["/a/3", "/b/1", "/c/9", "/d/2"].map(|path| server.url(path));
        let (_, written) = print(Plan { order: Order::Completion, ..plan() }, &lines);
        assert_eq!(told(&written), "bbddaacc");
        let (_, written) = print(Plan { order: Order::Completion, serial: true, ..plan() }, &lines);
        assert_eq!(told(&written), "aabbccdd");
        assert_eq!(written.len(), 8, "one after another each is in turn");
    });
}

#[test]
fn bodies_of_failures_are_not_printed_and_what_was_shown_is_not_asked_again() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/404" => peer.answer("404 Not Found", &[], "sorry"),
            "/ok" => peer.ok("fine"),
            _ => {
                peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
                peer.close();
            }
        });
        let mut plan = Plan { jobs: 1, ..plan() };
        plan.retry.retries = 2;
        plan.retry.all_errors = true;
        let lines = ["/half", "/404", "/ok"].map(|path| server.url(path));
        let (outcomes, written) = print(plan.clone(), &lines);
        assert_eq!(told(&written), "halffine");
        assert_eq!(outcomes.iter().map(|outcome| outcome.attempts).collect::<Vec<_>>(), [1, 3, 1]);
        // Out of turn nothing was shown, so it may be asked again.
        let (outcomes, written) = print(Plan { order: Order::Completion, ..plan }, &lines);
        assert_eq!(told(&written), "fine");
        assert!(outcomes.iter().any(|outcome| outcome.index == 0 && outcome.attempts == 3));
    });
}

#[test]
fn a_body_too_large_for_memory_waits_in_a_file_and_comes_out_whole() {
    story(|| {
        let server = Server::start(|asked, peer| match asked.path.as_str() {
            "/first" => {
                green::sleep(s(100)).unwrap();
                peer.ok("");
            }
            _ => {
                peer.raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 80 << 20));
                for piece in 0..80u8 {
                    peer.raw(vec![piece; 1 << 20]);
                }
            }
        });
        let (hash, bytes) = (Rc::new(RefCell::new(Sha256::new())), Rc::new(std::cell::Cell::new(0)));
        let (into, count) = (hash.clone(), bytes.clone());
        let output: Output = Rc::new(move |piece| {
            into.borrow_mut().update(piece);
            count.set(count.get() + piece.len());
            Ok(())
        });
        let plan = Plan { bodies: Bodies::Print, hash_bodies: true, ..plan() };
        let session = session_to(plan, Some(output.clone()));
        let lines = [server.url("/first"), server.url("/large")];
        let mut last = None;
        for fetched in session.run(list(&lines), no_names()) {
            let mut fetched = fetched.unwrap();
            fetched.body.as_mut().unwrap().drain(|piece| output(piece)).unwrap();
            last = fetched.outcome.sha256;
        }
        assert_eq!(bytes.get(), 80 << 20);
        assert_eq!(last, Some(hash.take().finalize().into()));
    });
}
