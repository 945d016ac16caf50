//! How a connection is made, and the options that keep their words, as curl takes them. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use gfetch::fetch::plan::{Family, Plan};
use gfetch::fetch::preview::First;
use gfetch::http::HttpVersions;
use gfetch::http::auth::redact_url;
use gfetch::net::{Encoding, TlsVersion};

use super::curl::Words;
use crate::cli::secrets::REDACTED;

/// Options that curl is given as they were typed: their meaning is curl's, and the plan does not keep their words.
const AS_TYPED: &[&str] = &[
    "cacert",
    "capath",
    "connect-to",
    "dump-header",
    "interface",
    "no-clobber",
    "noproxy",
    "pinnedpubkey",
    "proxy",
    "proxy-user",
    "resolve",
    "socks5-hostname",
    "tls-max",
    "write-out",
];

/// Adds how the connection is made.
pub fn connection(words: &mut Words<'_>, plan: &Plan, first: &First) {
    let connect = &plan.connect;
    if connect.insecure {
        words.push("-k");
    }
    match connect.family {
        Family::Any => {}
        Family::V4 => words.push("-4"),
        Family::V6 => words.push("-6"),
    }
    match connect.versions {
        HttpVersions::ByAlpn => {}
        HttpVersions::Http1 => words.push("--http1.1"),
        HttpVersions::PriorKnowledge => words.push("--http2-prior-knowledge"),
    }
    match connect.tls.least {
        None => {}
        Some(TlsVersion::Tls12) => words.push("--tlsv1.2"),
        Some(TlsVersion::Tls13) => words.push("--tlsv1.3"),
    }
    if let Some(identity) = connect.tls.identity.as_ref().filter(|_| first.gets_secrets) {
        // A colon would end the name, a backslash is one for what follows it.
        let escaped = identity.cert.as_os_str().as_bytes().iter().flat_map(|byte| match byte {
            b':' | b'\\' => vec![b'\\', *byte],
            byte => vec![*byte],
        });
        words.option("-E", escaped.collect::<Vec<u8>>());
        identity.key.iter().for_each(|key| words.path("--key", key));
        let types = [("--cert-type", identity.cert_type), ("--key-type", identity.key_type)];
        for (name, encoding) in types.into_iter().filter_map(|(name, encoding)| Some((name, encoding?))) {
            words.option(name, if encoding == Encoding::Der { "DER" } else { "PEM" });
        }
    }
    if let Some(socket) = &connect.routes.unix_socket {
        words.path("--unix-socket", socket);
    }
    for (opt, value) in words.invocation.as_typed.options().filter(|(opt, _)| AS_TYPED.contains(&opt.long)) {
        as_typed(words, opt.long, value);
    }
}

/// Adds an option in the words in which it was typed, but for what is secret in it.
fn as_typed(words: &mut Words<'_>, long: &str, value: Option<&OsStr>) {
    let name = format!("--{long}");
    let Some(value) = value else { return words.push(name) };
    let text = value.to_string_lossy();
    match long {
        "proxy-user" => {
            let user = text.split_once(':').map_or("", |(user, _)| user);
            words.secret(&name, value.as_bytes(), &format!("{user}:{REDACTED}"));
        }
        "proxy" | "socks5-hostname" if text.contains('@') => {
            words.secret(&name, value.as_bytes(), &redact_url(&text));
        }
        _ => words.option(&name, value.as_bytes()),
    }
}
