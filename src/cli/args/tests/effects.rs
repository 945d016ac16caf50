//! What each option does to the plan.

use crate::cli::args::check::Color;

use gfetch::fetch::plan::{Bodies, Family, Follow, Order, Plan, Rate, Resume, Save, Stall, TimeCondition};

use gfetch::http::HttpVersions;
use gfetch::http::redirect::Schemes;

use super::*;

fn plan(options: &str) -> Plan {
    ok(&format!("{options} http://a/")).plan
}

fn s(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[test]
fn nothing_typed_is_the_default() {
    let (typed, default) = (plan(""), Plan { connect: plan("").connect, ..Plan::default() });
    assert_eq!(format!("{typed:?}"), format!("{default:?}"));
    assert_eq!(typed.connect.ca.files, [Path::new("/system.pem")]);
    let all = ok("http://a/");
    assert_eq!((all.format, all.report_to, all.progress), (Format::Text, Stream::Stdout, Progress::None));
    assert!(all.globs && !all.silent && !all.verbose && !all.show_secrets && all.compare.is_none());
}

/// Name, options typed, what the plan holds then.
#[test]
fn every_option_of_the_run_has_its_effect() {
    let check = |options: &str, holds: fn(&Plan) -> bool| assert!(holds(&plan(options)), "{options}");
    check("-j 200", |p| p.jobs == 200 && p.per_host.unwrap().get() == 10);
    check("--jobs=200", |p| p.jobs == 200);
    check("--parallel-max 7", |p| p.jobs == 7);
    check("-j8", |p| p.jobs == 8);
    check("", |p| p.threads == 1);
    check("--threads 3", |p| p.threads == 3 && p.jobs == 64);
    check("--threads auto", |p| p.threads == gfetch::green::threads::cores());
    check("--per-host 3", |p| p.per_host.unwrap().get() == 3 && p.jobs == 64);
    check("--parallel-max-host 0", |p| p.per_host.is_none());
    check("--serial", |p| p.serial);
    check("--serial --no-serial", |p| !p.serial);
    check("--serial -Z", |p| !p.serial);
    check("-Z --no-parallel", |p| p.serial);
    check("--unordered", |p| p.order == Order::Completion);
    check("--unordered --no-unordered", |p| p.order == Order::Input);
    check("--rate 5/15s", |p| p.rate == Some(Rate { starts: 5, per: Duration::from_secs(15) }));
    check("--rate 5/s --no-rate", |p| p.rate.is_none());
    check("-m 0.5", |p| p.limits.max_time == Some(Duration::from_millis(500)));
    check("-m 0", |p| p.limits.max_time.is_none());
    check("--limit-rate 2k", |p| p.limits.rate == Some(2048) && p.limits.rate_total.is_none());
    check("--limit-rate 0", |p| p.limits.rate.is_none());
    check("--limit-rate-total 1M", |p| p.limits.rate_total == Some(1 << 20) && p.limits.rate.is_none());
    check("--connect-timeout 3", |p| p.limits.connect_timeout.as_secs() == 3);
    check("--connect-timeout 0", |p| p.limits.connect_timeout.as_secs() == 300);
    check("--deadline 60", |p| p.deadline == s(60));
    check("--deadline 0", |p| p.deadline.is_none());
    check("--grace 0", |p| p.grace.interrupt.is_zero() && p.grace.terminate.is_zero());
    check("--grace 9", |p| p.grace.interrupt.as_secs() == 9 && p.grace.terminate.as_secs() == 2);
    check("--max-failures 3", |p| p.max_failures == Some(3));
    check("--fail-early", |p| p.max_failures == Some(0));
    check("--fail-early --max-failures 3", |p| p.max_failures == Some(0));
    check("--fail-early --no-fail-early", |p| p.max_failures.is_none());
    check("--give-up-host 0", |p| p.give_up_host == 0);
    check("--no-fail", |p| !p.fail_on_status);
    check("--no-fail -f", |p| p.fail_on_status);
    check("--retry 3 --retry-delay 2", |p| p.retry.retries == 3 && p.retry.delay == s(2));
    check("--retry-delay 0 --retry-max-time 0", |p| p.retry.delay.is_none() && p.retry.max_time.is_none());
    check("--retry-max-time 9", |p| p.retry.max_time == s(9));
    check("--retry-all-errors", |p| p.retry.all_errors && !p.retry.connrefused);
    check("--retry-connrefused", |p| p.retry.connrefused && !p.retry.all_errors);
    check("--retry-after-max 0", |p| p.retry.retry_after_max.is_zero());
}

#[test]
fn speed_time_and_limit_complete_each_other_as_in_curl() {
    let stall = |options: &str| plan(options).limits.stall;
    let given = |time, min_bytes_per_s| Some(Stall { time: Duration::from_secs(time), min_bytes_per_s, given: true });
    assert_eq!(stall(""), Some(Stall { time: Duration::from_secs(30), min_bytes_per_s: 1, given: false }));
    assert_eq!(stall("-y 5"), given(5, 1));
    assert_eq!(stall("-Y 1000"), given(30, 1000));
    assert_eq!(stall("-Y 1k --speed-time 5"), given(5, 1024));
    assert_eq!((stall("-Y 0"), stall("-y 0"), stall("-y 0 -Y 5")), (None, None, None));
}

#[test]
fn every_option_of_the_request_has_its_effect() {
    let check = |options: &str, holds: fn(&Plan) -> bool| assert!(holds(&plan(options)), "{options}");
    check("-X PUT", |p| p.request.method.as_deref() == Some("PUT"));
    check("-I", |p| p.request.method.as_deref() == Some("HEAD"));
    check("-I -X HEAD", |p| p.request.method.as_deref() == Some("HEAD"));
    check("-I --no-head", |p| p.request.method.is_none());
    check("-X PUT --no-request", |p| p.request.method.is_none());
    check("-L", |p| p.request.follow == Follow::All);
    check("--no-location", |p| p.request.follow == Follow::None);
    check("-L --no-location", |p| p.request.follow == Follow::None);
    check("--no-location -L", |p| p.request.follow == Follow::All);
    check("--location-trusted", |p| p.request.follow == Follow::All && p.request.location_trusted);
    check("--location-trusted --no-location-trusted", |p| {
        p.request.follow == Follow::GetAndHead && !p.request.location_trusted
    });
    check("--location-trusted --no-location", |p| p.request.follow == Follow::None && !p.request.location_trusted);
    check("--max-redirs 0", |p| p.limits.max_redirs == Some(0));
    check("--proto-redir =https", |p| p.request.redirect_schemes == Schemes::ONLY_HTTPS);
    check("--proto-redir -http --proto-redir all", |p| p.request.redirect_schemes == Schemes::ALL);
    check("--proto-redir -http --no-proto-redir", |p| p.request.redirect_schemes == Schemes::ALL);
    check("--max-redirs -1", |p| p.limits.max_redirs.is_none());
    check("--max-filesize 2k", |p| p.limits.max_filesize == Some(2048));
    check("--max-filesize 0", |p| p.limits.max_filesize.is_none());
    check("--no-compressed", |p| p.request.compressed == Some(false));
    check("--no-compressed --compressed", |p| p.request.compressed == Some(true));
    check("-u me:a:b", |p| p.secrets.login == Some(("me".into(), "a:b".into())));
    check("-u me:", |p| p.secrets.login == Some(("me".into(), "".into())));
    check("-k", |p| p.connect.insecure);
    check("--insecure --no-insecure", |p| !p.connect.insecure);
    check("-4", |p| p.connect.family == Family::V4);
    check("-4 -6", |p| p.connect.family == Family::V6);
    check("-6 -4", |p| p.connect.family == Family::V4);
    check("--resolve a:80:1.2.3.4 --resolve b:80:::1", |p| p.connect.resolve.len() == 2);
    check("--resolve a:80:1.2.3.4 --resolve a:80:1.2.3.5", |p| p.connect.resolve[0].addrs[0].to_string() == "1.2.3.5");
    check("--cacert c.pem", |p| p.connect.ca.files == [Path::new("c.pem")] && p.connect.ca.dirs.is_empty());
    check("--capath d", |p| p.connect.ca.dirs == [Path::new("d")] && p.connect.ca.files.is_empty());
}

#[test]
fn every_option_of_tls_has_its_effect() {
    use gfetch::net::{Encoding, TlsVersion};
    let check = |options: &str, holds: fn(&Plan) -> bool| assert!(holds(&plan(options)), "{options}");
    let identity = |options: &str| plan(options).connect.tls.identity.unwrap();
    check("", |p| p.connect.tls == Default::default());
    assert_eq!(identity("-E c.pem:secret"), identity("--cert c.pem"));
    let given = identity("-E c --key k --cert-type PEM --key-type DER");
    assert_eq!((given.cert.as_path(), given.key.as_deref()), (Path::new("c"), Some(Path::new("k"))));
    assert_eq!((given.cert_type, given.key_type), (Some(Encoding::Pem), Some(Encoding::Der)));
    check("--tlsv1.2", |p| p.connect.tls.least == Some(TlsVersion::Tls12));
    check("--tlsv1.3", |p| p.connect.tls.least == Some(TlsVersion::Tls13));
    check("--tlsv1.3 -1", |p| p.connect.tls.least == Some(TlsVersion::Tls12));
    check("--tls-max 1.2", |p| p.connect.tls.greatest == Some(TlsVersion::Tls12));
    check("--tls-max 1.2 --tls-max default", |p| p.connect.tls.greatest.is_none());
    let pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(plan(&format!("--pinnedpubkey {pin};{pin}")).connect.tls.pins.len(), 2);
    let world = Fake { env: vec![("SSLKEYLOGFILE", "/keys")], ..Fake::default() };
    assert_eq!(world.ok("http://a/").plan.connect.tls.key_log.as_deref(), Some(Path::new("/keys")));
}

#[test]
fn what_is_wrong_with_tls_is_told_and_no_password_with_it() {
    assert!(err("--key k.pem http://a/").contains("--key needs the certificate"));
    assert!(err("--tlsv1.3 --tls-max 1.2 http://a/").contains("leave no version"));
    assert!(err("--tls-max 1.1 http://a/").contains("1.2, 1.3"));
    assert!(err("--cert-type P12 -E c http://a/").contains("PEM"));
    assert!(err("--pinnedpubkey sha256//AAAA http://a/").contains("sha256//AAAA"));
    assert!(err("--pinnedpubkey none.pem http://a/").contains("none.pem"));
    let world = Fake { files: vec![("text.pem", b"no key")], ..Fake::default() };
    assert!(world.err("--pinnedpubkey text.pem http://a/").contains("no public key"));
    let list = err("-E c.pem:secret -i urls.txt");
    assert!(list.contains("-E is a secret") && list.contains("--auth-host") && !list.contains(":secret"), "{list}");
    assert_eq!(ok("-E c.pem --auth-host a.example -i urls.txt").plan.connect.tls.identity.unwrap().key, None);
    let empty = err("-E '' http://a/");
    assert!(empty.contains("a file"), "{empty}");
}

fn headers(options: &str) -> Vec<String> {
    let shown = |(name, value): (String, Option<String>)| format!("{name}={}", value.as_deref().unwrap_or("(none)"));
    plan(options).request.headers.into_iter().map(shown).collect()
}

#[test]
fn headers_keep_their_order_and_curls_forms() {
    assert_eq!(headers("-H 'B: 1' -H 'a: 2' -H 'B: 3'"), ["B=1", "a=2", "B=3"]);
    assert_eq!(headers("-H Accept: -H 'X-Empty;'"), ["Accept=(none)", "X-Empty="]);
    assert_eq!(headers("-A me -e http://r/"), ["User-Agent=me", "Referer=http://r/"]);
    assert_eq!(headers("-A ''"), ["User-Agent=(none)"]);
    assert_eq!(headers("-A me -H 'user-agent: you' -e r -H Referer:"), ["user-agent=you", "Referer=(none)"]);
    assert_eq!(headers("-HX:y"), ["X=y"]);
}

#[test]
fn secret_headers_are_kept_apart() {
    let plan = plan("-H 'authorization: t' -H 'X-Mine: k' -H 'Cookie:' -H 'Accept: a' --secret-header x-mine");
    let secrets = [("authorization".into(), "t".into()), ("X-Mine".into(), "k".into())];
    assert_eq!(plan.secrets.headers, secrets);
    assert_eq!(plan.request.headers, [("Cookie".into(), None), ("Accept".into(), Some("a".into()))]);
}

#[test]
fn headers_come_from_files_too() {
    let world = Fake { files: vec![("h", b"A: 1\r\n\nCookie: c\n"), ("-", b"B: 2")], ..Fake::default() };
    let plan = world.ok("-H @h -H @- http://a/").plan;
    assert_eq!(plan.request.headers, [("A".into(), Some("1".into())), ("B".into(), Some("2".into()))]);
    assert_eq!(plan.secrets.headers, [("Cookie".into(), "c".into())]);
}

#[test]
fn data_is_joined_and_read_as_in_curl() {
    let world = Fake { files: vec![("f", b"a\r\nb\0c\n"), ("-", b"in\n")], ..Fake::default() };
    let body = |options: &str| {
        let plan = world.ok(&format!("{options} http://a/")).plan;
        assert_eq!(plan.request.method.as_deref(), Some("POST"));
        String::from_utf8(plan.request.body.unwrap()).unwrap()
    };
    assert_eq!(body("-d a=1 --data b=2"), "a=1&b=2");
    assert_eq!(body("-d @f"), "abc");
    assert_eq!(body("--data-ascii @-"), "in");
    assert_eq!(body("--data-binary @f"), "a\r\nb\0c\n");
    assert_eq!(body("--data-raw @f"), "@f");
    assert_eq!(body("-d ''"), "");
    assert_eq!(body("-d a -d '' -d=x"), "a&&=x");
    assert_eq!(body("-d '' -d a"), "a");
    assert_eq!(body("-d --serial"), "--serial");
    assert_eq!(world.ok("-d a -X PUT http://a/").plan.request.method.as_deref(), Some("PUT"));
    assert!(world.ok("-d @missing --no-data http://a/").plan.request.body.is_none());
}

#[test]
fn json_is_put_together_as_it_is_and_says_its_type() {
    let world = Fake { files: vec![("f", b"{\r\n}"), ("-", b"[1]")], ..Fake::default() };
    let plan = |options: &str| world.ok(&format!("{options} http://a/")).plan.request;
    let body = |options: &str| String::from_utf8(plan(options).body.unwrap()).unwrap();
    assert_eq!(body("--json '{\"a\":' --json 1}"), "{\"a\":1}");
    assert_eq!((body("-d a --json b"), body("--json b -d a")), ("ab".into(), "b&a".into()));
    assert_eq!((body("--json @f"), body("--json @-")), ("{\r\n}".into(), "[1]".into()));
    assert_eq!(plan("--json 1").method.as_deref(), Some("POST"));
    assert_eq!(headers("--json 1"), ["Content-Type=application/json", "Accept=application/json"]);
    assert_eq!(headers("--json 1 -H 'accept: x' -H Content-Type:"), ["accept=x", "Content-Type=(none)"]);
    assert_eq!(headers("--json 1 --no-json"), [""; 0]);
    let err = world.err("--json @- -i -");
    assert_eq!(err, "-i - and --json @- both read standard input: only one of them can");
}

#[test]
fn data_urlencode_is_data_that_is_encoded() {
    let world = Fake { files: vec![("f", b"a b&c\nd")], ..Fake::default() };
    let plan = world.ok("--data-urlencode 'a b' --data-urlencode n@f -d raw http://a/").plan.request;
    assert_eq!(plan.body.unwrap(), b"a+b&n=a+b%26c%0Ad&raw");
    assert_eq!(plan.method.as_deref(), Some("POST"));
}

#[test]
fn get_puts_data_into_the_query_and_url_query_adds_to_it() {
    let of = |options: &str| {
        let request = plan(options).request;
        assert_eq!(request.body, None);
        (request.method, request.query)
    };
    let query = |text: &str| Some(text.to_owned());
    assert_eq!(of("-G -d a=1 --data-urlencode 'b=2 3'"), (None, query("a=1&b=2+3")));
    assert_eq!(of("-d a=1 -I --get"), (query("HEAD"), query("a=1")));
    assert_eq!(of("-G -X PUT -d a"), (query("PUT"), query("a")));
    assert_eq!(of("-G"), (None, None));
    assert_eq!(of("--url-query 'z=a b' --url-query +raw%20x"), (None, query("z=a+b&raw%20x")));
    assert_eq!(of("-G --url-query u -d a"), (None, query("u&a")));
    let both = plan("--url-query u -d a").request;
    assert_eq!((both.query.as_deref(), both.body.as_deref()), (Some("u"), Some(&b"a"[..])));
}

#[test]
fn every_option_of_a_transfer_has_its_effect() {
    let check = |options: &str, holds: fn(&Plan) -> bool| assert!(holds(&plan(options)), "{options}");
    check("-r 0-9", |p| p.transfer.range.as_deref() == Some("0-9"));
    check("--range 5", |p| p.transfer.range.as_deref() == Some("5-"));
    check("-r 0-1,-9", |p| p.transfer.range.as_deref() == Some("0-1,-9"));
    check("-C -", |p| p.transfer.resume == Some(Resume::AtEnd));
    check("--continue-at 9", |p| p.transfer.resume == Some(Resume::At(9)));
    check("-C 0", |p| p.transfer.resume.is_none());
    check("-O -J", |p| p.transfer.remote_header_name);
    check("-R", |p| p.transfer.remote_time && !p.transfer.remote_header_name);
    check("--etag-save f", |p| p.transfer.etag_save.as_deref() == Some(Path::new("f")) && p.transfer.etag.is_none());
    check("-D -", |p| p.hold_bodies);
    check("-D f", |p| !p.hold_bodies);
    let world = Fake { files: vec![("tag", b"\"a\"\n"), ("empty", b"\n")], ..Fake::default() };
    let transfer = |options: &str| world.ok(&format!("{options} http://a/")).plan.transfer;
    assert_eq!(transfer("--etag-compare tag").etag.as_deref(), Some("\"a\""));
    assert_eq!(transfer("--etag-compare empty").etag.as_deref(), Some("\"\""));
    assert_eq!(transfer("--etag-compare new --etag-save new").etag.as_deref(), Some("\"\""));
    let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (typed, condition) in [
        ("'6 Nov 1994 08:49:37'", TimeCondition::ModifiedSince(at)),
        ("'-6 Nov 1994 08:49:37'", TimeCondition::UnmodifiedSince(at)),
        ("tag", TimeCondition::ModifiedSince(at)),
        ("-tag", TimeCondition::UnmodifiedSince(at)),
    ] {
        assert_eq!(transfer(&format!("-z {typed}")).time_condition, Some(condition), "{typed}");
    }
    let told = ok("-D heads http://a/");
    assert_eq!((told.dump_header.as_deref(), told.report_to), (Some(Path::new("heads")), Stream::Stdout));
    assert_eq!(ok("-D - http://a/").report_to, Stream::Stderr);
}

#[test]
fn bodies_go_where_they_were_sent() {
    let save =
        |templates: &[&str]| Save { templates: templates.iter().map(|t| (*t).into()).collect(), ..Save::default() };
    assert_eq!(plan("").bodies, Bodies::Count);
    assert_eq!(plan("--body").bodies, Bodies::Print);
    assert_eq!(plan("-o -").bodies, Bodies::Print);
    assert_eq!(plan("-o x").bodies, Bodies::Save(save(&["x"])));
    let remote_name = Save { remote_name: true, ..Save::default() };
    assert_eq!(plan("-O").bodies, Bodies::Save(remote_name.clone()));
    assert_eq!(plan("--remote-name-all").bodies, Bodies::Save(remote_name.clone()));
    let there = Save { dir: Some("d".into()), create_dirs: true, ..remote_name };
    assert_eq!(plan("-O --output-dir d --create-dirs").bodies, Bodies::Save(there.clone()));
    let lines_own = Save { remote_name: false, ..there };
    assert_eq!(ok("-i urls.txt --output-dir d --create-dirs").plan.bodies, Bodies::Save(lines_own));
    assert_eq!(ok("-o x -o y http://a/ http://b/").plan.bodies, Bodies::Save(save(&["x", "y"])));
}

#[test]
fn saved_bodies_take_their_time() {
    let of = |options: &str| plan(options).limits.max_time;
    assert_eq!((of(""), of("--body"), of("-O"), of("-o x -m 7")), (s(300), None, None, s(7)));
}

#[test]
fn the_report_makes_room_for_bodies() {
    assert_eq!(ok("--body --format json http://a/").report_to, Stream::Stderr);
    assert_eq!(ok("-o - -o x http://a/ http://b/").report_to, Stream::Stderr);
    assert_eq!(ok("-O --format json http://a/").report_to, Stream::Stdout);
    assert!(ok("-o - http://a/").binary_to_terminal && !ok("--body http://a/").binary_to_terminal);
}

#[test]
fn a_comparison_hashes_and_has_one_warm_up() {
    let compared = ok("--compare -i l");
    assert_eq!(compared.compare, Some(Compare { widths: vec![], runs: None, warmup: 1 }));
    assert!(compared.plan.hash_bodies && !plan("").hash_bodies);
    let given = ok("--compare --runs 2 --warmup 0 -I -i l").compare;
    assert_eq!(given, Some(Compare { widths: vec![], runs: Some(2), warmup: 0 }));
    let widths = ok("--compare-jobs 1,4,16 --runs 2 -i l").compare;
    assert_eq!(widths, Some(Compare { widths: vec![1, 4, 16], runs: Some(2), warmup: 1 }));
    assert_eq!(ok("--compare-jobs 1,4 --no-compare-jobs -i l").compare, None);
    assert!(ok("-j 3 --no-jobs --compare-jobs 1,4 -i l").compare.is_some());
    // Taken back, it leaves a comparison or a run that has its -j.
    assert_eq!(ok("-j 3 --compare-jobs 1,4 --no-compare-jobs -i l").plan.jobs, 3);
}

#[test]
fn input_is_kept_in_the_order_typed() {
    let all = ok("http://a/ -i l --url http://b/ -i - demo -g -- -x");
    assert_eq!(all.urls, ["http://a/", "http://b/", "demo", "-x"]);
    assert_eq!(all.lists, [ListSource::File("l".into()), ListSource::Stdin]);
    assert!(!all.globs);
    assert!(ok("--allow-empty").allow_empty);
}

#[test]
fn talk_depends_on_the_terminal_and_the_environment() {
    let tty = Fake { terminals: vec![Stream::Stdout, Stream::Stderr], ..Fake::default() };
    let both = Color { stdout: true, stderr: true };
    let neither = Color { stdout: false, stderr: false };
    assert_eq!((tty.ok("http://a/").color, tty.ok("http://a/").progress), (both, Progress::Live));
    assert_eq!((tty.ok("--color never http://a/").color, ok("http://a/").color), (neither, neither));
    assert_eq!(ok("--color always http://a/").color, both);
    for off in ["--progress none", "-s", "--no-progress-meter", "-s --progress plain"] {
        assert_eq!(tty.ok(&format!("{off} http://a/")).progress, Progress::None, "{off}");
    }
    assert_eq!(ok("--progress plain http://a/").progress, Progress::Plain);
    for bodies_beside in ["--body", "-o -", "--show-headers", "-w %{http_code}"] {
        assert_eq!(tty.ok(&format!("{bodies_beside} http://a/")).progress, Progress::None, "{bodies_beside}");
    }
    let dumb = Fake { env: vec![("TERM", "dumb")], ..tty };
    assert_eq!((dumb.ok("http://a/").color, dumb.ok("http://a/").progress), (neither, Progress::Plain));
}

#[test]
fn color_goes_by_the_option_then_by_the_environment_then_by_the_stream() {
    let both = Color { stdout: true, stderr: true };
    let neither = Color { stdout: false, stderr: false };
    for (env, on_a_terminal, in_a_pipe) in [
        (&[][..], both, neither),
        (&[("NO_COLOR", "1")], neither, neither),
        (&[("NO_COLOR", "")], both, neither),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], neither, neither),
        (&[("CLICOLOR_FORCE", "1")], both, both),
        (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")], both, both),
        (&[("CLICOLOR_FORCE", "0")], both, neither),
        (&[("CLICOLOR_FORCE", "")], both, neither),
        (&[("CLICOLOR", "0")], neither, neither),
        (&[("CLICOLOR", "1")], both, neither),
        (&[("TERM", "dumb")], neither, neither),
    ] {
        let tty = Fake { env: env.to_vec(), terminals: vec![Stream::Stdout, Stream::Stderr], ..Fake::default() };
        let pipe = Fake { env: env.to_vec(), ..Fake::default() };
        let found = (tty.ok("http://a/").color, pipe.ok("http://a/").color);
        assert_eq!(found, (on_a_terminal, in_a_pipe), "{env:?}");
        let asked = (pipe.ok("--color always http://a/").color, tty.ok("--color never http://a/").color);
        assert_eq!(asked, (both, neither), "{env:?}");
    }
}

#[test]
fn http2_http1_1_and_http2_prior_knowledge_choose_the_version() {
    let versions = |options: &str| plan(options).connect.versions;
    assert_eq!((versions(""), versions("--http2")), (HttpVersions::ByAlpn, HttpVersions::ByAlpn));
    assert_eq!(versions("--http1.1"), HttpVersions::Http1);
    assert_eq!(versions("--http2-prior-knowledge"), HttpVersions::PriorKnowledge);
    assert_eq!(versions("--http1.1 --http2"), HttpVersions::ByAlpn);
}

#[test]
fn show_error_no_buffer_progress_bar_and_what_else_is_so_anyway_is_accepted() {
    let quiet = ok(
        "-N -# -S -Z -f -q --no-buffer --progress-bar --show-error --parallel --fail --parallel-immediate --no-progress-meter http://a/",
    );
    assert_eq!(format!("{:?}", quiet.plan), format!("{:?}", plan("")));
}

#[test]
fn the_last_of_a_repeated_option_wins() {
    assert_eq!(plan("-j 5 --jobs 6 -m 1 --max-time 2 -j7").jobs, 7);
    assert_eq!(ok("--format json --format text http://a/").format, Format::Text);
    assert_eq!(plan("-sSvfj9").jobs, 9);
}

#[test]
fn the_rest_is_handed_on() {
    let all = ok("-s -v --show-secrets --save-failed f --secret-header A --secret-header B http://a/");
    assert!(all.silent && all.verbose && all.show_secrets);
    assert_eq!(all.save_failed.as_deref(), Some(Path::new("f")));
    assert_eq!(all.secret_headers, ["A", "B"]);
}
