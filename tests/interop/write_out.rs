//! `-w` beside curl's own: the same variables, the same values, the same order of times.

use std::process::Command;

use serde_json::Value;

use crate::client::{gfetch, records, run};
use crate::nginx::Nginx;
use crate::server::Server;

/// What curl tells and gfetch does not: FTP, and what a proxy's certificate said.
const CURLS_ALONE: [&str; 2] = ["ftp_entry_path", "proxy_ssl_verify_result"];
/// What differs by nature: times, speeds, ports, words for people, and where a body goes that nobody asked for.
const ITS_OWN: [&str; 6] =
    ["errormsg", "filename_effective", "speed_download", "speed_upload", "curl_version", "local_port"];

/// What both make of a template.
fn both(template: &str, options: &[&str], url: &str) -> (String, String) {
    let common = ["--compressed", "-A", "same", "-w", template];
    let ours = gfetch(&[&common[..], &["-s"], options, &[url]].concat(), "");
    let mut curl = Command::new("curl");
    curl.args(["-q", "-s", "-L", "--fail-with-body", "-m", "100", "-o", "/dev/null"])
        .args(common)
        .args(options)
        .arg(url);
    let theirs = run(&mut curl, "");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(ours.stdout), text(theirs.stdout))
}

/// A server's URLs of every sort, with options that both have.
fn cases(server: &Server) -> Vec<(Vec<&'static str>, String)> {
    vec![
        (vec![], server.url("/bytes/2400")),
        (vec![], server.url("/to//to//bytes/24")),
        (vec![], server.url("/status/404")),
        (vec![], server.url("/status/204")),
        (vec!["-I"], server.url("/bytes/24")),
        (vec!["-d", "four"], server.url("/say/a")),
        (vec!["-e", "http://a.example/", "-H", "X-A: b"], server.url("/chunked/3000")),
        (vec![], format!("http://{}/", crate::server::nobody())),
        (vec!["-b", "a=b", "-r", "0-3"], server.url("/file/100")),
    ]
}

#[test]
fn the_json_of_write_out_is_curls() {
    crate::needs_servers!();
    let server = Server::new();
    for (options, url) in cases(&server) {
        let (ours, theirs) = both("%{json}", &options, &url);
        let [mut ours, theirs]: [Value; 2] = [ours, theirs]
            .map(|text| serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}")));
        if let Some(scheme) = theirs["scheme"].as_str() {
            // In lower case since curl 8.
            assert_eq!(ours["scheme"], scheme.to_ascii_lowercase(), "{url}");
        }
        ours["scheme"] = theirs["scheme"].clone();
        for (name, expected) in theirs.as_object().unwrap() {
            let Some(value) = ours.get(name) else {
                assert!(CURLS_ALONE.contains(&name.as_str()), "gfetch does not tell {name}");
                continue;
            };
            let is_time = name.starts_with("time_");
            if is_time {
                assert_eq!(
                    value.as_f64() == Some(0.0),
                    is_zero(name, expected, &theirs),
                    "{name} of {url}: {ours} {theirs}"
                );
            } else if !ITS_OWN.contains(&name.as_str()) {
                assert_eq!(value, expected, "{name} of {url} {options:?}");
            }
        }
        assert_eq!(ours["local_port"] == 0, theirs["local_port"] == 0, "{url}: {ours} {theirs}");
        let order = ["namelookup", "connect", "pretransfer", "starttransfer", "total"];
        let times = order.map(|name| ours[format!("time_{name}")].as_f64().unwrap());
        assert!(times[4] > 0.0 && times.iter().all(|time| *time <= times[4]), "{ours}");
    }
}

/// curl's look-up of a literal address takes a microsecond or more; gfetch has none.
fn is_zero(name: &str, theirs: &Value, all: &Value) -> bool {
    match name {
        "time_namelookup" => all["remote_ip"] != "" || all["http_code"] == 0,
        _ => theirs.as_f64() == Some(0.0),
    }
}

#[test]
fn the_text_of_write_out_is_curls() {
    crate::needs_servers!();
    let server = Server::new();
    let template = "%{http_code}|%{response_code}|%{content_type}|%{size_download}|%{size_header}|%{size_request}|%{size_upload}|\
                    %{num_redirects}|%{num_connects}|%{num_headers}|%{redirect_url}|%{url}|%{url_effective}|%{urlnum}|%{method}|\
                    %{http_version}|%{referer}|%{remote_ip}|%{remote_port}|%{local_ip}|%{exitcode}|%{ssl_verify_result}|%header{content-length}|\
                    %header{nosuch}|%%|\\n|\\t|\\r|\\q|\\\\|%q|%{onerror}failed|%{http_connect}|";
    for (options, url) in cases(&server) {
        let (ours, theirs) = both(template, &options, &url);
        assert_eq!(ours, theirs, "gfetch on the left, curl on the right: {url} {options:?}");
    }
    let (ours, theirs) = both("%{header_json}", &[], &server.url("/file/100"));
    let [ours, theirs]: [Value; 2] = [ours, theirs].map(|text| serde_json::from_str(&text).unwrap());
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    assert_eq!(ours["content-length"], theirs["content-length"]);
}

#[test]
fn over_tls_times_and_certificates_are_told_by_either_version() {
    crate::needs_servers!();
    let nginx = Nginx::start();
    let (trust, url) = (nginx.certificate(), format!("https://localhost:{}/", nginx.h2_port));
    let certs = ["--http1.1", "--http2"].map(|version| {
        let template = "%{http_code}|%{http_version}|%{num_connects}|%{num_redirects}|%{ssl_verify_result}|%{size_download}|\
                        %{size_header}|%{remote_port}|%{local_ip}|%{exitcode}|%{num_headers}|%{content_type}";
        let (ours, theirs) = both(template, &["--cacert", &trust, version], &url);
        assert_eq!(ours, theirs, "gfetch on the left, curl on the right: {version}");
        let (ours, theirs) = both("%{json}", &["--cacert", &trust, version], &url);
        let [ours, theirs]: [Value; 2] = [ours, theirs].map(|text| serde_json::from_str(&text).unwrap());
        for one in [&ours, &theirs] {
            let order = ["connect", "appconnect", "pretransfer", "starttransfer", "total"];
            let times = order.map(|name| one[format!("time_{name}")].as_f64().unwrap());
            assert!(times.is_sorted() && times[0] > 0.0, "{one}");
        }
        assert_eq!(ours["num_certs"], theirs["num_certs"]);
        let fields = ["--cacert", &trust, version, "--format", "json", "--fields", "certs,hops", &url];
        let record = records(&gfetch(&fields, "")).pop().unwrap();
        assert_eq!(record["hops"][0]["tls"], "1.3");
        record["certs"].clone()
    });
    assert!(certs[0].is_array() && certs[0] == certs[1], "{certs:?}");
}
