//! A real Apache: a third reading of the same files, and curl's account of each answer beside gfetch's.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::client::{gfetch, list, records, same_as_curl, succeeded};
use crate::needs_servers;
use crate::nginx::{listens, signal, www_folder};
use crate::ports::free_ports;

/// Where Debian has its modules.
const MODULES: &str = "/usr/lib/apache2/modules";

/// Files with a length and in chunks, coded, of HTTP/1.0, put together by the server; redirects, refusals.
pub const PATHS: &[&str] = &[
    "/small.txt",
    "/empty.txt",
    "/page.html",
    "/large.bin",
    "/packed/page.html",
    "/packed/empty.txt",
    "/brotli/page.html",
    "/parts/parts.shtml",
    "/old/page.html",
    "/many/small.txt",
    "/hop",
    "/away",
    "/loop",
    "/gone",
    "/missing",
    "/private/small.txt",
    "/%00",
    "/..%2f..%2fetc/passwd",
    "/small.txt/below",
];

pub struct Apache {
    dir: TempDir,
    process: Child,
    port: u16,
    tls_port: u16,
    /// The same pages by HTTP/2 over TLS, …
    pub h2_port: u16,
    /// … and by prior knowledge.
    pub h2c_port: u16,
}

impl Apache {
    pub fn start() -> Apache {
        let dir = www_folder("gfetch-apache-");
        // `secret`, as `htpasswd -s` writes it.
        fs::write(dir.path().join("apache-passwords"), "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
            .expect("the passwords");
        let [port, tls_port, h2_port, h2c_port] = free_ports();
        let config = include_str!("apache.conf")
            .replace("{dir}", dir.path().to_str().expect("a UTF-8 path"))
            .replace("{modules}", MODULES)
            .replace("{port}", &port.to_string())
            .replace("{tls_port}", &tls_port.to_string())
            .replace("{h2_port}", &h2_port.to_string())
            .replace("{h2c_port}", &h2c_port.to_string());
        let path = dir.path().join("apache.conf");
        fs::write(&path, config).expect("the configuration");
        let process = Command::new("apache2")
            .arg("-f")
            .arg(&path)
            .arg("-DFOREGROUND")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("apache2 is not installed: bash .ci/install");
        let mut apache = Apache { dir, process, port, tls_port, h2_port, h2c_port };
        if !listens(port, &mut apache.process) {
            panic!("apache did not start: {}", fs::read_to_string(apache.path("apache.log")).unwrap_or_default());
        }
        apache
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The certificate of `localhost`, which signs itself.
    pub fn certificate(&self) -> String {
        self.path("certificate.pem").to_str().expect("a UTF-8 path").to_owned()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            signal("TERM", &self.process.id().to_string());
            let _ = self.process.wait();
        }
    }
}

#[test]
fn every_answer_of_apache_is_what_curl_says() {
    needs_servers!();
    let apache = Apache::start();
    for path in PATHS {
        same_as_curl(&apache.url(path), &[]);
    }
    let certificate = apache.certificate();
    for path in ["/small.txt", "/large.bin", "/packed/page.html"] {
        let url = format!("https://localhost:{}{path}", apache.tls_port);
        same_as_curl(&url, &["--cacert", &certificate]);
    }
}

#[test]
fn what_is_asked_of_apache_differently_is_answered_as_curl_says() {
    needs_servers!();
    let apache = Apache::start();
    let same = |path: &str, options: &[&str]| same_as_curl(&apache.url(path), options);
    same("/private/small.txt", &["-u", "ann:secret"]);
    same("/private/small.txt", &["-u", "ann:wrong"]);
    same("/large.bin", &["-H", "Range: bytes=1000-1999"]);
    same("/large.bin", &["-H", "Range: bytes=99999999-"]);
    same("/small.txt", &["-H", "If-None-Match: *"]);
    same("/small.txt", &["-X", "DELETE"]);
    same("/small.txt", &["-X", "NONSENSE"]);
    same("/small.txt", &["-H", "Expect: 100-continue", "-d", "body"]);
}

/// Seven answers a connection, then the server closes it, which is nobody's failure.
#[test]
fn a_list_at_apache_gives_a_record_a_line_over_connections_that_end() {
    needs_servers!();
    let apache = Apache::start();
    let paths = ["/small.txt", "/packed/page.html", "/parts/parts.shtml", "/old/page.html"];
    let urls: Vec<String> = (0..400).map(|n| apache.url(&format!("{}?{n}", paths[n % paths.len()]))).collect();
    let records = records(&succeeded(gfetch(&["-i", "-", "--format", "json"], &list(urls.clone()))));
    assert_eq!(records.len(), urls.len());
    for (record, url) in records.iter().zip(&urls) {
        assert_eq!((&record["url"], &record["attempts"]), (&(**url).into(), &1.into()));
        let bytes = if url.contains("page.html") { 92_000 } else { record["bytes"].as_u64().unwrap() };
        assert_eq!(record["bytes"], bytes);
    }
}
