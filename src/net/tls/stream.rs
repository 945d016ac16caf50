//! A TLS connection over a transport that parks: reads and writes plaintext, and knows what was agreed.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read, Write};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, HandshakeKind, ProtocolVersion};

use super::config::TlsConfig;
use super::error::TlsError;
use super::explain::{Flood, Scene, explain};
use super::outlet::Outlet;
use super::records::Records;
use super::tickets::SessionScope;
use crate::green::Interrupt;
use crate::net::{TcpStream, UnixStream};

/// Ciphertext that rustls holds until the transport has taken it: four records.
const UNSENT_BYTES: usize = 64 * 1024;
/// What a peer may send up to the end of the handshake. Each message has its place there and at most 64 KiB (rustls), and
/// an honest chain of certificates takes 5.
const HANDSHAKE_BYTES: usize = 256 * 1024;
/// What a peer may send without a byte of plaintext: tickets, updates of keys, empty records. rustls has narrower bounds
/// for some: 32 empty records in a row, 32 updates of keys between two pieces of plaintext, 4 warnings, one wish to
/// renegotiate, which is refused.
const SILENT_BYTES: usize = 256 * 1024;
/// Reads that [`TlsStream::has_unread`] makes before it calls a connection unfit: a server gives one to four tickets, in
/// one piece or one each, and one that sends more without being asked has something else in mind.
const IDLE_READS: usize = 16;

/// A TLS connection; the handshake is over.
///
/// Reads and writes take `&mut self`: it is used by one greenlet at a time. Reading gives what one or a few records held;
/// [`BufRead`] gives it uncopied. An end announced by the peer (close_notify) reads as `Ok(0)`, and one that was not as
/// [`ErrorKind::UnexpectedEof`]: whether that is a truncation is for the protocol above to judge, from its own framing.
///
/// A `write` that returns `Ok(n)` has taken n bytes, and passed them on unless the transport failed just then or a time-out
/// struck: the next `write`, `flush` or `read` then sends what was left, or tells the failure. So nothing is lost or sent
/// twice; flush at the end of a message. Dropping it just closes the transport; [`TlsStream::close_notify`] says goodbye
/// first.
///
/// ```
/// use gfetch::{green, net::{Roots, TcpListener, TcpStream, TlsAcceptor, TlsConfig, TlsStream}};
/// use std::io::{Read, Write};
/// let own = rcgen::generate_simple_self_signed(["a.example".to_string()]).unwrap();
/// let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
/// let config = TlsConfig::builder().roots(Roots::Der(vec![own.cert.der().to_vec()])).build().unwrap();
/// green::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let address = listener.local_addr().unwrap();
///     green::spawn(move || {
///         let mut stream = acceptor.accept(listener.accept().unwrap().0).unwrap();
///         stream.write_all(b"hello").unwrap();
///         stream.close_notify().unwrap();
///     });
///     let mut stream = TlsStream::connect(TcpStream::connect(address).unwrap(), "a.example", &config).unwrap();
///     let mut text = String::new();
///     stream.read_to_string(&mut text).unwrap();
///     assert_eq!((text.as_str(), stream.version()), ("hello", "1.3"));
/// });
/// ```
pub struct TlsStream<S = TcpStream> {
    pub(super) tls: Box<Connection>,
    transport: S,
    records: Records,
    /// What rustls made of the peer's bytes: final.
    broken: Option<rustls::Error>,
    /// Why the transport did not take what a write had been promised to pass on.
    unsent: Option<io::Error>,
    said_goodbye: bool,
    /// Bytes that came since there was plaintext.
    silent: usize,
    roots: usize,
}

/// What carries a TLS connection that may lie idle in a pool.
pub trait Transport: Read + Write {
    /// Whether something waits to be read: bytes, an end or an error. Must not wait.
    fn has_unread(&mut self) -> bool;
}

impl Transport for TcpStream {
    fn has_unread(&mut self) -> bool {
        self.may_be_readable() && TcpStream::has_unread(self)
    }
}

impl Transport for UnixStream {
    fn has_unread(&mut self) -> bool {
        UnixStream::has_unread(self)
    }
}

impl<S: Transport> Transport for TlsStream<S> {
    fn has_unread(&mut self) -> bool {
        TlsStream::has_unread(self)
    }
}

impl<S: Read + Write> TlsStream<S> {
    /// Shakes hands with the server at the other end of `transport`, and checks that it is `server_name`: a host name (a
    /// trailing dot is left out) or an address (an IPv6 one may have brackets). Waits; put a
    /// [`timeout`](crate::green::timeout) around it.
    pub fn connect(transport: S, server_name: &str, config: &TlsConfig) -> Result<TlsStream<S>, TlsError> {
        TlsStream::connect_within(SessionScope::default(), transport, server_name, config)
    }

    /// The same, resuming sessions of this scope only: another port of the name, or another way there, is another scope.
    pub fn connect_within(
        scope: SessionScope,
        transport: S,
        server_name: &str,
        config: &TlsConfig,
    ) -> Result<TlsStream<S>, TlsError> {
        let name = parse_name(server_name)?;
        let loaded = config.loaded().map_err(TlsError::Setup)?;
        let connection =
            ClientConnection::new(loaded.client(scope), name).map_err(|error| TlsError::Protocol(error.to_string()))?;
        TlsStream::shake_hands(connection.into(), transport, loaded.counts.trusted)
    }

    /// The same, offering `protocols` by ALPN (dearest first) in place of the configuration's own.
    pub fn connect_offering(
        scope: SessionScope,
        transport: S,
        server_name: &str,
        config: &TlsConfig,
        protocols: &[&[u8]],
    ) -> Result<TlsStream<S>, TlsError> {
        let name = parse_name(server_name)?;
        let loaded = config.loaded().map_err(TlsError::Setup)?;
        let protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let connection = ClientConnection::new_with_alpn(loaded.client(scope), name, protocols)
            .map_err(|error| TlsError::Protocol(error.to_string()))?;
        TlsStream::shake_hands(connection.into(), transport, loaded.counts.trusted)
    }

    pub(super) fn shake_hands(mut tls: Connection, transport: S, roots: usize) -> Result<TlsStream<S>, TlsError> {
        tls.set_buffer_limit(Some(UNSENT_BYTES));
        let mut stream = TlsStream {
            tls: Box::new(tls),
            transport,
            records: Records::default(),
            broken: None,
            unsent: None,
            said_goodbye: false,
            silent: 0,
            roots,
        };
        while stream.tls.is_handshaking() {
            stream.push().map_err(TlsError::Io)?;
            if stream.tls.is_handshaking() {
                if stream.take_in()? == 0 {
                    let text = "the peer closed the connection in the TLS handshake";
                    return Err(TlsError::Io(io::Error::new(ErrorKind::UnexpectedEof, text)));
                }
                stream.bound(HANDSHAKE_BYTES, "the peer sent more than 256 KiB in the TLS handshake")?;
            }
        }
        stream.push().map_err(TlsError::Io)?;
        Ok(stream)
    }

    /// The version agreed on: `"1.2"` or `"1.3"`.
    pub fn version(&self) -> &'static str {
        match self.tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            _ => "1.2",
        }
    }

    /// The protocol agreed on by ALPN, if one was.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.tls.alpn_protocol()
    }

    /// Whether an earlier session was resumed, and the certificate was not sent again.
    pub fn resumed(&self) -> bool {
        self.tls.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// The peer's certificates in DER, its own first; of a resumed session, those of the first handshake.
    pub fn peer_certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.tls.peer_certificates().unwrap_or_default().iter().map(AsRef::as_ref)
    }

    /// What carries this connection. Bytes read or written there are missing here.
    pub fn transport(&self) -> &S {
        &self.transport
    }

    /// Tells the peer that nothing more will be sent. Reading goes on; a later write fails.
    pub fn close_notify(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.said_goodbye = true;
        self.flush()
    }

    /// Returns when there is plaintext, or never will be: an end that was announced is `Ok`.
    fn await_plaintext(&mut self) -> io::Result<()> {
        loop {
            match self.tls.reader().fill_buf() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(truncated()),
                done => {
                    self.silent = 0;
                    return done.map(drop);
                }
            }
            // An answer to a key update, or the rest of a timed-out write: the peer may wait for it. That it does not
            // get through does not end the reading.
            match self.push() {
                Err(error) if Interrupt::of(&error).is_some() => return Err(error),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => self.unsent = Some(error),
                Ok(()) => {}
            }
            self.take_in()?;
            self.bound(SILENT_BYTES, "the peer sent more than 256 KiB of TLS records without any data")?;
        }
    }

    /// Breaks the connection if the peer has gone on for too long without plaintext.
    fn bound(&mut self, most: usize, text: &'static str) -> Result<(), TlsError> {
        if self.silent <= most {
            return Ok(());
        }
        self.broken = Some(Flood::error(text));
        Err(self.why_broken())
    }

    /// Reads once from the transport and lets rustls work on it: how many bytes came, 0 at the end.
    fn take_in(&mut self) -> Result<usize, TlsError> {
        if self.broken.is_none() {
            match self.tls.read_tls(&mut self.records.following(&mut self.transport)) {
                Ok(count) => match self.tls.process_new_packets() {
                    Ok(_) => {
                        self.silent += count;
                        return Ok(count);
                    }
                    Err(error) => self.broken = Some(error),
                },
                // rustls has no room for more: handshake messages that run from one record into the next without end.
                Err(error) if error.kind() == ErrorKind::InvalidData && TlsError::of(&error).is_none() => {
                    self.broken = Some(Flood::error("the peer sent more than 64 KiB of TLS messages in one piece"));
                }
                Err(error) => return Err(TlsError::Io(error)),
            }
            // The alert that says why. Whether it arrives changes nothing.
            let _ = self.push();
        }
        Err(self.why_broken())
    }

    fn why_broken(&self) -> TlsError {
        let scene = Scene { roots: self.roots, record: self.records.header() };
        self.broken.as_ref().map_or_else(|| TlsError::Io(truncated()), |error| explain(error, &scene))
    }

    /// Passes on all that rustls holds for the peer.
    fn push(&mut self) -> io::Result<()> {
        let mut pushed = false;
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Outlet(&mut self.transport)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => pushed = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if pushed { self.transport.flush() } else { Ok(()) }
    }
}

impl<S: Transport> TlsStream<S> {
    /// Whether the peer has said anything that a reader would see: plaintext, an end, an error; also when a record has
    /// begun and not ended. On an idle connection all of these mean that it must not be used again. Tickets and key
    /// updates are none of these: they are taken in here.
    ///
    /// Waits for nobody, but as every call that may read it can let other greenlets run: take the connection out of the
    /// pool before asking.
    pub fn has_unread(&mut self) -> bool {
        for _ in 0..IDLE_READS {
            let nothing_yet =
                matches!(self.tls.reader().fill_buf(), Err(error) if error.kind() == ErrorKind::WouldBlock);
            if !nothing_yet {
                return true;
            }
            if !self.transport.has_unread() {
                return self.records.is_inside();
            }
            if self.take_in().is_err() {
                return true;
            }
        }
        true
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.await_plaintext()?;
        self.tls.reader().read(buffer)
    }
}

impl<S: Read + Write> BufRead for TlsStream<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.await_plaintext()?;
        self.tls.reader().into_first_chunk()
    }

    fn consume(&mut self, count: usize) {
        self.tls.reader().consume(count);
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.said_goodbye {
            return Err(io::Error::new(ErrorKind::BrokenPipe, "written after close_notify"));
        }
        self.unsent.take().map_or(Ok(()), Err)?;
        self.push()?;
        let taken = self.tls.writer().write(bytes)?;
        // From here on the bytes are taken. An interrupt will come again by itself at the next wait.
        let lasts = |error: &io::Error| Interrupt::of(error).is_none() && error.kind() != ErrorKind::WouldBlock;
        self.unsent = self.push().err().filter(lasts);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unsent.take().map_or(Ok(()), Err)?;
        self.push()?;
        self.transport.flush()
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, alpn) = (self.tls.protocol_version(), self.tls.alpn_protocol());
        f.debug_struct("TlsStream").field("version", &version).field("alpn", &alpn).finish_non_exhaustive()
    }
}

fn parse_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(name);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_ascii_lowercase()).map_err(|_| TlsError::InvalidName(name.into()))
}

fn truncated() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "the peer closed the connection without close_notify")
}
