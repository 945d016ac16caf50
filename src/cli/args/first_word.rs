//! What is said to who types a word where a URL should be, or nothing at all.

use std::ffi::OsString;

use super::usage::{UsageError, shown};
use crate::cli::similar::similar;

/// Words that other programs know, and what does the same here. As first words only `demo` and `serve` are more than hosts.
const WORDS: &[(&str, &str)] = &[
    ("demo", "gfetch demo"),
    ("serve", "gfetch serve"),
    ("server", "gfetch serve"),
    ("help", "gfetch --help"),
    ("version", "gfetch --version"),
    ("compare", "gfetch --compare"),
    ("man", "gfetch --generate man"),
    ("manual", "gfetch --generate man"),
    ("completion", "gfetch --generate complete-bash"),
    ("completions", "gfetch --generate complete-bash"),
];

/// A word about the first argument, where it is nearly one that does something. It is fetched all the same: hosts have such
/// names.
pub fn note(first: Option<&OsString>) -> Option<String> {
    let word = first?.to_str()?;
    // A host with a dot or a port, a path, an option: that was meant.
    if word.is_empty() || word.starts_with('-') || word.contains(['.', ':', '/', '[', '{']) {
        return None;
    }
    let meant = similar(word, WORDS.iter().map(|(known, _)| *known))?;
    let (_, instead) = WORDS.iter().find(|(known, _)| *known == meant)?;
    let word = shown(word);
    Some(format!("'{word}' is fetched as http://{word}/; did you mean {instead}?"))
}

/// `gfetch` alone.
pub fn nothing_said() -> UsageError {
    UsageError::new("nothing to fetch: no URL and no list (-i FILE)").hint(
        "gfetch https://example.org/   fetches a page: status, size, time\n  \
         gfetch -i urls.txt            fetches a list, 64 at once\n  \
         gfetch demo                   shows it at work, without a network\n  \
         gfetch -h                     lists what is asked for most, --help all, in groups",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str) -> Option<String> {
        note(Some(&OsString::from(word)))
    }

    #[test]
    fn a_word_that_is_nearly_a_subcommand_has_a_note() {
        assert_eq!(of("dmeo").unwrap(), "'dmeo' is fetched as http://dmeo/; did you mean gfetch demo?");
        assert!(of("serv").unwrap().ends_with("gfetch serve?"));
        assert!(of("help").unwrap().ends_with("gfetch --help?"));
        assert!(of("Version").unwrap().ends_with("gfetch --version?"));
    }

    #[test]
    fn what_is_a_url_or_an_option_has_none() {
        for word in ["localhost", "example.org", "demo:80", "http://dmeo", "--hepl", "-", "", "intranet", "demo.corp"] {
            assert_eq!(of(word), None, "{word}");
        }
        assert_eq!(note(None), None);
    }
}
