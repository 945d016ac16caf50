//! The config file: `[default]`, `--preset`, `-q`, and what is said of a file that is wrong.

use super::*;

const PATH: &str = "/me/.config/gfetch/config.toml";

/// A world whose home holds this config file.
fn home(config: &'static str) -> Fake {
    Fake { env: vec![("HOME", "/me")], files: vec![(PATH, config.as_bytes())], ..Fake::default() }
}

#[test]
fn without_a_file_nothing_changes() {
    let world = Fake { env: vec![("HOME", "/me")], ..Fake::default() };
    assert_eq!(world.ok("http://a").plan.jobs, 64);
    assert_eq!(world.ok("-q http://a").plan.jobs, 64);
}

#[test]
fn default_holds_for_every_run_without_disable_and_what_is_typed_wins() {
    let world = home("[default]\njobs = 7\nper-host = 3\n");
    let plan = world.ok("http://a --per-host 4").plan;
    assert_eq!((plan.jobs, plan.per_host.map(usize::from)), (7, Some(4)));
    assert_eq!(world.ok("-q http://a").plan.jobs, 64, "-q");
    assert_eq!(world.ok("--disable http://a").plan.jobs, 64);
    assert_eq!(world.ok("-q --no-disable http://a").plan.jobs, 7);
}

#[test]
fn jobs_of_the_file_are_no_word_beside_compare_jobs() {
    let world = home("[default]\njobs = 2\n");
    assert!(world.ok("--compare-jobs 1,4 http://a").compare.is_some(), "a default holds where it can");
    assert!(world.err("-j 2 --compare-jobs 1,4 http://a").ends_with("leave out -j"));
    let world = home("[default]\ncompare-jobs = \"1,4\"\n");
    assert!(world.err("-j 2 http://a").ends_with("leave out -j"));
}

#[test]
fn presets_come_after_default_in_the_order_typed() {
    let world = home("[default]\njobs = 2\n[preset.a]\njobs = 3\n[preset.b]\njobs = 4\n");
    for (line, jobs) in [
        ("http://x", 2),
        ("--preset a http://x", 3),
        ("http://x --preset a --preset b", 4),
        ("--preset b --preset a http://x", 3),
        ("--preset=a -j 9 http://x", 9),
        ("-j 9 http://x --preset a", 9),
        ("--preset a --no-preset http://x", 2),
        ("-q --preset a http://x", 3),
    ] {
        assert_eq!(world.ok(line).plan.jobs, jobs, "{line}");
    }
}

#[test]
fn each_kind_of_value_is_what_it_would_be_if_typed() {
    let world = home(
        "[preset.all]\nserial = true\nlocation = false\nno-fail = true\nmax-time = 1.5\nretry = 2\n\
         rate = \"5/s\"\nuser-agent = '--odd'\nheader = [\"A: 1\", \"B: 2\"]\n",
    );
    let in_file = world.ok("--preset all http://a");
    let typed =
        world.ok("--serial --no-location --no-fail -m 1.5 --retry 2 --rate 5/s -A --odd -H 'A: 1' -H 'B: 2' http://a");
    assert_eq!(format!("{:?}", in_file.plan), format!("{:?}", typed.plan));
    assert!(in_file.plan.serial && in_file.plan.retry.retries == 2);
}

#[test]
fn xdg_config_home_comes_before_home_and_must_be_absolute() {
    let mut world = home("[default]\njobs = 5\n");
    world.files.push(("/xdg/gfetch/config.toml", b"[default]\njobs = 6\n"));
    world.env.push(("XDG_CONFIG_HOME", "/xdg"));
    assert_eq!(world.ok("http://a").plan.jobs, 6);
    for not_one in ["", "xdg"] {
        world.env[1].1 = not_one;
        assert_eq!(world.ok("http://a").plan.jobs, 5, "{not_one:?}");
    }
}

#[test]
fn a_preset_that_is_nowhere_is_named_with_those_that_are() {
    assert_eq!(
        err("--preset a http://x"),
        "--preset a: neither XDG_CONFIG_HOME nor HOME says where the config file is"
    );
    assert_eq!(home("").err("--preset a http://x"), format!("--preset a: there is none of this name in {PATH}"));
    let world = home("[preset.slow]\n[preset.fast]\n");
    assert_eq!(
        world.err("--preset a http://x"),
        format!("--preset a: there is none of this name in {PATH}\n  there are: slow, fast")
    );
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line() {
    for (config, told) in [
        ("[default]\n\njobs = 0\n", "3: -j/--jobs takes a whole number from 1 to 1000000, not '0'"),
        ("[default]\nretryy = 3\n", "2: there is no option '--retryy'\n  did you mean --retry?"),
        ("[preset.a]\nserial = 3\n", "2: --serial takes no value"),
        ("[preset.a]\njobs = true\n", "2: -j/--jobs N needs a value: none was given"),
        (
            "[preset.a]\njobs = 2020-01-01\n",
            "2: jobs takes text, a number, true or false, or a list of texts and numbers",
        ),
        (
            "[preset.a]\nheader = [[\"A: b\"]]\n",
            "2: header takes text, a number, true or false, or a list of texts and numbers",
        ),
        ("[preset.a]\npreset = \"b\"\n", "2: 'preset' is no option for a config file"),
        ("[preset.a]\n\"retry=3\" = true\n", "2: 'retry=3' is no option for a config file"),
        ("[default]\nhelp = true\n", "2: 'help' is no option for a config file"),
        ("[default]\nconfig = \"x\"\n", "2: curl's --config is not in gfetch"),
        ("# \n[defaults]\njobs = 3\n", "2: 'defaults' is none of the file's tables: [default], [preset.NAME]"),
        ("jobs = 3\n", "1: 'jobs' is none of the file's tables"),
        ("[preset]\na = 3\n", "2: preset.a is no table of options"),
        ("[default]\njobs = \n", "2: "),
        ("[default]\njobs = 1\njobs = 2\n", "3: duplicate key"),
    ] {
        let error = home(config).err("http://x");
        assert!(error.starts_with(&format!("{PATH}:{told}")), "{config:?}: {error}");
    }
}

#[test]
fn a_secret_in_the_file_is_a_secret_as_typed() {
    let world = home("[preset.me]\nuser = \"me:hunter2\"\n");
    let error = world.err("--preset me -i urls.txt");
    assert!(error.contains("--auth-host") && !error.contains("hunter2"), "{error}");
    world.ok("--preset me --auth-host a.test -i urls.txt");
}

#[test]
fn a_file_that_is_no_text_is_told_and_can_be_left_out() {
    let world = Fake { files: vec![(PATH, b"[default]\n\xff")], ..home("") };
    assert_eq!(world.err("http://x"), format!("the config file {PATH}: it is not UTF-8\n  -q goes without it"));
    world.ok("-q http://x");
    assert_eq!(world.err("-q --preset a http://x"), format!("the config file {PATH}: it is not UTF-8"));
}

#[test]
fn a_mistake_in_a_hosts_table_is_told_with_its_line() {
    let of = |text: &'static str| {
        let files: Vec<(_, &[u8])> = vec![("/me/.config/gfetch/config.toml", text.as_bytes())];
        Fake { env: vec![("HOME", "/me")], files, ..Fake::default() }.err("http://a/")
    };
    let at = "/me/.config/gfetch/config.toml:2: ";
    assert_eq!(
        of("[host.\"a\"]\ninsecure = true"),
        format!(
            "{at}a host takes per-host, rate, max-time, connect-timeout, retry, user-agent and header, not 'insecure'"
        )
    );
    assert_eq!(
        of("[host.\"a\"]\nrate = \"5\""),
        format!("{at}--rate takes N/U, as in 10/s, 5/15s, 14/m or 3/h, not '5'")
    );
    let no_host = "[host.\"…\"] takes HOST[:PORT] or '*.example.org' in quotes, not ";
    assert_eq!(of("\n[host.\"http://a/\"]\nretry = 1"), format!("{at}{no_host}'http://a/'"));
    let every = format!("{at}{no_host}'*'\n  what holds for every host stands below [default]");
    assert_eq!(of("\n[host.\"*\"]\nretry = 1"), every);
    assert_eq!(
        of("[host.\"a\"]\nheader = \"@file\"").trim_start_matches("/me/.config/gfetch/config.toml:"),
        "1: a host's header takes 'Name: value'"
    );
    assert_eq!(of("[host]\na = 1"), format!("{at}host.a is no table of settings"));
}
