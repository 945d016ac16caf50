//! The man page under groff and mandoc: no warning, and what it must have is there for the reader.

use std::process::Command;

use super::runner::{Dir, gfetch};
use super::{generated, has, told};

/// Long names in `--help`.
fn options() -> Vec<String> {
    let help = String::from_utf8(gfetch(&["--help"]).expect(0).out).unwrap();
    // Where one begins, in the two columns that clap leaves for it; an explanation stands further right.
    let begins = |line: &str| line.starts_with("      --") || line.starts_with("  -") && !line.starts_with("  - ");
    let starts = help.lines().filter(|line| begins(line));
    let names = starts.filter_map(|line| line.split_once("--").map(|(_, name)| name));
    names.map(|name| name.split([' ', '\n']).next().unwrap().to_owned()).collect()
}

#[test]
fn groff_takes_the_page_without_a_warning_and_shows_every_option() {
    if !has("groff") {
        return;
    }
    let dir = Dir::new();
    let page = generated(&dir, "man", "gfetch.1");
    let told = told(Command::new("groff").args(["-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=200n", &page]));
    assert!(!told.contains(": warning:") && !told.contains(": error:"), "{told}");
    let options = options();
    assert!(options.len() > 90, "{options:?}");
    for name in options {
        let there = told.lines().any(|line| line.split([' ', ',']).any(|word| word == format!("--{name}")));
        assert!(there, "--{name} is not on the page");
    }
    for heading in ["NAME", "SYNOPSIS", "OPTIONS", "UNLIKE CURL", "EXIT STATUS", "ENVIRONMENT", "FILES"] {
        assert!(told.lines().any(|line| line == heading), "{heading}");
    }
    for word in ["gfetch demo", "gfetch serve", "--port N", "--runs N", "config.toml", "a second, minute or hour: 10/s"]
    {
        assert!(told.contains(word), "{word}");
    }
}

#[test]
fn mandoc_finds_nothing_to_warn_of() {
    if !has("mandoc") {
        return;
    }
    let dir = Dir::new();
    let page = generated(&dir, "man", "gfetch.1");
    assert_eq!(told(Command::new("mandoc").args(["-T", "lint", "-W", "warning", &page])), "");
}

#[test]
fn man_shows_the_page() {
    if !has("man") {
        return;
    }
    let dir = Dir::new();
    let page = generated(&dir, "man", "gfetch.1");
    let mut man = Command::new("man");
    let told = told(man.args(["-l", "--warnings=w", &page]).env("MANPAGER", "cat").env("MANWIDTH", "80"));
    assert!(told.contains("GFETCH(1)") && told.contains("Fetch  the") || told.contains("Fetch the"), "{told}");
    assert!(!told.contains(": warning:"), "{told}");
}
