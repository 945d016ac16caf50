//! Parts that are not what was asked for, names that lead elsewhere, tags that are none: what a server says of a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;
use gfetch::fetch::plan::{Plan, Resume};

use super::case::{Case, case, check};
use super::command::{answer, files, gfetch, harmful, serve, serve_and_close, text};
use super::script::{Request, Send, Step, stays};

fn ten_to_nineteen(plan: &mut Plan) {
    plan.transfer.range = Some("10-19".to_owned());
}

fn part(fields: &str, body: &str) -> Vec<Step> {
    stays(format!("HTTP/1.1 206 Partial Content\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn a_part_that_was_not_asked_for_is_refused() {
    let lie = |name: &str, fields: &str, body: &str| -> Case {
        case(name, part(fields, body)).with(ten_to_nineteen).fails(Protocol, Stage::Receive)
    };
    let ten = "0123456789";
    check([
        case("the right one", part("Content-Range: bytes 10-19/100\r\n", ten)).with(ten_to_nineteen).gives(ten),
        case("one cut short by the end", part("Content-Range: bytes 10-14/15\r\n", "01234")).with(ten_to_nineteen).gives("01234"),
        lie("the wrong start", "Content-Range: bytes 0-9/100\r\n", ten),
        lie("one too many", "Content-Range: bytes 10-20/100\r\n", "0123456789a"),
        lie("overlapping", "Content-Range: bytes 9-19/100\r\n", "0123456789a"),
        lie("a total before its end", "Content-Range: bytes 10-19/15\r\n", ten),
        lie("two that differ", "Content-Range: bytes 10-19/100\r\nContent-Range: bytes 20-29/100\r\n", ten),
        lie("none", "", ten),
        lie("another unit", "Content-Range: lines 10-19/100\r\n", ten),
        lie("numbers without end", &format!("Content-Range: bytes 10-{}/*\r\n", "9".repeat(4000)), ten),
        lie("a longer body", "Content-Range: bytes 10-19/100\r\n", "0123456789and more"),
        lie("a shorter body", "Content-Range: bytes 10-19/100\r\n", "012"),
        lie("several parts", "Content-Type: multipart/byteranges; boundary=a\r\nContent-Range: bytes 10-19/100\r\n", ten),
        case(
            "a body without a length that is longer",
            vec![
                Request,
                Send(b"HTTP/1.1 206 P\r\nContent-Range: bytes 10-19/100\r\nConnection: close\r\n\r\n0123456789more".to_vec()),
            ],
        )
        .with(ten_to_nineteen)
        .fails(Protocol, Stage::Receive),
        case(
            "a body in chunks that is shorter",
            stays("HTTP/1.1 206 P\r\nContent-Range: bytes 10-19/100\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n0\r\n\r\n"),
        )
        .with(ten_to_nineteen)
        .fails(Protocol, Stage::Receive),
        case("outside of it, which is no success", stays("HTTP/1.1 416 R\r\nContent-Range: bytes */5\r\nContent-Length: 0\r\n\r\n"))
            .with(ten_to_nineteen)
            .fails(Status, Stage::Receive),
    ]);
}

/// Nothing is written here: what is there already is counted only.
#[test]
fn a_continuation_must_go_on_where_it_was_asked_to() {
    let at_ten = |plan: &mut Plan| plan.transfer.resume = Some(Resume::At(10));
    let ten = "0123456789";
    check([
        case("the rest", part("Content-Range: bytes 10-19/20\r\n", ten)).with(at_ten).gives(ten),
        case("from the beginning", part("Content-Range: bytes 0-19/20\r\n", &ten.repeat(2)))
            .with(at_ten)
            .fails(Protocol, Stage::Receive),
        case("not to the end", part("Content-Range: bytes 10-19/30\r\n", ten))
            .with(at_ten)
            .fails(Protocol, Stage::Receive),
        case("all is there", stays("HTTP/1.1 416 R\r\nContent-Range: bytes */10\r\nContent-Length: 2\r\n\r\nno"))
            .with(at_ten)
            .gives(""),
        case("another size", stays("HTTP/1.1 416 R\r\nContent-Range: bytes */11\r\nContent-Length: 2\r\n\r\nno"))
            .with(at_ten)
            .fails(Status, Stage::Receive),
    ]);
}

/// curl's class of "resumed into the wrong place".
#[test]
fn no_lie_about_a_part_changes_the_file_that_was_there() {
    let half = "HTTP/1.1 206 P\r\nContent-Length: 6\r\n";
    let server = serve(move |head| {
        let fields = match head.split(' ').nth(1).unwrap_or_default() {
            "/start" => "Content-Range: bytes 0-5/10\r\n",
            "/total" => "Content-Range: bytes 4-9/9\r\n",
            "/later" => "Content-Range: bytes 5-10/11\r\n",
            "/short" => "Content-Range: bytes 4-9/20\r\n",
            "/none" => "",
            "/multipart" => "Content-Type: multipart/byteranges; boundary=x\r\n",
            "/chunks" => return b"HTTP/1.1 206 P\r\nContent-Range: bytes 4-9/10\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n456\r\nzz\r\n".to_vec(),
            "/few" => return b"HTTP/1.1 206 P\r\nContent-Range: bytes 4-9/10\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n456\r\n0\r\n\r\n".to_vec(),
            "/size" => return b"HTTP/1.1 416 R\r\nContent-Range: bytes */99\r\nContent-Length: 0\r\n\r\n".to_vec(),
            _ => "Content-Range: bytes 4-9/10\r\n",
        };
        format!("{half}{fields}\r\n456789").into_bytes()
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    let resume = |path: &str| {
        gfetch(&["-C", "-", "-o", file.to_str().unwrap(), &format!("http://{server}{path}")]).status.code()
    };
    for path in ["/start", "/total", "/later", "/short", "/none", "/multipart", "/chunks", "/few", "/size"] {
        fs::write(&file, "0123").unwrap();
        assert_eq!((resume(path), fs::read_to_string(&file).unwrap().as_str()), (Some(3), "0123"), "{path}");
    }
    assert_eq!((resume("/good"), fs::read_to_string(&file).unwrap().as_str()), (Some(0), "0123456789"));
    assert_eq!(files(folder.path()).len(), 1);
}

/// Begins a file with a server that breaks off after four bytes of ten, and goes on with it (`--resume`) by `lies`: status,
/// fields and body, by the path. Whoever is asked for the whole once more has another one.
fn go_on_with_a_part(begun_with: &'static str, lies: &[(&'static str, &'static str)], is_taken: bool) {
    let answers = lies.to_vec();
    let (begun, dates) = (Mutex::new(BTreeSet::new()), "Date: Sun, 06 Nov 1994 09:00:00 GMT\r\n");
    let server = serve_and_close(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        if head.contains("\r\nRange: bytes=4-\r\n") {
            let number: usize = path[1..].parse().unwrap();
            return format!("HTTP/1.1 {}", answers[number].1).into_bytes();
        }
        let body = if begun.lock().unwrap().insert(path) { "0123" } else { "abcdefghij" };
        format!("HTTP/1.1 200 OK\r\n{begun_with}{dates}Content-Length: 10\r\n\r\n{body}").into_bytes()
    });
    for (number, (what, _)) in lies.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let url = format!("http://{server}/{number}");
        let go_on = || gfetch(&["--resume", &at("record"), "-o", &at("f"), &url]).status.code();
        assert_eq!((go_on(), fs::exists(at("f")).unwrap()), (Some(3), false), "{what}: it breaks off");
        if is_taken {
            assert_eq!((go_on(), fs::read_to_string(at("f")).unwrap()), (Some(0), "0123456789".into()), "{what}");
            continue;
        }
        assert_eq!((go_on(), fs::exists(at("f")).unwrap()), (Some(3), false), "{what}: it is refused");
        assert_eq!((go_on(), fs::read_to_string(at("f")).unwrap()), (Some(0), "abcdefghij".into()), "{what}: anew");
        assert_eq!(files(folder.path()).len(), 2, "{what}");
    }
}

#[test]
fn no_lie_about_the_rest_of_a_part_becomes_a_file() {
    go_on_with_a_part(
        "ETag: \"one\"\r\n",
        &[
            ("it does not say how much there is", "416 R\r\nContent-Length: 0\r\n\r\n"),
            ("it says that nothing is new, and was not asked", "304 N\r\n\r\n"),
            ("another length", "416 R\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n"),
            (
                "nothing is missing of another one",
                "416 R\r\nETag: \"two\"\r\nContent-Range: bytes */4\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                "of another one",
                "206 P\r\nETag: \"two\"\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",
            ),
            (
                "of one that is similar",
                "206 P\r\nETag: W/\"one\"\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",
            ),
        ],
        false,
    );
    let changed = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    go_on_with_a_part(
        changed,
        &[
            (
                "of another time",
                "206 P\r\nLast-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",
            ),
            (
                "of no time",
                "206 P\r\nLast-Modified: lately\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",
            ),
        ],
        false,
    );
    go_on_with_a_part(
        changed,
        &[
            (
                "the same time, written otherwise",
                "206 P\r\nLast-Modified: Sunday, 06-Nov-94 08:49:37 GMT\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",
            ),
            ("it does not say when", "206 P\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789"),
        ],
        true,
    );
}

#[test]
fn no_content_disposition_names_a_file_outside_the_folder() {
    let names: Vec<Vec<u8>> = [
        "filename=\"../../escaped\"",
        "filename=/etc/escaped",
        "filename=\"..\\\\..\\\\escaped\"",
        "filename=\"..\"",
        "filename=\".\"",
        "filename=\"\"",
        "filename=\"~root\"",
        "filename=\".bashrc\"",
        "filename=\"-rf\"",
        "filename=\"con.txt\"",
        "filename=\"LPT1\"",
        "filename*=UTF-8''..%2f..%2fescaped",
        "filename*=UTF-8''a%00b%0ac%1b%5b31m",
        "filename*=UTF-8''%e2%80%aegpj.exe",
        "filename*=UTF-8''%2e%2e",
        "filename*=UTF-8''%ff%fe; filename=\"fallback\"",
        "filename=\"a\tb\"",
        "filename=\"C:\\\\autoexec.bat\"",
        "filename=",
        "filename",
        &format!("filename=\"{}\"", "n".repeat(5000)),
        &format!("filename=\"{}\"", "../".repeat(2000)),
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .chain([b"filename=\"\xff\xfe.txt\"".to_vec()])
    .collect();
    let count = names.len();
    let server = serve(move |head| {
        let number: usize = head.split(' ').nth(1).unwrap()[1..].parse().unwrap();
        let start = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Disposition: attachment; ";
        [&start[..], &names[number], b"\r\n\r\nbody"].concat()
    });
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("a/b/inner");
    fs::create_dir_all(&inner).unwrap();
    let url = format!("http://{server}/[0-{}]", count - 1);
    let output = gfetch(&["-OJ", "--output-dir", inner.to_str().unwrap(), &url]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let all = files(outer.path());
    assert!(all.iter().all(|file| file.starts_with("a/b/inner/")), "{all:?}");
    let hides = |file: &String| file.rsplit('/').next().unwrap().starts_with(['.', '-']);
    assert!(all.iter().all(|file| harmful(file).is_empty() && !hides(file)), "{all:?}");
    assert_eq!(all.len(), count, "each has a file of its own: {all:?}");
    assert!(!Path::new("/etc/escaped").exists());
}

#[test]
fn an_entity_tag_cannot_become_another_field() {
    let folder = tempfile::tempdir().unwrap();
    let tag = folder.path().join("tag");
    let tag_name = tag.to_str().unwrap();
    let server = serve(|head| match head.split(' ').nth(1).unwrap_or_default() {
        "/control" => b"HTTP/1.1 200 OK\r\nETag: \"a\x1b[31m\"\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/cr" => b"HTTP/1.1 200 OK\r\nETag: \"a\rX: y\"\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/long" => answer(&format!("ETag: \"{}\"\r\n", "t".repeat(4000)), ""),
        _ => answer("ETag: \"\u{e9}\"\r\n", &head.replace("\r\n", "|")),
    });
    let save = |path: &str| gfetch(&["--etag-save", tag_name, &format!("http://{server}{path}")]).status.code();
    for path in ["/control", "/cr"] {
        assert_eq!(save(path), Some(3), "{path}: a head like this is refused whole");
        assert!(!tag.exists(), "{path}");
    }
    assert_eq!(save("/long"), Some(0));
    assert_eq!(fs::read(&tag).unwrap().len(), 4003);
    // What somebody else put into the file cannot split the request.
    for text in ["\"a\"\r\nX-Evil: 1\r\n", "\"a\"\nX-Evil: 1", "\"a\0\""] {
        fs::write(&tag, text).unwrap();
        let url = format!("http://{server}/");
        assert_eq!(gfetch(&["--etag-compare", tag_name, &url]).status.code(), Some(2), "{text:?}");
    }
}

#[test]
fn codings_cannot_be_stacked_without_end() {
    let coded = |times: usize| {
        let coding = vec!["gzip"; times].join(", ");
        let body = (0..times).fold(b"deep".to_vec(), |body, _| super::codings::gzip(&body));
        stays(super::codings::coded(&coding, &body))
    };
    let fields = |times: usize| {
        let fields = "Content-Encoding: gzip\r\n".repeat(times);
        stays(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 4\r\n\r\ndeep"))
    };
    check([
        case("five", coded(5)).gives("deep"),
        case("six", coded(6)).fails(Decode, Stage::Decode),
        case("six fields", fields(6)).with(|plan| plan.request.compressed = Some(true)).fails(Decode, Stage::Decode),
    ]);
}
