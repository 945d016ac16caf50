//! What the tests of TLS share: an authority, its certificates, and two ends of a connection.

mod handshake;
mod hostile;
mod identity;
mod resumption;
mod streaming;

use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::*;
use crate::green;
use crate::net::{TcpListener, TcpStream};

/// An issuer of certificates for one test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        // Two that bear one name would be one issuer with two keys.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A server with a certificate for `names`.
    fn server(&self, names: &[&str]) -> TlsAcceptor {
        self.server_with(names, |_| {})
    }

    fn server_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        let (chain, key) = self.issue(names, change);
        TlsAcceptor::new(&chain, key.serialize_pem().as_bytes()).unwrap()
    }

    fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (Vec<u8>, KeyPair) {
        let mut params = CertificateParams::new(names.iter().map(|name| name.to_string()).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.der().to_vec(), key)
    }

    /// A client that trusts this authority.
    fn trust(&self) -> TlsConfigBuilder {
        TlsConfig::builder().roots(Roots::Der(vec![self.0.der().to_vec()]))
    }

    fn client(&self) -> TlsConfig {
        self.trust().build().unwrap()
    }
}

/// An authority, a server of its for `a.example`, and a client that trusts it.
fn usual() -> (TlsAcceptor, TlsConfig) {
    let authority = Authority::new();
    (authority.server(&["a.example"]), authority.client())
}

type Ends<S> = (Result<TlsStream<S>, TlsError>, Result<TlsStream<S>, TlsError>);

/// Both ends' outcomes, the client's first.
fn meet<S: Read + Write + 'static>(ends: (S, S), server: &TlsAcceptor, client: &TlsConfig, name: &str) -> Ends<S> {
    meet_within(SessionScope::default(), ends, server, client, name)
}

fn meet_within<S: Read + Write + 'static>(
    scope: SessionScope,
    ends: (S, S),
    server: &TlsAcceptor,
    client: &TlsConfig,
    name: &str,
) -> Ends<S> {
    let (server, far) = (server.clone(), ends.1);
    let accepted = green::spawn(move || server.accept(far));
    let connected = TlsStream::connect_within(scope, ends.0, name, client);
    (connected, accepted.get().unwrap())
}

/// A client's certificate, and what a server trusts that is to know it.
fn own_certificate() -> (Identity, Roots) {
    let own = rcgen::generate_simple_self_signed(["ann".to_owned()]).unwrap();
    let identity = Identity::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    (identity, Roots::Der(vec![own.cert.der().to_vec()]))
}

/// The two ends of a connection to `a.example` over TCP.
fn connected() -> (TlsStream, TlsStream) {
    let (server, client) = usual();
    let (client, server) = meet(tcp_pair(), &server, &client, "a.example");
    (client.unwrap(), server.unwrap())
}

/// What the client says of a server.
fn refusal(server: &TlsAcceptor, client: &TlsConfig, name: &str) -> TlsError {
    meet(tcp_pair(), server, client, name).0.unwrap_err()
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Sends `text` from one end to the other.
fn say<S: Read + Write>(from: &mut TlsStream<S>, to: &mut TlsStream<S>, text: &str) {
    from.write_all(text.as_bytes()).unwrap();
    let mut heard = vec![0; text.len()];
    to.read_exact(&mut heard).unwrap();
    assert_eq!(heard, text.as_bytes());
}

/// Bytes that differ from place to place.
fn pattern(length: usize, seed: u32) -> Vec<u8> {
    (0..length as u32).map(|at| ((at ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A transport that gives and takes a byte a call.
struct Bytewise(TcpStream);

impl Read for Bytewise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

impl Write for Bytewise {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Bytewise {
    fn has_unread(&mut self) -> bool {
        Transport::has_unread(&mut self.0)
    }
}

/// A transport that another greenlet may close.
struct Shared(Rc<TcpStream>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
