//! The documentation's table says of every function what the crate's own does; the repository's README shows what this
//! crate's does.

use std::collections::BTreeSet;

use gfetch_monkey::{SignalSafety, symbols};

/// Name, feature, signal safety: as the documentation has them for a program that is linked as this one.
fn documented() -> BTreeSet<[String; 3]> {
    let text = include_str!("../../src/lib.rs");
    let table = text.split("# Every function").nth(1).unwrap().split("//! # ").next().unwrap();
    let left_out = if cfg!(target_feature = "crt-static") { "not in a static program" } else { "in static musl only" };
    let rows = table.lines().filter(|line| line.starts_with("//! | `") && !line.contains(left_out));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert!(cells.len() == 6 && !cells[4].is_empty(), "{row}");
        [cells[1], cells[2], cells[3]].map(|cell| cell.trim_matches('`').to_owned())
    })
    .collect()
}

#[test]
fn every_function_stands_in_the_documentations_table() {
    let safety = |safety| match safety {
        SignalSafety::Safe => "always",
        SignalSafety::UnlessItWaits => "unless it waits",
        SignalSafety::Unsafe => "never",
        other => panic!("{other:?} has no word in the table"),
    };
    let rows = symbols().map(|symbol| {
        let feature = format!("{:?}", symbol.feature());
        [symbol.name().to_owned(), feature, safety(symbol.signal_safety()).to_owned()]
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), documented());
}

/// There it is compiled; in the repository's it cannot be.
#[test]
fn the_repositorys_readme_shows_this_ones_example() {
    let example = |readme: &'static str, opening: &str| {
        let after = readme.split(opening).nth(1).unwrap();
        after.split("```").next().unwrap()
    };
    let here = example(include_str!("../../README.md"), "```rust,no_run\n");
    assert!(here.contains("patch_all") && here.contains("ureq"));
    assert_eq!(example(include_str!("../../../../README.md"), "```rs\n"), here);
}
