//! The texts themselves; that shells and man take them is held in tests/installed.

use super::super::options;
use super::*;

fn all_kinds() -> impl Iterator<Item = (&'static str, String)> {
    KINDS.iter().map(|(name, kind)| (*name, text(*kind)))
}

/// As man pages write hyphens.
fn without_roff(text: &str) -> String {
    text.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
}

#[test]
fn each_kind_has_every_option_that_is_shown_and_none_that_is_not() {
    for (kind, text) in all_kinds() {
        let text = without_roff(&text);
        for opt in options::all() {
            let long = opt.long;
            let there = |name: &str| {
                text.match_indices(name).any(|(at, _)| {
                    let after = text[at + name.len()..].chars().next().unwrap_or(' ');
                    !after.is_ascii_alphanumeric() && !"-./%".contains(after)
                })
            };
            // In fish an option's name stands without its hyphens.
            let named = there(&format!("--{long}")) || there(&format!("-l {long}"));
            if opt.shown != Shown::Never {
                assert!(named, "--{long} is not in {kind}");
            } else if kind != "man" {
                assert!(!named, "--{long} is in {kind}");
            }
        }
    }
}

/// groff and terminals in other locales read bytes, and a page in a file is for both.
#[test]
fn whatever_the_locale_pages_completions_and_help_are_ascii() {
    for (kind, text) in all_kinds() {
        assert!(text.is_ascii(), "{kind}");
    }
    let own = [crate::cli::args::lex::command()].into_iter().chain(words());
    for mut command in own {
        let strange: String = command.render_long_help().to_string().chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(strange, "", "{}", command.get_name());
    }
}

#[test]
fn each_kind_has_the_words_and_their_options() {
    for (kind, text) in all_kinds() {
        let text = without_roff(&text);
        for word in ["demo", "serve", "runs", "port", "bind"] {
            assert!(text.contains(word), "{word} is not in {kind}");
        }
    }
}

#[test]
fn words_count_only_in_the_first_place_also_where_clap_says_otherwise() {
    let of = |shell| text(Kind::Complete(shell));
    assert!(of(Shell::Elvish).contains("has-value [demo serve] $word"));
    assert!(of(Shell::PowerShell).contains("-notin 'demo', 'serve'"));
}

#[test]
fn values_are_offered_where_they_are_words() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let text = text(Kind::Complete(shell));
        for word in ["json", "always", "plain", "complete-elvish", "1.3", "DER"] {
            assert!(text.contains(word), "{word} is not in {shell}");
        }
        assert!(!text.contains(" der"), "PEM and pem are one word");
    }
}

#[test]
fn the_name_of_a_value_says_what_completes_it() {
    assert_eq!(hint("FILE"), ValueHint::FilePath);
    assert_eq!(hint("FILE[:PASSWORD]"), ValueHint::FilePath);
    assert_eq!(hint("DATA|FILE"), ValueHint::FilePath);
    assert_eq!(hint("DIR"), ValueHint::DirPath);
    assert_eq!((hint("URL"), hint("N"), hint("HOST[:PORT]")), (ValueHint::Url, ValueHint::Other, ValueHint::Other));
}

#[test]
fn the_last_generate_counts_and_a_wrong_one_is_told_what_there_is() {
    let of = |words: &[&str]| asked(&super::super::lex::lex(words.iter().map(Into::into).collect()).ok().unwrap());
    assert!(of(&["http://a/"]).is_none());
    assert_eq!(of(&["--generate", "x", "--generate=man"]), Some(Ok(Kind::Man)));
    let told = of(&["--generate", "complete-bsh"]).unwrap().unwrap_err().to_string();
    assert!(told.starts_with("--generate takes man, complete-bash, complete-zsh"), "{told}");
    assert!(told.ends_with("not 'complete-bsh'\n  did you mean complete-bash?"), "{told}");
}
