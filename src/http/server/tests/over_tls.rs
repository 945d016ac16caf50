//! The server over TLS.

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::*;
use crate::net::{Roots, StreamServer, TcpListener, TcpStream, TlsAcceptor, TlsConfig, TlsStream};

/// A body of the length that the target says, up to the close.
fn until_close(exchange: &mut Exchange) -> io::Result<()> {
    let length = exchange.head().target[1..].parse().unwrap();
    let mut out = exchange.start(200, &Fields::new(), Framing::Close)?;
    out.write_all(&vec![b'x'; length])?;
    if length == 7 { Ok(()) } else { out.finish() }
}

#[test]
fn the_same_over_tls_and_a_whole_body_ends_with_a_goodbye() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(cert.der(), signing_key.serialize_pem().as_bytes()).unwrap();
    let config = TlsConfig::builder().roots(Roots::Der(vec![cert.der().to_vec()])).build().unwrap();
    green::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = StreamServer::new(listener).start(move |stream, peer| {
            let stream = acceptor.accept(stream).map_err(io::Error::other)?;
            serve_connection(stream, peer, &until_close, &ServerLimits::default())
        });
        let ask = |target: &str| {
            let mut stream = TlsStream::connect(TcpStream::connect(address).unwrap(), "a.example", &config).unwrap();
            stream.write_all(get(target).as_bytes()).unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).map(|_| heard).map_err(|error| error.kind())
        };
        assert!(ask("/300000").unwrap().ends_with(&[b'x'; 300_000]));
        assert_eq!(ask("/7"), Err(io::ErrorKind::UnexpectedEof), "a body cut off does not look whole");
        server.stop(Duration::ZERO).unwrap();
    });
}
