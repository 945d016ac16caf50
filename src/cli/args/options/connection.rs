//! How connections are made.

use gfetch::fetch::plan::Family;
use gfetch::http::HttpVersions;

use crate::cli::args::option::{Opt, Shown};
use crate::cli::args::resolve;

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
