//! How connections are made.

use gfetch::fetch::plan::Family;
use gfetch::http::HttpVersions;
use gfetch::net::TlsVersion;

use crate::cli::args::option::{Opt, Refusal, Shown};
use crate::cli::args::{resolve, tls};

pub const OPTIONS: &[Opt] = &[
    Opt::flag("insecure", "Do not check certificates", |t| t.plan.connect.insecure = true)
        .short('k')
        .shown(Shown::Always),
    Opt::value("cacert", "FILE", "Trust the certificates of this PEM file, and no others", |t, v| {
        t.request.cacert = Some(v.file()?);
        Ok(())
    })
    .more("Without it and --capath: CURL_CA_BUNDLE, then SSL_CERT_FILE and SSL_CERT_DIR, then the system's."),
    Opt::value("capath", "DIR", "Trust the certificates of the PEM files in this folder", |t, v| {
        t.request.capath = Some(v.file()?);
        Ok(())
    }),
    Opt::value("cert", "FILE[:PASSWORD]", "Show this certificate to servers that ask for one", |t, v| {
        let text = v.0.to_str().filter(|text| !text.is_empty());
        t.request.tls.cert = Some(tls::cert_file(text.ok_or(Refusal::TakesInstead("a file".into()))?));
        Ok(())
    })
    .short('E')
    .more("PEM or DER; in PEM the key may be in the same file. A secret: a list (-i) needs --auth-host, and after a redirect \
           to another origin it is not shown. Encrypted keys are not read: decrypt them first."),
    Opt::value("key", "FILE", "The private key of --cert", |t, v| {
        t.request.tls.key = Some(v.file()?);
        Ok(())
    }),
    Opt::value("cert-type", "PEM|DER", "How --cert is written down (as it looks)", |t, v| {
        t.request.tls.cert_type = Some(v.one_of(tls::ENCODINGS)?);
        Ok(())
    }),
    Opt::value("key-type", "PEM|DER", "How --key is written down (as it looks)", |t, v| {
        t.request.tls.key_type = Some(v.one_of(tls::ENCODINGS)?);
        Ok(())
    }),
    Opt::value("pinnedpubkey", "FILE|HASHES", "Servers must have this public key: a file, or sha256//BASE64;…", |t, v| {
        t.request.tls.pinned = Some(v.text()?.to_owned());
        Ok(())
    })
    .more("Checked with -k too."),
    Opt::flag("tlsv1.2", "Speak TLS 1.2 or newer", |t| t.request.tls.least = Some(TlsVersion::Tls12))
        .aliases(&["tlsv1", "tlsv1.0", "tlsv1.1"])
        .short('1')
        .more("So it is anyway; -1/--tlsv1, --tlsv1.0 and --tlsv1.1 say the same: older versions are broken."),
    Opt::flag("tlsv1.3", "Speak TLS 1.3 or newer", |t| t.request.tls.least = Some(TlsVersion::Tls13)),
    Opt::value("tls-max", "VERSION", "Speak this version of TLS at most: 1.2, 1.3", |t, v| {
        t.request.tls.greatest = v.one_of(tls::VERSIONS)?;
        Ok(())
    }),
    Opt::value("resolve", "HOST:PORT:ADDR[,ADDR]", "Use these addresses instead of looking the host up", |t, v| {
        let change = v.parsed(resolve::parse, resolve::TAKES)?;
        resolve::apply(&mut t.plan.connect.resolve, change);
        Ok(())
    })
    .more("Repeatable; * is every host. A later entry for the same host and port replaces the earlier one."),
    Opt::flag("http2", "Use HTTP/2 where an https server takes it (so it is)", |t| {
        t.plan.connect.versions = HttpVersions::ByAlpn
    })
    .more("Plain http stays HTTP/1.1: the upgrade that curl tries is gone from HTTP/2 (RFC 9113)."),
    Opt::flag("http1.1", "Use HTTP/1.1 only", |t| t.plan.connect.versions = HttpVersions::Http1),
    Opt::flag("http2-prior-knowledge", "Use HTTP/2 for plain http too, from the first byte", |t| {
        t.plan.connect.versions = HttpVersions::PriorKnowledge
    }),
    Opt::flag("ipv4", "Use IPv4 addresses only", |t| t.plan.connect.family = Family::V4).short('4'),
    Opt::flag("ipv6", "Use IPv6 addresses only", |t| t.plan.connect.family = Family::V6).short('6'),
];
