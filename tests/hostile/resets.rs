//! Resets, closes and silence at every byte that a server sends, and bytes that drip: in the TLS handshake, in the head, in
//! the body. Advisory classes: a cut answer taken for a whole one, a hang past the time-out.
//!
//! A relay stands between: it lets so many bytes of the server's through and then ends in its way. With each byte more the
//! failure must be in the same stage or the next, and success comes with the last one only.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use gfetch::fetch::outcome::{Kind, Limit, Outcome, Stage};
use gfetch::fetch::plan::Plan;
use gfetch::green::{self, ClockKind, Config};
use gfetch::net::{TcpListener, TcpStream};

use super::case::{client, fetch, identity};
use super::script::{Bound, Open, Request, seconds, send};

/// How a relay ends after its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// By an RST.
    Reset,
    /// By a FIN.
    Close,
    /// It says no more.
    Silence,
}

/// Each its own TLS record: a record is there whole or not at all.
const ANSWER: [&str; 3] =
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n2\r\nde\r\n", "0\r\n\r\n"];

/// Passes bytes of `server` on, at most so many of them, then ends.
fn relay(server: SocketAddr, end: End, most: usize, pause: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    green::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let (client, server) = (Rc::new(client), Rc::new(TcpStream::connect(server).unwrap()));
        let (from, to) = (client.clone(), server.clone());
        let upward = green::spawn(move || io::copy(&mut &*from, &mut &*to));
        pass(&server, &client, most, pause);
        match end {
            // Until the client has gone.
            End::Silence => drop(upward.get()),
            End::Reset => client.set_linger(Some(Duration::ZERO)).unwrap(),
            End::Close => client.shutdown(Shutdown::Write).unwrap(),
        }
        if end == End::Close {
            let _ = upward.get();
        }
        let _ = upward.kill();
        // Its reference must be gone, or the descriptor stays open.
        drop((upward, server, client));
    });
    address
}

fn pass(from: &TcpStream, to: &TcpStream, most: usize, pause: Duration) {
    let mut piece = [0; 4096];
    let mut left = most;
    while left > 0 {
        let room = if pause.is_zero() { left.min(piece.len()) } else { 1 };
        match (&mut &*from).read(&mut piece[..room]) {
            Ok(read) if read > 0 && (&mut &*to).write_all(&piece[..read]).is_ok() => left -= read,
            _ => return,
        }
        if !pause.is_zero() && green::sleep(pause).is_err() {
            return;
        }
    }
}

/// One URL through a relay, by a client of its own: no session is resumed, no connection kept.
fn one(tls: bool, end: End, most: usize, pause: Duration) -> Outcome {
    let (acceptor, config) = identity();
    let script = [Request].into_iter().chain(ANSWER.map(send)).chain([Open]).collect();
    let server = Bound::at("127.0.0.1").serve(vec![script], false, tls.then_some(acceptor));
    let address = relay(server.address, end, most, pause);
    let plan = Plan::default();
    let client = client(&plan, config);
    let scheme = if tls { "https" } else { "http" };
    let outcome = fetch(plan, &client, vec![format!("{scheme}://{address}/")]).remove(0);
    client.close_idle();
    outcome
}

/// The stages in the order in which more bytes reach them; the last is success.
fn place(outcome: &Outcome) -> usize {
    match outcome.error.as_ref().map(|error| error.stage) {
        Some(Stage::Tls) => 0,
        Some(Stage::Wait) => 1,
        Some(Stage::Receive) => 2,
        None => 3,
        other => panic!("{other:?}"),
    }
}

/// Bytes by which one handshake is longer than another: a signature in DER has 70 to 72.
const SLACK: usize = 4;

/// Ends the exchange after 0 bytes, 1, … until it succeeds.
fn everywhere(tls: bool, end: End) {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let mut furthest = 0;
        let mut since = [0; 4];
        for most in 0..10_000 {
            let outcome = one(tls, end, most, Duration::ZERO);
            let place = place(&outcome);
            if place > furthest {
                assert_eq!(place, furthest + 1, "no stage is passed over: {:?} at {most}", outcome.error);
                furthest = place;
                since[place] = most;
            }
            assert!(
                place == furthest || most < since[furthest] + SLACK,
                "{end:?} at {most}: back to {:?}",
                outcome.error
            );
            let Some(error) = outcome.error else {
                assert_eq!(outcome.bytes, 5);
                return assert!(tls || most == ANSWER.concat().len(), "it was whole at {most}");
            };
            let right = match (end, error.stage) {
                (End::Reset, _) => error.kind == Kind::Reset,
                (End::Close, _) => matches!(error.kind, Kind::Reset | Kind::Truncated),
                (End::Silence, Stage::Tls) => error.limit == Some(Limit::ConnectTimeout),
                (End::Silence, Stage::Wait) => error.limit == Some(Limit::MaxTime),
                (End::Silence, _) => error.limit == Some(Limit::Stall),
            };
            assert!(right, "{end:?} at {most}: {error:?}");
        }
        panic!("it never succeeds");
    });
}

#[test]
fn a_reset_at_any_byte_is_no_success() {
    everywhere(false, End::Reset);
}

#[test]
fn a_reset_at_any_byte_of_a_tls_exchange_is_no_success() {
    everywhere(true, End::Reset);
}

#[test]
fn a_close_at_any_byte_of_a_tls_exchange_is_no_success() {
    everywhere(true, End::Close);
}

#[test]
fn silence_after_any_byte_ends_at_its_clock() {
    everywhere(false, End::Silence);
}

#[test]
fn silence_after_any_byte_of_a_tls_exchange_ends_at_its_clock() {
    everywhere(true, End::Silence);
}

#[test]
fn a_handshake_that_drips_is_slow_and_ends_at_its_clock() {
    Config::new().clock(ClockKind::Virtual).run(|| {
        let slow = one(true, End::Close, 100_000, Duration::from_millis(1));
        assert!(slow.error.is_none() && slow.bytes == 5, "{:?}", slow.error);
        let begun = green::now();
        let slower = one(true, End::Close, 100_000, Duration::from_millis(100));
        let error = slower.error.expect("ten seconds are over");
        assert_eq!((error.stage, error.limit), (Stage::Tls, Some(Limit::ConnectTimeout)));
        assert_eq!(green::now() - begun, seconds(10));
    });
}
