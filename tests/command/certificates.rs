//! Certificates: whom the command trusts, by option and by environment, and how it says that it did not.

use std::net::SocketAddr;
use std::sync::mpsc;

use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{self, ServerLimits};
use gfetch::net::{TcpListener, TlsAcceptor};
use rcgen::CertifiedKey;

use super::runner::{Dir, Gfetch};

/// A TLS server for `localhost` on a thread of its own, and its certificate's file.
fn tls_server(dir: &Dir) -> (SocketAddr, String) {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (cert.pem(), signing_key.serialize_pem());
    let (tell, told) = mpsc::channel();
    let file = dir.write("ca.pem", &chain);
    std::thread::spawn(move || {
        green::run(|| {
            let acceptor = TlsAcceptor::new(chain.as_bytes(), key.as_bytes()).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, peer)) = listener.accept() {
                let acceptor = acceptor.clone();
                green::spawn(move || {
                    let answer = |exchange: &mut server::Exchange<'_>| exchange.respond(200, &Fields::new(), b"secret");
                    // A client that refuses the certificate ends the handshake.
                    let Ok(stream) = acceptor.accept(stream) else { return };
                    let _ = server::serve_connection(stream, peer, &answer, &ServerLimits::default());
                });
            }
        });
    });
    (told.recv().unwrap(), file)
}

fn url(address: SocketAddr) -> String {
    format!("https://localhost:{}/", address.port())
}

#[test]
fn an_unknown_issuer_is_a_certificate_failure_and_curls_60() {
    let dir = Dir::new();
    let (address, _) = tls_server(&dir);
    let elsewhere = Dir::new();
    let (_, other) = tls_server(&elsewhere);
    let run = Gfetch::new(&["--format", "json", "--cacert", &other, &url(address)]).run().expect(3);
    let record = &run.records()[0];
    assert_eq!(
        (&record["error"]["kind"], &record["error"]["stage"]),
        (&"certificate".into(), &"tls".into()),
        "{record}"
    );
    assert_eq!(record["error"]["curl"], 60);
}

#[test]
fn a_certificate_named_by_cacert_or_by_the_environment_is_trusted() {
    let dir = Dir::new();
    let (address, file) = tls_server(&dir);
    let by_option = Gfetch::new(&["--format", "json", "--cacert", &file, &url(address)]).run().expect(0);
    let record = &by_option.records()[0];
    assert_eq!((&record["tls"], &record["bytes"]), (&"1.3".into(), &6.into()), "{record}");
    assert!(record["timings"]["tls"].is_number());
    for variable in ["SSL_CERT_FILE", "CURL_CA_BUNDLE"] {
        Gfetch::new(&[&url(address)]).env(variable, &file).run().expect(0);
    }
}

#[test]
fn k_and_insecure_check_no_certificate_and_say_so_before_all_else() {
    let dir = Dir::new();
    let (address, _) = tls_server(&dir);
    let checked = Gfetch::new(&[&url(address)]).run().expect(3);
    assert!(!checked.err.contains("NOT checked"), "{}", checked.err);
    for option in ["-k", "--insecure"] {
        let run = Gfetch::new(&[option, &url(address)]).run().expect(0);
        assert!(run.err.trim_start().starts_with("certificates were NOT checked (-k)"), "{}", run.err);
    }
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let dir = Dir::new();
    let (address, file) = tls_server(&dir);
    let other = format!("https://127.0.0.1:{}/", address.port());
    let run = Gfetch::new(&["--format", "json", "--cacert", &file, &other]).run().expect(3);
    assert_eq!(run.records()[0]["error"]["kind"], "certificate");
}

#[test]
fn a_missing_certificate_file_is_exit_2_and_named() {
    let run = Gfetch::new(&["--cacert", "/none/such.pem", "https://localhost/"]).run().expect(2);
    assert!(run.err.contains("/none/such.pem"), "{}", run.err);
}
