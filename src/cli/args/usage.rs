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

/// Below it two words have little in common: `json` and `text` have 0.5, `json` and `jsno` 0.9.
const SIMILAR_FROM: f64 = 0.75;

/// The word that was probably meant; upper and lower case are the same here.
pub fn similar<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_lowercase();
    let rate = |word: &str| match strsim::osa_distance(&typed, word) {
        // One slip, also in a word so short that two thirds of it are left: `cvs`.
        0 | 1 if word.len() > 2 => 1.0 + strsim::jaro(&typed, word),
        _ => strsim::jaro(&typed, word),
    };
    let rated = words.into_iter().map(|word| (rate(&word.to_lowercase()), word));
    rated.filter(|(rate, _)| *rate >= SIMILAR_FROM).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, word)| word)
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
    fn a_word_that_is_nearly_another_was_probably_meant() {
        let of = |typed| similar(typed, ["text", "json", "csv"]);
        assert_eq!(
            (of("jsno"), of("JSON"), of("txt"), of("cvs")),
            (Some("json"), Some("json"), Some("text"), Some("csv"))
        );
        assert_eq!((of("xml"), of(""), of("yaml")), (None, None, None));
    }

    #[test]
    fn a_hint_is_a_line_of_its_own() {
        assert_eq!(UsageError::new("no").hint("yes").to_string(), "no\n  yes");
    }
}
