//! Owns a real nghttpd: HTTP/2 by nghttp2, over TLS or without, with a log of its frames.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::nginx::{listens, signal, www_folder};
use crate::ports::free_ports;

/// Ended with the value.
pub struct Nghttpd {
    dir: TempDir,
    process: Child,
    pub port: u16,
    secure: bool,
}

impl Nghttpd {
    /// Over TLS, with these options.
    pub fn tls(options: &[&str]) -> Nghttpd {
        Nghttpd::start(true, options)
    }

    /// From the first byte.
    pub fn plain(options: &[&str]) -> Nghttpd {
        Nghttpd::start(false, options)
    }

    fn start(secure: bool, options: &[&str]) -> Nghttpd {
        let dir = www_folder("gfetch-nghttpd-");
        let [port] = free_ports();
        let path = |name: &str| dir.path().join(name);
        let log = File::create(path("log")).expect("a log");
        let mut command = Command::new("nghttpd");
        command.args(["-v", "-a", "127.0.0.1", "--echo-upload", "-d"]).arg(path("www")).args(options);
        command.arg(port.to_string());
        match secure {
            true => command.arg(path("key.pem")).arg(path("certificate.pem")),
            false => command.arg("--no-tls"),
        };
        let mut process = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .expect("nghttpd is not installed: bash .ci/install");
        assert!(listens(port, &mut process), "nghttpd did not start: {command:?}");
        Nghttpd { dir, process, port, secure }
    }

    pub fn url(&self, path: &str) -> String {
        match self.secure {
            true => format!("https://localhost:{}{path}", self.port),
            false => format!("http://127.0.0.1:{}{path}", self.port),
        }
    }

    /// What a client needs to speak HTTP/2 with it, whichever of the two it is.
    pub fn options(&self) -> Vec<String> {
        match self.secure {
            true => vec!["--cacert".into(), self.dir.path().join("certificate.pem").display().to_string()],
            false => vec!["--http2-prior-knowledge".into()],
        }
    }

    /// Writes a file beside what it serves; its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("a UTF-8 path").to_owned()
    }

    /// Ends it, and gives its log of frames.
    pub fn log(mut self) -> String {
        self.end();
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn end(&mut self) {
        signal("TERM", &self.process.id().to_string());
        let _ = self.process.wait();
    }
}

impl Drop for Nghttpd {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.end();
        }
    }
}
