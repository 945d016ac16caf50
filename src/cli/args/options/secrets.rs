//! What only some hosts may see: users and passwords, cookies, secret headers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use gfetch::http::given::{is_name, is_text};

use crate::cli::args::option::{Opt, Refusal, Shown, Value};

pub const OPTIONS: &[Opt] = &[
    Opt::value("user", "USER:PASSWORD", "Authenticate with Basic, or as --digest and --anyauth say", |t, v| {
        t.request.who.user = Some(v.0.to_str().map(str::to_owned).ok_or_else(no_password)?);
        Ok(())
    })
    .short('u')
    .shown(Shown::Always)
    .more("With -n, USER alone takes that user's password from the netrc file."),
    Opt::flag("basic", "Authenticate with Basic: so by default", |t| t.request.who.basic = true),
    Opt::flag("digest", "Authenticate with Digest (RFC 7616), once the server asks for it", |t| {
        t.request.who.digest = true;
    }),
    Opt::flag("anyauth", "Digest where the server offers it, else Basic; nothing before it asks", |t| {
        t.request.who.any = true;
    }),
    Opt::value("oauth2-bearer", "TOKEN", "Send this token: Authorization: Bearer TOKEN", |t, v| {
        t.request.who.bearer = Some(secret_value(v)?);
        Ok(())
    }),
    Opt::flag("netrc", "Take users and passwords from the netrc file, by host", |t| t.request.who.netrc = true)
        .short('n')
        .more(
            "It is what the variable NETRC names, else .netrc in HOME. Each host gets its own, after a redirect, too.",
        ),
    Opt::value("netrc-file", "FILE", "The same, from this file", |t, v| {
        t.request.who.netrc_file = Some(v.file()?);
        Ok(())
    }),
    Opt::flag("netrc-optional", "The same, but it may be missing, and a password in the URL goes before it", |t| {
        t.request.who.netrc_optional = true;
    }),
    Opt::value("cookie", "DATA|FILE", "Send these cookies; without a =: read this file and keep cookies", |t, v| {
        let bytes = v.0.as_bytes();
        match bytes.strip_prefix(b"@") {
            Some(file) => t.request.who.cookie_files.push(OsStr::from_bytes(file).into()),
            None if bytes.contains(&b'=') => t.request.who.cookies.push(secret_value(v)?),
            None => t.request.who.cookie_files.push(v.path()),
        }
        Ok(())
    })
    .short('b')
    .shown(Shown::Always)
    .more("A Netscape cookie file; - is standard input; '' keeps cookies and reads none. Repeatable."),
    Opt::value(
        "cookie-jar",
        "FILE",
        "Keep cookies, and write them to this file at the end; -: standard output",
        |t, v| {
            t.request.who.cookie_jar = Some(v.file()?);
            Ok(())
        },
    )
    .short('c')
    .more("It takes its place whole, readable to you only. -b FILE -c FILE goes on where the last run ended."),
    Opt::value("auth-host", "HOST[:PORT]", "With a list: secrets may go to this host, and nowhere else", |t, v| {
        t.request.auth_hosts.push(v.text()?.to_owned());
        Ok(())
    })
    .more(
        "Repeatable; '*.example.org', '*' for every host. Secrets are -u, --oauth2-bearer, -b NAME=VALUE and -H of \
         Authorization, Cookie, X-Api-Key, X-Auth-Token or a --secret-header. With -i they need it; URL arguments get \
         them as in curl. netrc and cookie files are by host anyway.",
    ),
    Opt::value("secret-header", "NAME", "Header fields of this name are secrets too", |t, v| {
        let name = v.parsed(|text| is_name(text).then(|| text.to_owned()), "a header's name, as in X-My-Key")?;
        t.request.secret_headers.push(name);
        Ok(())
    }),
    Opt::flag("show-secrets", "Print passwords and secret headers, not ***", |t| t.output.show_secrets = true),
];

/// What `-u` without a password is told.
pub const NO_PASSWORD: &str = "USER:PASSWORD ('USER:' for an empty password; nothing is asked for)";

fn no_password() -> Refusal {
    Refusal::TakesInstead(NO_PASSWORD.into())
}

/// Not repeated where it is refused.
fn secret_value(v: Value<'_>) -> Result<String, Refusal> {
    let text = v.0.to_str().filter(|text| is_text(text));
    text.map(str::to_owned).ok_or_else(|| Refusal::TakesInstead("text without control characters".into()))
}
