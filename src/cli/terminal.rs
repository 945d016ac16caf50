//! How wide the terminal is, where there is one.

use console::Term;

use super::args::Stream;

/// Columns of the terminal behind `stream`; none if it is no terminal.
pub fn width(stream: Stream) -> Option<usize> {
    let term = match stream {
        Stream::Stdout => Term::stdout(),
        Stream::Stderr => Term::stderr(),
    };
    term.is_term().then(|| usize::from(term.size().1))
}
