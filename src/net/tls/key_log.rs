//! The secrets of connections, for whoever looks into their own traffic (curl: `SSLKEYLOGFILE`).

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// A file in NSS's format, a line a secret, to which connections append theirs. Wireshark reads it. Clones share it.
///
/// Whoever can read the file can read the connections, and those that resume their sessions.
#[derive(Clone, Debug)]
pub struct KeyLogFile(Arc<File>);

impl KeyLogFile {
    /// Appends to the file at `path`; made if there is none, for its owner only (0600).
    pub fn append_to(path: &Path) -> io::Result<KeyLogFile> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(KeyLogFile(Arc::new(file)))
    }
}

impl rustls::KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = String::with_capacity(label.len() + 2 * (client_random.len() + secret.len()) + 3);
        line.push_str(label);
        for bytes in [client_random, secret] {
            line.push(' ');
            bytes.iter().for_each(|byte| write!(line, "{byte:02x}").expect("a string takes all"));
        }
        line.push('\n');
        // In one call, so that the lines of several processes do not mix. A full disk must not end a connection.
        let _ = (&*self.0).write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rustls::KeyLog;

    use super::*;

    #[test]
    fn lines_are_appended_in_nss_format_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        KeyLogFile::append_to(&path).unwrap().log("CLIENT_RANDOM", &[0x01, 0xab], &[0xff]);
        KeyLogFile::append_to(&path).unwrap().log("EXPORTER_SECRET", &[2], &[3]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "CLIENT_RANDOM 01ab ff\nEXPORTER_SECRET 02 03\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(KeyLogFile::append_to(dir.path()).is_err());
    }
}
