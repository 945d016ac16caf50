//! `--help` and `--version`.

use clap::Command;

use super::options::GROUPS;

/// Wider lines are hard to read.
const WIDEST: usize = 100;

/// The forms of the command, each with what it does.
pub const USAGE: &str = "gfetch [OPTIONS] URL...            fetch these
       gfetch [OPTIONS] -i urls.txt       fetch this list (- is standard input)
       gfetch --compare -i urls.txt       fetch it serially and in parallel, and compare
       gfetch demo                        the same comparison against an embedded server
       gfetch serve [--port N] [--bind A] [DIR]   that server, standing";

const ABOUT: &str = "Fetch a list of URLs, fast: many at once, on green threads.";

/// `--version`, which clap begins with the name: what it is, of what it is made, and what it can do.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("GFETCH_TARGET"),
    ") ",
    env!("GFETCH_LIBRARIES"),
    "\nBuild: ",
    env!("GFETCH_BUILD"),
    "\nProtocols: http https\nProxies: http https socks4 socks4a socks5 socks5h\nCodings: gzip deflate br zstd",
    "\nFeatures: HTTP/1.1 HTTP/2 TLS1.2 TLS1.3 ALPN IPv6 UnixSockets Cookies PSL Basic Digest Bearer netrc"
);

/// What it is, in a paragraph.
pub const MORE_ABOUT: &str = "\
Fetch a list of URLs, fast: many at once, on green threads. An option that curl has keeps curl's name and curl's \
meaning; --no-X undoes X. The report goes to standard output, the summary to standard error.";

/// What ends how.
pub const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "every URL succeeded"),
    ("1", "some failed; or what was compared is not comparable"),
    ("2", "bad usage, unreadable input, or no URL at all: nothing was fetched"),
    ("3", "none succeeded"),
    ("4", "a report, record or list could not be written, or the input broke off"),
    ("129, 130, 143", "stopped by SIGHUP, Ctrl-C, SIGTERM"),
    ("141", "the reader of standard output went away"),
];

/// Why it differs from curl.
pub const UNLIKE_CURL_BECAUSE: &str = "On purpose unlike curl, because a list is fetched and not one page";

/// Where it differs from curl.
pub const UNLIKE_CURL: &[&str] = &[
    "GET and HEAD follow redirects (--no-location); other methods need -L",
    "a status of 400 or above is a failure (--no-fail); bodies are counted and dropped unless --body, -o or -O",
    "gzip, deflate, br and zstd are asked for where bodies are counted or printed (--no-compressed)",
    "-i is the input file (curl's -i is --show-headers), -j is jobs",
    "with -i, secrets (-u, -H of Authorization, Cookie, X-Api-Key, X-Auth-Token, --secret-header) go to --auth-host \
     only; a redirect to another origin drops them and every -H but Accept, Accept-Language, User-Agent and Range",
];

/// The command without its options: texts and manners.
pub fn frame(command: Command) -> Command {
    command
        .version(VERSION)
        .about(ABOUT)
        .long_about(MORE_ABOUT)
        .override_usage(USAGE)
        .after_help("Examples:\n  gfetch https://example.org/ https://www.python.org/\n  gfetch -i urls.txt --format json\n\nThere is more: gfetch --help")
        .after_long_help(format!("{}\n{}\n{}", examples(), unlike_curl(), exit_status()))
        .max_term_width(WIDEST)
}

/// A line for each heading.
fn examples() -> String {
    let mut text = String::from("Examples:\n");
    for group in GROUPS {
        if let Some(heading) = group.heading {
            text += &format!("  # {heading}\n  {}\n", group.example);
        }
    }
    text
}

fn unlike_curl() -> String {
    let points = UNLIKE_CURL.iter().map(|point| format!("  - {point}\n"));
    format!("{UNLIKE_CURL_BECAUSE}:\n{}", points.collect::<String>())
}

fn exit_status() -> String {
    let lines = EXIT_STATUS.iter().map(|(status, what)| format!("\n  {status:<13}  {what}"));
    format!("Exit status:{}", lines.collect::<String>())
}
