//! Digest authentication (RFC 7616, and RFC 2069 where a server has no `qop`): challenges read, answers written. No I/O.

mod challenge;

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use url::{Position, Url};

pub use challenge::{Challenge, Offers};

use super::auth::Login;

/// How it is hashed; `-sess` is told apart by [`Challenge::session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// The default of old servers.
    Md5,
    /// RFC 7616.
    Sha256,
    /// RFC 7616, SHA-512 cut to 256 bits by its own beginning.
    Sha512_256,
}

impl Algorithm {
    fn hash(self, parts: &[&[u8]]) -> String {
        fn of<D: Digest>(parts: &[&[u8]]) -> String {
            let mut digest = D::new();
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    digest.update(b":");
                }
                digest.update(part);
            }
            digest.finalize().iter().fold(String::new(), |mut hex, byte| {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        }
        match self {
            Algorithm::Md5 => of::<Md5>(parts),
            Algorithm::Sha256 => of::<Sha256>(parts),
            Algorithm::Sha512_256 => of::<Sha512_256>(parts),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512_256 => "SHA-512-256",
        }
    }
}

/// What an answer is about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's target: path and query.
    pub target: &'a str,
    /// A text nobody can guess, new for each answer.
    pub cnonce: &'a str,
    /// The how manyth answer to this nonce, from 1.
    pub count: u32,
}

impl Challenge {
    /// The value of `Authorization` for a request, the how manyth that this challenge answers, with a client nonce of its own.
    pub fn authorization(&self, login: &Login, method: &str, url: &Url, count: u32) -> Vec<u8> {
        let target = &url[Position::BeforePath..Position::AfterQuery];
        self.answer(login, &Asked { method, target, cnonce: &client_nonce(), count })
    }

    /// The value of `Authorization` that answers this challenge. Bytes, for user and realm are what they are.
    pub fn answer(&self, login: &Login, asked: &Asked<'_>) -> Vec<u8> {
        let hash = |parts: &[&[u8]]| self.algorithm.hash(parts);
        let (nonce, cnonce) = (self.nonce.as_slice(), asked.cnonce.as_bytes());
        let mut secret = hash(&[&login.user, &self.realm, &login.password]);
        if self.session {
            secret = hash(&[secret.as_bytes(), nonce, cnonce]);
        }
        let request = hash(&[asked.method.as_bytes(), asked.target.as_bytes()]);
        let count = format!("{:08x}", asked.count);
        let response = match self.has_qop {
            true => hash(&[secret.as_bytes(), nonce, count.as_bytes(), cnonce, b"auth", request.as_bytes()]),
            false => hash(&[secret.as_bytes(), nonce, request.as_bytes()]),
        };
        let user = match self.userhash {
            true => hash(&[&login.user, &self.realm]).into_bytes(),
            false => login.user.clone(),
        };
        let mut value = b"Digest ".to_vec();
        push_quoted(&mut value, "username", &user);
        push_quoted(&mut value, "realm", &self.realm);
        push_quoted(&mut value, "nonce", nonce);
        push_quoted(&mut value, "uri", asked.target.as_bytes());
        if self.has_qop || self.session {
            push_quoted(&mut value, "cnonce", cnonce);
        }
        if self.has_qop {
            value.extend_from_slice(format!("nc={count}, qop=auth, ").as_bytes());
        }
        push_quoted(&mut value, "response", response.as_bytes());
        if let Some(opaque) = &self.opaque {
            push_quoted(&mut value, "opaque", opaque);
        }
        if self.names_algorithm {
            let session = if self.session { "-sess" } else { "" };
            value.extend_from_slice(format!("algorithm={}{session}, ", self.algorithm.as_str()).as_bytes());
        }
        if self.userhash {
            value.extend_from_slice(b"userhash=true, ");
        }
        value.truncate(value.len() - b", ".len());
        value
    }
}

/// 128 bits nobody can guess, in hexadecimal: for [`Asked::cnonce`].
pub fn client_nonce() -> String {
    let mut bytes = [0; 16];
    // Without a source of chance the system does not work at all; a guessable nonce still answers.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn push_quoted(value: &mut Vec<u8>, name: &str, text: &[u8]) {
    value.extend_from_slice(name.as_bytes());
    value.extend_from_slice(b"=\"");
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            value.push(b'\\');
        }
        value.push(byte);
    }
    value.extend_from_slice(b"\", ");
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
