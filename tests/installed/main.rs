//! gfetch as it is installed: completions in real shells, the man page under real formatters, the Debian package's files.
//!
//! What is not installed is said and left out; `GFETCH_INTEROP=require` insists on it (`bash .ci/install` brings it). PowerShell
//! is in no registry that CI reaches: its script is held to balanced brackets and quotes only.

#[allow(dead_code)]
#[path = "../command/runner.rs"]
mod runner;

mod completions;
mod guide;
mod man;
mod package;

use std::path::Path;
use std::process::Command;

/// Whether a program is there; where it must be and is not, the test fails.
#[must_use]
fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&paths).any(|folder| folder.join(program).is_file());
    let required = std::env::var_os("GFETCH_INTEROP").is_some_and(|value| value == "require");
    assert!(there || !required, "{program} is not installed");
    if !there {
        eprintln!("skipped: there is no {program} here; GFETCH_INTEROP=require insists on it");
    }
    there
}

/// What a command prints on standard output, and on standard error behind it; it must end well.
#[track_caller]
fn told(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    told
}

/// Writes what `--generate KIND` prints into a file of the folder.
fn generated(dir: &runner::Dir, kind: &str, name: &str) -> String {
    let run = runner::gfetch(&["--generate", kind]).expect(0);
    assert_eq!(run.err, "");
    dir.write(name, &run.out)
}

fn here(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
