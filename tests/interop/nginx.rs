//! Owns a real nginx: its folder, its configuration, its processes.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::ports::free_ports;

/// More than sendfile hands over at once, and than socket buffers hold.
pub const LARGE_BYTES: usize = 20_000_000;
/// A process that does not listen after this is not going to.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The ports' names in the configuration.
const NAMES: [&str; 10] = [
    "port",
    "tls_port",
    "tls12_port",
    "tls13_port",
    "client_port",
    "short_port",
    "h2_port",
    "h2c_port",
    "h2_short_port",
    "h2_narrow_port",
];

/// One worker, ended with the value. Everything lies in a folder of its own, every port was free a moment before.
pub struct Nginx {
    dir: TempDir,
    master: Child,
    pub port: u16,
    pub tls_port: u16,
    pub tls12_port: u16,
    pub tls13_port: u16,
    /// Asks for the client's certificate, and answers 400 without.
    pub client_port: u16,
    /// Closes each connection after three answers.
    pub short_port: u16,
    /// The pages of `port` by HTTP/2 over TLS, …
    pub h2_port: u16,
    /// … and by prior knowledge.
    pub h2c_port: u16,
    /// By HTTP/2, says GOAWAY after 50 answers.
    pub h2_short_port: u16,
    /// By HTTP/2, allows ten streams at once.
    pub h2_narrow_port: u16,
}

impl Nginx {
    pub fn start() -> Nginx {
        let dir = www_folder("gfetch-nginx-");
        let ports: [u16; NAMES.len()] = free_ports();
        let mut config = include_str!("nginx.conf").replace("{dir}", dir.path().to_str().expect("a UTF-8 path"));
        for (name, port) in NAMES.iter().zip(ports) {
            config = config.replace(&format!("{{{name}}}"), &port.to_string());
        }
        let path = dir.path().join("nginx.conf");
        fs::write(&path, config).expect("the configuration");
        let master = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .arg("-e")
            .arg(dir.path().join("error.log"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is not installed: bash .ci/install");
        let port = |name: &str| ports[NAMES.iter().position(|own| *own == name).expect("a name of a port")];
        let mut nginx = Nginx {
            dir,
            master,
            port: port("port"),
            tls_port: port("tls_port"),
            tls12_port: port("tls12_port"),
            tls13_port: port("tls13_port"),
            client_port: port("client_port"),
            short_port: port("short_port"),
            h2_port: port("h2_port"),
            h2c_port: port("h2c_port"),
            h2_short_port: port("h2_short_port"),
            h2_narrow_port: port("h2_narrow_port"),
        };
        if !listens(nginx.port, &mut nginx.master) {
            panic!("nginx did not start: {}", fs::read_to_string(nginx.path("error.log")).unwrap_or_default());
        }
        nginx
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The certificate of `localhost`, which signs itself.
    pub fn certificate(&self) -> String {
        self.file("certificate.pem")
    }

    /// A file beside the certificate: `key.pem`, `public.pem`, the client's `client.pem` and `client-key.pem`.
    pub fn file(&self, name: &str) -> String {
        self.path(name).to_str().expect("a UTF-8 path").to_owned()
    }

    /// `TLSv1.3 r` for each request over TLS: protocol, and `r` where the session was resumed.
    pub fn tls_log(&self) -> Vec<String> {
        self.lines("tls.log")
    }

    /// `7 GET 120 200` for each request by HTTP/2: the connection's number, method, bytes of the request, status.
    pub fn h2_log(&self) -> Vec<String> {
        self.lines("h2.log")
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Ends master and worker at once, in the middle of what they do.
    pub fn kill(&mut self) {
        let workers = self.workers();
        self.master.kill().expect("the master runs");
        workers.iter().for_each(|worker| signal("KILL", worker));
        self.master.wait().expect("the master ends");
    }

    /// Ends the worker at once; the master starts another.
    pub fn kill_worker(&self) {
        self.workers().iter().for_each(|worker| signal("KILL", worker));
    }

    fn workers(&self) -> Vec<String> {
        let master = self.master.id();
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap_or_default();
        children.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Ok(None) = self.master.try_wait() {
            signal("TERM", &self.master.id().to_string());
            let _ = self.master.wait();
        }
    }
}

/// A folder with pages and a certificate, as each server of these tests serves them.
pub fn www_folder(prefix: &str) -> TempDir {
    let dir = TempDir::with_prefix(prefix).expect("a folder");
    // A worker of root's server is nobody's process.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    write_pages(dir.path());
    write_certificate(dir.path());
    dir
}

/// Sends a signal to a process that this test started.
pub fn signal(name: &str, process: &str) {
    let _ = Command::new("kill").args(["-s", name, process]).stderr(Stdio::null()).status();
}

/// Waits until something listens; false if the process ended or nothing came.
pub fn listens(port: u16, process: &mut Child) -> bool {
    let started = Instant::now();
    while started.elapsed() < START_LIMIT && matches!(process.try_wait(), Ok(None)) {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn write_pages(dir: &Path) {
    let www = dir.join("www");
    fs::create_dir(&www).expect("a folder");
    let page = |name: &str, bytes: &[u8]| fs::write(www.join(name), bytes).expect("a page");
    page("small.txt", b"a small page\n");
    page("empty.txt", b"");
    page("page.html", "<p>word after word, so that it packs well</p>\n".repeat(2_000).as_bytes());
    page("parts.shtml", b"<!--#include virtual=\"/small.txt\" -->and <!--#include virtual=\"/small.txt\" -->");
    page("large.bin", &(0..LARGE_BYTES).map(|at| (at * 31 + at / 251) as u8).collect::<Vec<u8>>());
    fs::write(dir.join("passwords"), "ann:{PLAIN}secret\n").expect("the passwords");
}

fn write_certificate(dir: &Path) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(dir.join("certificate.pem"), key.cert.pem()).expect("written");
    fs::write(dir.join("key.pem"), key.signing_key.serialize_pem()).expect("written");
    fs::write(dir.join("public.pem"), key.signing_key.public_key_pem()).expect("written");
    let client = rcgen::generate_simple_self_signed(["ann".to_owned()]).expect("a certificate");
    fs::write(dir.join("client.pem"), client.cert.pem()).expect("written");
    fs::write(dir.join("client-key.pem"), client.signing_key.serialize_pem()).expect("written");
}
