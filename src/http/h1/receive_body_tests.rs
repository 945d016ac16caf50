//! Tests of `receive_body` and `chunked`: what the fixtures are too small or too plain for.

use super::*;
use crate::http::h1::limits::{MAX_EXTENSION_BYTES, MAX_TRAILER_BYTES};
use crate::http::h1::{encode_chunk, encode_last_chunk};

/// All data of an input that is one body, or the first error.
fn read(framing: Framing, mut input: &[u8]) -> Result<(Vec<u8>, ReceiveBody), ProtocolError> {
    let (mut body, mut data) = (ReceiveBody::new(&framing), Vec::new());
    while !input.is_empty() && !body.is_done() {
        let step = body.advance(input)?;
        data.extend_from_slice(&input[step.data]);
        input = &input[step.consumed..];
    }
    Ok((data, body))
}

#[test]
fn a_step_gives_one_piece_with_the_framing_around_it() {
    let mut body = ReceiveBody::new(&Framing::Chunked);
    let input = b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\nrest";
    assert_eq!(body.advance(input), Ok(Step { consumed: 10, data: 3..5 }));
    assert_eq!(body.expects(), Expects::Data(3));
    assert_eq!(body.advance(&input[10..]), Ok(Step { consumed: 10, data: 0..3 }));
    assert!(body.is_done(), "the last piece brings the end with it");
    assert_eq!(body.advance(&input[20..]), Ok(Step { consumed: 0, data: 0..0 }));
    assert_eq!(body.received(), 5);
}

#[test]
fn data_before_broken_framing_is_given_out_and_the_error_stays() {
    let mut body = ReceiveBody::new(&Framing::Chunked);
    let input = b"2\r\nab!";
    assert_eq!(body.advance(input), Ok(Step { consumed: 5, data: 3..5 }));
    for _ in 0..2 {
        assert_eq!(body.advance(&input[5..]), Err(ProtocolError::BadChunkEnd));
    }
    assert_eq!(body.eof(), Err(Truncated::Chunked));
}

#[test]
fn what_is_expected_follows_the_state() {
    let mut body = ReceiveBody::new(&Framing::Chunked);
    assert_eq!(body.expects(), Expects::Framing);
    body.advance(b"5\r\nhe").unwrap();
    assert_eq!(body.expects(), Expects::Data(3));
    body.skipped(3);
    assert_eq!(body.expects(), Expects::Framing);
    body.advance(b"\r\n0\r\n\r\n").unwrap();
    assert_eq!(body.expects(), Expects::Nothing);

    assert_eq!(ReceiveBody::new(&Framing::None).expects(), Expects::Nothing);
    assert_eq!(ReceiveBody::new(&Framing::Length(0)).expects(), Expects::Nothing);
    assert_eq!(ReceiveBody::new(&Framing::Length(7)).expects(), Expects::Data(7));
    assert_eq!(ReceiveBody::new(&Framing::Close).expects(), Expects::UntilClose);
}

#[test]
fn skipped_bytes_count_like_read_ones() {
    let mut body = ReceiveBody::new(&Framing::Length(10));
    body.advance(b"abc").unwrap();
    body.skipped(6);
    assert_eq!((body.received(), body.eof()), (9, Err(Truncated::Length { missing: 1 })));
    body.skipped(1);
    assert!(body.is_done());

    let mut body = ReceiveBody::new(&Framing::Close);
    body.skipped(1 << 40);
    assert_eq!((body.eof(), body.is_done(), body.received()), (Ok(()), true, 1 << 40));
}

#[test]
#[should_panic(expected = "4 bytes of a body skipped where 3 were expected")]
fn more_than_expected_cannot_be_skipped() {
    ReceiveBody::new(&Framing::Length(3)).skipped(4);
}

#[test]
#[should_panic(expected = "1 bytes of a body skipped where 0 were expected")]
fn framing_cannot_be_skipped() {
    ReceiveBody::new(&Framing::Chunked).skipped(1);
}

#[test]
fn what_we_encode_is_what_we_read() {
    let mut trailers = Fields::new();
    trailers.push("X-Sum", "42").unwrap();
    let (mut wire, mut sent) = (Vec::new(), Vec::new());
    for length in [1, 9, 10, 15, 16, 17, 255, 256, 70_000] {
        let data: Vec<u8> = (0..length).map(|at| at as u8).collect();
        encode_chunk(&mut wire, &data);
        encode_chunk(&mut wire, b"");
        sent.extend(data);
    }
    encode_last_chunk(&mut wire, &trailers);
    let (data, body) = read(Framing::Chunked, &wire).unwrap();
    assert!(data == sent && body.is_done());
    assert_eq!(body.trailers(), Some(&trailers));
}

#[test]
fn trailers_are_there_only_at_the_end_of_a_chunked_body() {
    assert_eq!(ReceiveBody::new(&Framing::None).trailers(), None);
    let (_, body) = read(Framing::Chunked, b"0\r\nA: b\r\n").unwrap();
    assert_eq!(body.trailers(), None);
    let (_, body) = read(Framing::Chunked, b"0\r\n\r\n").unwrap();
    assert_eq!(body.trailers(), Some(&Fields::new()));
}

#[test]
fn extensions_are_bounded_over_the_whole_body() {
    let chunks = |count: u32| format!("1;{}\r\nx\r\n", "e".repeat(1023)).repeat(count as usize);
    let most = MAX_EXTENSION_BYTES / 1024;
    assert!(read(Framing::Chunked, chunks(most).as_bytes()).is_ok());
    let more = chunks(most) + "1;";
    let error = read(Framing::Chunked, more.as_bytes()).unwrap_err();
    assert_eq!(error, ProtocolError::ChunkExtensionsTooLarge { limit: MAX_EXTENSION_BYTES });
    let padded = format!("1{}", " ".repeat(MAX_EXTENSION_BYTES as usize + 1));
    assert_eq!(read(Framing::Chunked, padded.as_bytes()).unwrap_err(), error, "white space counts as one");
}

#[test]
fn trailers_are_bounded() {
    let trailers = |bytes: u32| format!("0\r\nA: {}\r\n\r\n", "b".repeat(bytes as usize - "A: \r\n".len()));
    assert!(read(Framing::Chunked, trailers(MAX_TRAILER_BYTES).as_bytes()).unwrap().1.is_done());
    let error = read(Framing::Chunked, trailers(MAX_TRAILER_BYTES + 1).as_bytes()).unwrap_err();
    assert_eq!(error, ProtocolError::TrailersTooLarge { limit: MAX_TRAILER_BYTES });
}

#[test]
fn no_byte_but_those_allowed_stands_after_a_chunk_size() {
    for byte in 0..=255u8 {
        let ok = byte.is_ascii_hexdigit() || b"\r; \t".contains(&byte);
        let is = read(Framing::Chunked, &[b'1', byte]);
        assert_eq!(is.is_ok(), ok, "{byte:#x}");
    }
    for byte in 0..=255u8 {
        let ok = byte == b'\r' || byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        assert_eq!(read(Framing::Chunked, &[b'1', b';', byte]).is_ok(), ok, "{byte:#x} in an extension");
    }
}

#[test]
fn a_close_ends_only_a_body_that_runs_to_it() {
    assert_eq!(ReceiveBody::new(&Framing::None).eof(), Ok(()));
    assert_eq!(ReceiveBody::new(&Framing::Close).eof(), Ok(()));
    assert_eq!(ReceiveBody::new(&Framing::Length(2)).eof(), Err(Truncated::Length { missing: 2 }));
    assert_eq!(ReceiveBody::new(&Framing::Chunked).eof(), Err(Truncated::Chunked));
}
