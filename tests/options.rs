//! Each option of the help has a test named for it: a test whose name holds the option's, and whose text uses it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where tests are looked for.
const FOLDERS: &[&str] = &["tests", "src/cli", "src/fetch"];
/// Fewer, and the help was not read right.
const AT_LEAST: usize = 105;

/// Long names in `--help`, each with its letter if it has one.
fn options() -> BTreeMap<String, Option<String>> {
    let help = Command::new(env!("CARGO_BIN_EXE_gfetch")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let begins = |line: &&str| line.starts_with("      --") || line.starts_with("  -") && !line.starts_with("  - ");
    let option = |line: &str| {
        let (letter, name) = line.split_once("--")?;
        let letter = letter.trim().trim_end_matches(',');
        let name = name.split(' ').next().unwrap().to_owned();
        Some((name, (!letter.is_empty()).then(|| letter.to_owned())))
    };
    help.lines().filter(begins).filter_map(option).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every test: its name between underscores, and its text.
fn tests() -> Vec<(String, String)> {
    let mut found = Vec::new();
    FOLDERS.iter().for_each(|folder| files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found));
    let mut tests = Vec::new();
    for path in found {
        let text = fs::read_to_string(path).unwrap();
        for part in text.split("#[test]\n").skip(1) {
            let Some((_, rest)) = part.split_once("fn ") else { continue };
            let name = rest.split('(').next().unwrap();
            let body = rest.split("\n}\n").next().unwrap();
            tests.push((format!("_{name}_"), body.to_owned()));
        }
    }
    tests
}

/// Whether a test's text gives the option, as a word of its own: `--jobs`, `-j`.
fn gives(body: &str, option: &str) -> bool {
    body.match_indices(option).any(|(at, _)| {
        let before = body[..at].chars().next_back().unwrap_or(' ');
        let after = body[at + option.len()..].chars().next().unwrap_or(' ');
        let goes_on = |c: char, more: &str| c.is_ascii_alphanumeric() || more.contains(c);
        !goes_on(before, "-") && !goes_on(after, "-.")
    })
}

#[test]
fn every_option_has_a_test_named_for_it() {
    let (options, tests) = (options(), tests());
    assert!(options.len() >= AT_LEAST && tests.len() > 500, "{} options, {} tests", options.len(), tests.len());
    let has_test = |name: &str, letter: Option<&String>| {
        let words = format!("_{}_", name.replace(['-', '.'], "_"));
        let long = format!("--{name}");
        let given = |body: &str| gives(body, &long) || letter.is_some_and(|letter| gives(body, letter));
        tests.iter().any(|(test, body)| test.contains(&words) && given(body))
    };
    let without: Vec<_> = options.iter().filter(|(name, letter)| !has_test(name, letter.as_ref())).collect();
    assert!(without.is_empty(), "no test is named for {without:?}");
}

#[test]
fn an_option_is_given_as_a_word_of_its_own() {
    assert!(gives("[\"--jobs\", \"5\"]", "--jobs") && gives("-j 5", "-j") && gives("--jobs=5", "--jobs"));
    assert!(!gives("--jobs-more", "--jobs") && !gives("--no-jobs", "--jobs") && !gives("-jobs", "-j"));
}
