//! Tests of `transfer`: what is asked, and what each answer means.

use std::time::Duration;

use super::*;
use crate::fetch::plan::{Resume, TimeCondition};
use crate::http::h1::{Limits, ReceiveHead, Received};

fn head(status: u16, fields: &str) -> Head {
    let text = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
    match ReceiveHead::new("GET", Limits::RESPONSE).advance(text.as_bytes()) {
        Ok(Some(Received::Final { head, .. })) => head,
        other => panic!("{other:?}"),
    }
}

fn range(range: &str) -> Transfer {
    Transfer { range: Some(range.to_owned()), ..Transfer::default() }
}

fn resume() -> Transfer {
    Transfer { resume: Some(Resume::AtEnd), ..Transfer::default() }
}

fn told(fields: Vec<(String, String)>) -> Vec<String> {
    fields.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn what_is_asked_depends_on_what_is_there() {
    assert_eq!(told(fields(&range("0-9"), 0, None)), ["Range: bytes=0-9"]);
    assert_eq!(told(fields(&resume(), 0, None)), [""; 0]);
    assert_eq!(told(fields(&resume(), 7, None)), ["Range: bytes=7-"]);
    assert_eq!(told(fields(&resume(), 7, Some("\"a\""))), ["Range: bytes=7-", "If-Range: \"a\""]);
    assert_eq!(told(fields(&resume(), 7, Some("W/\"a\""))), ["Range: bytes=7-"], "a weak tag says nothing of bytes");
    let tagged = Transfer { etag: Some("\"b\"".to_owned()), ..resume() };
    assert_eq!(told(fields(&tagged, 0, None)), ["If-None-Match: \"b\""]);
    assert_eq!(told(fields(&tagged, 7, None)), ["Range: bytes=7-", "If-Range: \"b\""], "304 would mean: all is there");
}

#[test]
fn a_continued_part_must_go_on_and_reach_the_end() {
    let of = |status, fields: &str| meaning(&resume(), 10, &head(status, fields)).map_err(|failure| failure.kind);
    let part = |first, last, total| Ok(Meaning::Continued(Part { first, last, total }));
    assert_eq!(of(206, "Content-Range: bytes 10-19/20\r\nContent-Length: 10\r\n"), part(10, 19, Some(20)));
    assert_eq!(of(206, "Content-Range: bytes 10-19/*\r\n"), part(10, 19, None));
    for lie in [
        "",
        "Content-Range: bytes 0-19/20\r\n",
        "Content-Range: bytes 9-19/20\r\n",
        "Content-Range: bytes 11-19/20\r\n",
        "Content-Range: bytes 10-18/20\r\n",
        "Content-Range: bytes 10-19/15\r\n",
        "Content-Range: bytes */20\r\n",
        "Content-Range: bytes 10-19/20\r\nContent-Range: bytes 10-19/21\r\n",
        "Content-Range: bytes 10-19/20\r\nContent-Length: 11\r\n",
        "Content-Range: lines 10-19/20\r\n",
        "Content-Type: multipart/byteranges; boundary=x\r\nContent-Range: bytes 10-19/20\r\n",
    ] {
        assert_eq!(of(206, lie), Err(Kind::Protocol), "{lie}");
    }
    assert_eq!(of(200, "Content-Length: 20\r\n"), Ok(Meaning::Whole), "it starts over");
}

#[test]
fn nothing_is_missing_where_the_server_says_so() {
    let of = |fields: &str| meaning(&resume(), 10, &head(416, fields)).unwrap();
    assert_eq!(of("Content-Range: bytes */10\r\n"), Meaning::Nothing);
    assert_eq!(of(""), Meaning::Nothing, "as in curl");
    assert_eq!(of("Content-Range: bytes */9\r\n"), Meaning::Whole, "another file: the status is a failure");
    assert_eq!(meaning(&range("5-"), 0, &head(416, "")).unwrap(), Meaning::Whole);
    // A record's part: nobody asked for -C.
    let of = |fields: &str| meaning(&Transfer::default(), 10, &head(416, fields)).unwrap();
    assert_eq!(of("Content-Range: bytes */10\r\n"), Meaning::Nothing);
    assert_eq!(of(""), Meaning::Whole, "who does not say how much there is may have more of it");
    let unasked = |from| meaning(&Transfer::default(), from, &head(304, "")).map_err(|failure| failure.kind);
    assert_eq!((unasked(10), unasked(0)), (Err(Kind::Protocol), Ok(Meaning::Nothing)));
}

#[test]
fn a_single_range_is_checked_and_several_are_taken_as_they_come() {
    let of = |asked: &str, fields: &str| meaning(&range(asked), 0, &head(206, fields)).map_err(|failure| failure.kind);
    assert!(matches!(of("5-9", "Content-Range: bytes 5-9/100\r\n"), Ok(Meaning::Part(_))));
    assert_eq!(of("5-9", "Content-Range: bytes 0-4/100\r\n"), Err(Kind::Protocol));
    assert_eq!(of("5-9", ""), Err(Kind::Protocol));
    assert_eq!(of("0-1,5-9", "Content-Type: multipart/byteranges; boundary=x\r\n"), Ok(Meaning::Whole));
    let part = Meaning::Part(Part { first: 5, last: 9, total: None });
    assert!(check_length(part, 5).is_ok() && check_length(part, 4).is_err() && check_length(Meaning::Whole, 4).is_ok());
}

#[test]
fn a_condition_that_does_not_hold_leaves_the_body() {
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let newer = Transfer { time_condition: Some(TimeCondition::ModifiedSince(since)), ..Transfer::default() };
    let of = |status, fields: &str| meaning(&newer, 0, &head(status, fields)).unwrap();
    assert_eq!(of(304, ""), Meaning::Nothing);
    assert_eq!(of(200, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), Meaning::Nothing);
    assert_eq!(of(200, "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n"), Meaning::Whole);
    assert_eq!(of(200, "Last-Modified: yesterday\r\n"), Meaning::Whole);
    assert_eq!(of(404, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), Meaning::Whole);
}

#[test]
fn the_tag_that_is_saved_is_the_answers() {
    assert_eq!(etag_to_save(&head(200, "ETag: \"a\"\r\n")).as_deref(), Some("\"a\""));
    assert_eq!(etag_to_save(&head(200, "")).as_deref(), Some(""));
    assert_eq!(etag_to_save(&head(304, "")), None);
}
