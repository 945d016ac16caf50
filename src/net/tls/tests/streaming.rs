//! Bodies, ends, time-outs in the middle, and what an idle connection may hear.

use std::io::{BufRead, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;

use super::*;

/// More than all the buffers between two ends.
const BODY_BYTES: usize = 12 << 20;

#[test]
fn a_large_body_arrives_whole() {
    green::run(|| {
        let (mut client, mut server) = connected();
        let sent = green::spawn(move || {
            server.write_all(&pattern(BODY_BYTES, 1)).unwrap();
            server.close_notify().unwrap();
        });
        let mut body = Vec::new();
        client.read_to_end(&mut body).unwrap();
        assert!(body == pattern(BODY_BYTES, 1));
        sent.get().unwrap();
    });
}

#[test]
fn a_body_can_be_read_uncopied() {
    green::run(|| {
        let (mut client, mut server) = connected();
        green::spawn(move || {
            server.write_all(&pattern(BODY_BYTES, 2)).unwrap();
            server.close_notify().unwrap();
        });
        let (body, mut at) = (pattern(BODY_BYTES, 2), 0);
        loop {
            let chunk = client.fill_buf().unwrap();
            if chunk.is_empty() {
                break;
            }
            assert!(body[at..].starts_with(chunk));
            let count = chunk.len();
            client.consume(count);
            at += count;
        }
        assert_eq!(at, BODY_BYTES);
    });
}

#[test]
fn bodies_go_both_ways_at_once() {
    /// Sends a piece and reads one, by turns: both ends have bytes under way all the time.
    fn exchange(mut end: TlsStream, own: u32, others: u32) -> bool {
        let (sent, expected) = (pattern(BODY_BYTES, own), pattern(BODY_BYTES, others));
        let mut heard = vec![0; 16 * 1024];
        sent.chunks(heard.len()).zip(expected.chunks(heard.len())).all(|(piece, theirs)| {
            end.write_all(piece).unwrap();
            end.read_exact(&mut heard[..theirs.len()]).unwrap();
            heard[..theirs.len()] == *theirs
        })
    }
    green::run(|| {
        let (client, server) = connected();
        let far = green::spawn(move || exchange(server, 3, 4));
        assert!(exchange(client, 4, 3));
        assert!(far.get().unwrap());
    });
}

#[test]
fn an_announced_end_and_a_cut_are_told_apart() {
    green::run(|| {
        let mut buffer = [0; 16];
        let (mut client, mut server) = connected();
        server.write_all(b"all").unwrap();
        server.close_notify().unwrap();
        assert_eq!(client.read(&mut buffer).unwrap(), 3);
        assert_eq!((client.read(&mut buffer).unwrap(), client.read(&mut buffer).unwrap()), (0, 0));
        client.write_all(b"this direction goes on").unwrap();
        let late = server.write(b"x").unwrap_err();
        assert_eq!(late.kind(), ErrorKind::BrokenPipe);

        let (mut client, mut server) = connected();
        server.write_all(b"not all").unwrap();
        server.transport().shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut buffer).unwrap(), 7);
        for _ in 0..2 {
            assert_eq!(client.read(&mut buffer).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
    });
}

#[test]
fn a_write_that_times_out_loses_nothing_and_repeats_nothing() {
    green::run(|| {
        let (mut client, mut server) = connected();
        let (body, mut taken) = (pattern(BODY_BYTES, 5), 0);
        let outcome = green::timeout(Duration::from_millis(50), || {
            loop {
                taken += client.write(&body[taken..])?;
            }
            #[allow(unreachable_code)]
            io::Result::Ok(())
        });
        assert!(outcome.is_err() && taken > 0 && taken < body.len(), "{taken}");
        let far = green::spawn(move || {
            let mut heard = Vec::new();
            server.read_to_end(&mut heard).map(|_| heard)
        });
        client.write_all(&body[taken..]).unwrap();
        client.close_notify().unwrap();
        assert!(far.get().unwrap().unwrap() == body);
    });
}

#[test]
fn a_read_that_times_out_loses_nothing() {
    green::run(|| {
        let (mut client, mut server) = connected();
        let mut buffer = [0; 16];
        let outcome = green::timeout(Duration::from_millis(10), || client.read(&mut buffer));
        assert!(outcome.is_err());
        say(&mut server, &mut client, "late");
    });
}

#[test]
fn a_broken_record_breaks_the_connection_for_good() {
    green::run(|| {
        let (mut client, server) = connected();
        server.transport().write_all_raw(&[23, 3, 3, 0, 32]);
        server.transport().write_all_raw(&[7; 32]);
        for _ in 0..2 {
            let error = client.read(&mut [0; 16]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(matches!(TlsError::of(&error), Some(TlsError::Protocol(_))), "{error:?}");
        }
    });
}

#[test]
fn a_failed_write_is_told_by_the_next_one() {
    green::run(|| {
        let (mut client, server) = connected();
        client.transport().close();
        assert_eq!(client.write(b"taken").unwrap(), 5);
        assert_eq!(client.write(b"more").unwrap_err().kind(), ErrorKind::NotConnected);
        drop(server);
    });
}

/// Whether a connection, idle for a moment after `happens` at the server's end, is unfit for use.
fn is_poisoned_when(happens: impl FnOnce(&mut TlsStream)) -> bool {
    let (mut client, mut server) = connected();
    happens(&mut server);
    green::sleep(Duration::from_millis(5)).unwrap();
    let unread = client.has_unread();
    if !unread {
        assert!(!client.transport().has_unread(), "the tickets were taken in");
        say(&mut client, &mut server, "ping");
        say(&mut server, &mut client, "pong");
    }
    unread
}

#[test]
fn tickets_do_not_poison_an_idle_connection() {
    green::run(|| {
        assert!(!is_poisoned_when(|_| {}), "the server sends its tickets after every handshake");
        assert!(!is_poisoned_when(|server| {
            server.tls.refresh_traffic_keys().unwrap();
            server.flush().unwrap();
        }));
    });
}

#[test]
fn anything_else_does() {
    green::run(|| {
        assert!(is_poisoned_when(|server| server.write_all(b"unasked").unwrap()));
        assert!(is_poisoned_when(|server| server.close_notify().unwrap()));
        assert!(is_poisoned_when(|server| server.transport().close()));
        assert!(is_poisoned_when(|server| server.transport().write_all_raw(b"rubbish, not a record")));
        assert!(is_poisoned_when(|server| server.transport().write_all_raw(&[23, 3, 3])), "half a record");
    });
}

#[test]
fn a_peer_that_goes_on_without_end_is_not_listened_to_for_ever() {
    green::run(|| {
        let (server, client) = usual();
        let (near, far) = tcp_pair();
        let (client, _server) = meet((Bytewise(near), Bytewise(far)), &server, &client, "a.example");
        green::sleep(Duration::from_millis(5)).unwrap();
        // Tickets only, but in more pieces than anybody honest would send them in.
        assert!(client.unwrap().has_unread());
    });
}

/// Bug class 34: what was deciphered already made no descriptor readable, and the reader waited for ever.
#[test]
fn plaintext_that_is_here_already_is_read_without_the_peer_or_the_poller() {
    green::run(|| {
        let (mut client, mut server) = connected();
        server.write_all(b"one record of many words").unwrap();
        client.read_exact(&mut [0; 3]).unwrap();
        assert!(!client.transport().has_unread(), "nothing is left in the socket");
        let rest = green::timeout(Duration::from_secs(1), || {
            let mut rest = [0; 21];
            client.read_exact(&mut rest).map(|()| rest)
        });
        assert_eq!(&rest.unwrap().unwrap(), b" record of many words");
    });
}

/// Bug class 33: another error than that of the close, or none, when another greenlet closes.
#[test]
fn closing_by_another_greenlet_ends_a_read_and_a_handshake_with_that_error() {
    green::run(|| {
        let (server, client) = usual();
        let (near, far) = tcp_pair();
        let near = std::rc::Rc::new(near);
        let ends = meet((Shared(near.clone()), Shared(std::rc::Rc::new(far))), &server, &client, "a.example");
        let (mut reading, _far) = (ends.0.unwrap(), ends.1.unwrap());
        let reader = green::spawn(move || reading.read(&mut [0; 8]).unwrap_err().kind());
        green::sleep(Duration::from_millis(2)).unwrap();
        near.close();
        assert_eq!(reader.get().unwrap(), io::ErrorKind::NotConnected);

        let (near, _silent) = tcp_pair();
        let near = std::rc::Rc::new(near);
        let shaking = Shared(near.clone());
        let shaker = green::spawn(move || server.accept(shaking).map(drop));
        green::sleep(Duration::from_millis(2)).unwrap();
        near.close();
        let error = shaker.get().unwrap().unwrap_err();
        assert!(matches!(&error, TlsError::Io(io) if io.kind() == io::ErrorKind::NotConnected), "{error:?}");
    });
}

#[test]
fn plaintext_left_by_a_reader_is_unread() {
    green::run(|| {
        let (mut client, mut server) = connected();
        server.write_all(b"two").unwrap();
        client.read_exact(&mut [0; 2]).unwrap();
        assert!(client.has_unread());
        client.read_exact(&mut [0; 1]).unwrap();
        assert!(!client.has_unread());
    });
}

trait WriteRaw {
    fn write_all_raw(&self, bytes: &[u8]);
}

impl WriteRaw for TcpStream {
    /// Past TLS.
    fn write_all_raw(&self, bytes: &[u8]) {
        (&*self).write_all(bytes).unwrap();
    }
}
