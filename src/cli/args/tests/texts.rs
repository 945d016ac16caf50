//! Help and version.

use super::*;

fn info(line: &str) -> String {
    match Fake::default().parse(line) {
        Ok(Command::Info(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn version_says_of_what_it_is_made_and_what_it_can_do() {
    let text = info("--version");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with(concat!("gfetch ", env!("CARGO_PKG_VERSION"), " (")), "{text}");
    assert!(lines[0].contains("-linux-") && lines[0].contains(" rustls/0.") && lines[0].contains(" ring/0."), "{text}");
    assert!(["Build: debug", "Build: release"].contains(&lines[1]), "{text}");
    let starts = ["Protocols: http https", "Proxies: http ", "Codings: gzip ", "Features: HTTP/1.1 HTTP/2 TLS1.2 "];
    assert!(starts.iter().zip(&lines[2..]).all(|(start, line)| line.starts_with(start)), "{text}");
    assert_eq!((lines.len(), info("-V")), (6, text.clone()));
}

#[test]
fn the_long_help_has_every_option_that_works_and_none_that_does_not() {
    let text = info("--help");
    for opt in options::all() {
        let there = text.contains(&format!("--{}\n", opt.long)) || text.contains(&format!("--{} <", opt.long));
        assert_eq!(there, opt.shown != option::Shown::Never, "--{}", opt.long);
    }
    for group in options::GROUPS {
        if let Some(heading) = group.heading {
            assert!(text.contains(&format!("\n{heading}:\n")) && text.contains(group.example), "{heading}");
        }
    }
}

#[test]
fn the_examples_of_the_help_are_taken() {
    let files: Vec<(_, &[u8])> = vec![("order.json", b"{}"), ("/me/.config/gfetch/config.toml", b"[preset.polite]")];
    let world = Fake { env: vec![("HOME", "/me")], files, ..Fake::default() };
    for group in options::GROUPS.iter().filter(|group| group.heading.is_some()) {
        let line = group.example.split("gfetch ").nth(1).unwrap().split(" >").next().unwrap();
        assert!(world.parse(line).is_ok(), "{line}");
    }
}

#[test]
fn the_short_help_fits_a_screen() {
    let text = info("-h");
    assert!(text.lines().count() <= 60, "{} lines", text.lines().count());
    assert!(text.contains("--jobs") && !text.contains("--retry-delay") && text.contains("gfetch --help"));
}

#[test]
fn help_is_given_whatever_else_is_typed_before_it() {
    assert_eq!(info("-j 5 http://a/ --help"), info("--help"));
}
