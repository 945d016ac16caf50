//! TLS by option: the client's certificate and who may see it, versions, pinned keys, the log of keys.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gfetch::green;
use gfetch::http::fields::Fields;
use gfetch::http::server::{self, ServerLimits};
use gfetch::net::{Roots, TcpListener, TlsAcceptor};
use rcgen::{CertifiedKey, KeyPair, PublicKeyData};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::runner::{Dir, Gfetch};

/// The bodies of a server that was shown a certificate, and of one that was not: they differ in length.
const SHOWN: u64 = 5;
const HIDDEN: u64 = 6;

/// A TLS server for `localhost` that answers whether it was shown the client's certificate; `/to/URL` redirects there.
struct Server {
    addr: SocketAddr,
    key: KeyPair,
}

/// The files that every test here needs.
struct Files {
    dir: Dir,
    client: CertifiedKey<KeyPair>,
    server: CertifiedKey<KeyPair>,
}

impl Files {
    fn new() -> Files {
        let own = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (dir, client, server) = (Dir::new(), own("ann"), own("localhost"));
        dir.write("ca.pem", server.cert.pem());
        dir.write("cert.pem", client.cert.pem());
        dir.write("key.pem", client.signing_key.serialize_pem());
        dir.write("both.pem", client.cert.pem() + &client.signing_key.serialize_pem());
        Files { dir, client, server }
    }

    /// Starts a server on a thread of its own.
    fn start(&self, insists: bool) -> Server {
        let (chain, key) = (self.server.cert.pem(), self.server.signing_key.serialize_pem());
        let authority = self.client.cert.der().to_vec();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            green::run(|| {
                let acceptor = TlsAcceptor::new(chain.as_bytes(), key.as_bytes()).unwrap();
                let acceptor = acceptor.ask_clients(&Roots::Der(vec![authority]), insists).unwrap();
                let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                while let Ok((stream, peer)) = listener.accept() {
                    let acceptor = acceptor.clone();
                    green::spawn(move || {
                        let Ok(stream) = acceptor.accept(stream) else { return };
                        let body: &[u8] =
                            if stream.peer_certificates().next().is_some() { b"shown" } else { b"hidden" };
                        let answer = |exchange: &mut server::Exchange<'_>| respond(exchange, body);
                        let _ = server::serve_connection(stream, peer, &answer, &ServerLimits::default());
                    });
                }
            });
        });
        let key = KeyPair::from_pem(&self.server.signing_key.serialize_pem()).unwrap();
        Server { addr: told.recv().unwrap(), key }
    }

    fn run(&self, options: &[&str]) -> Gfetch {
        Gfetch::new(&["--format", "json", "--cacert", "ca.pem"]).args(options).dir(&self.dir)
    }

    /// The one record of a run with these options.
    fn record(&self, options: &[&str]) -> Value {
        let run = self.run(options).run();
        assert_eq!(run.records().len(), 1, "{run:?}");
        run.records().remove(0)
    }
}

fn respond(exchange: &mut server::Exchange<'_>, body: &[u8]) -> std::io::Result<()> {
    let mut fields = Fields::new();
    match exchange.head().target.strip_prefix("/to/").map(str::to_owned) {
        None => exchange.respond(200, &fields, body),
        Some(location) => {
            fields.push("Location", &location).unwrap();
            exchange.respond(302, &fields, b"")
        }
    }
}

impl Server {
    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.addr.port())
    }

    /// `sha256//…` of its key.
    fn pin(&self) -> String {
        format!("sha256//{}", STANDARD.encode(Sha256::digest(self.key.subject_public_key_info())))
    }
}

fn error(record: &Value) -> (&str, &str, u64) {
    let error = &record["error"];
    (error["kind"].as_str().unwrap(), error["stage"].as_str().unwrap(), error["curl"].as_u64().unwrap())
}

#[test]
fn cert_and_key_of_any_cert_type_and_key_type_are_shown_to_a_server_that_asks() {
    let files = Files::new();
    let server = files.start(true);
    let url = server.url("/");
    files.dir.write("cert.der", files.client.cert.der());
    files.dir.write("key.der", files.client.signing_key.serialize_der());
    for options in [
        &["--cert", "cert.pem", "--key", "key.pem"][..],
        &["-E", "both.pem"],
        &["-E", "both.pem:a password that is not needed"],
        &["-E", "cert.der", "--key", "key.der", "--cert-type", "DER", "--key-type", "DER"],
        &["-E", "both.pem", "--tls-max", "1.2"],
    ] {
        let record = files.record(&[options, &[&url]].concat());
        assert_eq!((&record["ok"], &record["bytes"]), (&true.into(), &SHOWN.into()), "{options:?}: {record}");
    }
    let record = files.record(&[&url]);
    assert_eq!(error(&record), ("tls", "wait", 56), "{record}");
    assert!(record["error"]["message"].as_str().unwrap().contains("certificate_required"), "{record}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_exit_2_and_named() {
    let files = Files::new();
    let other = KeyPair::generate().unwrap();
    files.dir.write("other.pem", other.serialize_pem());
    files.dir.write("locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n");
    for (options, told) in [
        (&["-E", "none.pem"][..], "none.pem"),
        (&["-E", "key.pem"], "key.pem: it holds no certificate"),
        (&["-E", "cert.pem"], "cert.pem: it holds no private key"),
        (&["-E", "cert.pem", "--key", "other.pem"], "other.pem: the key is that of another certificate"),
        (&["-E", "cert.pem:hunter2", "--key", "locked.pem"], "locked.pem: the key is encrypted"),
        (&["-E", "both.pem", "--cert-type", "DER"], "both.pem: it is PEM, not DER"),
    ] {
        let run = files.run(&[options, &["https://localhost/"]].concat()).run().expect(2);
        assert!(run.err.contains(told) && !run.err.contains("hunter2"), "{options:?}: {}", run.err);
        assert!(run.out.is_empty());
    }
}

#[test]
fn cert_needs_auth_host_with_a_list_and_goes_nowhere_else() {
    let files = Files::new();
    let (home, elsewhere) = (files.start(false), files.start(false));
    let list = format!("{}\n{}\n{}\n", home.url("/"), elsewhere.url("/"), home.url("/again"));
    let refused = files.run(&["-E", "both.pem", "-i", "-"]).input(&list).run().expect(2);
    assert!(refused.err.contains("--auth-host"), "{}", refused.err);
    let host = format!("localhost:{}", home.addr.port());
    let run = files.run(&["-E", "both.pem", "--auth-host", &host, "--serial", "-i", "-"]).input(&list).run().expect(0);
    let bytes: Vec<u64> = run.records().iter().map(|record| record["bytes"].as_u64().unwrap()).collect();
    assert_eq!(bytes, [SHOWN, HIDDEN, SHOWN]);
}

#[test]
fn cert_is_not_shown_after_a_redirect_to_another_origin_unless_location_trusted() {
    let files = Files::new();
    let (home, elsewhere) = (files.start(false), files.start(false));
    let bytes = |options: &[&str], url: &str| {
        let record = files.record(&[&["-E", "both.pem"], options, &[url]].concat());
        assert_eq!((&record["ok"], &record["redirects"]), (&true.into(), &1.into()), "{record}");
        record["bytes"].as_u64().unwrap()
    };
    assert_eq!(bytes(&[], &home.url("/to//same")), SHOWN, "the same origin");
    let away = home.url(&format!("/to/{}", elsewhere.url("/")));
    assert_eq!(bytes(&[], &away), HIDDEN);
    assert_eq!(bytes(&["--location-trusted"], &away), SHOWN);
    // Once hidden it stays hidden, also where it began.
    let back = home.url(&format!("/to/{}", elsewhere.url(&format!("/to/{}", home.url("/")))));
    let record = files.record(&["-E", "both.pem", &back]);
    assert_eq!((&record["redirects"], &record["bytes"]), (&2.into(), &HIDDEN.into()), "{record}");
}

/// A connection made with the certificate never serves a request without it, nor the other way.
#[test]
fn connections_with_and_without_the_certificate_are_kept_apart() {
    let files = Files::new();
    let (home, elsewhere) = (files.start(false), files.start(false));
    // The first line's connection home is made with the certificate and kept; the second comes there by a redirect.
    let away_and_back = elsewhere.url(&format!("/to/{}", home.url("/")));
    let list = format!("{}\n{away_and_back}\n{}\n", home.url("/"), home.url("/"));
    let host = format!("localhost:{}", home.addr.port());
    let run = files.run(&["-E", "both.pem", "--auth-host", &host, "--serial", "-i", "-"]).input(&list).run().expect(0);
    let told: Vec<_> = run.records().iter().map(|record| (record["bytes"].clone(), record["reused"].clone())).collect();
    let [shown, hidden] = [SHOWN, HIDDEN].map(Value::from);
    assert_eq!(told, [(shown.clone(), false.into()), (hidden, false.into()), (shown, true.into())]);
}

#[test]
fn pinnedpubkey_takes_the_servers_key_and_no_other() {
    let files = Files::new();
    let server = files.start(false);
    let (url, pin) = (server.url("/"), server.pin());
    let other = format!("sha256//{}", STANDARD.encode([7; 32]));
    let key = server.key.subject_public_key_info();
    files.dir.write("pin.der", &key);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&key));
    files.dir.write("pin.pem", pem);
    for pinned in [&pin, &format!("{other};{pin}"), "pin.der", "pin.pem"] {
        for also in [&[][..], &["-k"]] {
            let record = files.record(&[also, &["--pinnedpubkey", pinned, &url]].concat());
            assert_eq!(record["ok"], true, "{pinned} {also:?}: {record}");
        }
    }
    for also in [&[][..], &["-k"], &["--tls-max", "1.2"]] {
        let record = files.record(&[also, &["--pinnedpubkey", &other, &url]].concat());
        assert_eq!(error(&record), ("certificate", "tls", 90), "{also:?}: {record}");
        // What it has is told: it may be what was meant.
        assert!(record["error"]["message"].as_str().unwrap().contains(&pin), "{record}");
    }
}

#[test]
fn tlsv1_2_tlsv1_3_and_tls_max_bound_the_version() {
    let files = Files::new();
    let url = files.start(false).url("/");
    for (options, version) in [
        (&[][..], "1.3"),
        (&["--tlsv1.2"], "1.3"),
        (&["-1"], "1.3"),
        (&["--tlsv1.3"], "1.3"),
        (&["--tls-max", "1.2"], "1.2"),
        (&["--tlsv1.2", "--tls-max", "1.2"], "1.2"),
        (&["--tls-max", "1.2", "--tls-max", "1.3"], "1.3"),
    ] {
        let record = files.record(&[options, &[&url]].concat());
        assert_eq!(record["tls"], version, "{options:?}: {record}");
    }
}

#[test]
fn sslkeylogfile_gets_the_secrets_for_its_owner_only() {
    let files = Files::new();
    let url = files.start(false).url("/");
    files.dir.write("keys", "# mine\n");
    for log in ["keys", "new"] {
        files.run(&[&url]).env("SSLKEYLOGFILE", log).run().expect(0);
        let text = files.dir.read(log);
        let lines: Vec<Vec<&str>> =
            text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect()).collect();
        let labels: Vec<&str> = lines.iter().map(|line| line[0]).collect();
        for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"] {
            assert!(labels.contains(&label), "{text}");
        }
        assert!(lines.iter().all(|line| line.len() == 3 && line[1].len() == 64), "{text}");
    }
    assert!(files.dir.read("keys").starts_with("# mine\n"), "appended");
    let mode = std::fs::metadata(files.dir.file("new")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let run = files.run(&[&url]).env("SSLKEYLOGFILE", "/none/such/file").run().expect(2);
    assert!(run.err.contains("SSLKEYLOGFILE: /none/such/file"), "{}", run.err);
}

#[test]
fn capath_and_ssl_cert_dir_trust_the_files_of_a_folder() {
    let files = Files::new();
    let url = files.start(false).url("/");
    std::fs::create_dir(files.dir.file("roots")).unwrap();
    files.dir.write("roots/a.pem", files.server.cert.pem());
    files.dir.write("roots/README", "no certificate");
    let alone = || Gfetch::new(&[&url]).dir(&files.dir);
    alone().args(&["--capath", "roots"]).run().expect(0);
    alone().env("SSL_CERT_DIR", "roots").run().expect(0);
    let empty = Dir::new();
    let refused = alone().args(&["--capath", &empty.at("")]).run().expect(2);
    assert!(refused.err.contains("--capath"), "{}", refused.err);
}

#[test]
fn certs_of_the_last_server_are_in_the_record() {
    let files = Files::new();
    let server = files.start(false);
    let run = files.run(&[&server.url("/"), &server.url("/again"), "--serial", "--fields", "certs,tls,reused"]).run();
    let records = run.expect(0).records();
    // Of a connection that is used again they are known, too.
    assert_eq!((&records[1]["reused"], &records[1]["certs"]), (&true.into(), &records[0]["certs"]));
    let certs = records[0]["certs"].as_array().unwrap();
    assert_eq!((certs.len(), &certs[0]["names"]), (1, &serde_json::json!(["DNS:localhost"])));
    assert_eq!(
        (&certs[0]["subject"], &certs[0]["issuer"]),
        (&"CN=rcgen self signed cert".into(), &certs[0]["subject"])
    );
    let der = files.server.cert.der();
    let sha256: String = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(certs[0]["sha256"], sha256);
    assert_eq!(
        certs[0]["pem"].as_str().unwrap().lines().collect::<String>(),
        files.server.cert.pem().lines().collect::<String>()
    );
    let year = |name: &str| certs[0][name].as_str().unwrap()[..4].parse::<u32>().unwrap();
    assert!(year("not_before") == 1975 && year("not_after") == 4096, "{certs:?}");
    crate::schema::Schemas::of("docs/schema").check("record.json", &{
        let all = files.record(&[&server.url("/"), "--fields", "+certs"]);
        assert!(all["certs"].is_array());
        all
    });
    let text =
        Gfetch::new(&["--cacert", "ca.pem", "-s", "-w", "%{num_certs}\\n%{certs}", &server.url("/")]).dir(&files.dir);
    let run = text.run().expect(0);
    assert!(run.text().starts_with("1\nSubject:CN=rcgen self signed cert\nIssuer:"), "{}", run.text());
    assert!(run.text().ends_with("-----END CERTIFICATE-----\n"), "{}", run.text());
    // Without TLS there are none.
    assert_eq!(files.record(&["http://[", "--fields", "certs"])["certs"], Value::Null);
}
