//! The table of options itself, and what clap would do differently.

use std::collections::HashSet;

use super::*;

fn words(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(Into::into).collect()
}

#[test]
fn clap_accepts_the_table() {
    command().debug_assert();
}

#[test]
fn every_name_is_there_once() {
    let mut names = HashSet::new();
    for opt in all() {
        for name in opt.short.map(String::from).into_iter().chain([opt.long.to_owned()]) {
            assert!(names.insert(name.clone()), "{name}");
        }
    }
}

#[test]
fn every_shown_option_has_a_help_without_a_final_stop() {
    for opt in all().filter(|opt| opt.shown != Shown::Never) {
        assert!(!opt.help.is_empty() && !opt.help.ends_with('.'), "--{}", opt.long);
        assert!(opt.more.is_empty() || opt.more.ends_with('.'), "--{}", opt.long);
    }
}

#[test]
fn an_equals_sign_after_a_letter_belongs_to_the_value() {
    let of = |texts: &[&str]| keep_equals_signs(words(texts));
    assert_eq!(of(&["-d=x"]), words(&["-d==x"]));
    assert_eq!(of(&["-sd=x"]), words(&["-sd==x"]));
    for same in [
        &["-dx=y"][..],
        &["-d", "-d=x"],
        &["--data", "-d=x"],
        &["--data-ascii", "-d=x"],
        &["--data=-d=x", "http://a/"],
        &["--", "-d=x"],
        &["-s", "-", "http://a/?-d=x"],
        &["-sd", "-d=x"],
    ] {
        assert_eq!(of(same), words(same));
    }
    assert_eq!(of(&["--data=", "-d=x"]), words(&["--data=", "-d==x"]));
}

#[test]
fn opposites_are_names_of_nothing_else() {
    let of = |long: &str| opposites_of(all().find(|opt| opt.long == long).unwrap());
    assert_eq!(of("serial"), ["no-serial"]);
    assert_eq!(of("jobs"), ["no-jobs", "no-parallel-max"]);
    assert_eq!(of("no-buffer"), ["buffer"]);
    assert_eq!(of("no-clobber"), ["clobber"]);
}
