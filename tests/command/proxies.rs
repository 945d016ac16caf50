//! Proxies on threads: an HTTP one, a SOCKS one, and servers over TLS and Unix sockets that tell what they were asked.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use gfetch::green;
use gfetch::net::{self, TlsAcceptor};
use rcgen::CertifiedKey;

/// What an HTTP proxy says itself when it is asked for a URL.
pub const VIA: &str = "said by the proxy";

/// A proxy that notes what it is asked, and leads every way to one server, whatever its name.
pub struct Proxy {
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Answers requests for URLs itself, and CONNECT with `answer`, behind which the way to `server` lies.
    pub fn http(server: SocketAddr, answer: &'static str) -> Proxy {
        Proxy::start(move |mut stream, asked| {
            while let Some(head) = read_head(&mut stream) {
                let is_connect = head.starts_with("CONNECT ");
                asked.lock().unwrap().push(head);
                if is_connect {
                    stream.write_all(answer.as_bytes())?;
                    return splice(stream, TcpStream::connect(server)?);
                }
                stream.write_all(told(VIA).as_bytes())?;
            }
            Ok(())
        })
    }

    /// SOCKS 4, 4a and 5; with a login it asks for user and password. What it was asked is noted as `5h name:80 me:pw`.
    pub fn socks(server: SocketAddr, with_login: bool) -> Proxy {
        Proxy::start(move |mut stream, asked| {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            let text = if byte[0] == 4 { socks4(&mut stream)? } else { socks5(&mut stream, with_login)? };
            asked.lock().unwrap().push(text);
            splice(stream, TcpStream::connect(server)?)
        })
    }

    fn start(serve: impl Fn(TcpStream, &Mutex<Vec<String>>) -> io::Result<()> + Send + Sync + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let (serve, noted) = (Arc::new(serve), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (serve, noted) = (serve.clone(), noted.clone());
                // Who goes away early ends only his own connection.
                thread::spawn(move || drop(serve(stream.unwrap(), &noted)));
            }
        });
        Proxy { addr, asked }
    }

    /// Everything that it was asked.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.addr)
    }
}

fn read_bytes<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_counted(stream: &mut impl Read) -> io::Result<String> {
    let [length] = read_bytes(stream)?;
    let mut text = vec![0; length.into()];
    stream.read_exact(&mut text)?;
    Ok(String::from_utf8(text).unwrap())
}

fn read_to_nul(stream: &mut impl Read) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        match read_bytes(stream)? {
            [0] => return Ok(String::from_utf8(text).unwrap()),
            [byte] => text.push(byte),
        }
    }
}

fn socks4(stream: &mut TcpStream) -> io::Result<String> {
    let [1, high, low, a, b, c, d] = read_bytes(stream)? else { panic!("no CONNECT") };
    let (port, user) = (u16::from_be_bytes([high, low]), read_to_nul(stream)?);
    let asked = match [a, b, c, d] {
        [0, 0, 0, 1] => format!("4a {}:{port} {user}", read_to_nul(stream)?),
        _ => format!("4 {a}.{b}.{c}.{d}:{port} {user}"),
    };
    stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
    Ok(asked)
}

fn socks5(stream: &mut TcpStream, with_login: bool) -> io::Result<String> {
    let methods = read_counted(stream)?;
    let mut login = String::new();
    if with_login {
        assert!(methods.contains('\u{2}'), "user and password are not offered");
        stream.write_all(&[5, 2])?;
        assert_eq!(read_bytes(stream)?, [1]);
        login = format!("{}:{}", read_counted(stream)?, read_counted(stream)?);
        stream.write_all(&[1, 0])?;
    } else {
        stream.write_all(&[5, 0])?;
    }
    let [5, 1, 0, kind] = read_bytes(stream)? else { panic!("no CONNECT") };
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read_bytes::<4>(stream)?).to_string(),
        3 => read_counted(stream)?,
        _ => std::net::Ipv6Addr::from(read_bytes::<16>(stream)?).to_string(),
    };
    let port = u16::from_be_bytes(read_bytes(stream)?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(format!("{} {host}:{port} {login}", if kind == 3 { "5h" } else { "5" }))
}

fn splice(near: TcpStream, far: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (near.try_clone()?, far.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (far, near);
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    there.join().unwrap();
    Ok(())
}

fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read_bytes::<1>(stream).ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

fn told(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Tells each request what its head was.
fn echo(mut stream: impl Read + Write) {
    while let Some(head) = read_head(&mut stream) {
        if stream.write_all(told(&head).as_bytes()).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

/// A server at a Unix socket that tells each request its head, over TLS if there is an acceptor's identity.
pub fn unix_echo(path: &Path, tls: Option<Identity>) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, tls) = (stream.unwrap(), tls.clone());
            thread::spawn(move || match tls {
                None => echo(stream),
                Some(tls) => green::run(|| {
                    let stream = net::UnixStream::from_std(stream).unwrap();
                    tls.acceptor().accept(stream).map(echo).unwrap();
                }),
            });
        }
    });
}

/// A certificate for `localhost` that signs itself, and its key.
#[derive(Clone)]
pub struct Identity {
    pub certificate: String,
    key: String,
}

impl Identity {
    pub fn new() -> Identity {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned(), "origin.example".to_owned()]).unwrap();
        Identity { certificate: cert.pem(), key: signing_key.serialize_pem() }
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::new(self.certificate.as_bytes(), self.key.as_bytes()).unwrap()
    }
}

/// A server over TLS that tells each request its head.
pub fn tls_echo(identity: Identity) -> SocketAddr {
    tls_server(move |stream| {
        // Who does not trust it ends the handshake.
        if let Ok(stream) = identity.acceptor().accept(stream) {
            echo(stream);
        }
    })
}

/// A proxy that is spoken to over TLS. It plays the server at the end of each way itself, over TLS inside of TLS if it
/// was asked for port 443: the answer is the head that the proxy got, and below it the server's.
pub fn tls_proxy(proxy: Identity, server: Identity) -> SocketAddr {
    tls_server(move |stream| {
        let Ok(mut stream) = proxy.acceptor().accept(stream) else { return };
        let Some(head) = read_head(&mut stream) else { return };
        if !head.starts_with("CONNECT ") {
            let _ = stream.write_all(told(&head).as_bytes()).and_then(|()| stream.flush());
            return;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").and_then(|()| stream.flush()).unwrap();
        let Ok(mut inner) = server.acceptor().accept(stream) else { return };
        while let Some(asked) = read_head(&mut inner) {
            inner.write_all(told(&format!("{head}{asked}")).as_bytes()).and_then(|()| inner.flush()).unwrap();
        }
    })
}

fn tls_server(serve: impl Fn(net::TcpStream) + Send + 'static) -> SocketAddr {
    let (tell, address) = mpsc::channel();
    thread::spawn(move || {
        green::run(|| {
            let listener = net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let serve = std::rc::Rc::new(serve);
            while let Ok((stream, _)) = listener.accept() {
                let serve = serve.clone();
                green::spawn(move || serve(stream));
            }
        });
    });
    address.recv().unwrap()
}
