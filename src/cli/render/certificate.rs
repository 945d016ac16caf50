//! A certificate as a record shows it. What cannot be read of it is null: its hash and its bytes are there whatever it is.

use std::net::IpAddr;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use super::object::Object;
use super::value::{Value, push_strings};
use crate::cli::escape;

/// Characters on a line of PEM (RFC 7468).
const PEM_COLUMNS: usize = 64;

/// Writes one certificate's members.
pub fn fields(json: &mut Object<'_>, der: &CertificateDer<'_>) {
    let read = Certificate::from_der(der).ok();
    let inner = read.as_ref().map(Certificate::tbs_certificate);
    let time = |time: Time| Value::Moment(SystemTime::UNIX_EPOCH + time.to_unix_duration());
    json.put("subject", Value::of(inner, |inner| Value::Text(inner.subject().to_string().into())));
    json.put("issuer", Value::of(inner, |inner| Value::Text(inner.issuer().to_string().into())));
    json.put("serial", Value::of(inner, |inner| Value::Text(hex(inner.serial_number().as_bytes()).into())));
    json.put("not_before", Value::of(inner, |inner| time(inner.validity().not_before)));
    json.put("not_after", Value::of(inner, |inner| time(inner.validity().not_after)));
    let names: Vec<String> = inner
        .map(|inner| {
            let names = inner.get_extension::<SubjectAltName>().ok().flatten();
            names.map_or(Vec::new(), |(_, names)| names.0.iter().filter_map(name).collect())
        })
        .unwrap_or_default();
    push_strings(json.raw("names"), names.iter().map(String::as_str));
    json.plain_text("sha256", &hex(&Sha256::digest(der)));
    json.string("pem", &pem(der));
}

/// Some lines about one certificate, and the certificate.
pub fn text(der: &CertificateDer<'_>) -> String {
    let read = Certificate::from_der(der).ok();
    let mut text = String::new();
    if let Some(inner) = read.as_ref().map(Certificate::tbs_certificate) {
        for (what, name) in [("Subject", inner.subject()), ("Issuer", inner.issuer())] {
            text += &format!("{what}:{}\n", escape::line(&name.to_string()));
        }
    }
    text + "Cert:" + &pem(der)
}

/// `DNS:a.example`, as openssl writes them; what it has no word for is left out.
fn name(name: &GeneralName) -> Option<String> {
    Some(match name {
        GeneralName::DnsName(name) => format!("DNS:{}", name.as_str()),
        GeneralName::IpAddress(bytes) => {
            let ip = match *bytes.as_bytes() {
                [a, b, c, d] => IpAddr::from([a, b, c, d]),
                ref bytes => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
            };
            format!("IP:{ip}")
        }
        GeneralName::Rfc822Name(name) => format!("email:{}", name.as_str()),
        GeneralName::UniformResourceIdentifier(name) => format!("URI:{}", name.as_str()),
        GeneralName::DirectoryName(name) => format!("DirName:{name}"),
        _ => return None,
    })
}

/// The certificate in PEM, with a last line end.
pub fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(PEM_COLUMNS) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}
