//! Holds docs/gevent-parity.md to the fixed list of ids, and what it points at to the files.

mod places;

use std::collections::BTreeMap;

use places::{complaint, read};

struct Row {
    id: String,
    what: String,
    places: Vec<String>,
    reason: String,
}

impl Row {
    fn has(&self, word: &str) -> bool {
        self.places.iter().any(|place| place == word)
    }
}

fn rows() -> Vec<Row> {
    let table = read("docs/gevent-parity.md").unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id |"));
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let guarded = line.replace("\\|", "\u{1}");
    let cells: Vec<_> = guarded.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [id, what, places, reason] = cells[..] else { panic!("{} cells instead of 4: {line}", cells.len()) };
    let places = places.split(", ").map(|place| place.trim_matches('`').to_owned()).collect();
    Row { id: id.into(), what: what.into(), places, reason: reason.into() }
}

#[test]
fn every_id_stands_in_the_table_once() {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    rows().into_iter().for_each(|row| *count.entry(row.id).or_default() += 1);
    let ids = read("fixtures/parity-ids.txt").unwrap();
    assert!(ids.lines().count() > 200, "the list is whole");
    for id in ids.lines() {
        assert_eq!(count.remove(id), Some(1), "{id} must stand in docs/gevent-parity.md once");
    }
    assert!(count.is_empty(), "not in the list of ids: {count:?}");
}

#[test]
fn every_row_says_what_and_where_and_the_places_are_there() {
    let mut complaints = Vec::new();
    for row in rows() {
        assert!(!row.what.is_empty() && !row.places.iter().any(String::is_empty), "{} says too little", row.id);
        let named = row.places.iter().filter(|place| *place != "missing");
        complaints.extend(named.filter_map(|place| complaint(place)).map(|text| format!("{}: {text}", row.id)));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn what_is_different_on_purpose_has_its_reason() {
    let reasons = rows().into_iter().filter(|row| !row.reason.is_empty());
    reasons.for_each(|row| assert!(row.reason.len() > 8, "{}: {:?} is no reason", row.id, row.reason));
}

#[test]
fn no_row_is_missing() {
    let missing: Vec<String> = rows().into_iter().filter(|row| row.has("missing")).map(|row| row.id).collect();
    println!("{} rows missing: {}", missing.len(), missing.join(" "));
    assert!(missing.is_empty(), "missing: {missing:?}");
}

#[test]
fn a_place_that_is_not_there_is_noticed() {
    assert_eq!(complaint("tests/parity.rs"), None);
    assert_eq!(complaint("tests/parity.rs::a_place_that_is_not_there_is_noticed"), None);
    assert!(complaint("tests/no_such_file.rs").is_some());
    assert!(complaint(concat!("tests/parity.rs::", "no_such_test")).is_some());
    assert!(complaint("tests/parity.rs::row").is_some(), "a function, but no test");
    assert_eq!(
        complaint("crates/gfetch-monkey/tests/late.rs::what_is_patched_late_is_cooperative_from_its_next_call_on"),
        None
    );
    assert!(complaint("crates/gfetch-monkey/tests/late.rs::no_such_test").is_some());
    assert!(complaint("crates/gfetch-monkey/tests/late.rs::slow").is_some(), "a function, but no test");
}
