//! Which entry of a netrc file a host gets, by curl's rules and by what curl had to learn.

use super::*;

/// `user:password`, or nothing.
fn find_as(file: &str, host: &str, user: Option<&str>) -> Option<String> {
    let login = Netrc::parse(file.as_bytes()).unwrap().find(host, user.map(str::as_bytes))?;
    Some(format!("{}:{}", String::from_utf8(login.user).unwrap(), String::from_utf8(login.password).unwrap()))
}

fn find(file: &str, host: &str) -> Option<String> {
    find_as(file, host, None)
}

#[test]
fn a_host_gets_its_own_entry_in_any_dress() {
    for file in [
        "machine a.example login me password secret",
        "machine a.example\n\tlogin me\n\tpassword secret\n",
        "machine a.example\r\nlogin me\r\npassword secret\r\n",
        "MACHINE A.Example LOGIN me PassWord secret",
        "machine b.example login you password other machine a.example password secret login me",
        "machine a.example account x login me password secret",
        "# machine a.example login no password no\nmachine a.example login me password secret # it is",
        "machine a.example login \"me\" password \"secret\"",
        "unknown words machine a.example port 80 login me password secret",
    ] {
        assert_eq!(find(file, "a.example").as_deref(), Some("me:secret"), "{file}");
        assert_eq!(find(file, "c.example"), None, "{file}");
    }
}

#[test]
fn quoted_words_have_escapes_and_end_on_their_line() {
    let file = r#"machine a.example login "a b" password "x\"\n\\y\t""#;
    assert_eq!(find(file, "a.example").as_deref(), Some("a b:x\"\n\\y\t"));
    for (file, line) in [("machine a password \"un", 1), ("machine a\nlogin \"b\\", 2), ("\n\nlogin \"", 3)] {
        assert_eq!(Netrc::parse(file.as_bytes()).unwrap_err(), BadNetrc { line }, "{file}");
    }
    assert_eq!(find("machine a login me password \"\"", "a").as_deref(), Some("me:"));
}

#[test]
fn a_macro_goes_on_to_an_empty_line_and_is_nobodys_password() {
    let file = "machine a.example login me password secret\nmacdef init\nmachine b.example login x password y\n\n\
                machine c.example login c password d";
    assert_eq!(find(file, "a.example").as_deref(), Some("me:secret"));
    assert_eq!(find(file, "b.example"), None);
    assert_eq!(find(file, "c.example").as_deref(), Some("c:d"));
    assert_eq!(find("macdef x\nmachine a login b password c", "a"), None, "one without an end");
}

#[test]
fn default_is_for_whoever_has_no_entry_before_it() {
    let file = "machine a.example login me password secret\ndefault login anonymous password guest";
    assert_eq!(find(file, "a.example").as_deref(), Some("me:secret"));
    assert_eq!(find(file, "b.example").as_deref(), Some("anonymous:guest"));
    let first = "default login d password dp machine a.example login me password secret";
    assert_eq!(find(first, "a.example").as_deref(), Some("d:dp"), "as in curl");
}

#[test]
fn of_several_entries_the_first_counts_or_the_one_of_the_user_asked_for() {
    let file = "machine a login me password 1 machine a login you password 2 machine a login me password 3";
    assert_eq!(find(file, "a").as_deref(), Some("me:1"));
    assert_eq!(find_as(file, "a", Some("you")).as_deref(), Some("you:2"));
    assert_eq!(find_as(file, "a", Some("she")), None, "curl 7.88 gives her the last one's password");
    assert_eq!(find_as("machine a password p", "a", Some("she")).as_deref(), Some("she:p"));
}

#[test]
fn cve_2025_0167_an_entry_with_neither_login_nor_password_gives_nothing() {
    let file = "machine a.example login me password secret\ndefault\n";
    assert_eq!(find(file, "b.example"), None);
    assert_eq!(find("machine b.example\nmachine a.example login me password secret", "b.example"), None);
}

#[test]
fn cve_2024_11053_a_login_without_a_password_does_not_borrow_the_next_ones() {
    let file = "machine a.example login alice\nmachine b.example login bob password secret";
    assert_eq!(find(file, "a.example").as_deref(), Some("alice:"));
    assert_eq!(find(file, "b.example").as_deref(), Some("bob:secret"));
}

#[test]
fn a_host_is_that_host_in_any_case_and_no_other() {
    let file =
        "machine Example.ORG login me password secret machine ::1 login six password p machine 127.0.0.1 login four";
    for (host, expected) in [
        ("example.org", Some("me:secret")),
        ("[::1]", Some("six:p")),
        ("127.0.0.1", Some("four:")),
        ("www.example.org", None),
        ("example.org.", None),
        ("example.org.evil.example", None),
        ("org", None),
        ("", None),
    ] {
        assert_eq!(find(file, host).as_deref(), expected, "{host}");
    }
}

#[test]
fn a_password_may_begin_with_a_hash() {
    assert_eq!(find("machine a login me password #1", "a").as_deref(), Some("me:#1"));
    assert_eq!(find("machine a #login no\nlogin me password x", "a").as_deref(), Some("me:x"));
}

#[test]
fn words_before_any_machine_are_nobodys_and_bytes_are_kept() {
    assert_eq!(find("login me password x\nmachine a login you password y", "a").as_deref(), Some("you:y"));
    let netrc = Netrc::parse(b"machine a login \xff password \xfe\0").unwrap();
    assert_eq!(netrc.find("a", None).unwrap().password, b"\xfe\0");
    assert_eq!((netrc.len(), format!("{netrc:?}")), (1, "Netrc(1 entries)".to_owned()));
    assert!(Netrc::parse(b"").unwrap().is_empty());
}
