//! What all codings have in common: every split, every truncation, every flipped bit, bombs, budgets.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use super::*;
use Coding::{Br, Deflate, Gzip, Zstd};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/codings/", $name)).to_vec()
    };
}

/// The same as `text` in fixtures/codings/make.py.
fn text(lines: u32) -> Vec<u8> {
    (0..lines).flat_map(|i| format!("line {i} of {}\n", i * i % 257).into_bytes()).collect()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

struct Sample {
    name: &'static str,
    coding: Coding,
    coded: Vec<u8>,
    plain: Vec<u8>,
    /// A changed bit cannot go unnoticed.
    has_checksum: bool,
}

fn sample(name: &'static str, coding: Coding, coded: Vec<u8>, plain: Vec<u8>, has_checksum: bool) -> Sample {
    Sample { name, coding, coded, plain, has_checksum }
}

fn short() -> Vec<Sample> {
    let plain = text(60);
    let named = GzBuilder::new().filename("a name").comment("a comment").extra(*b"extra").mtime(7);
    let mut named = named.write(Vec::new(), Compression::best());
    named.write_all(&plain).unwrap();
    vec![
        sample("gzip", Gzip, gzip(&plain), plain.clone(), true),
        sample("gzip with a name", Gzip, named.finish().unwrap(), plain.clone(), true),
        sample("zlib", Deflate, zlib(&plain), plain.clone(), true),
        sample("raw deflate", Deflate, raw_deflate(&plain), plain.clone(), false),
        sample("short.br", Br, fixture!("short.br"), plain.clone(), false),
        sample("short.zst", Zstd, fixture!("short.zst"), plain.clone(), true),
        sample("short-stream.zst", Zstd, fixture!("short-stream.zst"), plain, false),
    ]
}

fn long() -> Vec<Sample> {
    let plain = text(20_000);
    vec![
        sample("gzip", Gzip, gzip(&plain), plain.clone(), true),
        sample("zlib", Deflate, zlib(&plain), plain.clone(), true),
        sample("raw deflate", Deflate, raw_deflate(&plain), plain.clone(), false),
        sample("long.br", Br, fixture!("long.br"), plain.clone(), false),
        sample("long.zst", Zstd, fixture!("long.zst"), plain, true),
    ]
}

/// 10 MiB of zeros.
fn bombs() -> Vec<Sample> {
    let plain = vec![0; 10 << 20];
    let raw = raw_deflate(&plain);
    let mut crc = flate2::Crc::new();
    crc.update(&plain);
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    let gzip = [&header[..], &raw, &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat();
    vec![
        sample("gzip", Gzip, gzip, plain.clone(), true),
        sample("raw deflate", Deflate, raw, plain.clone(), false),
        sample("zeros-10m.br", Br, fixture!("zeros-10m.br"), plain.clone(), false),
        sample("zeros-10m.zst", Zstd, fixture!("zeros-10m.zst"), plain, false),
    ]
}

/// Reads to the end or the first error; gives back what came until then.
fn drain(reader: &mut impl Read, at_a_time: usize) -> (Vec<u8>, io::Result<()>) {
    let (mut all, mut buf) = (Vec::new(), vec![0; at_a_time]);
    loop {
        match reader.read(&mut buf) {
            Ok(0) => return (all, Ok(())),
            Ok(n) => all.extend_from_slice(&buf[..n]),
            Err(error) => return (all, Err(error)),
        }
    }
}

fn decode(codings: &[Coding], coded: &[u8]) -> (Vec<u8>, Result<(), DecodeError>) {
    let (plain, result) = drain(&mut Decoder::new(codings, coded, &MemoryBudget::default()), 4096);
    (plain, result.map_err(|error| DecodeError::of(&error).expect("memory gives no other errors").clone()))
}

fn error(codings: &[Coding], coded: &[u8]) -> DecodeError {
    decode(codings, coded).1.unwrap_err()
}

#[test]
fn every_coding_is_undone_whatever_the_pieces() {
    let small = short().into_iter().map(|sample| (sample, [1, 2, 3], [1, 100, 1 << 20]));
    let large = long().into_iter().map(|sample| (sample, [7, 1000, 1 << 20], [500, 10_000, 1 << 20]));
    for (sample, pieces, reads) in small.chain(large) {
        for piece in pieces {
            for at_a_time in reads {
                let inner = BufReader::with_capacity(piece, &sample.coded[..]);
                let mut decoder = Decoder::new(&[sample.coding], inner, &MemoryBudget::default());
                let (plain, result) = drain(&mut decoder, at_a_time);
                result.unwrap_or_else(|error| panic!("{}, {piece}, {at_a_time}: {error}", sample.name));
                assert!(plain == sample.plain, "{}, {piece}, {at_a_time}", sample.name);
                assert!(decoder.into_inner().fill_buf().unwrap().is_empty(), "the source is read to its end");
            }
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_truncated() {
    for sample in short() {
        for end in 1..sample.coded.len() {
            let (plain, result) = decode(&[sample.coding], &sample.coded[..end]);
            assert_eq!(result, Err(DecodeError::Truncated(sample.coding)), "{} cut at {end}", sample.name);
            assert!(sample.plain.starts_with(&plain), "{} cut at {end}", sample.name);
        }
    }
}

#[test]
fn a_long_body_cut_anywhere_is_truncated() {
    for sample in long() {
        for end in (1..sample.coded.len()).step_by(sample.coded.len() / 20) {
            let (plain, result) = decode(&[sample.coding], &sample.coded[..end]);
            assert_eq!(result, Err(DecodeError::Truncated(sample.coding)), "{} cut at {end}", sample.name);
            assert!(sample.plain.starts_with(&plain), "{} cut at {end}", sample.name);
        }
    }
}

#[test]
fn no_flipped_bit_gives_other_bytes_where_there_is_a_checksum_and_none_panics() {
    for sample in short() {
        for bit in 0..sample.coded.len() * 8 {
            let mut coded = sample.coded.clone();
            coded[bit / 8] ^= 1 << (bit % 8);
            let (plain, result) = decode(&[sample.coding], &coded);
            let unnoticed = result.is_ok() && plain != sample.plain;
            assert!(!(unnoticed && sample.has_checksum), "{} with bit {bit} flipped", sample.name);
            assert!(plain.len() < 1 << 20, "{} with bit {bit} flipped", sample.name);
        }
    }
}

#[test]
fn no_replaced_byte_panics() {
    for sample in short() {
        for at in 0..sample.coded.len() {
            for byte in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                let mut coded = sample.coded.clone();
                coded[at] = byte;
                let (plain, result) = decode(&[sample.coding], &coded);
                assert!(!(sample.has_checksum && result.is_ok() && plain != sample.plain), "{}", sample.name);
            }
        }
    }
}

#[test]
fn garbage_is_broken() {
    for coding in [Gzip, Deflate, Br, Zstd] {
        for garbage in [&b"<!doctype html><title>not coded at all</title>"[..], &[0xff; 40]] {
            let error = error(&[coding], garbage);
            assert!(matches!(error, DecodeError::Broken(which, _) if which == coding), "{coding}: {error}");
        }
    }
}

#[test]
fn bytes_behind_the_end_are_broken() {
    for sample in short() {
        for behind in [&b"garbage"[..], b"\n\n\n\n\n", &[0; 8]] {
            let (plain, result) = decode(&[sample.coding], &[&sample.coded, behind].concat());
            assert!(matches!(result, Err(DecodeError::Broken(..))), "{}: {result:?}", sample.name);
            assert_eq!(plain, sample.plain);
        }
    }
}

#[test]
fn raw_deflate_may_have_four_bytes_behind_it() {
    let coded = raw_deflate(b"hello");
    for trailer in 0..=4 {
        let (plain, result) = decode(&[Deflate], &[&coded[..], &[7; 4][..trailer]].concat());
        assert_eq!((&plain[..], result), (&b"hello"[..], Ok(())), "{trailer}");
    }
    for piece in [1, 2, 100] {
        let coded = [&coded[..], &[7; 5]].concat();
        let inner = BufReader::with_capacity(piece, &coded[..]);
        assert!(drain(&mut Decoder::new(&[Deflate], inner, &MemoryBudget::default()), 100).1.is_err());
    }
}

#[test]
fn all_members_of_gzip_are_one_body() {
    let coded = [gzip(b"one "), gzip(b""), gzip(b"two "), gzip(b"three")].concat();
    assert_eq!(decode(&[Gzip], &coded), (b"one two three".to_vec(), Ok(())));
    let second = gzip(b"one ").len();
    for end in second + 1..second + gzip(b"").len() {
        assert_eq!(error(&[Gzip], &coded[..end]), DecodeError::Truncated(Gzip), "cut at {end}");
    }
}

#[test]
fn all_frames_of_zstd_are_one_body_and_skippable_ones_are_skipped() {
    let skippable = [&0x184d_2a55_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
    let none_in_it = [&0x184d_2a50_u32.to_le_bytes()[..], &[0; 4]].concat();
    let frame = fixture!("short.zst");
    let coded = [&skippable[..], &frame, &none_in_it, &skippable, &fixture!("short-stream.zst"), &skippable].concat();
    assert_eq!(decode(&[Zstd], &coded), ([text(60), text(60)].concat(), Ok(())));
    assert_eq!(decode(&[Zstd], &skippable), (vec![], Ok(())));
    for end in 1..skippable.len() {
        assert_eq!(error(&[Zstd], &skippable[..end]), DecodeError::Truncated(Zstd), "cut at {end}");
    }
}

#[test]
fn an_empty_body_is_empty_in_every_coding() {
    for codings in [&[Gzip][..], &[Deflate], &[Br], &[Zstd], &[Gzip, Br], &[Zstd, Deflate, Gzip]] {
        assert_eq!(decode(codings, b""), (vec![], Ok(())));
    }
}

#[test]
fn without_codings_bytes_pass_through() {
    assert_eq!(decode(&[], b"as it is"), (b"as it is".to_vec(), Ok(())));
}

#[test]
fn stacked_codings_are_undone_from_the_last_to_the_first() {
    let plain = text(500);
    let coded = gzip(&zlib(&raw_deflate(&gzip(&gzip(&plain)))));
    let codings = [Gzip, Gzip, Deflate, Deflate, Gzip];
    assert_eq!(decode(&codings, &coded), (plain, Ok(())));
    assert_eq!(error(&codings, &coded[..coded.len() - 1]), DecodeError::Truncated(Gzip));
    assert_eq!(decode(&[Br, Deflate], &zlib(&fixture!("short.br"))), (text(60), Ok(())));
    assert_eq!(error(&[Zstd, Gzip], &gzip(&fixture!("short.zst")[..50])), DecodeError::Truncated(Zstd));
    assert!(matches!(error(&[Gzip, Zstd], &gzip(&fixture!("short.zst"))), DecodeError::Broken(Zstd, _)));
}

/// Gives the bytes of `0` in pieces of five, and before each piece an error with a payload of its own.
struct Flaky<'a>(&'a [u8], bool);

impl Read for Flaky<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("decoders use fill_buf")
    }
}

impl BufRead for Flaky<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the network's own"));
        }
        Ok(&self.0[..self.0.len().min(5)])
    }

    fn consume(&mut self, bytes: usize) {
        self.0 = &self.0[bytes..];
    }
}

#[test]
fn an_error_of_the_source_passes_unchanged_and_loses_nothing() {
    for sample in short() {
        let coded = gzip(&sample.coded);
        for (codings, coded) in [(&[sample.coding][..], &sample.coded), (&[sample.coding, Gzip], &coded)] {
            let mut decoder = Decoder::new(codings, Flaky(coded, false), &MemoryBudget::default());
            let (mut plain, mut errors) = (Vec::new(), 0);
            loop {
                let (more, result) = drain(&mut decoder, 100);
                plain.extend(more);
                let Err(error) = result else { break };
                assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::TimedOut, "the network's own".into()));
                assert_eq!(DecodeError::of(&error), None);
                errors += 1;
            }
            assert!(plain == sample.plain && errors > 10, "{}: {errors} errors", sample.name);
        }
    }
}

#[test]
fn after_a_decode_error_every_read_gives_it_again() {
    for sample in short() {
        for coded in [&sample.coded[..sample.coded.len() / 2], &[&sample.coded[..], &[0xaa; 300]].concat()] {
            let mut decoder = Decoder::new(&[sample.coding], coded, &MemoryBudget::default());
            let first = drain(&mut decoder, 100).1.unwrap_err();
            let (none, second) = drain(&mut decoder, 100);
            assert_eq!(DecodeError::of(&first), DecodeError::of(&second.unwrap_err()));
            assert!(DecodeError::of(&first).is_some() && none.is_empty());
        }
    }
}

#[test]
fn a_bomb_comes_out_as_it_is_asked_for() {
    for bomb in bombs() {
        assert!(bomb.coded.len() < 11_000, "{}: {} bytes", bomb.name, bomb.coded.len());
        let budget = MemoryBudget::default();
        let inner = BufReader::with_capacity(16, &bomb.coded[..]);
        let mut decoder = Decoder::new(&[bomb.coding], inner, &budget);
        let mut out = vec![1; 16 << 10];
        let mut all = decoder.read(&mut out).unwrap();
        if matches!(bomb.coding, Gzip | Deflate) {
            assert!(decoder.get_ref().get_ref().len() > bomb.coded.len() - 100, "{} is read lazily", bomb.name);
        }
        let mut most_held = 0;
        while let n @ 1.. = decoder.read(&mut out).unwrap() {
            assert!(out[..n].iter().all(|byte| *byte == 0));
            all += n;
            most_held = most_held.max(budget.used_bytes());
        }
        assert_eq!(all, bomb.plain.len(), "{}", bomb.name);
        let window = match bomb.coding {
            Gzip | Deflate => 32 << 10,
            Br => 16 << 20,
            Zstd => 8 << 20,
        };
        assert!((1..window + (1 << 20)).contains(&most_held), "{} held {most_held}", bomb.name);
        assert_eq!(budget.used_bytes(), 0, "given back at the end, before the decoder is dropped");
    }
}

#[test]
fn a_bomb_of_bombs_is_no_larger_in_memory() {
    let budget = MemoryBudget::default();
    let coded = gzip(&gzip(&gzip(&vec![0; 2 << 20])));
    let mut decoder = Decoder::new(&[Gzip, Gzip, Gzip], &coded[..], &budget);
    let mut out = [0; 4096];
    for _ in 0..100 {
        assert!(decoder.read(&mut out).unwrap() > 0);
        assert!(budget.used_bytes() <= 3 * 64 * 1024);
    }
    drop(decoder);
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn decoders_share_one_budget() {
    let budget = MemoryBudget::new(30 << 20);
    let bomb = fixture!("zeros-10m.zst");
    let mut decoders: Vec<_> = (0..10).map(|_| Decoder::new(&[Zstd], &bomb[..], &budget)).collect();
    let starts: Vec<_> = decoders.iter_mut().map(|decoder| decoder.read(&mut [0; 100])).collect();
    assert_eq!(starts.iter().filter(|start| start.is_ok()).count(), 3, "three windows of 8 MiB fit");
    for start in starts.into_iter().filter_map(Result::err) {
        assert!(matches!(DecodeError::of(&start), Some(DecodeError::OutOfBudget { coding: Zstd, .. })));
    }
    decoders.clear();
    assert_eq!(budget.used_bytes(), 0);
    assert_eq!(drain(&mut Decoder::new(&[Zstd], &bomb[..], &budget), 4096).0.len(), 10 << 20);
}

#[test]
fn a_small_body_takes_little_whatever_window_it_asks_for() {
    for sample in short() {
        let budget = MemoryBudget::default();
        let mut decoder = Decoder::new(&[sample.coding], &sample.coded[..], &budget);
        decoder.read_exact(&mut [0; 10]).unwrap();
        assert!((1..50 << 10).contains(&budget.used_bytes()), "{} holds {}", sample.name, budget.used_bytes());
    }
}

#[test]
fn whatever_the_budget_it_is_kept_and_nothing_wrong_comes_out() {
    for sample in short().into_iter().chain(long()) {
        let (mut refused, mut granted) = (0, 0);
        for limit in (0..1 << 20).step_by(if sample.plain.len() < 10_000 { 2 << 10 } else { 16 << 10 }) {
            let budget = MemoryBudget::new(limit);
            let mut decoder = Decoder::new(&[sample.coding], &sample.coded[..], &budget);
            let (plain, result) = drain(&mut decoder, 64 << 10);
            match result {
                Ok(()) => {
                    assert!(plain == sample.plain, "{} in {limit}", sample.name);
                    granted += 1;
                }
                Err(error) => {
                    let own = DecodeError::of(&error);
                    assert!(
                        matches!(own, Some(DecodeError::OutOfBudget { .. })),
                        "{} in {limit}: {error}",
                        sample.name
                    );
                    assert!(sample.plain.starts_with(&plain));
                    refused += 1;
                }
            }
            drop(decoder);
            assert_eq!(budget.used_bytes(), 0, "{} in {limit}", sample.name);
            if granted == 2 {
                break;
            }
        }
        assert!(refused > 0 && granted > 0, "{}: {refused} refused, {granted} granted", sample.name);
    }
}

#[test]
fn windows_larger_than_the_web_allows_are_refused() {
    assert_eq!(error(&[Zstd], &fixture!("window-16m.zst")), DecodeError::WindowTooLarge(Zstd, 16 << 20));
    // A single segment of 8 MiB and one byte, then one of 2^63.
    let head = |size: u64| [&0xfd2f_b528_u32.to_le_bytes()[..], &[0xe0], &size.to_le_bytes()].concat();
    assert_eq!(error(&[Zstd], &head((8 << 20) + 1)), DecodeError::WindowTooLarge(Zstd, (8 << 20) + 1));
    assert_eq!(error(&[Zstd], &head(1 << 63)), DecodeError::WindowTooLarge(Zstd, 1 << 63));
    assert_eq!(error(&[Zstd], &head(8 << 20)), DecodeError::Truncated(Zstd));
    // Brotli's mark of a large window.
    assert!(matches!(error(&[Br], &[0x11, 0x1e, 0, 0]), DecodeError::Broken(Br, _)));
}

#[test]
fn all_codings_fit_on_a_small_stack() {
    let on_small_stack = std::thread::Builder::new().stack_size(128 << 10).spawn(|| {
        for sample in short().into_iter().chain(long()) {
            let (plain, result) = decode(&[sample.coding], &sample.coded);
            assert!(result.is_ok() && plain == sample.plain);
        }
        let plain = text(60);
        let coded = gzip(&zlib(&fixture!("short.zst")));
        assert_eq!(decode(&[Zstd, Deflate, Gzip], &coded), (plain, Ok(())));
    });
    on_small_stack.unwrap().join().unwrap();
}

#[test]
fn a_decoder_may_cross_threads() {
    fn crosses<T: Send>(_: T) {}
    crosses(Decoder::new(&[Br], &b""[..], &MemoryBudget::default()));
}

#[test]
fn codings_are_read_from_all_fields_in_order() {
    let parse = |values: &[&str]| parse_codings(values.iter().map(|value| value.as_bytes()));
    assert_eq!(parse(&[]), Ok(vec![]));
    assert_eq!(parse(&["gzip"]), Ok(vec![Gzip]));
    assert_eq!(parse(&["X-GZip , BR", "deflate", " zstd\t"]), Ok(vec![Gzip, Br, Deflate, Zstd]));
    assert_eq!(parse(&["identity", "", " , ,gzip,,Identity"]), Ok(vec![Gzip]));
    assert_eq!(parse(&["gzip,br,gzip,br,gzip"]).unwrap().len(), MAX_CODINGS);
    assert_eq!(parse(&["gzip,br,gzip", "br,gzip,br"]), Err(DecodeError::TooMany));
    assert_eq!(parse(&["gzip, compress"]), Err(DecodeError::Unknown("compress".into())));
    assert_eq!(parse(&["gzip;q=1"]), Err(DecodeError::Unknown("gzip;q=1".into())));
    assert_eq!(parse(&["gzip br"]), Err(DecodeError::Unknown("gzip br".into())));
    assert_eq!(parse(&[&"x".repeat(100_000)]), Err(DecodeError::Unknown("x".repeat(64))));
    assert_eq!(parse_codings([&b"\xff"[..]]), Err(DecodeError::Unknown("\u{fffd}".into())));
}

#[test]
fn what_is_asked_for_is_what_is_understood() {
    assert_eq!(parse_codings([ACCEPT_ENCODING.as_bytes()]), Ok(vec![Deflate, Gzip, Br, Zstd]));
    for coding in [Gzip, Deflate, Br, Zstd] {
        assert_eq!(parse_codings([coding.as_str().as_bytes()]), Ok(vec![coding]));
    }
}

/// Once more than the bytes that any ratio may have.
#[test]
fn a_ratio_beyond_what_any_page_has_is_a_bomb() {
    let decode = |codings: &[Coding], coded: &[u8]| {
        let mut decoder = Decoder::new(codings, coded, &MemoryBudget::default());
        let decoded = io::copy(&mut decoder, &mut io::sink());
        let again = decoder.read(&mut [0; 16]);
        decoded.map_err(|error| {
            assert_eq!(DecodeError::of(&again.unwrap_err()), DecodeError::of(&error), "it stays so");
            DecodeError::of(&error).unwrap().clone()
        })
    };
    let many = gzip(&vec![0; 40 << 20]);
    assert_eq!(decode(&[Gzip], &many), Ok(40 << 20), "deflate alone cannot do it");
    assert_eq!(decode(&[Gzip, Gzip], &gzip(&many)), Err(DecodeError::Ratio));
    let few = gzip(&vec![0; 30 << 20]);
    assert_eq!(decode(&[Gzip, Gzip], &gzip(&few)), Ok(30 << 20), "so much harms nobody");
}
