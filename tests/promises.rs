//! Holds README's table "What gfetch promises against a hostile server" to the tests that it names.

mod places;

use places::{complaint, read};

const HEADING: &str = "## What gfetch promises against a hostile server";
/// Fewer are not the whole promise.
const MIN_ROWS: usize = 15;

/// The rows: what is promised, and the tests that hold it.
fn rows() -> Vec<(String, Vec<String>)> {
    let readme = read("README.md").unwrap();
    let section = readme.split(HEADING).nth(1).expect("the heading").split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [promise, tests] = cells[..] else { panic!("{} cells instead of 2: {line}", cells.len()) };
        (promise.to_owned(), tests.split(", ").map(|place| place.trim_matches('`').to_owned()).collect())
    };
    lines.map(row).collect()
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let rows = rows();
    assert!(rows.len() >= MIN_ROWS, "only {} promises", rows.len());
    let mut complaints = Vec::new();
    for (promise, tests) in rows {
        assert!(promise.len() > 20, "{promise:?} promises nothing");
        for test in tests {
            assert!(test.contains("::"), "{promise}: {test:?} names no test");
            complaints.extend(complaint(&test).map(|text| format!("{promise}: {text}")));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
