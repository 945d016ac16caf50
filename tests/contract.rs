//! Holds docs/cli-contract.md to the tests that it names: every line of the command's contract has its own.

mod places;

use places::{complaint, read};

/// Fewer are not the whole contract.
const MIN_ROWS: usize = 150;
/// The rows: a line of the contract, and what holds it.
fn rows() -> Vec<(String, Vec<String>)> {
    let table = read("docs/cli-contract.md").unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| line of"));
    let row = |line: &str| {
        let guarded = line.replace("\\|", "\u{1}");
        let cells: Vec<&str> = guarded.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [what, tests] = cells[..] else { panic!("{} cells instead of 2: {line}", cells.len()) };
        (what.to_owned(), tests.split(", ").map(|place| place.trim_matches('`').to_owned()).collect())
    };
    lines.map(row).collect()
}

#[test]
fn every_line_of_the_contract_names_tests_that_are_there() {
    let rows = rows();
    assert!(rows.len() >= MIN_ROWS, "only {} lines", rows.len());
    let mut complaints = Vec::new();
    for (what, tests) in &rows {
        for test in tests {
            if test.contains("::") {
                complaints.extend(complaint(test).map(|text| format!("{what}: {text}")));
            } else {
                complaints.push(format!("{what}: {test:?} names no test"));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
