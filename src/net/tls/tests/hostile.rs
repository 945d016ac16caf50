//! Peers that flood, and certificates that are meant to deceive or to exhaust.

use std::sync::Arc;

use rcgen::{ExtendedKeyUsagePurpose, SanType};
use rustls::crypto::cipher::{MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, SupportedCipherSuite};

use super::*;

/// A server's end after the handshake, which sends records that rustls never would.
struct Forger {
    encrypter: Box<dyn MessageEncrypter>,
    sequence: u64,
    transport: Rc<TcpStream>,
}

impl Forger {
    /// A client's connection to one.
    fn connected(version: TlsVersion) -> (TlsStream<Shared>, Forger) {
        let authority = Authority::new();
        let mut config = rustls::ServerConfig::clone(&authority.server(&["a.example"]).config);
        config.enable_secret_extraction = true;
        let server = TlsAcceptor { config: Arc::new(config) };
        let client = authority.trust().max_version(version).build().unwrap();
        let (near, far) = tcp_pair();
        let far = Rc::new(far);
        let (near, server) = meet((Shared(Rc::new(near)), Shared(far.clone())), &server, &client, "a.example");
        (near.unwrap(), Forger::of(server.unwrap(), far))
    }

    fn of(server: TlsStream<Shared>, transport: Rc<TcpStream>) -> Forger {
        let suite = server.tls.negotiated_cipher_suite().unwrap();
        let (sequence, secrets) = server.tls.dangerous_extract_secrets().unwrap().tx;
        let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
        else {
            panic!("an unknown cipher")
        };
        let encrypter = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, iv),
            SupportedCipherSuite::Tls12(suite) => {
                let (iv, explicit) = iv.as_ref().split_at(suite.aead_alg.key_block_shape().fixed_iv_len);
                suite.aead_alg.encrypter(key, iv, explicit)
            }
        };
        Forger { encrypter, sequence, transport }
    }

    fn send(&mut self, typ: ContentType, payload: &[u8]) -> io::Result<()> {
        let payload = OutboundChunks::Single(payload);
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        let record = self.encrypter.encrypt(message, self.sequence).unwrap().encode();
        self.sequence += 1;
        (&*self.transport).write_all(&record)
    }

    /// Sends this over and over until the client leaves, or so often.
    fn flood(mut self, count: usize, typ: ContentType, payload: &[u8]) {
        let payload = payload.to_vec();
        green::spawn(move || {
            for _ in 0..count {
                if self.send(typ, &payload).is_err() {
                    return;
                }
            }
            let _ = (&*self.transport).read(&mut [0; 1]);
        });
    }
}

/// What a client that reads says of such a flood.
fn told_of(version: TlsVersion, typ: ContentType, payload: &[u8]) -> String {
    let (mut client, forger) = Forger::connected(version);
    forger.flood(1_000_000, typ, payload);
    let error = client.read(&mut [0; 16]).unwrap_err();
    assert!(matches!(TlsError::of(&error), Some(TlsError::Protocol(_))), "{error:?}");
    let again = client.read(&mut [0; 16]).unwrap_err();
    assert_eq!(again.to_string(), error.to_string(), "it stays broken");
    error.to_string()
}

#[test]
fn what_is_forged_rightly_is_read() {
    green::run(|| {
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let (mut client, mut forger) = Forger::connected(version);
            (0..8).for_each(|_| forger.send(ContentType::ApplicationData, b"").unwrap());
            forger.send(ContentType::ApplicationData, b"data").unwrap();
            let mut data = [0; 4];
            client.read_exact(&mut data).unwrap();
            assert_eq!(&data, b"data");
        }
    });
}

#[test]
fn records_that_carry_nothing_are_bounded_by_name() {
    use TlsVersion::{Tls12, Tls13};
    green::run(|| {
        for version in [Tls12, Tls13] {
            let empty = told_of(version, ContentType::ApplicationData, b"");
            assert_eq!(empty, "the peer sent too many empty records");
        }
        // unrecognized_name, a warning; in TLS 1.3 there are none but user_canceled.
        assert_eq!(told_of(Tls12, ContentType::Alert, &[1, 112]), "the peer sent too many warnings");
        assert_eq!(told_of(Tls13, ContentType::Alert, &[1, 90]), "the peer sent too many warnings");
        let silent = "the peer sent more than 256 KiB of TLS records without any data";
        assert_eq!(told_of(Tls13, ContentType::Handshake, &new_session_ticket(&[7; 32])), silent);
        assert_eq!(told_of(Tls13, ContentType::Handshake, &new_session_ticket(&[7; 12_000])), silent);
    });
}

/// RFC 8446 section 4.6.1: lifetime, age_add, nonce, ticket, no extensions.
fn new_session_ticket(ticket: &[u8]) -> Vec<u8> {
    let length = (ticket.len() as u16).to_be_bytes();
    let body = [&[0, 0, 1, 0, 0, 0, 0, 0, 1, 0][..], &length, ticket, &[0, 0]].concat();
    [&[4, 0], &(body.len() as u16).to_be_bytes()[..], &body].concat()
}

/// RFC 5746 and the attacks before it: a renegotiated connection may have another peer.
#[test]
fn renegotiation_is_refused() {
    green::run(|| {
        let hello_request = [0, 0, 0, 0];
        let (mut client, mut forger) = Forger::connected(TlsVersion::Tls12);
        forger.send(ContentType::Handshake, &hello_request).unwrap();
        forger.send(ContentType::ApplicationData, b"x").unwrap();
        client.read_exact(&mut [0; 1]).unwrap();
        let told = told_of(TlsVersion::Tls12, ContentType::Handshake, &hello_request);
        assert_eq!(told, "the peer sent too many wishes to renegotiate");
        let told = told_of(TlsVersion::Tls13, ContentType::Handshake, &hello_request);
        assert!(told.starts_with("the peer broke the TLS protocol: "), "{told}");
    });
}

/// A server that sends so many tickets after the handshake.
fn with_tickets(count: usize, server: TlsAcceptor) -> TlsAcceptor {
    let mut config = rustls::ServerConfig::clone(&server.config);
    config.send_tls13_tickets = count;
    TlsAcceptor { config: Arc::new(config) }
}

#[test]
fn a_flood_of_tickets_ends_the_connection() {
    green::run(|| {
        let (server, client) = usual();
        let read = |count| {
            let (near, far) = tcp_pair();
            let server = with_tickets(count, server.clone());
            green::spawn(move || {
                // The client leaves in the middle.
                let Ok(mut far) = server.accept(far) else { return };
                let _ = far.write_all(b"hello");
                let _ = far.read(&mut [0; 1]);
            });
            let mut near = TlsStream::connect(near, "a.example", &client).unwrap();
            near.read(&mut [0; 16])
        };
        assert_eq!(read(64).unwrap(), 5, "more than anybody sends, and still taken");
        let error = read(4_000).unwrap_err();
        assert_eq!(error.to_string(), "the peer sent more than 64 KiB of TLS messages in one piece");
        assert!(matches!(TlsError::of(&error), Some(TlsError::Protocol(_))), "{error:?}");
    });
}

#[test]
fn a_flood_of_key_updates_ends_the_connection() {
    green::run(|| {
        let (mut client, mut server) = connected();
        let flood = |server: &mut TlsStream, count: usize| {
            for _ in 0..count {
                server.tls.refresh_traffic_keys().unwrap();
                server.flush().unwrap();
            }
        };
        // With data between them they are nothing unusual.
        for _ in 0..10 {
            flood(&mut server, 8);
            say(&mut server, &mut client, "data");
        }
        flood(&mut server, 40);
        let error = client.read(&mut [0; 16]).unwrap_err();
        assert_eq!(error.to_string(), "the peer sent too many updates of keys");
    });
}

#[test]
fn floods_in_the_handshake_are_named() {
    green::run(|| {
        let client = Authority::new().client();
        let said = |bytes: Vec<u8>| {
            let (near, mut far) = tcp_pair();
            green::spawn(move || {
                // The client leaves in the middle.
                let _ = far.write_all(&bytes);
                let _ = far.read_to_end(&mut Vec::new());
            });
            let error = TlsStream::connect(near, "a.example", &client).unwrap_err();
            assert!(matches!(error, TlsError::Protocol(_)), "{error:?}");
            error.to_string()
        };
        let warning = [21, 3, 3, 0, 2, 1, 112];
        assert_eq!(said(warning.repeat(10_000)), "the peer sent too many warnings");
        let change = [20, 3, 3, 0, 1, 1];
        assert!(said(change.repeat(10_000)).starts_with("the peer broke the TLS protocol: "));
        let empty = [22, 3, 3, 0, 0];
        assert!(said(empty.repeat(10_000)).starts_with("the peer broke the TLS protocol: "));
        // A ServerHello that says it has 16 MiB.
        let large = [&[22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff][..], &[0; 0x4000 - 4]].concat();
        let text = "the peer sent more than 64 KiB in one message: too long a chain of certificates?";
        assert_eq!(said(large), text);
    });
}

fn with_chain(chain: Vec<Vec<u8>>, key: &KeyPair) -> TlsAcceptor {
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor { config: Arc::new(config) }
}

#[test]
fn a_chain_beyond_its_bound_is_refused() {
    green::run(|| {
        let authority = Authority::new();
        let (leaf, key) = authority.issue(&["a.example"], |_| {});
        let chain = |more: usize| {
            let others = (0..more).map(|_| authority.issue(&["b.example"], |_| {}).0);
            with_chain([leaf.clone()].into_iter().chain(others).collect(), &key)
        };
        assert!(meet(tcp_pair(), &chain(20), &authority.client(), "a.example").0.is_ok());
        let refused = refusal(&chain(200), &authority.client(), "a.example").to_string();
        assert!(refused.contains("more than 64 KiB"), "{refused}");
    });
}

/// Many authorities of one name: each is a path that could be tried, and the paths of paths are without number.
#[test]
fn a_maze_of_authorities_of_one_name_is_refused_in_bounded_time() {
    green::run(|| {
        let maze: Vec<Authority> = (0..40)
            .map(|_| {
                let mut params = CertificateParams::new([]).unwrap();
                params.distinguished_name.push(DnType::CommonName, "everybody");
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
            })
            .collect();
        let (leaf, key) = maze[0].issue(&["a.example"], |_| {});
        let chain = [leaf].into_iter().chain(maze.iter().map(|authority| authority.0.der().to_vec())).collect();
        let refused = refusal(&with_chain(chain, &key), &Authority::new().client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
    });
}

/// curl takes it; rustls takes no certificate for both.
#[test]
fn an_authoritys_own_certificate_is_no_servers() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server_with(&["a.example"], |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        });
        let refused = refusal(&server, &authority.client(), "a.example").to_string();
        assert_eq!(refused, "the certificate is an authority's (CA:TRUE), which no server's may be");
    });
}

#[test]
fn a_certificate_for_another_purpose_is_refused() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server_with(&["a.example"], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        let refused = refusal(&server, &authority.client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "the certificate was not issued for a server's use");
    });
}

#[test]
fn a_certificate_that_signed_itself_is_told_from_one_of_an_unknown_issuer() {
    green::run(|| {
        let own = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let server = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
        let refused = refusal(&server, &Authority::new().client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "the certificate signed itself, and is none of the 1 that are trusted");
    });
}

/// Class of CVE-2009-2408: a certificate for `a.example\0.evil.example` was taken for one for `a.example`.
#[test]
fn a_nul_in_a_certificates_name_ends_no_name() {
    green::run(|| {
        let authority = Authority::new();
        let server = authority.server_with(&[], |params| {
            params.subject_alt_names = vec![SanType::DnsName("a.example\0.evil.example".try_into().unwrap())];
        });
        let refused = refusal(&server, &authority.client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        assert!(!refused.to_string().contains('\0'), "{refused}");
    });
}

#[test]
fn a_certificate_signed_by_a_weak_method_is_refused() {
    green::run(|| {
        let authority = Authority::new();
        let (mut leaf, key) = authority.issue(&["a.example"], |_| {});
        // ecdsa-with-SHA256 becomes ecdsa-with-SHA224 (RFC 5758), in the certificate and around it.
        let method = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let places: Vec<usize> = memchr::memmem::find_iter(&leaf, &method).collect();
        assert_eq!(places.len(), 2);
        places.into_iter().for_each(|at| leaf[at + 7] = 1);
        let refused = refusal(&with_chain(vec![leaf], &key), &authority.client(), "a.example");
        assert!(matches!(refused, TlsError::Certificate(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "the certificate is signed by a method that is too weak or unknown");
    });
}

/// Names are compared whole: a star is one label, on the left, and never an address.
#[test]
fn a_star_in_a_certificate_is_one_label() {
    green::run(|| {
        let authority = Authority::new();
        let (server, client) = (authority.server(&["*.a.example"]), authority.client());
        assert!(meet(tcp_pair(), &server, &client, "x.a.example").0.is_ok());
        for name in ["a.example", "x.y.a.example", "x.a.example.evil.example", "127.0.0.1"] {
            assert!(matches!(refusal(&server, &client, name), TlsError::Certificate(_)), "{name}");
        }
    });
}
