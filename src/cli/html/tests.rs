//! The page about a run, without a browser: what it is made of, that nothing from outside becomes part of it, its size.

use std::time::{Duration, SystemTime};

use gfetch::fetch::compare::{Mode, Runs};
use gfetch::fetch::outcome::{Kind, Outcome, Stage};
use gfetch::fetch::summary::{Limits, Summary};
use serde_json::Value;

use super::*;
use crate::cli::render::samples::{failure, outcome, starred};

const HOSTILE: &str =
    "http://a.example/\"><img src=x onerror=alert(1)></script><script>alert(2)</script>'\u{202e}\u{2028}\u{0}&amp;";

fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_214_701)
}

/// A page about these.
fn page(outcomes: &[Outcome]) -> String {
    let (mut records, mut spool) = (Records::new(starred), Vec::new());
    let mut summary = Summary::new(Limits { jobs: 64, per_host: Some(10), rate: None });
    for outcome in outcomes {
        summary.add(outcome);
        records.add(outcome, &mut spool);
    }
    summary.elapsed = Duration::from_secs(1);
    records.head(&summary, at()) + &String::from_utf8(spool).unwrap() + &records.tail()
}

fn record(index: u64, url: &str) -> Outcome {
    let started = Some(at() + Duration::from_millis(index));
    Outcome { index, started, bytes: 1_500, ..outcome(url, Some(200), Duration::from_millis(40 + index)) }
}

/// The records in the data of a page.
fn data(page: &str) -> Vec<Value> {
    let blocks = page.split("<script type=\"application/json\" class=\"rows\">").skip(1);
    let rows =
        blocks.map(|block| serde_json::from_str::<Vec<Value>>(block.split("</script>").next().unwrap()).unwrap());
    rows.flatten().collect()
}

#[test]
fn the_page_tells_the_run_without_a_script() {
    let mut missing = record(1, "http://b.example/gone");
    missing.status = Some(404);
    missing.error = Some(failure(Kind::Status, Stage::Receive, "Not Found"));
    let page = page(&[record(0, "http://u:secret@a.example/"), missing]);
    assert!(page.contains("<title>gfetch: 2 URLs: 1 ok, 1 failed</title>"), "{page}");
    assert!(page.contains("<time datetime=\"2026-11-20T22:45:01Z\">2026-11-20 22:45:01 UTC</time>"));
    assert!(page.contains("<th scope=\"row\">http://u:***@a.example/</th>") && !page.contains("secret"));
    let row = "<tr class=\"failed\"><td class=\"number\">1</td><td class=\"status\">404</td>\
               <th scope=\"row\"><a href=\"http://b.example/gone\" rel=\"noreferrer\">http://b.example/gone</a></th>\
               <td>a.example</td><td class=\"number\">1.5 KiB</td><td class=\"number\">41 ms</td><td>Not Found</td></tr>\n";
    assert!(page.contains(row), "{page}");
    assert!(page.contains("<tr><th scope=\"row\">HTTP 404</th><td>a.example</td><td class=\"number\">1</td></tr>"));
    for part in [
        "<svg id=\"histogram\" role=\"img\"",
        "<svg id=\"waterfall\" role=\"img\"",
        "<caption id=\"caption\">2 URLs</caption>",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_policy_names_the_pages_own_script_and_style_and_nothing_else() {
    let page = page(&[record(0, "http://a.example/")]);
    let between = |from: &str, to: &str| page.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    let hash = |content: String| STANDARD.encode(Sha256::digest(content));
    let (style, script) = (hash(between("<style>", "</style>")), hash(between("<script>", "</script>")));
    let expected = format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    );
    assert_eq!(policy, expected);
    assert_eq!(page.matches("<script").count(), 2, "the data, and the script");
    assert!(!page.contains(" style=") && !page.contains(" onclick="), "the policy would refuse them");
}

#[test]
fn nothing_from_outside_is_markup_or_hides() {
    let mut hostile = record(0, HOSTILE);
    hostile.final_url = Some(format!("{HOSTILE}#last"));
    hostile.redirects = 1;
    hostile.host = Some(HOSTILE.into());
    hostile.error = Some(failure(Kind::Protocol, Stage::Wait, HOSTILE));
    let page = page(&[hostile]);
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains("<img") && !page.contains(['\u{202e}', '\u{2028}', '\0']));
    let row = &data(&page)[0];
    let shown = crate::cli::escape::line(HOSTILE);
    assert_eq!((row[3].as_str(), row[5].as_str()), (Some(&*shown), Some(&*shown)));
    assert_eq!(row[8].as_str(), Some(&*format!("protocol: {shown}")));
}

#[test]
fn what_was_never_asked_has_no_time_and_no_chart() {
    let bad = Outcome {
        attempts: 0,
        status: None,
        host: None,
        error: Some(failure(Kind::Url, Stage::Input, "no URL")),
        ..record(0, "nothing")
    };
    let page = page(&[bad]);
    assert_eq!(data(&page), [serde_json::json!([0, 0, null, "nothing", "", "", null, null, "url: no URL"])]);
    assert!(page.contains("<td class=\"status\">000</td>") && page.contains("<td class=\"number\">–</td>"));
    assert!(!page.contains("<svg id="));
}

#[test]
fn a_run_without_a_record_has_a_page() {
    let page = page(&[]);
    assert!(page.contains("<title>gfetch: 0 URLs: 0 ok</title>") && page.ends_with("</html>\n"));
    assert_eq!(data(&page).len(), 0);
}

/// A hundred thousand: all in the data, few in the static part.
#[test]
fn a_large_run_has_all_its_rows_as_data_and_the_first_and_slowest_as_markup() {
    let (mut records, mut spool) = (Records::new(starred), Vec::new());
    let mut summary = Summary::new(Limits { jobs: 64, per_host: Some(10), rate: None });
    for index in 0..100_000 {
        let outcome = record(index, &format!("http://a.example/page/{index}"));
        summary.add(&outcome);
        records.add(&outcome, &mut spool);
    }
    let (head, tail) = (records.head(&summary, at()), records.tail());
    assert!(head.len() < 200_000, "{} bytes", head.len());
    assert_eq!(head.matches("<th scope=\"row\"><a ").count(), 200);
    assert_eq!(head.matches("<text class=\"url\"").count(), 100);
    assert!(head.contains("The 100 slowest of 100,000 URLs") && head.contains("a.example/page/99999"));
    assert!(head.contains("<noscript><p>The first 200 of 100,000: the others need JavaScript.</p></noscript>"));
    let page = head + &String::from_utf8(spool).unwrap() + &tail;
    let rows = data(&page);
    assert_eq!((rows.len(), rows[99_999][0].as_u64()), (100_000, Some(99_999)));
    assert!(page.len() < 100_000 * 120, "{} bytes a row", page.len() / 100_000);
}

#[test]
fn rows_end_at_their_bound_and_the_page_says_so() {
    let (mut records, mut spool) = (Records::new(starred), Vec::new());
    let mut summary = Summary::new(Limits { jobs: 64, per_host: Some(10), rate: None });
    for index in 0..250_010 {
        let outcome = record(index, "http://a.example/");
        summary.add(&outcome);
        records.add(&outcome, &mut spool);
    }
    let head = records.head(&summary, at());
    assert!(head.contains("<p>The first 250,000 of 250,010; --format json keeps all.</p>"));
    assert_eq!(String::from_utf8(spool).unwrap().matches("\n[").count(), 250_000);
}

/// Runs of two URLs: serially 90 ms, two at once 60.
fn compared(modes: &[Mode], url: &str, change: impl Fn(usize, &mut Outcome)) -> String {
    let mut runs = Runs::of(2, modes);
    for (number, &mode) in modes.iter().chain(modes).enumerate() {
        runs.begin(mode, false);
        for (index, time) in [30, 60].into_iter().enumerate() {
            let sha256 = Some([7; 32]);
            let time = Duration::from_millis(time);
            let mut outcome = Outcome { index: index as u64, bytes: 1_500, sha256, ..outcome(url, Some(200), time) };
            change(number, &mut outcome);
            runs.add(&outcome);
        }
        let serial = matches!(mode, Mode::Serial | Mode::Jobs(1));
        runs.end(Duration::from_millis(if serial { 90 } else { 60 } + number as u64), Duration::ZERO);
    }
    let limits = Limits { jobs: 64, per_host: Some(10), rate: None };
    comparison(&runs.comparison(&limits, |_| url.to_owned()), starred, at())
}

#[test]
fn a_comparison_has_its_verdict_its_times_and_its_shares() {
    let page = compared(&[Mode::Serial, Mode::Parallel], "http://u:secret@a.example/", |_, _| ());
    assert!(page.contains("<title>gfetch: 2 URLs compared serially and in parallel</title>"), "{page}");
    assert!(page.contains("times faster (") && page.contains("http://u:***@a.example/ alone takes 0.060 s."), "{page}");
    assert!(!page.contains("secret") && page.contains("<p>All bodies were the same in all runs.</p>"));
    assert!(page.contains("<svg id=\"runs\" role=\"img\"") && page.contains("<svg id=\"phases\" role=\"img\""));
    assert_eq!(page.matches("<circle class=\"run\"").count(), 4, "each run of both");
    assert!(page.contains("<tr><th scope=\"row\">parallel</th><td>0.0"), "{page}");
    assert!(page.contains("<th scope=\"col\" class=\"number\">wait</th>") && !page.contains(">tls<"));
}

#[test]
fn a_comparison_of_widths_names_the_right_one() {
    let page = compared(&[1, 2, 8].map(Mode::Jobs), "http://a.example/", |_, _| ());
    assert!(page.contains("The right -j is about 2: 8 gained nothing more (2 rounds)."), "{page}");
    for row in ["-j 1", "-j 2", "-j 8"] {
        assert!(page.contains(&format!("<tr><th scope=\"row\">{row}</th>")), "{page}");
    }
}

#[test]
fn what_is_not_comparable_and_what_differs_is_listed_without_becoming_markup() {
    let failing = |number, outcome: &mut Outcome| {
        if number == 3 {
            outcome.error = Some(failure(Kind::Timeout, Stage::Wait, ""));
        }
    };
    let page = compared(&[Mode::Serial, Mode::Parallel], HOSTILE, failing);
    assert!(page.contains("<p class=\"notice\">2 URLs failed or changed their status.</p>"), "{page}");
    assert!(page.contains("<td>timeout</td><td class=\"number\">1 of 4</td>") && !page.contains("<img"));
    let changing = |number: usize, outcome: &mut Outcome| outcome.bytes = number as u64;
    let page = compared(&[Mode::Serial, Mode::Parallel], HOSTILE, changing);
    assert!(page.contains("<caption>2 bodies not the same in all runs</caption>"), "{page}");
    assert!(page.contains("<td>0</td><td class=\"number\">3</td>") && !page.contains("<img"));
    assert_eq!(page.matches("<script").count(), 1);
}

/// The luminance of `#rrggbb`, as WCAG has it.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn colours_stand_out_from_their_ground_by_day_and_by_night() {
    let themes: Vec<&str> = STYLE.split(":root {").skip(1).map(|theme| theme.split('}').next().unwrap()).collect();
    assert_eq!(themes.len(), 2);
    for theme in themes {
        let colours = theme.split(';').filter_map(|colour| colour.trim().strip_prefix("--")?.split_once(": "));
        let colours: std::collections::HashMap<&str, f64> =
            colours.map(|(name, colour)| (name, luminance(colour))).collect();
        let contrast = |one: f64, other: f64| (one.max(other) + 0.05) / (one.min(other) + 0.05);
        for ground in ["ground", "raised"] {
            for text in ["text", "muted", "link", "good", "bad"] {
                let contrast = contrast(colours[text], colours[ground]);
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
            }
        }
        for bar in ["queue", "retries", "dns", "connect", "tls", "send", "wait", "receive", "focus"] {
            let contrast = contrast(colours[bar], colours["ground"]);
            assert!(contrast >= 3.0, "{bar}: {contrast:.2}");
        }
    }
}
