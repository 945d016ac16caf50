//! Words of ours on standard error: how they look, and those that are said in more than one place.

use std::fmt::Display;
use std::io;

use gfetch::fetch::outcome::Failure;
use rustix::io::Errno;

use super::escape;

/// The list is over, and had nothing to fetch in it.
pub const NO_URL: &str = "no URL in the list (--allow-empty allows that)";

/// What begins the talk about a run that took servers for whom they said they were.
pub const NOT_CHECKED: &str = "certificates were NOT checked (-k)";

/// A message with our name before it, in lines with nothing in them that a terminal obeys.
pub fn ours(message: impl Display) -> String {
    let message = message.to_string();
    let lines: Vec<_> = message.split('\n').map(escape::line).collect();
    format!("gfetch: {}\n", lines.join("\n"))
}

/// Why something could not be written, in the words that a record has for it.
pub fn of_writing(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        // The system says "Bad file descriptor".
        Some(Errno::BADF) => "the output is closed".to_owned(),
        _ => Failure::writing(error, None).message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_words_keep_their_lines_and_nothing_acts() {
        assert_eq!(ours("what\n  a hint"), "gfetch: what\n  a hint\n");
        assert_eq!(ours("a\u{1b}[2J\u{202e}"), "gfetch: a\\x1b[2J\\u{202e}\n");
    }
}
