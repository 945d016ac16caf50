//! How connections are made.

use gfetch::fetch::plan::Family;
use gfetch::http::proxy::ProxyKind;
use gfetch::http::{ConnectTo, HttpVersions, Interface};
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
    Opt::value("pinnedpubkey", "FILE|HASHES", "Servers must have this public key: a file, or sha256//BASE64; several by semicolons", |t, v| {
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
    Opt::value("connect-to", "HOST1:PORT1:HOST2:PORT2", "Connect to the second in place of the first", |t, v| {
        let takes = "HOST1:PORT1:HOST2:PORT2, any of which may be empty, as in api.example:443:127.0.0.1:8443";
        t.plan.connect.routes.connect_to.push(v.parsed(ConnectTo::parse, takes)?);
        Ok(())
    })
    .more("Repeatable, the first that fits counts. An empty HOST1 or PORT1 is any, an empty HOST2 or PORT2 the URL's own. \
           What is asked for, and whose certificate it must be, stays as the URL says."),
    Opt::value("unix-socket", "PATH", "Connect to this Unix socket, whatever the URL's host", |t, v| {
        t.plan.connect.routes.unix_socket = Some(v.file()?);
        Ok(())
    })
    .more("Proxies do not count then, as in curl."),
    Opt::value("interface", "NAME", "Connect from this device, address or host", |t, v| {
        let takes = "a device, an address or a host; if!NAME is a device, host!NAME a host";
        t.plan.connect.routes.interface = Some(v.parsed(Interface::parse, takes)?);
        Ok(())
    }),
    Opt::flag("block-private", "Connect to public addresses only", |t| t.plan.connect.routes.block_private = true).more(
        "For lists from outside. Refused after each look-up and each redirect: loopback, private, link-local, unique-local, \
         carrier-grade NAT, multicast, reserved ones, and IPv6 addresses that hold one of these. Behind a proxy that looks \
         names up itself only literal addresses and localhost are known, and refused.",
    ),
    Opt::value("proxy", "[SCHEME://]HOST[:PORT]", "Go through this proxy", |t, v| {
        t.route.set_proxy(v, ProxyKind::Http)
    })
    .short('x')
    .shown(Shown::Always)
    .more("http (so without a scheme), https, socks4, socks4a, socks5, socks5h; USER:PASSWORD@ before the host; port 1080 \
           without one. Empty: none. Without it: http_proxy, https_proxy, all_proxy of the environment."),
    Opt::value("proxy-user", "USER:PASSWORD", "Authenticate to the proxy", |t, v| t.route.set_login(v)).short('U'),
    Opt::value("noproxy", "HOSTS", "Ask these hosts without a proxy: names, addresses, networks, *", |t, v| {
        t.route.set_no_proxy(v)
    })
    .more("Separated by commas; a name holds for all below it. Without it: no_proxy of the environment."),
    Opt::value("socks5-hostname", "HOST[:PORT]", "The same as -x socks5h://HOST[:PORT]", |t, v| {
        t.route.set_proxy(v, ProxyKind::Socks5h)
    }),
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
