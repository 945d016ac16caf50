//! Command lines that say nothing that can be done: exit 2, nothing fetched, and a word that helps.

use crate::runner::{Gfetch, gfetch};
use crate::server::Server;

/// Each bad command line, before a good URL, and what its message must hold.
const BAD: &[(&str, &[&str])] = &[
    ("-j", &["-j", "N"]),
    ("-j 0", &["--jobs", "0"]),
    ("-j x", &["--jobs", "x"]),
    ("-j -1", &["--jobs", "-1"]),
    ("-j 1.5", &["--jobs", "1.5"]),
    ("--per-host -1", &["--per-host"]),
    ("--parallel-max 0", &["--jobs"]),
    ("--rate 10", &["--rate", "10/s"]),
    ("--rate 0/s", &["--rate"]),
    ("--rate x/s", &["--rate", "x/s"]),
    ("-m x", &["--max-time", "x"]),
    ("-m -1", &["--max-time", "-1"]),
    ("--connect-timeout soon", &["--connect-timeout", "soon"]),
    ("--deadline x", &["--deadline"]),
    ("--grace x", &["--grace"]),
    ("-y x", &["--speed-time"]),
    ("-Y x", &["--speed-limit"]),
    ("--retry -1", &["--retry"]),
    ("--max-failures x", &["--max-failures"]),
    ("--max-filesize big", &["--max-filesize", "big"]),
    ("--max-redirs x", &["--max-redirs", "x"]),
    ("--format xml", &["--format", "text", "json", "xml"]),
    ("--format jsno", &["--format", "did you mean json?"]),
    ("--color nevr", &["--color", "did you mean never?"]),
    ("--progress non", &["--progress", "did you mean none?"]),
    ("--generate complete-bsh", &["--generate", "did you mean complete-bash?"]),
    ("--progress often", &["--progress", "auto", "plain", "none"]),
    ("--color blue", &["--color", "auto", "always", "never"]),
    ("-H nonsense", &["--header", "'Name: value'"]),
    ("-X GE\tT", &["--request"]),
    ("-H @/none/such", &["/none/such"]),
    ("-d @/none/such", &["/none/such"]),
    ("--resolve x", &["--resolve", "HOST:PORT:ADDR"]),
    ("--cacert /none/such", &["/none/such"]),
    ("--auth-host a:b:c", &["--auth-host"]),
    ("--output-dir x", &["--output-dir", "-o"]),
    ("--body -o x", &["--body", "-o"]),
    ("-O -o x", &["-O", "-o"]),
    ("-o x -o y", &["-o"]),
    ("-o x http://127.0.0.1:1/", &["-o", "{index}"]),
    ("--runs 3", &["--runs", "--compare"]),
    ("--compare --serial", &["--compare", "--serial"]),
    ("--compare -d x", &["--compare", "GET"]),
    ("-i http://127.0.0.1/", &["-i", "URL"]),
    ("-o http://127.0.0.1/", &["-o", "URL"]),
    ("-i", &["-i", "FILE"]),
    ("--nonsense", &["--nonsense"]),
    ("--job 5", &["--job", "--jobs"]),
    ("-P 5", &["-P", "-j"]),
    ("-t 5", &["-t", "-j"]),
    ("-n 5", &["-n", "-j"]),
    ("-", &["-i -"]),
    ("-K file", &["-K"]),
    ("-F a=b", &["-F", "--data-binary"]),
    ("-T file", &["-T", "--data-binary"]),
    ("--ftp-pasv", &["--ftp-pasv"]),
    ("--ntlm", &["--ntlm", "-u"]),
    ("--http3", &["--http3"]),
    ("--trace file", &["--trace", "-v"]),
    ("--proto =https", &["--proto"]),
    ("--next", &["--next", "-i"]),
    ("--threads 0", &["--threads", "auto"]),
    ("-x ftp://proxy:1", &["--proxy", "socks5h"]),
    ("--connect-to x", &["--connect-to", "HOST1:PORT1"]),
    ("-w @/none/such", &["-w", "/none/such"]),
    ("--format csv --fields url,statsu", &["--fields", "statsu", "status"]),
    ("--serial=1", &["--serial", "no value"]),
    ("--save-failed -", &["--save-failed"]),
];

#[test]
fn a_bad_command_line_is_exit_2_and_names_the_option_and_what_it_takes() {
    let server = Server::new();
    let mut wrong = Vec::new();
    for (line, words) in BAD {
        // A value that is missing is missing at the end.
        let missing = ["-j", "-i"].contains(line);
        let mut args: Vec<&str> = line.split(' ').collect();
        let url = server.url("/a");
        args.insert(if missing { 0 } else { args.len() }, &url);
        let run = gfetch(&args);
        let told = words.iter().all(|word| run.err.contains(word)) && run.err.starts_with("gfetch: ");
        if run.status.code() != Some(2) || !told || !run.out.is_empty() || run.err.lines().count() > 3 {
            wrong.push(format!("{line}: {:?} {}", run.status.code(), run.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.paths(), [""; 0]);
}

#[test]
fn a_curl_option_that_is_not_here_says_what_to_use() {
    let run = gfetch(&["--form", "a=b", "http://127.0.0.1:1/"]).expect(2);
    assert!(run.err.contains("curl's --form is not in gfetch; use "), "{}", run.err);
}

#[test]
fn gfetch_alone_says_what_can_be_done() {
    let run = gfetch(&[]).expect(2);
    let told = run.err;
    assert!(
        told.starts_with("gfetch: nothing to fetch") && told.contains("gfetch demo") && told.contains("gfetch -h"),
        "{told}"
    );
    assert!(told.lines().count() <= 6 && run.out.is_empty(), "{told}");
}

#[test]
fn a_word_that_is_nearly_demo_or_serve_is_fetched_and_has_a_note() {
    let near = ["-m", "5", "--resolve", "*:80:127.0.0.1", "--connect-to", "::127.0.0.1:1"];
    for (word, meant) in [("dmeo", "gfetch demo"), ("help", "gfetch --help"), ("sever", "gfetch serve")] {
        let run = gfetch(&[&[word][..], &near].concat()).expect(3);
        let note = format!("gfetch: '{word}' is fetched as http://{word}/; did you mean {meant}?");
        assert!(run.err.starts_with(&note), "{}", run.err);
        assert!(run.text().contains(&format!("\t{word}\t")), "{}", run.text());
        assert!(!gfetch(&[&[word, "-s"][..], &near].concat()).expect(3).err.contains("did you mean"));
    }
}

#[test]
fn generate_prints_to_standard_output_and_reads_no_config_file() {
    let run =
        Gfetch::new(&["--generate", "man", "http://127.0.0.1:1/"]).env("XDG_CONFIG_HOME", "/dev/null").run().expect(0);
    assert!(run.text().contains(".TH GFETCH 1") && run.err.is_empty());
}

#[test]
fn values_may_start_with_a_hyphen_and_the_last_one_counts() {
    let server = Server::new();
    gfetch(&["-A", "-one", "-A", "--two", "-d", "-x", &server.url("/a")]).expect(0);
    assert_eq!(server.requests()[0].field("user-agent"), Some("--two"));
    assert_eq!(server.requests()[0].body, b"-x");
}

#[test]
fn options_of_curl_that_are_so_already_are_accepted() {
    let server = Server::new();
    let args =
        ["-q", "-S", "-f", "-Z", "-N", "-#", "--parallel-immediate", "--no-progress-meter", "--url", &server.url("/a")];
    gfetch(&args).expect(0);
}

#[test]
fn demo_and_serve_are_words_only_in_the_first_place() {
    let run = gfetch(&["-m", "0.5", "-s", "demo", "--format", "json"]).expect(3);
    assert_eq!(run.records()[0]["final_url"], "http://demo/");
}
