//! The config file and `--preset`, with a real file in a real folder.

use std::fs;

use super::answering::{Answering, with};
use super::runner::{Dir, Gfetch};

fn folder(config: &str) -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.file("gfetch")).unwrap();
    dir.write("gfetch/config.toml", config);
    dir
}

#[test]
fn a_preset_is_what_the_request_is_made_with() {
    let server = Answering::new(|_| with(200, ""));
    let dir = folder("[default]\nuser-agent = \"all/1\"\n[preset.one]\nheader = [\"X-One: 1\", \"X-Two: 2\"]\n");
    let run = |args: &[&str]| {
        Gfetch::new(args).args(&[&server.url("/")]).env("XDG_CONFIG_HOME", &dir.at("")).run().expect(0);
    };
    run(&["--preset", "one"]);
    run(&[]);
    run(&["-q"]);
    assert_eq!(server.sent("x-two"), ["/ 2", "/ -", "/ -"]);
    assert_eq!(server.sent("user-agent")[..2], ["/ all/1", "/ all/1"]);
    assert!(server.sent("user-agent")[2].starts_with("/ gfetch/"));
}

#[test]
fn a_config_file_that_is_wrong_fetches_nothing() {
    let server = Answering::new(|_| with(200, ""));
    let dir = folder("[default]\njobs = many\n");
    let run = |dir: &Dir| Gfetch::new(&[&server.url("/")]).env("XDG_CONFIG_HOME", &dir.at("")).run().expect(2).err;
    let told = run(&dir);
    assert!(told.contains("config.toml:2: "), "{told}");
    // Not a file at all.
    fs::remove_file(dir.file("gfetch/config.toml")).unwrap();
    fs::create_dir(dir.file("gfetch/config.toml")).unwrap();
    let told = run(&dir);
    assert!(told.contains("-q goes without it"), "{told}");
    assert!(server.requests().is_empty());
}
