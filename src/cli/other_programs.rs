//! What wget, aria2 and programs that put load on servers call our options.

/// What to use in place of another program's option: `--timeout` without its hyphens.
pub fn ours(long: &str) -> Option<&'static str> {
    OURS.iter().find(|(_, names)| names.split_whitespace().any(|name| name == long)).map(|(ours, _)| *ours)
}

/// All names that are known.
pub fn names() -> impl Iterator<Item = &'static str> {
    OURS.iter().flat_map(|(_, names)| names.split_whitespace())
}

/// What to use, for which names. curl's own, which have advice of theirs, are not among them.
const OURS: &[(&str, &str)] = &[
    (
        "-j/--jobs",
        "concurrency concurrent connections max-concurrent max-concurrent-downloads max-connections max-procs
         max-threads max-workers num-threads parallelism workers",
    ),
    ("--per-host", "limit-per-host max-connection-per-server max-per-host per-server"),
    ("-m/--max-time for a request, --connect-timeout for a connection", "request-timeout timeout"),
    ("-y/--speed-time, for a body that brings nothing", "idle-timeout read-timeout"),
    ("--connect-timeout", "conn-timeout connection-timeout dial-timeout dns-timeout"),
    ("--deadline", "duration max-duration total-timeout"),
    ("--retry", "attempts max-retries max-tries retries tries"),
    ("--retry-delay", "retry-interval retry-wait waitretry"),
    ("--retry-connrefused", "retry-on-connection-refused"),
    ("--rate", "delay interval max-rate qps random-wait rps sleep throttle wait"),
    ("-s/--silent", "no-verbose quiet"),
    ("--format json", "json-lines jsonl ndjson"),
    ("--format csv", "csv"),
    ("-i/--input-file", "from-file input list url-file url-list urls"),
    ("-o/--output", "out outfile output-document"),
    ("--output-dir", "dest destination dir directory-prefix outdir prefix"),
    ("-O/--remote-name", "download save"),
    ("-C -", "continue"),
    ("-O -J", "content-disposition"),
    ("-z/--time-cond", "conditional-get newer timestamping"),
    ("--no-clobber or --skip-existing", "auto-file-renaming keep-existing"),
    ("--max-filesize", "max-size quota"),
    ("-X/--request", "method verb"),
    ("-d/--data", "body-data payload post-data"),
    ("--data-binary @FILE", "body-file post-file"),
    ("-b/--cookie", "load-cookies"),
    ("-c/--cookie-jar", "save-cookies"),
    ("-I/--head", "spider"),
    ("-L/--location", "follow-redirects"),
    ("--no-location", "no-redirect no-redirects"),
    ("--max-redirs", "max-redirect max-redirects"),
    ("-k/--insecure", "check-certificate no-check-certificate no-verify skip-verify"),
    ("--cacert", "ca-bundle ca-certificate ca-file"),
    ("--capath", "ca-directory"),
    ("-E/--cert", "certificate client-cert"),
    ("--key", "client-key private-key"),
    ("-4/--ipv4", "inet4-only"),
    ("-6/--ipv6", "inet6-only"),
    ("--interface", "bind-address"),
    ("-u/--user", "auth http-passwd http-password http-user password"),
    ("-U/--proxy-user", "proxy-passwd proxy-password"),
    ("-x/--proxy", "all-proxy http-proxy https-proxy"),
    ("--show-headers", "print-headers save-headers server-response"),
    ("--limit-rate", "max-download-limit"),
    ("--limit-rate-total", "max-overall-download-limit"),
    ("-Y/--speed-limit", "lowest-speed-limit"),
    ("--save-failed", "rejected-log save-session"),
    ("2> FILE of the shell", "append-output log log-file output-file"),
    ("& of the shell", "background"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cli::args::known_names;
    use crate::cli::curl_options::advice;

    #[test]
    fn each_name_is_known_once_and_is_neither_ours_nor_curls() {
        let known: HashSet<&str> = known_names().collect();
        let mut seen = HashSet::new();
        for name in names() {
            assert!(seen.insert(name), "{name} is there twice");
            assert!(!known.contains(name) && advice(&format!("--{name}")).is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_named_instead_is_ours() {
        let known: HashSet<&str> = known_names().collect();
        for (ours, _) in OURS {
            for long in ours.split([' ', '/', ',']).filter_map(|word| word.strip_prefix("--")) {
                assert!(known.contains(long.strip_prefix("no-").unwrap_or(long)) || known.contains(long), "{ours}");
            }
        }
    }
}
