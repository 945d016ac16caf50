//! Usage errors: what was wrong, which option, and what it takes. Exit status 2, nothing fetched.

use std::fmt;

use crate::cli::escape::line;

/// Bad usage. `Display` is one line, and a second one where there is a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// Which option, and what it takes.
    pub message: String,
    /// What to try instead.
    pub hint: Option<String>,
}

impl UsageError {
    pub fn new(message: impl Into<String>) -> Self {
        UsageError { message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a hint to what was probably meant, where something was.
    pub fn did_you_mean(self, meant: Option<impl fmt::Display>) -> Self {
        match meant {
            Some(meant) => self.hint(format!("did you mean {meant}?")),
            None => self,
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "\n  {hint}"))
    }
}

impl std::error::Error for UsageError {}

/// A value longer than this is cut in an error message.
const SHOWN_AT_MOST: usize = 60;

/// A value as an error message shows it: one line, nothing that a terminal obeys or that hides, not endless.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_AT_MOST) {
        None => line(text).into_owned(),
        Some((end, _)) => line(&text[..end]).into_owned() + "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_value_is_one_short_line() {
        assert_eq!(shown("a\n\u{1b}[31mé"), "a\\n\\x1b[31mé");
        assert_eq!(shown("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(shown(&"x".repeat(61)), format!("{}…", "x".repeat(60)));
        assert_eq!(shown(&"x".repeat(60)), "x".repeat(60));
    }

    #[test]
    fn a_hint_is_a_line_of_its_own() {
        assert_eq!(UsageError::new("no").hint("yes").to_string(), "no\n  yes");
    }
}
