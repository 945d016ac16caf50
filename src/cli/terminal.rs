//! What stands behind the two streams: whether it is a terminal, how wide, and whether it is ours to draw on.

use std::ffi::OsString;
use std::io;

use console::Term;
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use super::args::Stream;
use super::progress::{Facts, Screen};

/// A terminal that does not know its size is taken for the usual one.
const USUAL_SIZE: (u16, u16) = (24, 80);

/// Columns of the terminal behind `stream`; none if it is no terminal.
pub fn width(stream: Stream) -> Option<usize> {
    let term = match stream {
        Stream::Stdout => Term::stdout(),
        Stream::Stderr => Term::stderr(),
    };
    term.is_term().then(|| usize::from(term.size_checked().unwrap_or(USUAL_SIZE).1))
}

/// The terminal behind standard error, to be drawn on.
pub fn screen() -> Screen {
    Screen::new(Box::new(io::stderr()), reflows(&|name| std::env::var_os(name)), facts)
}

fn facts() -> Facts {
    let (rows, columns) = Term::stderr().size_checked().unwrap_or(USUAL_SIZE);
    // Where that cannot be told it is nobody's terminal but ours.
    let foreground = tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp());
    Facts { columns: columns.into(), rows: rows.into(), foreground }
}

/// Whether the terminal breaks lines anew when it gets narrower: most do; xterm, screen and the console cut them off.
fn reflows(env: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let term = env("TERM").unwrap_or_default();
    let cuts_off = ["linux", "vt", "screen"].iter().any(|name| term.to_string_lossy().starts_with(name));
    env("TMUX").is_some() || !(cuts_off || env("XTERM_VERSION").is_some() || env("STY").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_that_cut_lines_off_are_known() {
        let of = |variables: &[(&str, &str)]| {
            reflows(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
        };
        assert!(of(&[]) && of(&[("TERM", "xterm-256color")]) && of(&[("TERM", "screen"), ("TMUX", "/tmp/x")]));
        assert!(!of(&[("TERM", "linux")]) && !of(&[("TERM", "screen.xterm")]) && !of(&[("TERM", "vt220")]));
        assert!(!of(&[("TERM", "xterm-256color"), ("XTERM_VERSION", "XTerm(390)")]));
    }
}
