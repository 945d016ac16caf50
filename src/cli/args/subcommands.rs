//! `gfetch demo` and `gfetch serve`: words of their own, with few options.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Arg, Command, ValueHint, value_parser};

use super::lex::{Stop, stop};
use super::usage::{UsageError, shown};
use crate::cli::similar::similar;
use crate::cli::units;

/// `gfetch demo`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// Pairs of the comparison; none: 3, so that the whole demo takes about 13 s.
    pub runs: Option<u32>,
}

/// `gfetch serve`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeOptions {
    /// The address to listen on.
    pub bind: IpAddr,
    /// 0: a free one.
    pub port: u16,
    /// Files to serve beside the routes.
    pub dir: Option<PathBuf>,
}

const DEFAULT_PORT: u16 = 8080;

/// `gfetch demo` as clap knows it.
pub fn demo_command() -> Command {
    Command::new("demo")
        .about("Four pages from an embedded server, serially and in parallel, compared. Needs no network")
        .arg(option("runs", "N", "So many pairs in the comparison (default 3)"))
}

/// `gfetch serve` as clap knows it.
pub fn serve_command() -> Command {
    let dir = Arg::new("DIR").value_parser(value_parser!(OsString)).value_hint(ValueHint::DirPath);
    Command::new("serve")
        .about("A test server: routes such as /bytes/N, /delay/MS, /status/N, and static files")
        .arg(option("port", "N", "Listen on this port (default 8080; 0: a free one)"))
        .arg(option("bind", "ADDRESS", "Listen on this address (default 127.0.0.1)"))
        .arg(dir.help("Serve the files of this folder too"))
}

/// Reads what follows `demo`.
pub fn demo(args: &[OsString]) -> Result<DemoOptions, Stop> {
    let mut matches = matches("gfetch demo", demo_command(), args)?;
    let runs = matches.remove_one::<OsString>("runs").map(|text| {
        let count = text.to_str().and_then(|text| units::count(text, 1, 1000));
        count.map(|n| n as u32).ok_or_else(|| refused("--runs", "a whole number from 1 to 1000", &text))
    });
    Ok(DemoOptions { runs: runs.transpose()? })
}

/// Reads what follows `serve`.
pub fn serve(args: &[OsString]) -> Result<ServeOptions, Stop> {
    let mut matches = matches("gfetch serve", serve_command(), args)?;
    let port = matches.remove_one::<OsString>("port").map(|text| {
        let port = text.to_str().and_then(|text| units::count(text, 0, u16::MAX.into()));
        port.map(|n| n as u16).ok_or_else(|| refused("--port", "a port from 0 (a free one) to 65535", &text))
    });
    let bind = matches.remove_one::<OsString>("bind").map(|text| {
        let bare = text.to_str().map(|text| text.trim_start_matches('[').trim_end_matches(']'));
        let bind = bare.map(|text| if text == "localhost" { "127.0.0.1" } else { text }).and_then(|t| t.parse().ok());
        bind.ok_or_else(|| refused("--bind", "an IP address, as in 127.0.0.1 or ::1", &text))
    });
    Ok(ServeOptions {
        port: port.transpose()?.unwrap_or(DEFAULT_PORT),
        bind: bind.transpose()?.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        dir: matches.remove_one::<OsString>("DIR").map(PathBuf::from),
    })
}

fn option(long: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(long)
        .long(long)
        .value_name(value)
        .value_parser(value_parser!(OsString))
        .allow_hyphen_values(true)
        .overrides_with(long)
        .value_hint(ValueHint::Other)
        .help(help)
}

fn matches(name: &'static str, command: Command, args: &[OsString]) -> Result<clap::ArgMatches, Stop> {
    let words = std::iter::once(OsString::from(name)).chain(args.iter().cloned());
    let names: Vec<String> = command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect();
    let meant = |typed: &str| similar(typed.trim_start_matches('-'), &names).map(|name| format!("--{name}"));
    command.name(name).max_term_width(100).try_get_matches_from(words).map_err(|error| stop(error, meant))
}

fn refused(option: &str, takes: &str, text: &OsString) -> Stop {
    Stop::Usage(UsageError::new(format!("{option} takes {takes}, not '{}'", shown(&text.to_string_lossy()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(Into::into).collect()
    }

    fn error<T>(result: Result<T, Stop>) -> String {
        match result {
            Err(Stop::Usage(error)) => error.to_string(),
            Err(Stop::Info(text)) => text,
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn serve_listens_on_loopback_unless_told_otherwise() {
        let of = |text| serve(&words(text)).ok().unwrap();
        assert_eq!(of(""), ServeOptions { bind: [127, 0, 0, 1].into(), port: 8080, dir: None });
        let there = ServeOptions { bind: "::1".parse().unwrap(), port: 0, dir: Some("files".into()) };
        assert_eq!(of("--port 0 files --bind [::1]"), there);
        assert_eq!(of("--port 1 --port 2 --bind localhost").port, 2);
    }

    #[test]
    fn serve_says_what_its_options_take() {
        let of = |text| error(serve(&words(text)));
        assert_eq!(of("--port 65536"), "--port takes a port from 0 (a free one) to 65535, not '65536'");
        assert_eq!(of("--port -1"), "--port takes a port from 0 (a free one) to 65535, not '-1'");
        assert_eq!(of("--bind example.org"), "--bind takes an IP address, as in 127.0.0.1 or ::1, not 'example.org'");
        assert_eq!(of("a b"), "'b' is one argument too many");
        assert_eq!(of("--prot 1"), "there is no option '--prot'\n  did you mean --port?");
    }

    #[test]
    fn demo_takes_a_number_of_pairs() {
        assert_eq!(demo(&words("--runs 3")).ok().unwrap(), DemoOptions { runs: Some(3) });
        assert_eq!(demo(&[]).ok().unwrap(), DemoOptions { runs: None });
        assert_eq!(error(demo(&words("--runs 0"))), "--runs takes a whole number from 1 to 1000, not '0'");
        assert_eq!(error(demo(&words("http://a/"))), "'http://a/' is one argument too many");
    }

    #[test]
    fn each_has_a_help_of_its_own() {
        assert!(error(serve(&words("--help"))).contains("--port <N>"));
        assert!(error(demo(&words("-h"))).contains("Usage: gfetch demo"));
    }
}
