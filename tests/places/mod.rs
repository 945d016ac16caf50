//! Places that documents name, `path` or `path::function`: whether they are there, and tests where they should be.

use std::fs;
use std::path::Path;

/// A file of the tree.
pub fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// What a place should be, if it is not: `path`, or `path::name` with that test or item in the file.
pub fn complaint(place: &str) -> Option<String> {
    let (path, name) = place.split_once("::").map_or((place, None), |(path, name)| (path, Some(name)));
    let Some(text) = read(path) else { return Some(format!("there is no file {path}")) };
    let name = name?;
    let Some(at) = text.find(&format!("fn {name}(")) else { return Some(format!("no function {name} in {path}")) };
    let is_test_file = path.starts_with("tests/") || path.contains("tests");
    let attributes = text[..at].lines().rev().take_while(|line| !line.is_empty() && !line.starts_with('}'));
    let is_test = attributes.into_iter().any(|line| line.trim() == "#[test]");
    (is_test_file && !is_test).then(|| format!("{name} in {path} is no test"))
}
