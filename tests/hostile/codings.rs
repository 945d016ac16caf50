//! Content codings that are broken, cut, unknown, or grow without bound.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use gfetch::fetch::outcome::Kind::*;
use gfetch::fetch::outcome::Stage;

use super::case::{Case, case, check};
use super::script::{Endless, Request, Send, seconds, stays};

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// 100 MiB of zeros in 100 KiB.
pub fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    (0..100).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
    encoder.finish().unwrap()
}

pub fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn coding(name: &str, coding: &str, body: &[u8]) -> Case {
    case(name, stays(coded(coding, body)))
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/codings/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn what_is_no_such_coding_is_a_decode_failure() {
    let text = b"The quick brown fox jumps over the lazy dog. ".repeat(40);
    let zipped = gzip(&text);
    let mut bad_sum = zipped.clone();
    let sum = bad_sum.len() - 8;
    bad_sum[sum] ^= 1;
    let mut bad_middle = zipped.clone();
    bad_middle[20..30].fill(0xff);
    let brotli = fixture("short.br");
    let zstd = fixture("short.zst");
    // Window descriptor 0xf8: 2^41 bytes; then a raw block, the last, of one byte.
    let huge_window = b"\x28\xb5\x2f\xfd\x00\xf8\x09\x00\x00a";
    let bad = |name: &str, by: &str, body: &[u8]| coding(name, by, body).fails(Decode, Stage::Decode);
    check([
        coding("a good one", "gzip", &zipped).gives(&text),
        coding("two good members", "gzip", &[gzip(b"one"), gzip(b"two")].concat()).gives("onetwo"),
        coding("an empty one", "gzip", b"").gives(""),
        coding("identity", "identity", b"abc").gives("abc"),
        bad("gzip cut in its middle", "gzip", &zipped[..zipped.len() / 2]),
        bad("gzip without its checksum", "gzip", &zipped[..zipped.len() - 8]),
        bad("gzip with another checksum", "gzip", &bad_sum),
        bad("gzip broken in its middle", "gzip", &bad_middle),
        bad("gzip that is text", "gzip", b"<html>not gzip</html>"),
        bad("deflate that is text", "deflate", b"<html>not deflate</html>"),
        bad("brotli cut", "br", &brotli[..brotli.len() - 1]),
        bad("brotli that is noise", "br", &[0xff; 64]),
        bad("zstd cut", "zstd", &zstd[..zstd.len() - 1]),
        bad("zstd that is text", "zstd", b"<html>not zstd</html>"),
        bad("zstd with a window of 2 TiB", "zstd", huge_window),
        bad("zstd with a window of 16 MiB", "zstd", &fixture("window-16m.zst")),
        bad("an unknown coding", "snappy", b"abc"),
        bad("an unknown coding among known ones", "gzip, snappy", b"abc"),
        bad("six codings", "gzip, gzip, gzip, gzip, gzip, gzip", &zipped),
        bad("a coding with control characters", "g\tzip", b"abc"),
    ]);
}

/// The wire's fault is told as that, although the decoder meets it.
#[test]
fn a_fault_of_the_wire_below_a_coding_stays_one() {
    let zipped = gzip(&b"The quick brown fox jumps over the lazy dog. ".repeat(40));
    let whole = coded("gzip", &zipped);
    let cut = whole[..whole.len() - 9].to_vec();
    let chunked = |rest: &[u8]| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
        [&head[..], format!("{:x}\r\n", zipped.len()).as_bytes(), &zipped, rest].concat()
    };
    check([
        case("cut", vec![Request, Send(cut.clone())]).fails(Truncated, Stage::Receive),
        case("stalled", stays(&cut)).times_out(gfetch::fetch::outcome::Limit::Stall, Stage::Receive),
        case("chunks that break behind the coding's end", stays(chunked(b"\r\nzz\r\n")))
            .fails(Protocol, Stage::Receive),
        case("chunks cut behind the coding's end", vec![Request, Send(chunked(b"\r\n"))])
            .fails(Truncated, Stage::Receive),
        case("chunks whole", stays(chunked(b"\r\n0\r\n\r\n"))).gives_bytes(1800),
    ]);
}

#[test]
fn a_bomb_is_counted_or_refused() {
    let bomb = bomb();
    let twice = gzip(&bomb);
    assert!(twice.len() < 10 << 10, "{} bytes", twice.len());
    let limit = |plan: &mut gfetch::fetch::plan::Plan| plan.limits.max_filesize = Some(1 << 20);
    check([
        coding("100 MiB of zeros", "gzip", &bomb).gives_bytes(100 << 20),
        coding("100 MiB of zeros, twice coded", "gzip, gzip", &twice).fails(Decode, Stage::Decode).and(|after| {
            assert!(after.outcomes[0].bytes <= (32 << 20) + (16 << 10), "{}", after.outcomes[0].bytes);
        }),
        coding("10 MiB of zeros in 14 bytes", "br", &fixture("zeros-10m.br")).gives_bytes(10 << 20),
        coding("with a limit", "gzip", &bomb).with(limit).fails(TooLarge, Stage::Receive).and(|after| {
            assert!(after.outcomes[0].bytes < 2 << 20, "{}", after.outcomes[0].bytes);
        }),
        coding("twice coded, with a limit", "gzip, gzip", &twice).with(limit).fails(TooLarge, Stage::Receive),
        coding("brotli", "br", &fixture("zeros-10m.br")).with(limit).fails(TooLarge, Stage::Receive),
        coding("zstd", "zstd", &fixture("zeros-10m.zst")).with(limit).fails(TooLarge, Stage::Receive),
    ]);
}

/// Frames that give nothing: no limit on decoded bytes ever meets them, so time must.
#[test]
fn a_coding_that_never_gives_a_byte_ends_by_the_clock() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n".to_vec();
    let nothing = [&b"\x50\x2a\x4d\x18\x08\0\0\0"[..], &[0; 8]].concat().repeat(64);
    let empty_members = gzip(b"").repeat(64);
    let gzip_head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
    let endless = |name: &str, head: Vec<u8>, piece: Vec<u8>| {
        // One write a second, or the virtual clock would not move.
        let mut script = vec![Request, Send(head)];
        script.extend((0..40).flat_map(|_| [Send(piece.clone()), super::script::Wait(seconds(1))]));
        script.push(Endless(piece));
        case(name, script)
            .with(|plan| plan.limits.max_time = Some(seconds(20)))
            .times_out(gfetch::fetch::outcome::Limit::MaxTime, Stage::Receive)
    };
    check([endless("skippable frames", head, nothing), endless("empty members", gzip_head, empty_members)]);
}
