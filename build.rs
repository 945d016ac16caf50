//! Tells the command what `--version` says of its build: the target, and which versions of the libraries that matter to
//! security are in it.

use std::{env, fs};

/// What speaks with servers.
const LIBRARIES: [&str; 4] = ["rustls", "ring", "h2", "httparse"];

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    // As a dependency of another program it may have no lock file of its own.
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let versions = LIBRARIES.iter().filter_map(|name| Some(format!("{name}/{}", version(&lock, name)?)));
    println!("cargo::rustc-env=GFETCH_LIBRARIES={}", versions.collect::<Vec<_>>().join(" "));
    println!("cargo::rustc-env=GFETCH_TARGET={}", env::var("TARGET").unwrap_or_default());
    // "debug", or "release" for all that are optimised.
    println!("cargo::rustc-env=GFETCH_BUILD={}", env::var("PROFILE").unwrap_or_default());
}

/// What the lock file says: the line after the name's.
fn version<'l>(lock: &'l str, name: &str) -> Option<&'l str> {
    let after = lock.split(&format!("name = \"{name}\"\nversion = \"")).nth(1)?;
    after.split('"').next()
}
