//! The page of `--report` in a real browser: it renders, sorts, filters, asks nobody for anything, and nothing that a server
//! or a list says runs in it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::keys::{ENTER, SPACE};
use super::{Browser, Page};
use crate::answering::Answering;
use crate::client::gfetch;
use crate::needs_servers;

/// Answers all, `/gone…` with 404, `/slow` a little later.
fn pages() -> Answering {
    Answering::new(|request| {
        let (status, body) = match &request.path {
            path if path.starts_with("/gone") => ("404 Not Found", "x".repeat(9)),
            path => ("200 OK", "x".repeat(100 * path.len())),
        };
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    })
}

/// A page about a run of this list, in a folder that lives as long.
fn report(list: &str, options: &[&str]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("page.html");
    let output = gfetch(&[&["-i", "-", "--report", page.to_str().unwrap()], options].concat(), list);
    assert!(page.exists(), "{}", String::from_utf8_lossy(&output.stderr));
    (dir, page)
}

/// 250 URLs, every tenth of them gone.
fn list(server: &Answering) -> String {
    let path = |number| if number % 10 == 3 { format!("/gone/{number}") } else { format!("/page/{number}") };
    (0..250).map(|number| server.url(&path(number)) + "\n").collect()
}

#[track_caller]
fn assert_quiet(page: &mut Page<'_>) {
    let troubles = page.troubles();
    assert!(troubles.is_empty(), "{troubles:#?}");
}

fn numbers(page: &mut Page<'_>) -> Vec<u64> {
    page.texts("#records tbody td:first-child").iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn the_report_renders_and_asks_nobody_for_anything() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&list(&server), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    assert_eq!(page.text("h1"), "250 URLs: 225 ok, 25 failed");
    assert_eq!(page.text("#shown"), "1 to 200 of 250, sorted by #");
    assert_eq!(numbers(&mut page), (0..200).collect::<Vec<_>>());
    for chart in ["#histogram", "#waterfall"] {
        assert_eq!(page.eval(&format!("document.querySelector('{chart}').getBoundingClientRect().height > 50")), true);
        assert_eq!(page.eval(&format!("document.querySelectorAll('{chart} rect').length > 0")), true);
    }
    assert_eq!(page.eval("document.querySelectorAll('#waterfall .url').length"), 100);
    page.click("#next");
    assert_eq!(numbers(&mut page), (200..250).collect::<Vec<_>>());
    assert_eq!(page.text("#page"), "Page 2 of 2");
    assert_eq!(page.eval("document.querySelector('#next').disabled"), true);
    assert_quiet(&mut page);
}

#[test]
fn the_table_is_the_same_with_and_without_a_script() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&format!("nothing\nhttp://127.0.0.1:1/\n{}", list(&server)), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    let mut rows = |forbidden| {
        if forbidden {
            page.forbid_scripts();
        }
        page.open(&file);
        assert_quiet(&mut page);
        let rows = page.eval("[...document.querySelectorAll('#records tbody tr')].map((row) => row.outerHTML)");
        rows.as_array().unwrap().clone()
    };
    let (made, written) = (rows(false), rows(true));
    assert_eq!((made.len(), written.len()), (200, 200));
    made.iter().zip(&written).for_each(|(made, written)| assert_eq!(made, written));
}

#[test]
fn the_table_sorts_by_mouse_and_by_keyboard() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&list(&server), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    let sorted = |page: &mut Page<'_>| {
        page.eval("[...document.querySelectorAll('#records th[scope=col]')].map((head) => head.ariaSort)")
    };
    page.click("#records th:nth-child(2) button");
    assert_eq!(sorted(&mut page), serde_json::json!([null, "ascending", null, null, null, null, null]));
    page.click("#records th:nth-child(2) button");
    assert_eq!(sorted(&mut page)[1], "descending");
    let first = numbers(&mut page)[..25].to_vec();
    assert_eq!(first, (0..25).map(|tenth| 10 * tenth + 3).collect::<Vec<_>>(), "the 404s, in the list's order");

    page.tab_to("e.textContent === 'Time'");
    page.press(ENTER);
    assert_eq!(sorted(&mut page)[5], "descending", "the slowest first");
    page.press(SPACE);
    assert_eq!(sorted(&mut page)[5], "ascending");
    assert_eq!(page.eval("document.activeElement.textContent"), "Time", "the focus stays");
    assert_eq!(page.text("#shown"), "1 to 200 of 250, sorted by Time");
    let visible = page.eval("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(visible, "solid", "the focus is seen");
    assert_quiet(&mut page);
}

#[test]
fn the_table_is_filtered_by_words_and_by_outcome() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&list(&server), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    page.tab_to("e.id === 'filter'");
    page.type_text("GONE/1 404");
    page.wait_for("document.querySelector('#shown').textContent.startsWith('1 to 11 of 11 that match, of 250')");
    assert_eq!(numbers(&mut page), [13, 103, 113, 123, 133, 143, 153, 163, 173, 183, 193]);
    page.eval("document.querySelector('#filter').select()");
    page.type_text("nowhere");
    page.wait_for("document.querySelector('#shown').textContent === 'No URL matches, of 250.'");
    page.eval("document.querySelector('#filter').select()");
    page.type_text(" ");
    page.eval(
        "{ const e = document.querySelector('#outcome'); e.value = 'failed'; e.dispatchEvent(new Event('change')); }",
    );
    assert_eq!(numbers(&mut page).len(), 25);
    // Enter in the field sends nothing anywhere.
    page.tab_to("e.id === 'filter'");
    page.press(ENTER);
    assert_quiet(&mut page);
}

#[test]
fn by_night_the_page_is_dark() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&list(&server), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    let mut ground = |dark| {
        page.prefer_dark(dark);
        page.open(&file);
        let colour = page.eval("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)");
        assert_quiet(&mut page);
        colour.as_array().unwrap().iter().map(|part| part.as_u64().unwrap()).sum::<u64>()
    };
    assert!(ground(false) > 700 && ground(true) < 100);
}

/// What a page must never run, in as many places as a server and a list have.
const HOSTILE: &[&str] = &[
    "\"><script>window.__pwned=1</script>",
    "</script><script>window.__pwned=2</script>",
    "'\"><img src=x onerror=window.__pwned=3>",
    "<svg onload=window.__pwned=4>",
    "-->]]></style></title></textarea><script>alert(5)</script>",
    "\" onmouseover=\"window.__pwned=6\" x=\"",
    "\u{2028}window.__pwned=7//\u{2029}",
    "{{constructor.constructor('window.__pwned=8')()}}",
    "&lt;script&gt;window.__pwned=9&lt;/script&gt;",
    "\u{202e}gnp.exe\u{2066}<iframe srcdoc='<script>parent.__pwned=10</script>'>",
    "\\u003cscript\\u003ewindow.__pwned=11\\u003c/script\\u003e",
];

/// Says each of them where a server can: in the reason, a redirect, a type, a coding, a field.
fn hostile() -> Answering {
    Answering::new(|request| {
        let number = |path: &str| path.rsplit('/').next().and_then(|number| number.parse::<usize>().ok()).unwrap_or(0);
        let bad = HOSTILE[number(&request.path) % HOSTILE.len()];
        let utf8_field = bad.replace(['\u{2028}', '\u{2029}'], " ");
        let fields = match request.path.split('/').nth(1).unwrap_or_default() {
            "reason" => return format!("HTTP/1.1 404 {bad}\r\nContent-Length: 0\r\n\r\n"),
            "location" => {
                return format!("HTTP/1.1 302 Found\r\nLocation: /last/{utf8_field}\r\nContent-Length: 0\r\n\r\n");
            }
            "scheme" => {
                return format!("HTTP/1.1 302 Found\r\nLocation: javascript:{utf8_field}\r\nContent-Length: 0\r\n\r\n");
            }
            "type" => format!("Content-Type: {utf8_field}\r\n"),
            "coding" => format!("Content-Encoding: {utf8_field}\r\n"),
            _ => format!("X-Field: {utf8_field}\r\n"),
        };
        format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok")
    })
}

fn hostile_list(server: &Answering) -> String {
    let mut list = String::from("javascript:window.__pwned=20\ndata:text/html,<script>window.__pwned=21</script>\n");
    for (number, bad) in HOSTILE.iter().enumerate() {
        list += &format!("{bad}\n{}\n{}\n", server.url(&format!("/{bad}")), server.url(&format!("/?q={bad}#{bad}")));
        list += &format!("http://u:{bad}@127.0.0.1:1/\nhttp://{bad}.example/\n");
        for place in ["reason", "location", "scheme", "type", "coding", "field"] {
            list += &(server.url(&format!("/{place}/{number}")) + "\n");
        }
    }
    list
}

/// Everything that scripts of others would leave behind, after every row was shown and touched.
#[track_caller]
fn assert_harmless(page: &mut Page<'_>) {
    let strange = page.eval(
        "document.querySelectorAll('img, iframe, object, embed, link, base, [onerror], [onload], [onmouseover], [srcdoc], \
         a[href^=\"javascript:\" i], a[href^=\"data:\" i]').length",
    );
    assert_eq!(strange, 0);
    assert_eq!(page.eval("typeof window.__pwned"), "undefined");
    let hidden = page.eval("/[\\u202a-\\u202e\\u2066-\\u2069\\u2028\\u2029]/.test(document.documentElement.outerHTML)");
    assert_eq!(hidden, false, "nothing turns the text around");
    assert_quiet(page);
}

#[test]
fn nothing_that_a_server_or_a_list_says_runs_in_the_page() {
    needs_servers!();
    let server = hostile();
    let (_dir, file) = report(&hostile_list(&server), &["--retry", "0", "--connect-timeout", "2"]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    let shown = page.text("#shown");
    assert!(shown.starts_with("1 to 123 of 123"), "{shown}");
    let reasons = page.texts("#records tbody td:last-child").join("\n");
    assert!(reasons.contains("<script>window.__pwned=1</script>"), "they did come, as text: {reasons}");
    assert_harmless(&mut page);
    page.click("#records th:nth-child(3) button");
    page.click("#records th:nth-child(7) button");
    page.eval("document.querySelectorAll('#records tbody *, svg *').forEach((e) => e.dispatchEvent(new MouseEvent('mouseover')))");
    assert_harmless(&mut page);
    page.forbid_scripts();
    page.open(&file);
    assert_harmless(&mut page);
}

#[test]
fn a_hostile_comparison_is_harmless_too() {
    needs_servers!();
    let server = hostile();
    for list in
        [hostile_list(&server), server.url("/?<script>window.__pwned=1</script>\"><img src=x onerror=alert(1)>")]
    {
        let (_dir, file) = report(&list, &["--compare", "--runs", "1"]);
        let mut browser = Browser::start();
        let mut page = browser.page();
        page.open(&file);
        assert_eq!(page.eval("document.querySelectorAll('table').length > 0"), true);
        assert_harmless(&mut page);
    }
}

#[test]
fn without_a_script_the_summary_and_the_first_rows_are_there() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&list(&server), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.forbid_scripts();
    page.open(&file);
    let seen = page.eval("document.body.innerText").as_str().unwrap().to_owned();
    for text in
        ["250 URLs: 225 ok, 25 failed", "HTTP 404", "The first 200 of 250: the others need JavaScript.", "/page/199"]
    {
        assert!(seen.contains(text), "{text}: {seen}");
    }
    assert!(!seen.contains("Filter") && !seen.contains("Previous"), "what needs a script is not offered: {seen}");
    assert_eq!(page.eval("document.querySelectorAll('#records tbody tr').length"), 200);
    assert_quiet(&mut page);
}

#[track_caller]
fn assert_fits(page: &mut Page<'_>, file: &Path) {
    page.open(file);
    let width = page.eval("document.documentElement.scrollWidth");
    let wide = page.eval(
        "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > 361 && \
         !e.closest('.scroll, .chart, .skip')).map((e) => e.outerHTML.slice(0, 200))",
    );
    assert!(width.as_u64().unwrap() <= 360, "{width}: {wide}");
}

#[test]
fn a_telephone_shows_it_without_scrolling_sideways() {
    needs_servers!();
    let (server, bad) = (pages(), hostile());
    let long = format!("{}{}\n{}", list(&server), server.url(&format!("/{}", "x".repeat(5_000))), hostile_list(&bad));
    let reports = [
        report(&long, &["--connect-timeout", "2"]),
        report(&list(&server).replace("gone", "there"), &["--compare", "--runs", "2"]),
        report(&list(&server).replace("gone", "there"), &["--compare-jobs", "1,4", "--runs", "2"]),
        report(&long, &["--compare", "--runs", "1"]),
    ];
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.resize(360, 640);
    reports.iter().for_each(|(_dir, file)| assert_fits(&mut page, file));
    page.forbid_scripts();
    reports.iter().for_each(|(_dir, file)| assert_fits(&mut page, file));
}

#[test]
fn a_screen_reader_finds_names_for_all_that_is_there() {
    needs_servers!();
    let server = pages();
    let (_dir, file) = report(&list(&server), &[]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    let tree = page.accessible();
    let names =
        |role: &str| tree.iter().filter(|(own, _)| own == role).map(|(_, name)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(names("RootWebArea"), ["gfetch: 250 URLs: 225 ok, 25 failed"]);
    assert_eq!(
        names("heading"),
        ["250 URLs: 225 ok, 25 failed", "Summary", "How long they took", "When they ran", "URLs"]
    );
    assert_eq!(names("table"), ["Answers", "Failures", "250 URLs"]);
    // Chromium calls a picture by either of its two names.
    let charts: Vec<&str> = ["image", "img"].into_iter().flat_map(names).collect();
    assert_eq!(charts.len(), 2, "{charts:?}");
    assert!(
        charts[0].starts_with("How long the URLs took A histogram of the times of 250 URLs: median "),
        "{charts:?}"
    );
    assert!(charts[1].contains("A waterfall of 100 URLs within "), "{charts:?}");
    assert_eq!(names("columnheader")[5..], ["#", "Status", "URL", "Host", "Size", "Time", "Reason"]);
    assert_eq!((names("searchbox"), names("combobox")), (vec!["Filter"], vec!["Show"]));
    for role in ["button", "link", "region", "navigation", "main", "search"] {
        assert!(role == "main" || names(role).iter().all(|name| !name.is_empty()), "{role}: {:?}", names(role));
        assert!(!names(role).is_empty(), "no {role}");
    }
    assert_eq!(names("link")[0], "Skip to the results");
    page.tab_to("e.className === 'skip'");
    page.press(ENTER);
    assert_eq!(page.eval("document.activeElement.id"), "main");
}

#[test]
fn a_hundred_thousand_rows_are_sorted_filtered_and_turned() {
    needs_servers!();
    // What is no URL is a record, and asks nobody.
    let many: String = (0..100_000).map(|number| format!("no url {number}\n")).collect();
    let (_dir, file) = report(&many, &["-s"]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    assert_eq!(page.text("#shown"), "1 to 200 of 100,000, sorted by #");
    page.click("#records th:nth-child(1) button");
    assert_eq!(numbers(&mut page)[..2], [99_999, 99_998]);
    page.tab_to("e.id === 'filter'");
    page.type_text("url 77777");
    page.wait_for("document.querySelector('#shown').textContent.startsWith('1 to 1 of 1 that match')");
    assert_eq!(numbers(&mut page), [77_777]);
    assert_quiet(&mut page);
}

#[test]
fn a_comparison_renders_with_its_drawings_named() {
    needs_servers!();
    let server = pages();
    let list = (0..20).map(|number| server.url(&format!("/page/{number}")) + "\n").collect::<String>();
    let (_dir, file) = report(&list, &["--compare-jobs", "1,4,16", "--runs", "3"]);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.open(&file);
    assert_eq!(page.text("h1"), "20 URLs compared at 3 widths");
    assert_eq!(page.eval("document.querySelectorAll('#runs .run').length"), 9);
    assert_eq!(page.texts("table tbody th"), ["-j 1", "-j 4", "-j 16"]);
    let tree = page.accessible();
    let named = |start: &str| tree.iter().any(|(_, name)| name.starts_with(start));
    assert!(named("How long a run took Bars of the median times") && named("Shares of the requests' time"), "{tree:?}");
    assert_quiet(&mut page);
}
