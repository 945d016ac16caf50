//! What is asked for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use gfetch::fetch::plan::{Follow, Resume};
use gfetch::http::given::{is_method, is_name, is_text};
use gfetch::http::range::Asked;
use gfetch::http::redirect::Schemes;

use crate::cli::args::data;
use crate::cli::args::option::{Opt, Refusal, Shown, Value};
use crate::cli::args::typed::{DataArg, HeaderArg, Typed};
use crate::cli::units;

pub const OPTIONS: &[Opt] = &[
    Opt::value("request", "METHOD", "Use this method", |t, v| {
        let method = v.parsed(|text| is_name(text).then(|| text.to_owned()), "a method, as in PUT")?;
        if !is_method(&method) {
            return Err(Refusal::Takes("methods but CONNECT, which asks for a tunnel".into()));
        }
        t.request.method = Some(method);
        Ok(())
    })
    .short('X')
    .shown(Shown::Always),
    Opt::flag("head", "Ask with HEAD: no bodies", |t| t.request.head = true)
        .short('I')
        .shown(Shown::Always)
        .more("Heads are shown by --show-headers and kept by -D; -o and --body have the body, which is empty (curl: the head)."),
    Opt::value("header", "LINE", "Send this header field: 'Name: value'", |t, v| {
        t.request.headers.push(match v.0.as_encoded_bytes() {
            [b'@', ..] => HeaderArg::File(file_after_at(v)?),
            _ => HeaderArg::Line(v.text()?.to_owned()),
        });
        Ok(())
    })
    .short('H')
    .shown(Shown::Always)
    .more("'Name:' removes one that would be sent, 'Name;' sends it empty, @FILE reads one a line. Repeatable."),
    Opt::value("data", "DATA", "Send this as the body of a POST; @FILE: that file, without line ends", |t, v| {
        add_data(t, v, Some(DataArg::TextFile))
    })
    .short('d')
    .aliases(&["data-ascii"])
    .shown(Shown::Always)
    .more("Several are joined with &. @- is standard input."),
    Opt::value("data-binary", "DATA", "The same, where @FILE is sent as it is", |t, v| {
        add_data(t, v, Some(DataArg::BinaryFile))
    }),
    Opt::value("data-raw", "DATA", "The same, where @ means nothing", |t, v| add_data(t, v, None)),
    Opt::value("data-urlencode", "DATA", "The same, encoded: content, name=content, @FILE or name@FILE", |t, v| {
        t.request.data.push(data::encoded(v.0));
        Ok(())
    }),
    Opt::value("json", "DATA", "Send this as the body of a POST of application/json; @FILE: that file", |t, v| {
        t.request.json = true;
        t.request.data.push(match v.0.as_encoded_bytes() {
            [b'@', ..] => DataArg::JsonFile(file_after_at(v)?),
            json => DataArg::Json(json.to_vec()),
        });
        Ok(())
    })
    .more("Several are put together as they are. The answer is asked for as JSON too; -H says otherwise."),
    Opt::flag("get", "Put the data of -d into the query of a GET", |t| t.request.get = true).short('G'),
    Opt::value("url-query", "DATA", "Add this to each URL's query, as --data-urlencode; +DATA: as it is", |t, v| {
        t.request.query.push(data::query_part(v.0));
        Ok(())
    }),
    Opt::value("user-agent", "NAME", "Send this User-Agent; empty: none", |t, v| {
        t.request.user_agent = Some(field_value(v)?);
        Ok(())
    })
    .short('A'),
    Opt::value("referer", "URL", "Send this Referer; URL;auto: and after a redirect, where it came from", |t, v| {
        let text = field_value(v)?;
        let url = text.strip_suffix(";auto");
        t.plan.request.auto_referer = url.is_some();
        // ';auto' alone: the first request has none.
        t.request.referer = Some(url.unwrap_or(&text).to_owned()).filter(|first| url.is_none() || !first.is_empty());
        Ok(())
    })
    .short('e')
    .more("Without user and fragment of that URL, and not from https to http."),
    Opt::switch("location", "Follow redirects of every method (--no-location: of none)", |t, on| {
        t.request.follow = Some(if on { Follow::All } else { Follow::None });
        t.plan.request.location_trusted &= on;
    })
    .short('L')
    .shown(Shown::Always)
    .more("Those of GET and HEAD are followed without it."),
    Opt::flag("location-trusted", "The same, and secrets and headers go along to other origins", |t| {
        t.request.follow = Some(Follow::All);
        t.plan.request.location_trusted = true;
    }),
    Opt::value("max-redirs", "N", "Redirects followed for one URL (default 10; -1: any number)", |t, v| {
        let parse = |text: &str| match text {
            "-1" => Some(None),
            number => units::count(number, 0, i32::MAX as u64).map(|n| Some(n as u32)),
        };
        t.plan.limits.max_redirs = v.parsed(parse, "a whole number from 0, or -1 for any number")?;
        Ok(())
    }),
    Opt::value("proto-redir", "PROTOCOLS", "Follow redirects only to these: =https, -http, all", |t, v| {
        let takes = "curl's list of protocols, as in =https";
        t.plan.request.redirect_schemes = v.parsed(|text| Schemes::parse(text).ok(), takes)?;
        Ok(())
    })
    .more("+ allows (so does no sign), - denies, = allows only this one. Nothing but http and https is ever followed."),
    Opt::switch("compressed", "Ask for gzip, deflate, br, zstd and decode it (--no-compressed: do not)", |t, on| {
        t.request.compressed = Some(on);
    })
    .more("So by default when bodies are counted or printed, not when they are saved."),
    Opt::value("range", "RANGE", "Ask for these bytes only: 0-499, 500-, -500", |t, v| {
        t.plan.transfer.range = Some(v.parsed(range, "ranges of bytes, as in 0-499, 500-, -500 or 0-1,8-9")?);
        Ok(())
    })
    .short('r')
    .more("A server may send the whole; a part must be the one that was asked for. A 5 alone is 5-, as in curl."),
    Opt::value("continue-at", "OFFSET", "Go on where a download ended: at this byte; -: at the file's end", |t, v| {
        let offset = |text: &str| match text {
            "-" => Some(Some(Resume::AtEnd)),
            number => units::count(number, 0, i64::MAX as u64).map(|at| (at > 0).then_some(Resume::At(at))),
        };
        t.plan.transfer.resume = v.parsed(offset, "a number of bytes, or - for the end of the file")?;
        Ok(())
    })
    .short('C')
    .more(
        "The file grows as bytes come, and keeps them when the transfer breaks off, so that the same command goes on. A \
         server that sends the whole instead replaces the file once that is whole.",
    ),
    Opt::value("time-cond", "TIME", "Only what was changed since this date, or since this file was", |t, v| {
        let bytes = v.0.as_bytes();
        let (text, unmodified) = match bytes.split_first() {
            Some((b'-', rest)) => (rest, true),
            Some((b'+', rest)) => (rest, false),
            _ => (bytes, false),
        };
        t.request.time_condition = Some((OsStr::from_bytes(text).to_owned(), unmodified));
        Ok(())
    })
    .short('z')
    .more("With - before it: only what was not changed since."),
    Opt::value("etag-compare", "FILE", "Only what has another ETag than this file holds (304 is a success)", |t, v| {
        t.request.etag_compare = Some(v.file()?);
        Ok(())
    })
    .more("For a single URL, as in curl. With -C it makes sure that it is the same file that is continued."),
    Opt::value("etag-save", "FILE", "Keep the answer's ETag in this file, for --etag-compare", |t, v| {
        t.plan.transfer.etag_save = Some(v.file()?);
        Ok(())
    }),
    Opt::value("max-filesize", "B", "The largest body, decoded: 500000, 200k, 3M, 1G", |t, v| {
        t.plan.limits.max_filesize = Some(v.parsed(units::size, units::SIZE)?).filter(|bytes| *bytes > 0);
        Ok(())
    }),
];

fn add_data(t: &mut Typed, v: Value<'_>, file: Option<fn(std::path::PathBuf) -> DataArg>) -> Result<(), Refusal> {
    let bytes = v.0.as_encoded_bytes();
    t.request.data.push(match file {
        Some(file) if bytes.starts_with(b"@") => file(file_after_at(v)?),
        _ => DataArg::Bytes(bytes.to_vec()),
    });
    Ok(())
}

/// One or more ranges; a number alone goes to the end, as in curl.
fn range(text: &str) -> Option<String> {
    if units::count(text, 0, u64::MAX).is_some() {
        return Some(format!("{text}-"));
    }
    text.split(',').all(|one| Asked::parse(one).is_some() && !one.contains(' ')).then(|| text.to_owned())
}

fn file_after_at(v: Value<'_>) -> Result<std::path::PathBuf, Refusal> {
    match v.0.as_bytes().get(1..) {
        Some(path) if !path.is_empty() => Ok(OsStr::from_bytes(path).into()),
        _ => Err(Refusal::Takes("a file after the @".into())),
    }
}

fn field_value(v: Value<'_>) -> Result<String, Refusal> {
    v.parsed(|text| is_text(text).then(|| text.to_owned()), "text without control characters")
}
