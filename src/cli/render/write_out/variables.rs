//! curl's variables by name, in curl's units: times in seconds from the start of the transfer, sizes in bytes.

use std::borrow::Cow;
use std::time::Duration;

use url::Url;

use super::Transfer;
use crate::cli::escape;
use crate::cli::render::certificate;
use crate::cli::render::fields::total_us;
use crate::cli::render::object::{Object, object};
use crate::cli::render::units::{micros, push_number, push_seconds};
use gfetch::fetch::outcome::{Kind, Timings};

/// One variable.
#[derive(Debug)]
pub struct Variable {
    pub name: &'static str,
    pub value: for<'a> fn(Transfer<'a>) -> Held<'a>,
}

/// What a variable holds.
pub enum Held<'a> {
    Text(Cow<'a, str>),
    /// Text that is not there: null in JSON.
    Nothing,
    Number(u64),
    /// A status: three digits in text.
    Code(u64),
    Micros(u64),
}

impl Held<'_> {
    pub fn push_text(&self, out: &mut Vec<u8>) {
        match self {
            Held::Text(text) => out.extend_from_slice(text.as_bytes()),
            Held::Nothing => {}
            Held::Number(number) => push_number(out, *number),
            Held::Code(code) => out.extend_from_slice(format!("{code:03}").as_bytes()),
            Held::Micros(us) => push_seconds(out, *us),
        }
    }

    fn push_json(&self, json: &mut Object<'_>, name: &str) {
        match self {
            Held::Text(text) => json.string(name, text),
            Held::Nothing => json.null(name),
            Held::Number(number) | Held::Code(number) => json.number(name, *number),
            Held::Micros(us) => json.micros(name, *us),
        }
    }
}

/// Appends curl's object: all variables, in the order of their names.
pub fn push_json(out: &mut Vec<u8>, transfer: Transfer<'_>) {
    object(out, |json| {
        VARIABLES.iter().for_each(|variable| (variable.value)(transfer).push_json(json, variable.name));
        json.string("curl_version", concat!("gfetch/", env!("CARGO_PKG_VERSION")));
    });
}

macro_rules! variables {
    ($($name:literal => |$t:ident| $value:expr;)*) => {
        /// All of them, by name. Those of curl's that are left out speak of what a fetch has not, or is not known here.
        pub static VARIABLES: &[Variable] = &[$(Variable { name: $name, value: |$t| $value },)*];
    };
}

variables! {
    "certs" => |t| Held::Text(certificates(t).into());
    "content_type" => |t| text(t.fetched.outcome.content_type.as_deref());
    "errormsg" => |t| text(t.fetched.outcome.error.as_ref().map(|error| &*error.message));
    "exitcode" => |t| Held::Number(t.fetched.outcome.error.as_ref().map_or(0, |error| error.curl.into()));
    "filename_effective" => |t| match &t.fetched.outcome.file {
        Some(file) => Held::Text(escape::line(&file.to_string_lossy()).into_owned().into()),
        None => Held::Nothing,
    };
    "http_code" => |t| Held::Code(t.fetched.outcome.status.map_or(0, u64::from));
    "http_connect" => |t| {
        let opening = t.fetched.exchanges.iter().rev().find(|exchange| exchange.is_opening);
        Held::Code(opening.and_then(|exchange| exchange.status).map_or(0, u64::from))
    };
    "http_version" => |t| Held::Text(match t.fetched.outcome.http_version {
        Some("1.0") => "1".into(),
        version => version.unwrap_or("0").into(),
    });
    "local_ip" => |t| {
        let local = t.last().and_then(|exchange| exchange.local);
        Held::Text(local.map_or(String::new(), |local| local.ip().to_string()).into())
    };
    "local_port" => |t| {
        let local = t.last().and_then(|exchange| exchange.local);
        Held::Number(local.map_or(0, |local| local.port().into()))
    };
    "method" => |t| text(Some(t.last().map_or(&t.fetched.outcome.method, |exchange| &exchange.method)));
    "num_certs" => |t| Held::Number(t.fetched.details.as_ref().map_or(0, |details| details.certificates.len() as u64));
    "num_connects" => |t| {
        let made = t.fetched.exchanges.iter().filter(|exchange| exchange.remote.is_some() && !exchange.reused);
        Held::Number(made.count() as u64)
    };
    "num_headers" => |t| Held::Number(t.last().map_or(0, |exchange| exchange.response_fields.len() as u64));
    "num_redirects" => |t| Held::Number(t.fetched.outcome.redirects.into());
    "num_retries" => |t| Held::Number(t.fetched.outcome.attempts.saturating_sub(1).into());
    "proxy_used" => |t| Held::Number(t.last().is_some_and(|exchange| exchange.proxied).into());
    "redirect_url" => |t| redirect_url(t).map_or(Held::Nothing, |url| Held::Text(url.into()));
    "referer" => |t| match t.last().and_then(|exchange| exchange.request_field("referer")) {
        Some(url) => Held::Text(t.url(url).into()),
        None => Held::Nothing,
    };
    "remote_ip" => |t| {
        Held::Text(t.fetched.outcome.remote.map_or(String::new(), |remote| remote.ip().to_string()).into())
    };
    "remote_port" => |t| Held::Number(t.fetched.outcome.remote.map_or(0, |remote| remote.port().into()));
    "response_code" => |t| Held::Code(t.fetched.outcome.status.map_or(0, u64::from));
    "scheme" => |t| match t.fetched.outcome.final_url.as_deref().and_then(|url| url.split_once(':')) {
        Some((scheme, _)) => Held::Text(scheme.into()),
        None => Held::Nothing,
    };
    "size_download" => |t| Held::Number(t.fetched.outcome.wire_bytes);
    "size_header" => |t| Held::Number(t.fetched.exchanges.iter().map(|one| one.response_head.len() as u64).sum());
    "size_request" => |t| {
        Held::Number(t.fetched.exchanges.iter().map(|one| one.request_head_bytes + one.request_body_bytes).sum())
    };
    "size_upload" => |t| Held::Number(uploaded(t));
    "speed_download" => |t| Held::Number(speed(t.fetched.outcome.wire_bytes, t));
    "speed_upload" => |t| Held::Number(speed(uploaded(t), t));
    "ssl_verify_result" => |t| {
        let error = t.fetched.outcome.error.as_ref();
        // OpenSSL's number for a reason that it does not name.
        Held::Number(u64::from(error.is_some_and(|error| error.kind == Kind::Certificate)))
    };
    "time_appconnect" => |t| Held::Micros(match t.fetched.outcome.timings.tls {
        Some(_) => until(t, 3),
        None => 0,
    });
    "time_connect" => |t| Held::Micros(reached(t, 2));
    "time_namelookup" => |t| Held::Micros(reached(t, 1));
    "time_pretransfer" => |t| Held::Micros(match t.fetched.outcome.timings.send {
        Some(_) => until(t, 3),
        None => 0,
    });
    "time_queue" => |t| Held::Micros(micros(t.fetched.outcome.timings.queue));
    "time_redirect" => |t| Held::Micros(redirect_us(t));
    "time_starttransfer" => |t| Held::Micros(match t.fetched.outcome.status {
        Some(_) => until(t, 5),
        None => 0,
    });
    "time_total" => |t| Held::Micros(last_attempt_us(t));
    "url" => |t| Held::Text(t.url(&t.fetched.outcome.url).into());
    "url_effective" => |t| {
        Held::Text(t.url(t.fetched.outcome.final_url.as_deref().unwrap_or(&t.fetched.outcome.url)).into())
    };
    "urlnum" => |t| Held::Number(t.fetched.outcome.index);
}

/// Those for which the record is enough; the others look at the exchanges with servers, which are then kept.
pub const OF_THE_RECORD: [&str; 25] = [
    "content_type",
    "errormsg",
    "exitcode",
    "filename_effective",
    "http_code",
    "http_version",
    "num_redirects",
    "num_retries",
    "remote_ip",
    "remote_port",
    "response_code",
    "scheme",
    "size_download",
    "speed_download",
    "ssl_verify_result",
    "time_appconnect",
    "time_connect",
    "time_namelookup",
    "time_pretransfer",
    "time_queue",
    "time_starttransfer",
    "time_total",
    "url",
    "url_effective",
    "urlnum",
];

fn text(text: Option<&str>) -> Held<'_> {
    text.map_or(Held::Nothing, |text| Held::Text(escape::line(text)))
}

fn phases(timings: &Timings) -> [Option<Duration>; 6] {
    let Timings { dns, connect, tls, send, wait, receive, .. } = *timings;
    [dns, connect, tls, send, wait, receive]
}

/// The sum of the first `count` phases as they are in the record.
fn until(t: Transfer<'_>, count: usize) -> u64 {
    phases(&t.fetched.outcome.timings)[..count].iter().flatten().map(|time| micros(*time)).sum()
}

/// The same where the phase behind them was entered, or one after it; else it was not reached: 0, as in curl.
fn reached(t: Transfer<'_>, count: usize) -> u64 {
    match phases(&t.fetched.outcome.timings)[count..].iter().any(Option::is_some) {
        true => until(t, count),
        false => 0,
    }
}

/// The last attempt alone, which is what curl means by a transfer.
fn last_attempt_us(t: Transfer<'_>) -> u64 {
    let timings = &t.fetched.outcome.timings;
    total_us(timings).saturating_sub(micros(timings.retries))
}

fn redirect_us(t: Transfer<'_>) -> u64 {
    if t.fetched.outcome.redirects == 0 {
        return 0;
    }
    let mut hops: Vec<u64> =
        t.fetched.exchanges.iter().filter(|one| !one.is_opening).map(|one| total_us(&one.timings)).collect();
    hops.pop();
    hops.into_iter().sum()
}

fn uploaded(t: Transfer<'_>) -> u64 {
    t.last().map_or(0, |exchange| exchange.request_body_bytes)
}

/// Bytes a second over the whole transfer.
fn speed(bytes: u64, t: Transfer<'_>) -> u64 {
    let per_s = u128::from(bytes) * 1_000_000 / u128::from(last_attempt_us(t).max(1));
    u64::try_from(per_s).unwrap_or(u64::MAX)
}

/// Where a redirect that was not followed would have led.
fn redirect_url(t: Transfer<'_>) -> Option<String> {
    let exchange = t.last().filter(|exchange| exchange.status.is_some_and(|status| (300..400).contains(&status)))?;
    let url = Url::parse(&exchange.url).ok()?.join(exchange.response_field("location")?).ok()?;
    Some(t.url(url.as_str()))
}

/// The chain as curl shows it, in short: whose it is, who says so, and the certificate.
fn certificates(t: Transfer<'_>) -> String {
    let Some(details) = &t.fetched.details else { return String::new() };
    details.certificates.iter().map(|one| certificate::text(one)).collect()
}
