//! Owns real proxies: a squid with its folder and ports, and a microsocks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::nginx::{listens, signal};
use crate::ports::free_ports;

/// Ended with the value.
pub struct Squid {
    dir: TempDir,
    process: Child,
    pub port: u16,
    /// Asks for user and password: `ann:secret`.
    pub private_port: u16,
    /// Is spoken to over TLS.
    pub tls_port: u16,
}

impl Squid {
    pub fn start() -> Squid {
        let dir = TempDir::with_prefix("gfetch-squid-").expect("a folder");
        // root's squid works as another user.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("permissions");
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("written");
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        write("certificate.pem", &key.cert.pem());
        write("key.pem", &key.signing_key.serialize_pem());
        let hashed = Command::new("openssl").args(["passwd", "-apr1", "secret"]).output().expect("openssl");
        write("passwords", &format!("ann:{}", String::from_utf8_lossy(&hashed.stdout)));
        let [port, private_port, tls_port] = free_ports();
        let config = include_str!("squid.conf")
            .replace("{dir}", dir.path().to_str().expect("a UTF-8 path"))
            .replace("{port}", &port.to_string())
            .replace("{private_port}", &private_port.to_string())
            .replace("{tls_port}", &tls_port.to_string());
        write("squid.conf", &config);
        let mut process = quiet(Command::new("squid").arg("-N").arg("-f").arg(dir.path().join("squid.conf")));
        assert!(listens(tls_port, &mut process), "squid did not start: {}", read(&dir, "cache.log"));
        Squid { dir, process, port, private_port, tls_port }
    }

    /// The proxy's own certificate, for `localhost`, which signs itself.
    pub fn certificate(&self) -> String {
        self.dir.path().join("certificate.pem").to_str().expect("a UTF-8 path").to_owned()
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        signal("TERM", &self.process.id().to_string());
        let _ = self.process.wait();
    }
}

/// A SOCKS 5 server; ended with the value.
pub struct Socks {
    process: Child,
    pub port: u16,
}

impl Socks {
    pub fn start(login: Option<(&str, &str)>) -> Socks {
        let [port] = free_ports();
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        if let Some((user, password)) = login {
            command.args(["-u", user, "-P", password]);
        }
        let mut process = quiet(&mut command);
        assert!(listens(port, &mut process), "microsocks did not start");
        Socks { process, port }
    }
}

impl Drop for Socks {
    fn drop(&mut self) {
        signal("TERM", &self.process.id().to_string());
        let _ = self.process.wait();
    }
}

fn quiet(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("squid and microsocks are not installed: bash .ci/install")
}

fn read(dir: &TempDir, name: &str) -> String {
    fs::read_to_string(dir.path().join(name)).unwrap_or_default()
}
