//! Public keys that a server must have, whoever issued its certificate (curl: `--pinnedpubkey`).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::identity::is_pem;

/// How a pin begins.
const PREFIX: &str = "sha256//";

/// The SHA-256 of a public key, which stands as in a certificate: a DER SubjectPublicKeyInfo (RFC 7469 section 2.4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKeyPin([u8; 32]);

/// A text that is no list of pins, or a file that holds no public key. Its `Display` says what is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPin(String);

impl PublicKeyPin {
    /// Whether a text is a list of pins; if it is not, curl takes it for a file's name.
    pub fn is_list(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads `sha256//BASE64;sha256//BASE64…`.
    ///
    /// # Errors
    /// A part that is no `sha256//` with the base64 of 32 bytes.
    pub fn parse_list(text: &str) -> Result<Vec<PublicKeyPin>, BadPin> {
        text.split(';')
            .map(|part| parse(part).ok_or_else(|| BadPin(format!("'{part}' is no sha256//BASE64"))))
            .collect()
    }

    /// The pin of a public key, in PEM (`PUBLIC KEY`) or DER.
    ///
    /// # Errors
    /// There is no public key.
    pub fn of_public_key(bytes: &[u8]) -> Result<PublicKeyPin, BadPin> {
        if is_pem(bytes) {
            let key = SubjectPublicKeyInfoDer::from_pem_slice(bytes);
            return key.map(|key| PublicKeyPin::of(&key)).map_err(|_| BadPin("it holds no PUBLIC KEY".into()));
        }
        // A SEQUENCE that is as long as the file.
        match bytes {
            [0x30, ..] if der_length(bytes) == Some(bytes.len()) => Ok(PublicKeyPin::of(bytes)),
            _ => Err(BadPin("it is no public key in PEM or DER".into())),
        }
    }

    pub(super) fn of(key: &[u8]) -> PublicKeyPin {
        PublicKeyPin(Sha256::digest(key).into())
    }
}

fn parse(text: &str) -> Option<PublicKeyPin> {
    let hash = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
    Some(PublicKeyPin(hash.try_into().ok()?))
}

/// The length of a DER value with its tag and length, of up to 64 KiB.
fn der_length(bytes: &[u8]) -> Option<usize> {
    let at = |index: usize| bytes.get(index).map(|byte| usize::from(*byte));
    match at(1)? {
        short @ 0..=0x7f => Some(2 + short),
        0x81 => Some(3 + at(2)?),
        0x82 => Some(4 + (at(2)? << 8) + at(3)?),
        _ => None,
    }
}

impl fmt::Display for PublicKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BadPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadPin {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_pins_is_read_as_curl_reads_it() {
        let [one, other] = [&b"one"[..], b"other"].map(PublicKeyPin::of);
        assert_eq!(PublicKeyPin::parse_list(&one.to_string()), Ok(vec![one]));
        assert_eq!(PublicKeyPin::parse_list(&format!("{one};{other}")), Ok(vec![one, other]));
        assert!(PublicKeyPin::is_list(&one.to_string()) && !PublicKeyPin::is_list("key.pem"));
        for bad in ["", "sha256//", "sha256//AAAA", "sha1//AAAA", &format!("{one};"), &format!("{one};key.pem")] {
            assert!(PublicKeyPin::parse_list(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_public_key_is_pinned_from_pem_and_from_der() {
        let own = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
        let key = rcgen::PublicKeyData::subject_public_key_info(&own.signing_key);
        let from_der = PublicKeyPin::of_public_key(&key).unwrap();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&key));
        assert_eq!(PublicKeyPin::of_public_key(pem.as_bytes()), Ok(from_der));
        for bad in [own.cert.pem().as_bytes(), b"", b"0", &key[..key.len() - 1], b"some text"] {
            assert!(PublicKeyPin::of_public_key(bad).is_err());
        }
    }
}
