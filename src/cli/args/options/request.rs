//! What is asked for, and what only some hosts may see.

use gfetch::fetch::plan::Follow;
use gfetch::http::redirect::Schemes;

use crate::cli::args::data;
use crate::cli::args::headers::{is_field_value, is_token};
use crate::cli::args::option::{Opt, Refusal, Shown, Value};
use crate::cli::args::typed::{DataArg, HeaderArg, Typed};
use crate::cli::units;

pub const OPTIONS: &[Opt] = &[
    Opt::value("request", "METHOD", "Use this method", |t, v| {
        t.request.method = Some(v.parsed(|text| is_token(text).then(|| text.to_owned()), "a method, as in PUT")?);
        Ok(())
    })
    .short('X')
    .shown(Shown::Always),
    Opt::flag("head", "Ask with HEAD: no bodies", |t| t.request.head = true).short('I').shown(Shown::Always),
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
    Opt::value("referer", "URL", "Send this Referer", |t, v| {
        let url = field_value(v)?;
        if url.ends_with(";auto") {
            return Err(Refusal::TakesInstead("a URL (;auto is not in this version of gfetch yet)".into()));
        }
        t.request.referer = Some(url);
        Ok(())
    })
    .short('e'),
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
    Opt::value("max-filesize", "B", "The largest body, decoded: 500000, 200k, 3M, 1G", |t, v| {
        t.plan.limits.max_filesize = Some(v.parsed(units::size, units::SIZE)?).filter(|bytes| *bytes > 0);
        Ok(())
    }),
];

pub const SECRETS: &[Opt] = &[
    Opt::value("user", "USER:PASSWORD", "Authenticate with Basic", |t, v| {
        let pair = v.0.to_str().and_then(|text| text.split_once(':'));
        let Some((user, password)) = pair else {
            return Err(Refusal::TakesInstead(
                "USER:PASSWORD ('USER:' for an empty password; nothing is asked for)".into(),
            ));
        };
        t.plan.secrets.login = Some((user.into(), password.into()));
        Ok(())
    })
    .short('u')
    .shown(Shown::Always),
    Opt::value("auth-host", "HOST[:PORT]", "With a list: secrets may go to this host, and nowhere else", |t, v| {
        t.request.auth_hosts.push(v.text()?.to_owned());
        Ok(())
    })
    .more(
        "Repeatable; '*.example.org', '*' for every host. Secrets are -u and -H of Authorization, Cookie, X-Api-Key, \
         X-Auth-Token or a --secret-header. With -i they need it; URL arguments get them as in curl.",
    ),
    Opt::value("secret-header", "NAME", "Header fields of this name are secrets too", |t, v| {
        let name = v.parsed(|text| is_token(text).then(|| text.to_owned()), "a header's name, as in X-My-Key")?;
        t.request.secret_headers.push(name);
        Ok(())
    }),
    Opt::flag("show-secrets", "Print passwords and secret headers, not ***", |t| t.output.show_secrets = true),
];

fn add_data(t: &mut Typed, v: Value<'_>, file: Option<fn(std::path::PathBuf) -> DataArg>) -> Result<(), Refusal> {
    let bytes = v.0.as_encoded_bytes();
    t.request.data.push(match file {
        Some(file) if bytes.starts_with(b"@") => file(file_after_at(v)?),
        _ => DataArg::Bytes(bytes.to_vec()),
    });
    Ok(())
}

fn file_after_at(v: Value<'_>) -> Result<std::path::PathBuf, Refusal> {
    use std::os::unix::ffi::OsStrExt;
    match v.0.as_bytes().get(1..) {
        Some(path) if !path.is_empty() => Ok(std::ffi::OsStr::from_bytes(path).into()),
        _ => Err(Refusal::Takes("a file after the @".into())),
    }
}

fn field_value(v: Value<'_>) -> Result<String, Refusal> {
    v.parsed(|text| is_field_value(text).then(|| text.to_owned()), "text without control characters")
}
