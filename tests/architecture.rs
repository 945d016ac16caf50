//! Holds the tree to its rules: layers run downward, every file says what it owns, unsafe stays in named files, the library
//! neither prints nor exits nor reads the environment, and no async runtime gets into the release binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each layer with those it must not import.
const LAYERS: &[(&str, &[&str])] = &[
    ("green", &["net", "http", "fetch", "cli"]),
    ("net", &["http", "fetch", "cli"]),
    ("http", &["fetch", "cli"]),
    ("fetch", &["cli"]),
];

/// The files that may contain `unsafe`, and nothing else may.
const UNSAFE_FILES: &[&str] = &[
    "src/cli/closed.rs",
    "src/green/greenlet.rs",
    "src/green/hub.rs",
    "src/green/hub/fork.rs",
    "src/green/hub/ready.rs",
    "src/green/task.rs",
    "src/green/task/overflow.rs",
    "src/green/task/stack.rs",
    "src/net/getaddrinfo.rs",
    "src/net/socket.rs",
];

/// A package of its own; its README says which of its files may, and what for.
const MONKEY: &str = "crates/gfetch-monkey";

/// No file of the tree is longer; most are far shorter.
const MAX_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, with its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing below {folder}");
    found.sort();
    found
}

/// Compiled for tests only.
fn is_test_file(name: &str) -> bool {
    name.contains("tests") || name.ends_with("src/fetch/random.rs")
}

/// The lines that are code, with their numbers: no comments, nothing after the first `#[cfg(test)]` module of the file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.map(|(number, line)| (number + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn imports_run_only_downward() {
    for (layer, above) in LAYERS {
        for (name, text) in files(&format!("src/{layer}")) {
            for (number, line) in code(&text) {
                for upper in *above {
                    let imports =
                        line.contains(&format!("crate::{upper}::")) || line.contains(&format!("crate::{upper};"));
                    assert!(!imports, "{name}:{number}: {layer} imports {upper}: {line}");
                }
            }
        }
    }
}

#[test]
fn every_file_opens_with_what_it_owns() {
    for folder in ["src", "tests", "benches", MONKEY] {
        for (name, text) in files(folder) {
            assert!(text.starts_with("//! "), "{name} does not open with a //! sentence");
        }
    }
}

#[test]
fn unsafe_stays_in_named_files_with_its_argument() {
    let named: BTreeSet<String> = UNSAFE_FILES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(with_unsafe("src"), named);
}

#[test]
fn what_is_unsafe_in_gfetch_monkey_stands_in_its_readme() {
    let readme = fs::read_to_string(root().join(MONKEY).join("README.md")).unwrap();
    let table = readme.split("## Where unsafe code stands").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `src/")?.split('`').next());
    let named: BTreeSet<String> = rows.map(|file| format!("{MONKEY}/src/{file}")).collect();
    assert_eq!(with_unsafe(&format!("{MONKEY}/src")), named);
}

/// The files below `folder` that have unsafe code, each with its argument.
fn with_unsafe(folder: &str) -> BTreeSet<String> {
    let mut with_unsafe = BTreeSet::new();
    for (name, text) in files(folder) {
        let uses = |line: &str| {
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait", "#[unsafe("].iter().any(|word| line.contains(word))
        };
        // That it defines the C library's names is what gfetch-monkey is for, and argued where it begins.
        let is_its_point = |line: &str| folder.starts_with(MONKEY) && line.trim() == "#[unsafe(no_mangle)]";
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code.filter(|(_, line)| uses(line) && !is_its_point(line)) {
            let before: Vec<&str> = text.lines().take(number).collect();
            let argued = before.iter().rev().take(8).any(|line| line.contains("SAFETY") || line.contains("# Safety"));
            assert!(argued, "{name}:{}: unsafe without its argument: {line}", number + 1);
            with_unsafe.insert(name.clone());
        }
    }
    with_unsafe
}

#[test]
fn files_fit_in_the_head() {
    for (name, text) in files("src").into_iter().chain(files(&format!("{MONKEY}/src"))) {
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES || is_test_file(&name), "{name} has {lines} lines");
    }
}

#[test]
fn the_library_neither_prints_nor_exits_nor_reads_the_environment() {
    let forbidden = [
        "println!",
        "eprintln!",
        "print!(",
        "dbg!",
        "process::exit",
        "env::var",
        "env::args",
        "todo!",
        "unimplemented!",
    ];
    for (layer, _) in LAYERS {
        for (name, text) in files(&format!("src/{layer}")).into_iter().filter(|(name, _)| !is_test_file(name)) {
            for (number, line) in code(&text) {
                let word = forbidden.iter().find(|word| line.contains(**word));
                assert!(word.is_none(), "{name}:{number}: {}: {line}", word.unwrap());
            }
        }
    }
}

#[test]
fn no_test_is_ignored() {
    for folder in ["src", "tests", MONKEY] {
        for (name, text) in files(folder) {
            let attribute = concat!("#[", "ignore");
            assert!(!text.contains(attribute), "{name} ignores a test");
        }
    }
}

#[test]
fn no_async_runtime_is_in_the_release_binary() {
    let tree = cargo_tree(&["-e", "normal,no-proc-macro", "--prefix", "none"]);
    for runtime in ["async-std v", "smol v", "async-executor v", "futures-executor v"] {
        assert!(!tree.lines().any(|line| line.starts_with(runtime)), "{runtime} is linked:\n{tree}");
    }
}

/// Plain `cargo test` is for a bare machine: other people's crates that gfetch-monkey is tried on, and the C libraries of the
/// system under them, are not compiled by it.
#[test]
fn plain_cargo_needs_no_library_of_the_system() {
    let tree = cargo_tree(&["--prefix", "none", "-f", "{p}"]);
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    // The one brings its C along, the other has tables of numbers.
    let own = ["libmimalloc-sys", "linux-raw-sys"];
    let of_the_system: Vec<_> = names.iter().filter(|name| name.ends_with("-sys") && !own.contains(name)).collect();
    assert!(of_the_system.is_empty(), "{of_the_system:?}");
    assert!(names.contains("gfetch") && !names.iter().any(|name| name.starts_with("gfetch-")), "{names:?}");
}

/// What `cargo tree` tells of the packages that cargo takes where none is named.
fn cargo_tree(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let tree = cargo.args(["tree", "--locked", "--offline"]).args(arguments).current_dir(root()).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).unwrap()
}

/// What gfetch's manifest names as `[dependencies]`.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let table = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    table.lines().filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect()
}

#[test]
fn the_architecture_is_told_in_150_lines_and_names_every_dependency() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(architecture.lines().count() <= 150, "{} lines", architecture.lines().count());
    for name in dependencies() {
        assert!(architecture.contains(&format!("`{name}`")), "ARCHITECTURE.md does not say why {name} is here");
    }
}

/// The packages that stand beside lock gfetch's dependencies again, and CI builds them `--locked`.
#[test]
fn the_lock_files_beside_know_what_gfetch_depends_on() {
    for lock in ["examples/zeromq/Cargo.lock", "fuzz/Cargo.lock"] {
        let text = fs::read_to_string(root().join(lock)).unwrap();
        let own = text.split("[[package]]").find(|package| package.contains("\nname = \"gfetch\"\n")).unwrap();
        let listed = own.split("dependencies = [").nth(1).unwrap().split(']').next().unwrap();
        // A name, and the version after it where there are several.
        let names = listed.lines().filter_map(|line| line.split('"').nth(1)?.split(' ').next());
        let locked: BTreeSet<String> = names.map(str::to_owned).collect();
        assert_eq!(locked, dependencies(), "{lock}: run `cargo update --workspace` beside it");
    }
}

/// `h2` wants tokio's traits, and nothing that runs: Cargo's resolver says which of its features are on.
#[test]
fn tokio_is_there_for_its_traits_alone() {
    let on = cargo_tree(&["-e", "normal,build", "-i", "tokio", "--depth", "0", "-f", "{f}"]);
    let on: BTreeSet<&str> = on.trim().split(',').collect();
    assert!(on.contains("io-util"), "{on:?}");
    for feature in ["rt", "rt-multi-thread", "net", "time", "macros", "fs", "process", "signal", "full"] {
        assert!(!on.contains(feature), "tokio's {feature} is on: {on:?}");
    }
}
