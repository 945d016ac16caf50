//! curl's options that gfetch does not have, and what to use instead.

/// What to say to an option that is curl's and not ours. `typed` as on the command line: `--form`, `--no-alpn`, `-F`.
pub fn advice(typed: &str) -> Option<String> {
    let letter = typed.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    let long = typed.trim_start_matches('-');
    let long = long.strip_prefix("no-").unwrap_or(long);
    for (instead, names) in INSTEAD {
        for known in names.split_whitespace() {
            let (name, its_letter) = known.split_once(':').map_or((known, None), |(name, letter)| (name, Some(letter)));
            if letter.is_some() && letter == its_letter {
                return Some(told(&format!("{typed} (--{name})"), instead));
            }
            if letter.is_none() && long == name {
                return Some(told(typed, instead));
            }
        }
    }
    None
}

/// What has nothing in its place has a reason.
fn told(typed: &str, instead: &str) -> String {
    match instead.strip_prefix("nothing: ") {
        Some(why) => format!("curl's {typed} is not in gfetch: {why}"),
        None => format!("curl's {typed} is not in gfetch; use {instead}"),
    }
}

/// What to use, for which options: long names, with `:` and their letter where they have one.
const INSTEAD: &[(&str, &str)] = &[
    ("curl itself for that. For requests at once, did you mean -j?", "ftp-port:P telnet-option:t"),
    (
        "curl itself: gfetch speaks http and https only",
        "append:a compressed-ssh crlf disable-eprt disable-epsv eprt epsv ftp-account ftp-alternative-to-user
         ftp-create-dirs ftp-method ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-ccc-mode
         ftp-ssl-control ftp-ssl-reqd hostpubmd5 hostpubsha256 ipfs-gateway knownhosts krb krb4 list-only:l mail-auth
         mail-from mail-rcpt mail-rcpt-allowfails metalink proto proto-default pubkey quote:Q sasl-authzid sasl-ir ssl
         ssl-reqd tftp-blksize tftp-no-options upload-flags use-ascii:B",
    ),
    (
        "-u, which is Basic or Digest authentication, or -H 'Authorization: …'",
        "aws-sigv4 delegation login-options negotiate ntlm ntlm-wb service-name tlsauthtype
         tlspassword tlsuser",
    ),
    (
        "curl itself: gfetch leaves TLS's details to rustls",
        "alpn cert-status ciphers crlfile curves dump-ca-embed ech egd-file engine false-start hsts
         npn pass random-file sessionid sigalgs signature-algorithms ssl-allow-beast ssl-auto-client-cert ssl-no-revoke
         ssl-revoke-best-effort ssl-sessions tls-earlydata tls13-ciphers",
    ),
    ("nothing: TLS 1.2 and 1.3 are spoken, older versions are broken", "sslv2:2 sslv3:3"),
    ("--cacert or --capath; without them the system's certificates are used", "ca-native proxy-ca-native"),
    (
        "curl itself: of proxies gfetch knows what -x, -U and --noproxy say",
        "haproxy-clientip haproxy-protocol preproxy proxy-anyauth proxy-basic proxy-cacert proxy-capath proxy-cert
         proxy-cert-type proxy-ciphers proxy-crlfile proxy-digest proxy-header proxy-http2 proxy-insecure proxy-key
         proxy-key-type proxy-negotiate proxy-ntlm proxy-pass proxy-pinnedpubkey proxy-service-name
         proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword
         proxy-tlsuser proxy-tlsv1 proxy1.0 proxytunnel:p socks5-basic socks5-gssapi
         socks5-gssapi-nec socks5-gssapi-service suppress-connect-headers",
    ),
    ("-x socks5://HOST:PORT (or socks4://, socks4a://)", "socks4 socks4a socks5"),
    (
        "--resolve HOST:PORT:ADDRESS",
        "dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-cert-status doh-insecure doh-url",
    ),
    (
        "curl itself: gfetch sends what HTTP says",
        "alt-svc expect100-timeout http0.9 ignore-content-length path-as-is post301 post302 post303 raw request-target
         tr-encoding",
    ),
    ("nothing: HTTP/1.1 and HTTP/2 are spoken", "http1.0:0 http3 http3-only"),
    (
        "curl itself: gfetch leaves sockets to the system",
        "abstract-unix-socket happy-eyeballs-timeout-ms ip-tos keepalive keepalive-cnt keepalive-time local-port mptcp
         tcp-fastopen vlan-priority",
    ),
    ("nothing: it is always so", "tcp-nodelay"),
    ("-v", "trace trace-ascii trace-config trace-ids trace-time"),
    ("--show-headers", "include"),
    ("-H @FILE for headers, the config file and --preset for options", "config:K variable"),
    ("a list (-i) with a {\"url\": …, \"method\": …, \"headers\": …} line for each request", "next::"),
    ("--data-binary @FILE with -H 'Content-Type: …'", "form:F form-escape form-string"),
    ("-X PUT --data-binary @FILE", "upload-file:T"),
    ("-L, which changes methods as --follow does", "follow"),
    ("--help", "manual:M"),
    ("2>FILE", "stderr"),
    ("--color", "styled-output"),
    ("the shell's umask", "create-file-mode"),
    ("--format json: each record holds its URL", "xattr"),
    ("curl itself, which writes C", "libcurl"),
    ("nothing: a file appears whole or not at all", "remove-on-error"),
    ("nothing: bodies are counted and dropped unless --body, -o or -O", "out-null"),
    ("nothing: a status of 400 or above is a failure, and its body is read and counted", "fail-with-body"),
    ("a list without such URLs", "disallow-username-in-url"),
    ("a cookie file without them: the lines whose fifth column is 0 (-j is --jobs here)", "junk-session-cookies"),
];

#[cfg(test)]
#[path = "curl_options_tests.rs"]
mod tests;
