//! The Debian package: whatever Cargo.toml names is in the tree, or is generated; what is generated is taken.

use std::fs;
use std::process::Command;

use super::runner::Dir;
use super::{here, told};

/// Where each file of the package comes from, and where it goes.
fn assets() -> Vec<(String, String)> {
    let told =
        Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).output();
    let metadata: serde_json::Value = serde_json::from_slice(&told.unwrap().stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let deb = &packages.iter().find(|package| package["name"] == "gfetch").unwrap()["metadata"]["deb"];
    for said in ["maintainer", "copyright", "section", "depends", "extended-description"] {
        assert!(deb[said].as_str().is_some_and(|text| !text.is_empty()), "{said}");
    }
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    deb["assets"].as_array().unwrap().iter().map(|asset| (text(&asset[0]), text(&asset[1]))).collect()
}

#[test]
fn every_file_of_the_debian_package_is_there_or_is_generated() {
    let dir = Dir::new();
    let script = here(".ci/package");
    told(Command::new("bash").arg(script).args(["files", env!("CARGO_BIN_EXE_gfetch"), &dir.at("")]));
    let mut generated = dir.names();
    let assets = assets();
    for (from, _) in &assets {
        match from.strip_prefix("target/installed/") {
            Some(name) => {
                assert!(fs::metadata(dir.file(name)).is_ok_and(|file| file.len() > 1000), "{from}");
                generated.retain(|other| other != name);
            }
            None => assert!(from == "target/release/gfetch" || here(from).is_file(), "{from}"),
        }
    }
    // PowerShell has no folder on Debian that it looks into.
    assert_eq!(generated, ["_gfetch.ps1"]);
}

#[test]
fn the_debian_package_holds_the_command_its_page_its_completions_and_its_licences() {
    let assets = assets();
    let places = [
        "usr/bin/",
        "usr/share/man/man1/",
        "usr/share/bash-completion/completions/gfetch",
        "usr/share/zsh/vendor-completions/",
        "usr/share/fish/vendor_completions.d/",
    ];
    for place in places {
        assert_eq!(assets.iter().filter(|(_, to)| to == place).count(), 1, "{place}");
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(assets.iter().any(|(from, _)| from == licence), "{licence}");
    }
}
