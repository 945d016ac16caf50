//! A connection that leaves HTTP: the answer 101, and then the stream itself.

use std::fmt;
use std::io::{self, Read, Write};

use super::exchange::Exchange;
use super::response::misuse;
use super::wire::ServedStream;
use crate::http::fields::Fields;
use crate::http::h1::Version;

impl Exchange<'_> {
    /// Whether the client offers to go on in this protocol: by `Connection: upgrade` and `Upgrade`, in HTTP/1.1.
    pub fn offers_upgrade(&self, protocol: &str) -> bool {
        let head = self.head();
        head.version == Version::Http11
            && head.fields.contains_token("connection", "upgrade")
            && head.fields.contains_token("upgrade", protocol)
    }

    /// Answers with 101 and leaves HTTP: the stream is the caller's, with what the client has sent behind its request. The
    /// server's time limits hold no more. The connection is over when what is returned is dropped; it counts as the
    /// server's until the handler returns. gevent: what pywsgi does for a request with `Connection: Upgrade`.
    ///
    /// # Errors
    /// `InvalidInput`, and nothing is sent, where the client does not [offer](Exchange::offers_upgrade) that, has its
    /// answer already or has sent a body that was not read to its end, and for fields that are the server's to set.
    pub fn upgrade(&mut self, protocol: &str, fields: &Fields) -> io::Result<Upgraded> {
        if !self.offers_upgrade(protocol) {
            return Err(misuse(&format!("the client does not offer to go on in {protocol}")));
        }
        let (stream, unread) = self.leave_http(protocol, fields)?;
        Ok(Upgraded { stream, unread, start: 0 })
    }
}

/// A connection that has left HTTP, made by [`Exchange::upgrade`]: reads and writes go straight to the stream and park.
pub struct Upgraded {
    stream: Box<dyn ServedStream>,
    /// What came behind the request.
    unread: Vec<u8>,
    start: usize,
}

impl Upgraded {
    /// Tells the peer that nothing more will come; reading goes on.
    pub fn end(&mut self) -> io::Result<()> {
        self.stream.end()
    }
}

impl Read for Upgraded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.unread.len() {
            return self.stream.read(out);
        }
        let taken = (&self.unread[self.start..]).read(out)?;
        self.start += taken;
        if self.start == self.unread.len() {
            (self.unread, self.start) = (Vec::new(), 0);
        }
        Ok(taken)
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("unread_bytes", &(self.unread.len() - self.start)).finish_non_exhaustive()
    }
}
