//! The man page: what `--help` says, and what is around it.

use clap::{Arg, Command};
use roff::{Inline, Roff, bold, italic, roman};

use super::{told, words};
use crate::cli::args::help;
use crate::cli::args::options::GROUPS;

/// When its texts were last changed in earnest: a page with the day of its build is another one each day.
const DATE: &str = "2026-11-21";

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "http_proxy, https_proxy, all_proxy, no_proxy",
        "Proxies, as in curl: http_proxy in lower case only, the others in either case.",
    ),
    (
        "CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR",
        "Which certificates are trusted, where --cacert and --capath do not say it.",
    ),
    ("SSLKEYLOGFILE", "A file for the secrets of TLS sessions, for who reads the traffic along."),
    ("NETRC", "The file that -n reads, in place of ~/.netrc."),
    ("NO_COLOR", "If set and not empty: no colour, unless --color says so."),
    (
        "CLICOLOR, CLICOLOR_FORCE",
        "CLICOLOR=0: no colour; CLICOLOR_FORCE, if set and not 0: colour also into pipes, but for columns.",
    ),
    ("XDG_CONFIG_HOME", "Where the folder of the config file is."),
    ("TMPDIR", "Where bodies are put aside that wait for their turn and are too large for memory."),
];

/// The page in roff.
pub fn page() -> String {
    let mut command = told();
    command.build();
    let mut page = Roff::new();
    let version = concat!("gfetch ", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["GFETCH", "1", DATE, version, "User commands"]);
    section(&mut page, "NAME");
    page.text([roman("gfetch - fetch a list of URLs, fast, many at once")]);
    synopsis(&mut page);
    section(&mut page, "DESCRIPTION");
    page.text([roman(help::MORE_ABOUT)]);
    section(&mut page, "OPTIONS");
    options(&mut page, command.get_arguments().filter(|arg| arg.get_help_heading().is_none()));
    for group in GROUPS {
        if let Some(heading) = group.heading {
            page.control("SS", [heading]);
            options(&mut page, command.get_arguments().filter(|arg| arg.get_help_heading() == Some(heading)));
            page.control("PP", []);
            page.text([roman("Example:")]);
            verbatim(&mut page, group.example);
        }
    }
    section(&mut page, "WORDS");
    page.text([roman("As the first word only; a host of that name is http://demo.")]);
    words().into_iter().for_each(|word| subcommand(&mut page, word));
    rest(&mut page);
    page.render()
}

fn rest(page: &mut Roff) {
    section(page, "UNLIKE CURL");
    page.text([roman(format!("{}:", help::UNLIKE_CURL_BECAUSE))]);
    for point in help::UNLIKE_CURL {
        page.control("IP", ["\\(bu", "2"]);
        page.text([roman(*point)]);
    }
    section(page, "EXIT STATUS");
    help::EXIT_STATUS.iter().for_each(|(status, what)| item(page, &[bold(*status)], what));
    section(page, "ENVIRONMENT");
    ENVIRONMENT.iter().for_each(|(names, what)| item(page, &[bold(*names)], what));
    section(page, "FILES");
    let config = "What every run begins with, in [default], and what --preset NAME adds, in [preset.NAME]: long names of \
                  options, as in per-host = 2. [host.\"api.example\"] or [host.\"*.example.org\"] says per-host, rate, max-time, \
                  connect-timeout, retry, user-agent and header for these hosts. -q goes without [default] and [host].";
    item(page, &[italic("~/.config/gfetch/config.toml")], config);
    section(page, "SEE ALSO");
    page.text([bold("curl"), roman("(1), "), bold("jq"), roman("(1)")]);
}

fn synopsis(page: &mut Roff) {
    section(page, "SYNOPSIS");
    for (n, line) in help::USAGE.lines().enumerate() {
        if n > 0 {
            page.control("br", []);
        }
        // What stands behind it in the help says what it does.
        let form = line.trim().split("   ").next().unwrap_or_default();
        page.text([bold("gfetch"), roman(form.trim_start_matches("gfetch"))]);
    }
}

fn subcommand(page: &mut Roff, mut word: Command) {
    word.build();
    page.control("SS", [format!("gfetch {}", word.get_name()).as_str()]);
    page.text([roman(format!("{}.", word.get_about().map(ToString::to_string).unwrap_or_default()))]);
    options(page, word.get_arguments());
}

fn options<'a>(page: &mut Roff, args: impl Iterator<Item = &'a Arg>) {
    for arg in args {
        let mut head: Vec<Inline> = Vec::new();
        head.extend(arg.get_short().map(|letter| bold(format!("-{letter}"))));
        if let Some(long) = arg.get_long() {
            head.extend((!head.is_empty()).then(|| roman(", ")));
            head.push(bold(format!("--{long}")));
        }
        let takes_value = arg.get_action().takes_values() && !arg.is_positional();
        if let Some(name) = arg.get_value_names().and_then(|names| names.first()).filter(|_| takes_value) {
            head.extend([roman(" "), italic(name.to_string())]);
        }
        if arg.is_positional() {
            head.push(italic(arg.get_id().as_str()));
        }
        let text = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        item(page, &head, &text);
    }
}

fn section(page: &mut Roff, name: &str) {
    page.control("SH", [name]);
}

fn item(page: &mut Roff, head: &[Inline], text: &str) {
    page.control("TP", []);
    page.text(head);
    page.text([roman(format!("{}.", text.trim_end_matches('.')))]);
}

fn verbatim(page: &mut Roff, line: &str) {
    page.control("PP", []);
    page.control("RS", ["4"]);
    page.control("nf", []);
    page.text([roman(line)]);
    page.control("fi", []);
    page.control("RE", []);
}
