//! Routes that send text in a content coding, asked for or not.

use std::io::{self, Read, copy};

use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use gfetch::green::offload;
use gfetch::http::server::Exchange;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::Asked;
use crate::cli::serve::app::fields;
use crate::cli::serve::asked::Wrong;
use crate::cli::serve::content::Text;

/// The most text that is coded: what is kept in memory is the result, some 12 % of it.
const MAX_BYTES: u64 = 1 << 30;
/// Above this an OS thread codes it: others would wait here for more than a few milliseconds.
const OFFLOADED_BYTES: u64 = 64 * 1024;

pub fn gzip(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    send(exchange, asked, "gzip", |text| read(GzEncoder::new(text, Compression::fast())))
}

pub fn deflate(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    send(exchange, asked, "deflate", |text| read(ZlibEncoder::new(text, Compression::fast())))
}

pub fn zstd(exchange: &mut Exchange, asked: &Asked) -> Result<(), Wrong> {
    send(exchange, asked, "zstd", |text| Ok(compress_to_vec(text, CompressionLevel::Fastest)))
}

fn read(mut coder: impl Read) -> io::Result<Vec<u8>> {
    let mut coded = Vec::new();
    copy(&mut coder, &mut coded)?;
    Ok(coded)
}

fn send(
    exchange: &mut Exchange,
    asked: &Asked,
    name: &str,
    code: fn(Text) -> io::Result<Vec<u8>>,
) -> Result<(), Wrong> {
    let bytes = asked.number(MAX_BYTES)?;
    let coded = if bytes <= OFFLOADED_BYTES {
        code(Text::new(bytes))?
    } else {
        offload(move || code(Text::new(bytes))).map_err(io::Error::from)??
    };
    let fields = fields(&[("Content-Type", "text/plain; charset=utf-8"), ("Content-Encoding", name)])?;
    Ok(exchange.respond(200, &fields, &coded)?)
}
