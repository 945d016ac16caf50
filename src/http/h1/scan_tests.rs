//! Tests of `scan`.

use super::*;

fn any(_: &[u8]) -> Result<(), ProtocolError> {
    Ok(())
}

fn drip(input: &[u8], limits: &Limits) -> Result<Option<Range<usize>>, ProtocolError> {
    let mut scan = Scan::default();
    for end in 0..=input.len() {
        let found = scan.advance(&input[..end], limits, any)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

#[test]
fn a_drip_is_searched_once() {
    let input = b"HTTP/1.1 200 OK\r\nA: b\r\nC: dddddddd";
    let mut scan = Scan::default();
    for end in 1..=input.len() {
        assert_eq!(scan.advance(&input[..end], &Limits::RESPONSE, any), Ok(None));
        assert_eq!(scan.searched, end, "what was searched is not searched again");
    }
    assert_eq!(scan.line_start, input.len() - "C: dddddddd".len());
}

#[test]
fn the_head_is_found_between_empty_lines_and_body() {
    let whole = Scan::default().advance(b"\r\n\nA\r\nB\n\r\nbody\r\n\r\n", &Limits::RESPONSE, any);
    assert_eq!(whole, Ok(Some(3..10)));
}

#[test]
fn bounds_hold_alike_for_a_drip_and_for_a_whole_message() {
    // Every way for two bounds to meet in a small head.
    for head_bytes in 1..24 {
        for line_bytes in 1..12 {
            for input in
                ["aaaa\r\nbb\r\n\r\n", "\r\naaaa\nbbbbbbbb\r\n\r\nrest", "aaaaaaaaaaaaaaaaaaaaaaaa", "a\nb\nc\nd\n\n"]
            {
                let limits =
                    Limits { head_bytes, line_bytes, first_line_bytes: line_bytes, fields: 2, ..Limits::RESPONSE };
                let whole = Scan::default().advance(input.as_bytes(), &limits, any);
                assert_eq!(drip(input.as_bytes(), &limits), whole, "{input:?} {head_bytes} {line_bytes}");
                if let Ok(Some(head)) = whole {
                    assert!(head.end <= head_bytes as usize);
                }
            }
        }
    }
}

#[test]
fn the_bound_of_bytes_is_shared_with_the_heads_before() {
    let limits = Limits { head_bytes: 10, ..Limits::RESPONSE };
    let input = b"aa\r\n\r\n";
    assert_eq!(Scan::after(4).advance(input, &limits, any), Ok(Some(0..6)));
    assert_eq!(Scan::after(5).advance(input, &limits, any), Err(ProtocolError::HeadTooLarge { limit: 10 }));
}

#[test]
fn more_fields_than_there_is_room_for_are_refused_whatever_the_limit_says() {
    let limits = Limits { fields: u32::MAX, ..Limits::RESPONSE };
    let head = |fields: u32| format!("first\r\n{}\r\n", "A: b\r\n".repeat(fields as usize));
    assert!(Scan::default().advance(head(MAX_FIELDS).as_bytes(), &limits, any).is_ok());
    let refused = Scan::default().advance(head(MAX_FIELDS + 1).as_bytes(), &limits, any);
    assert_eq!(refused, Err(ProtocolError::TooManyFields { limit: MAX_FIELDS }));
}
