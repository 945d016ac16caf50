//! What is refused, and in which words.

use gfetch::http::proxy::Proxy;

use super::*;

#[test]
fn every_value_is_checked_and_the_error_says_what_is_taken() {
    let table = [
        ("-j 0", "-j/--jobs takes a whole number from 1 to 1000000, not '0'"),
        ("-j x", "-j/--jobs takes a whole number from 1 to 1000000, not 'x'"),
        ("-j=4", "-j/--jobs takes a whole number from 1 to 1000000, not '=4'"),
        ("--per-host -1", "--per-host takes a whole number from 0 to 1000000, not '-1'"),
        ("-m -1", "-m/--max-time takes seconds, as in 30 or 0.5 (0: no limit), not '-1'"),
        ("-m NaN", "-m/--max-time takes seconds, as in 30 or 0.5 (0: no limit), not 'NaN'"),
        ("--deadline 1e9", "--deadline takes seconds, as in 30 or 0.5 (0: no limit), not '1e9'"),
        ("--grace soon", "--grace takes seconds, as in 30 or 0.5, not 'soon'"),
        ("--rate 10", "--rate takes N/U, as in 10/s, 5/15s, 14/m or 3/h, not '10'"),
        ("--max-filesize 1T", "--max-filesize takes bytes, as in 500000, 200k, 3M or 1G (0: no limit), not '1T'"),
        ("--max-redirs -2", "--max-redirs takes a whole number from 0, or -1 for any number, not '-2'"),
        ("--proto-redir htp", "--proto-redir takes curl's list of protocols, as in =https, not 'htp'"),
        ("--retry many", "--retry takes a whole number from 0 to 4294967295, not 'many'"),
        ("--format xml", "--format takes text, json or csv, not 'xml'"),
        ("--fields url", "--fields chooses from the records of --format json or csv"),
        ("--format json --fields +x", "--fields: there is no field 'x'"),
        ("--format csv -w x", "-w writes the report, and so does --format: choose one"),
        ("--max-body 0", "--max-body takes bytes above 0, as in 500000, 200k, 3M or 1G, not '0'"),
        ("--har -", "--har takes a file; /dev/stdout is one, written at the end"),
        ("--show-headers -O", "--show-headers prints heads and bodies; where -o or -O save bodies, use -D"),
        ("--show-headers -D -", "--show-headers and -D - both print heads: choose one"),
        ("-w @- -i -", "-i - and -w @- both read standard input: only one of them can"),
        ("--progress no", "--progress takes auto, plain or none, not 'no'\n  did you mean none?"),
        ("--color yes", "--color takes auto, always or never, not 'yes'"),
        ("-X 'GET /'", "-X/--request takes a method, as in PUT, not 'GET /'"),
        ("-A 'a\nb'", "-A/--user-agent takes text without control characters, not 'a\\nb'"),
        ("-o ''", "-o/--output takes a file, not ''"),
        ("-d @", "-d/--data takes a file after the @, not '@'"),
        ("--secret-header 'a b'", "--secret-header takes a header's name, as in X-My-Key, not 'a b'"),
        ("--save-failed -", "--save-failed takes a file, not '-'"),
        ("--report -", "--report takes a file, not '-'"),
        (
            "--compare-jobs 4,1",
            "--compare-jobs takes different numbers of requests at once, the least first, as in 1,4,16,64, not '4,1'",
        ),
        (
            "--compare-jobs 4",
            "--compare-jobs takes different numbers of requests at once, the least first, as in 1,4,16,64, not '4'",
        ),
        ("-j 8 --compare-jobs 1,4 -i l", "--compare-jobs says which -j are compared: leave out -j"),
        (
            "--compare-jobs 1,4 --compare --parallel-max 8 --dry-run -i l",
            "--compare-jobs says which -j are compared: leave out -j",
        ),
        ("--runs 0 --compare", "--runs takes a whole number from 1 to 1000, not '0'"),
        (
            "--resolve a:80",
            "--resolve takes HOST:PORT:ADDRESS[,ADDRESS…] with numeric addresses, as in example.org:443:127.0.0.1, not 'a:80'",
        ),
        ("--auth-host http://a/", "--auth-host takes HOST[:PORT], '*.example.org' or '*', not 'http://a/'"),
        ("-j", "-j/--jobs N needs a value: none was given"),
        ("--serial=yes", "--serial takes no value"),
    ];
    for (options, text) in table {
        assert_eq!(err(&format!("http://a/ {options}")), text);
    }
}

#[test]
fn a_secret_is_not_shown_when_it_is_refused() {
    let user = "-u/--user takes USER:PASSWORD ('USER:' for an empty password; nothing is asked for)";
    assert_eq!(err("-u hunter2 http://a/"), user);
    let header = "-H/--header takes 'Name: value', 'Name:' (removes it), 'Name;' (sends it empty) or @FILE";
    assert_eq!(err("-H 'Authorization Bearer hunter2' http://a/"), header);
    assert!(!err("-H 'Cookie: hunter2\nX: y' http://a/").contains("hunter2"));
    assert!(!err("-o https://me:hunter2@a/").contains("hunter2"));
}

#[test]
fn a_header_that_says_where_the_body_ends_is_refused() {
    let text = "-H/--header does not take content-length: gfetch says it, from the body";
    assert_eq!(err("-H 'Content-Length: 5' http://a/"), text);
}

#[test]
fn without_anything_to_fetch_it_says_so() {
    assert_eq!(err("-s"), "nothing to fetch: no URL and no list (-i FILE)\n  gfetch --help says more");
    assert!(err("").starts_with("nothing to fetch: no URL and no list (-i FILE)\n  gfetch https://"));
    assert_eq!(err("-"), "- is no URL\n  a list from standard input is -i -");
}

#[test]
fn standard_input_has_one_reader() {
    let text = |a, b| format!("{a} and {b} both read standard input: only one of them can");
    assert_eq!(err("-i - -i -"), text("-i -", "-i -"));
    assert_eq!(err("-d @- -i -"), text("-i -", "-d @-"));
    assert_eq!(err("--data-binary @- -H @- http://a/"), text("--data-binary @-", "-H @-"));
    assert_eq!(err("-i - -i /dev/stdin"), text("-i -", "-i"));
    assert_eq!(ok("-i - -i other").lists.len(), 2);
}

#[test]
fn one_name_is_not_for_several_urls() {
    let takes = "must contain #1, {index}, {host}, {path}, {name}, {ext} or {id}, to tell the files apart";
    let several = format!("-o 'x' for several URLs {takes}");
    assert_eq!(err("-o x http://a/ http://b/"), several);
    assert_eq!(err("-o x -i l"), several);
    assert_eq!(err("-o x 'http://{a,b}/'"), format!("-o 'x' for a glob {takes}"));
    // A group that no glob has.
    assert_eq!(err("-o q#2 http://a/ http://b/"), format!("-o 'q#2' for several URLs {takes}"));
    assert_eq!(err("-o q#2 'http://{a,b}/'"), format!("-o 'q#2' for a glob {takes}"));
    assert_eq!(err("-g -o q#1 'http://a/{b}' 'http://a/{c}'"), format!("-o 'q#1' for several URLs {takes}"));
    assert_eq!(err("-o q#1 -i l"), format!("-o 'q#1' for several URLs {takes}"));
    assert_eq!(err("-o x -o y http://a/ 'http://b/[1-9]'"), format!("-o 'y' for a glob {takes}"));
    assert_eq!(err("-o x -o y -i l"), format!("2 -o and a list (-i): one -o holds for all, and {takes}"));
    assert_eq!(err("-o x -o y http://a/"), "more -o (2) than URL arguments (1)");
    let fewer = format!("2 -o for 3 URLs: give one for each, or a single one, which {takes}");
    assert_eq!(err("-o x -o y http://a/ http://b/ http://c/"), fewer);
    for fine in [
        "-o {index} -i l",
        "-o #1 'http://{a,b}/'",
        "-o #2 http://c/ 'http://{a,b}/[1-2]'",
        "-o /dev/null http://a/ 'http://{a,b}/' -i l",
        "-g -o x 'http://a/{b}'",
        "-o - -i l",
        "-O -i l",
        "-o x http://[::1]/",
    ] {
        let all =
            if fine.contains("http") || fine.contains("-i") { ok(fine) } else { ok(&format!("{fine} http://a/")) };
        assert!(!all.urls.is_empty() || !all.lists.is_empty());
    }
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let table = [
        ("-I -d x", "-I asks with HEAD, -d with POST: choose one"),
        ("-I -X PUT", "-I asks with HEAD, -X with PUT: choose one"),
        ("--body -o x", "--body prints bodies, -o and -O save them: choose one"),
        ("-O -o x", "-O takes the name from the URL, -o from you: choose one"),
        ("--output-dir d", "--output-dir needs -o or -O: nothing is saved otherwise"),
        ("--runs 3", "--runs needs --compare"),
        ("--warmup 3", "--warmup needs --compare"),
        ("--compare -d x", "--compare sends every request many times: GET and HEAD only, not POST"),
        ("--compare -X DELETE", "--compare sends every request many times: GET and HEAD only, not DELETE"),
        ("--compare --serial", "--compare does not go with --serial"),
        ("--compare --body", "--compare does not go with --body, -o or -O"),
        ("--compare --save-failed f", "--compare does not go with --save-failed"),
        ("--compare -v", "--compare does not go with -v"),
        ("--compare --max-failures 3", "--compare does not go with --fail-early or --max-failures"),
    ];
    for (options, text) in table {
        assert_eq!(err(&format!("{options} http://a/")), text);
    }
}

#[test]
fn a_secret_and_a_list_need_auth_host() {
    let hint = "\n  --auth-host HOST[:PORT], '*.example.org', or '*' for every host; it goes nowhere else";
    let text = |what| format!("{what} is a secret, and a list may name any host: with -i it needs --auth-host{hint}");
    assert_eq!(err("-u a:b -i l"), text("-u"));
    assert_eq!(err("-H 'Cookie: c' -i l http://a/"), text("-H Cookie"));
    assert_eq!(err("-H 'X-Mine: c' --secret-header x-mine -i l"), text("-H X-Mine"));
    let file = Fake { files: vec![("h", b"X-Api-Key: k")], ..Fake::default() };
    assert_eq!(file.err("-H @h -i l"), text("-H X-Api-Key"));

    assert!(ok("-u a:b -i l --auth-host *.corp.example").plan.secrets.hosts.allows("x.corp.example", 80));
    assert!(ok("-u a:b http://a/").plan.secrets.hosts.is_empty());
    assert!(ok("-H 'Cookie:' -H 'X-Mine: c' -i l").plan.secrets.is_empty());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    assert_eq!(err("-d @missing http://a/"), "-d @missing: entity not found");
    assert_eq!(err("-H @missing http://a/"), "-H @missing: entity not found");
    let bad = Fake { files: vec![("h", b"A: 1\nnonsense hunter2"), ("u", b"\xff")], ..Fake::default() };
    let takes = "-H/--header takes 'Name: value', 'Name:' (removes it), 'Name;' (sends it empty) or @FILE (in @h)";
    assert_eq!(bad.err("-H @h http://a/"), takes);
    assert_eq!(bad.err("-H @u http://a/"), "-H/--header takes UTF-8 (in @u)");
}

#[test]
fn usage_is_checked_before_a_file_is_read() {
    assert_eq!(err("-d @missing -O -o x http://a/"), "-O takes the name from the URL, -o from you: choose one");
}

#[test]
fn what_was_typed_about_proxies_wins_over_the_environment() {
    let with = |env: &[(&'static str, &'static str)]| Fake { env: env.to_vec(), ..Fake::default() };
    let rules = |fake: &Fake, line: &str| fake.ok(line).plan.connect.routes.proxies;
    let shown = |proxy: &Option<std::sync::Arc<Proxy>>| proxy.as_ref().map(|proxy| proxy.to_string());
    let env = with(&[("http_proxy", "p:1"), ("no_proxy", "a.test"), ("all_proxy", "socks5://q:2")]);
    let of = rules(&env, "http://a/");
    assert_eq!((shown(&of.http), shown(&of.all)), (Some("http://p:1".into()), Some("socks5://q:2".into())));
    assert_eq!(of.no_proxy, "a.test");
    let of = rules(&env, "-x r:3 --noproxy b.test http://a/");
    assert_eq!((shown(&of.http), shown(&of.all)), (None, Some("http://r:3".into())));
    assert_eq!(of.no_proxy, "b.test");
    assert_eq!(rules(&env, "-x r --socks5-hostname s:4 http://a/").all, rules(&env, "-x socks5h://s:4 http://a/").all);
    let none = rules(&env, "-x '' http://a/");
    assert_eq!((none.http, none.all), (None, None));
    let of = rules(&env, "-U me:hunter2 http://a/");
    assert!([of.http, of.all].into_iter().all(|proxy| proxy.unwrap().login().unwrap().user == b"me"));
    let bad = with(&[("all_proxy", "ftp://me:hunter2@p")]).err("-i l");
    assert!(bad.starts_with("all_proxy names no proxy") && !bad.contains("hunter2"), "{bad}");
}

#[test]
fn slips_from_other_tools_get_a_hint() {
    let table = [
        ("-n 5", "-n/--netrc takes no value, and '5' is no URL\n  did you mean -j 5?"),
        (
            "-P 8",
            "curl's -P (--ftp-port) is not in gfetch; use curl itself for that. For requests at once, did you mean -j?",
        ),
        (
            "-t 8",
            "curl's -t (--telnet-option) is not in gfetch; use curl itself for that. For requests at once, did you mean -j?",
        ),
        (
            "-i http://b/",
            "-i/--input-file takes FILE, and what follows it is a URL\n  curl's -i, which shows headers, is --show-headers here",
        ),
        (
            "-o HTTPS://b/",
            "-o/--output takes TEMPLATE, and what follows it is a URL\n  -O saves under the name in the URL",
        ),
        (
            "-c https://b/",
            "-c/--cookie-jar takes FILE, and what follows it is a URL\n  wget's -c, which continues a file, is -C - in curl",
        ),
        (
            "-b http://b/",
            "-b/--cookie takes DATA|FILE, and what follows it is a URL\n  wget's -b goes to the background; a shell's & does that",
        ),
        (
            "-D http://b/",
            "-D/--dump-header takes FILE, and what follows it is a URL\n  curl's -D takes a file for the headers",
        ),
        ("--form a=b", "curl's --form is not in gfetch; use --data-binary @FILE with -H 'Content-Type: …'"),
        ("--job 5", "there is no option '--job'\n  did you mean --jobs?"),
        ("--jobs-at-once 5", "there is no option '--jobs-at-once'\n  gfetch --help lists them all"),
        (
            "--timeout=5",
            "there is no option '--timeout'\n  did you mean -m/--max-time for a request, --connect-timeout for a connection?",
        ),
        ("--tries 3", "there is no option '--tries'\n  did you mean --retry?"),
        ("--quiet", "there is no option '--quiet'\n  did you mean -s/--silent?"),
        ("--concurency 3", "there is no option '--concurency'\n  did you mean -j/--jobs?"),
        ("--wait 1", "there is no option '--wait'\n  did you mean --rate?"),
        ("--no-check-certificate", "there is no option '--no-check-certificate'\n  did you mean -k/--insecure?"),
        ("--no-clobbr", "there is no option '--no-clobbr'\n  did you mean --no-clobber?"),
        ("--no-seriel", "there is no option '--no-seriel'\n  did you mean --no-serial?"),
        ("--tri 3", "there is no option '--tri'\n  did you mean --retry?"),
        ("--j 3", "there is no option '--j'\n  did you mean --jobs?"),
        ("--qqq", "there is no option '--qqq'\n  gfetch --help lists them all"),
        ("-5", "there is no option '-5'\n  gfetch --help lists them all"),
    ];
    for (options, text) in table {
        assert_eq!(err(&format!("http://a/ {options}")), text);
    }
}

#[test]
fn what_was_typed_is_shown_on_one_line() {
    assert_eq!(err("-j 'a\u{1b}[2J\n'"), "-j/--jobs takes a whole number from 1 to 1000000, not 'a\\x1b[2J\\n'");
}

#[test]
fn demo_and_serve_count_only_as_the_first_word() {
    let of = |line| Fake::default().parse(line).unwrap();
    assert!(matches!(of("demo"), Command::Demo(DemoOptions { runs: None })));
    assert!(matches!(of("serve --port 0"), Command::Serve(ServeOptions { port: 0, .. })));
    assert_eq!(ok("-v demo").urls, ["demo"]);
    assert_eq!(ok("-- serve").urls, ["serve"]);
    assert_eq!(ok("http://demo serve").urls, ["http://demo", "serve"]);
}

#[test]
fn urls_are_not_looked_at() {
    assert_eq!(ok("ftp://a/ 'http://a b/' ://").urls.len(), 3);
}

#[test]
fn no_words_make_it_panic() {
    let words: Vec<OsString> = options::all()
        .flat_map(|opt| [format!("--{}", opt.long), format!("-{}", opt.short.unwrap_or('?'))])
        .chain(
            [
                "--no-jobs",
                "--",
                "-",
                "",
                "=",
                "-=",
                "--=x",
                "a{b",
                "[",
                "é",
                "-é",
                "--é=1",
                "0",
                "-0",
                "@",
                "*:1:",
                "l",
            ]
            .map(Into::into),
        )
        .map(OsString::from)
        .chain([std::os::unix::ffi::OsStringExt::from_vec(b"-\xff--".to_vec())])
        .collect();
    let (mut seed, mut taken) = (1_u64, 0);
    for _ in 0..300 {
        let mut next = || {
            // xorshift: the same words every time.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as usize
        };
        let line: Vec<OsString> = (0..next() % 6).map(|_| words[next() % words.len()].clone()).collect();
        match Fake::default().parse_words(line) {
            Ok(_) => taken += 1,
            Err(error) => assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}"),
        }
    }
    assert!(taken > 0);
}

#[test]
fn what_does_not_go_together_in_a_transfer_is_refused() {
    let single = "--etag-save and --etag-compare are for a single URL: each body has a tag of its own";
    for (line, expected) in [
        ("--etag-save f http://a/ http://b/", single),
        ("--etag-compare f -i urls.txt", single),
        ("--etag-save f http://a/[1-2]", single),
        ("-J http://a/", "-J takes the name from the answer for -O: it needs that"),
        ("-C - -r 0-9 http://a/", "-C asks for the rest, -r for a part: choose one"),
        ("-C - -OJ http://a/", "-C continues a file, -J does not know its name before the answer: choose one"),
        ("-C - -d x http://a/", "-C continues downloads: GET only"),
        ("-C x http://a/", "-C/--continue-at takes a number of bytes, or - for the end of the file, not 'x'"),
        ("-r 9-0 http://a/", "-r/--range takes ranges of bytes, as in 0-499, 500-, -500 or 0-1,8-9, not '9-0'"),
        (
            "-r bytes=0-9 http://a/",
            "-r/--range takes ranges of bytes, as in 0-499, 500-, -500 or 0-1,8-9, not 'bytes=0-9'",
        ),
        ("-z soon http://a/", "-z/--time-cond takes a date, as in '6 Nov 1994 08:49', or a file, not 'soon'"),
        ("--etag-compare f http://a/", "--etag-compare f: entity not found"),
        ("--compare -C - http://a/", "--compare does not go with -C"),
        ("-I -d x http://a/", "-I asks with HEAD, -d with POST: choose one"),
    ] {
        assert_eq!(err(line), expected, "{line}");
    }
}
