//! Owns a real haproxy in front of nginx: another implementation of the same protocol.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::nginx::{Nginx, listens, signal};
use crate::ports::free_ports;

/// Ended with the value.
pub struct Haproxy {
    _dir: TempDir,
    process: Child,
    /// Keeps connections, but an idle one for 100 ms only.
    pub keep_port: u16,
    /// Closes after each answer.
    pub close_port: u16,
}

impl Haproxy {
    pub fn start(nginx: &Nginx) -> Haproxy {
        let dir = TempDir::with_prefix("gfetch-haproxy-").expect("a folder");
        let [keep_port, close_port] = free_ports();
        let path = dir.path().join("haproxy.cfg");
        fs::write(&path, config(keep_port, close_port, nginx.port)).expect("the configuration");
        let mut process = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("haproxy is not installed: bash .ci/install");
        assert!(listens(keep_port, &mut process), "haproxy did not start");
        Haproxy { _dir: dir, process, keep_port, close_port }
    }
}

fn config(keep_port: u16, close_port: u16, server_port: u16) -> String {
    format!(
        "global
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout http-keep-alive 100ms
frontend keep
    bind 127.0.0.1:{keep_port}
    default_backend pages
frontend close
    bind 127.0.0.1:{close_port}
    option httpclose
    default_backend pages
backend pages
    server nginx 127.0.0.1:{server_port}
"
    )
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        signal("TERM", &self.process.id().to_string());
        let _ = self.process.wait();
    }
}
