//! `WWW-Authenticate` read: several challenges in one field or in several, each a scheme and its parameters (RFC 9110
//! section 11.6.1).

use super::Algorithm;
use crate::http::fields::{Fields, is_token_byte};
use crate::http::quoted::quoted;

/// A challenge to answer with [`Challenge::answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Whose password is asked for.
    pub realm: Vec<u8>,
    /// The server's text, unquoted.
    pub nonce: Vec<u8>,
    /// Given back as it came.
    pub opaque: Option<Vec<u8>>,
    /// How to hash.
    pub algorithm: Algorithm,
    /// Whether the server named it; then so does the answer.
    pub names_algorithm: bool,
    /// `-sess`: nonce and client nonce go into the secret.
    pub session: bool,
    /// `qop=auth` is offered; without any it is RFC 2069.
    pub has_qop: bool,
    /// The user name goes hashed.
    pub userhash: bool,
    /// The password was right, and the nonce too old.
    pub stale: bool,
}

/// What an answer with status 401 asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// The first Digest challenge that can be answered: servers put the best first (RFC 7616 section 3.7).
    pub digest: Option<Challenge>,
    /// Basic is offered.
    pub basic: bool,
}

impl Offers {
    /// Reads the `WWW-Authenticate` fields. What is malformed is passed over.
    pub fn of(fields: &Fields) -> Offers {
        let mut offers = Offers::default();
        for value in fields.all("www-authenticate") {
            for (scheme, parameters) in challenges(value) {
                offers.basic |= scheme.eq_ignore_ascii_case(b"basic");
                if scheme.eq_ignore_ascii_case(b"digest") && offers.digest.is_none() {
                    offers.digest = challenge(&parameters);
                }
            }
        }
        offers
    }
}

type Parameters<'a> = Vec<(&'a [u8], Vec<u8>)>;

fn challenge(parameters: &Parameters<'_>) -> Option<Challenge> {
    let get = |name: &[u8]| {
        parameters.iter().find(|(had, _)| had.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    };
    let says_true = |name| get(name).is_some_and(|value| value.eq_ignore_ascii_case(b"true"));
    let algorithm = get(b"algorithm").map(<[u8]>::to_ascii_lowercase);
    let (algorithm, names_algorithm) = (algorithm.as_deref().unwrap_or(b"md5"), algorithm.is_some());
    let plain = algorithm.strip_suffix(b"-sess");
    let qop = get(b"qop");
    let offers_auth = |qop: &[u8]| qop.split(|&b| b == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(b"auth"));
    if qop.is_some_and(|qop| !offers_auth(qop)) {
        // Only auth-int: nobody asks for it, and it would hash every body twice.
        return None;
    }
    Some(Challenge {
        realm: get(b"realm")?.to_vec(),
        nonce: get(b"nonce").filter(|nonce| !nonce.is_empty())?.to_vec(),
        opaque: get(b"opaque").map(<[u8]>::to_vec),
        algorithm: match plain.unwrap_or(algorithm) {
            b"md5" => Algorithm::Md5,
            b"sha-256" => Algorithm::Sha256,
            b"sha-512-256" => Algorithm::Sha512_256,
            _ => return None,
        },
        names_algorithm,
        session: plain.is_some(),
        has_qop: qop.is_some(),
        userhash: says_true(b"userhash"),
        stale: says_true(b"stale"),
    })
}

/// Schemes with their parameters. A word with a `=` behind it is a parameter of the scheme before it, any other is the
/// next scheme; what fits nowhere is passed over.
fn challenges(value: &[u8]) -> Vec<(&[u8], Parameters<'_>)> {
    let mut found: Vec<(&[u8], Parameters<'_>)> = Vec::new();
    let mut rest = value;
    loop {
        rest = skip(rest, |byte| !is_token_byte(byte));
        if rest.is_empty() {
            return found;
        }
        let word = &rest[..rest.len() - skip(rest, is_token_byte).len()];
        let behind = skip(&rest[word.len()..], is_blank);
        let Some(text) = behind.strip_prefix(b"=") else {
            found.push((word, Vec::new()));
            rest = behind;
            continue;
        };
        let text = skip(text, is_blank);
        let (parameter, after) = match text.strip_prefix(b"\"") {
            Some(text) => quoted(text),
            None => {
                let after = skip(text, is_token_byte);
                (text[..text.len() - after.len()].to_vec(), after)
            }
        };
        if let Some((_, parameters)) = found.last_mut() {
            parameters.push((word, parameter));
        }
        rest = after;
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn skip(text: &[u8], skipped: impl Fn(u8) -> bool) -> &[u8] {
    &text[text.iter().take_while(|byte| skipped(**byte)).count()..]
}
