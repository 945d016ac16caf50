//! `-X -I -H -d -G -A -e` → the request and its secrets. Files are read here.

use std::path::Path;

use gfetch::fetch::plan::{RequestPlan, Secrets};

use super::data::{as_query, joined, read};
use super::headers::{self, Bad, Line};
use super::typed::{DataArg, HeaderArg, Input, ListSource, Output, Request, Who, WriteOut};
use super::usage::{UsageError, shown};
use super::world::World;
use crate::cli::secrets::is_secret_header;

/// The method that was asked for; none: GET.
///
/// # Errors
/// Options that ask for two.
pub fn method(request: &Request) -> Result<Option<String>, UsageError> {
    match (&request.method, request.head, !request.data.is_empty() && !request.get) {
        (_, true, true) => Err(UsageError::new("-I asks with HEAD, -d with POST: choose one")),
        (Some(method), true, _) if method != "HEAD" => {
            Err(UsageError::new(format!("-I asks with HEAD, -X with {}: choose one", shown(method))))
        }
        (Some(method), ..) => Ok(Some(method.clone())),
        (None, true, _) => Ok(Some("HEAD".into())),
        (None, _, true) => Ok(Some("POST".into())),
        _ => Ok(None),
    }
}

/// Standard input has one reader.
///
/// # Errors
/// The first two that would share it.
pub fn one_reader_of_stdin(input: &Input, request: &Request, output: &Output) -> Result<(), UsageError> {
    let lists = input.lists.iter().map(|list| match list {
        ListSource::Stdin => ("-i -", true),
        ListSource::File(path) => ("-i", is_stdin(path)),
    });
    let data = request.data.iter().chain(&request.query).map(|data| match data {
        DataArg::TextFile(path) => ("-d @-", is_stdin(path)),
        DataArg::BinaryFile(path) => ("--data-binary @-", is_stdin(path)),
        DataArg::JsonFile(path) => ("--json @-", is_stdin(path)),
        DataArg::EncodedFile { path, .. } => ("--data-urlencode @-", is_stdin(path)),
        DataArg::Bytes(_) | DataArg::Json(_) => ("-d", false),
    });
    let headers = request.headers.iter().map(|header| match header {
        HeaderArg::File(path) => ("-H @-", is_stdin(path)),
        HeaderArg::Line(_) => ("-H", false),
    });
    let cookies = request.who.cookie_files.iter().map(|path| ("-b -", is_stdin(path)));
    let template = output.write_out.iter().map(|template| match template {
        WriteOut::File(path) => ("-w @-", is_stdin(path)),
        WriteOut::Text(_) => ("-w", false),
    });
    let headers = headers.chain(cookies).chain(template);
    let readers: Vec<_> = lists.chain(data).chain(headers).filter(|(_, reads)| *reads).collect();
    match readers[..] {
        [(first, _), (second, _), ..] => {
            Err(UsageError::new(format!("{first} and {second} both read standard input: only one of them can")))
        }
        _ => Ok(()),
    }
}

fn is_stdin(path: &Path) -> bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path.as_os_str() == *name)
}

/// Fills the request and the secrets.
///
/// # Errors
/// A file that cannot be read, a line that is no header.
pub fn fill(
    args: &mut Request,
    plan: &mut RequestPlan,
    secrets: &mut Secrets,
    world: &World,
) -> Result<(), UsageError> {
    let mut lines = header_lines(&args.headers, world)?;
    plan.auto_referer &= !lines.iter().any(|(name, _)| name.eq_ignore_ascii_case("Referer"));
    // What -H says has precedence over -A and -e, as in curl. An empty one removes the field.
    for (name, value) in [("User-Agent", args.user_agent.take()), ("Referer", args.referer.take())] {
        if let Some(value) = value
            && !lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            lines.push((name.into(), Some(value).filter(|value| !value.is_empty())));
        }
    }
    lines.extend(who_asks(&args.who, &lines));
    if args.json {
        for name in ["Content-Type", "Accept"] {
            if !lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                lines.push((name.into(), Some("application/json".into())));
            }
        }
    }
    for (name, value) in lines {
        match value {
            Some(value) if is_secret_header(&name, &args.secret_headers) => secrets.headers.push((name, value)),
            value => plan.headers.push((name, value)),
        }
    }
    plan.body = joined(std::mem::take(&mut args.data), world)?;
    let mut query = joined(std::mem::take(&mut args.query), world)?.map(|query| as_query(&query));
    if let Some(data) = plan.body.take_if(|_| args.get) {
        let parts = [query.unwrap_or_default(), as_query(&data)];
        query = Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&"));
    }
    // An empty one would be a ? with nothing behind it: another URL.
    plan.query = query.filter(|query| !query.is_empty());
    Ok(())
}

/// What `--oauth2-bearer` and `-b NAME=VALUE` add, unless `-H` says it, as in curl.
fn who_asks(who: &Who, lines: &[Line]) -> Vec<Line> {
    let bearer = who.bearer.as_ref().map(|token| ("Authorization", format!("Bearer {token}")));
    let cookies = (!who.cookies.is_empty()).then(|| ("Cookie", who.cookies.join("; ")));
    let has = |name: &str| lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let added = bearer.into_iter().chain(cookies).filter(|(name, _)| !has(name));
    added.map(|(name, value)| (name.to_owned(), Some(value))).collect()
}

fn header_lines(args: &[HeaderArg], world: &World) -> Result<Vec<Line>, UsageError> {
    let mut lines = Vec::new();
    for arg in args {
        match arg {
            HeaderArg::Line(text) => lines.push(headers::parse(text).map_err(|bad| bad_header(bad, ""))?),
            HeaderArg::File(path) => {
                let from = format!(" (in @{})", shown(&path.to_string_lossy()));
                let text = String::from_utf8(read(path, "-H", world)?)
                    .map_err(|_| UsageError::new(format!("-H/--header takes UTF-8{from}")))?;
                for line in headers::lines(&text) {
                    lines.push(headers::parse(line).map_err(|bad| bad_header(bad, &from))?);
                }
            }
        }
    }
    headers::check_together(&lines).map_err(|bad| bad_header(bad, ""))?;
    Ok(lines)
}

/// The line itself is not shown: it may be a secret without its colon.
fn bad_header(bad: Bad, from: &str) -> UsageError {
    UsageError::new(match bad {
        Bad::NoLine => format!("-H/--header takes {}{from}", headers::TAKES),
        Bad::Refused(refused) => format!("-H/--header {refused}{from}"),
        Bad::NoHost => {
            format!("-H/--header does not take Host away, which every request has: 'Host;' sends it empty{from}")
        }
    })
}
