//! `-E --key --pinnedpubkey --tlsv1.2 --tls-max` and their like → the plan for TLS. Files of pinned keys are read here.

use std::path::PathBuf;

use gfetch::fetch::plan::TlsPlan;
use gfetch::net::{Encoding, IdentityFiles, PublicKeyPin, TlsVersion};

use super::environment;
use super::usage::{UsageError, shown};
use super::world::World;

/// As typed.
#[derive(Default)]
pub struct TlsArgs {
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub cert_type: Option<Encoding>,
    pub key_type: Option<Encoding>,
    /// A list of pins, or a file's name.
    pub pinned: Option<String>,
    pub least: Option<TlsVersion>,
    /// `--tls-max`; what is too old was refused.
    pub greatest: Option<TlsVersion>,
}

/// What `--cert-type` and `--key-type` take.
pub const ENCODINGS: &[(&str, Encoding)] =
    &[("PEM", Encoding::Pem), ("DER", Encoding::Der), ("pem", Encoding::Pem), ("der", Encoding::Der)];

/// What `--tls-max` takes.
pub const VERSIONS: &[(&str, Option<TlsVersion>)] =
    &[("1.2", Some(TlsVersion::Tls12)), ("1.3", Some(TlsVersion::Tls13)), ("default", None)];

/// The file in `FILE[:PASSWORD]`, as curl takes it apart: a colon ends it, unless a backslash stands before.
pub fn cert_file(text: &str) -> PathBuf {
    let mut file = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ':' => break,
            '\\' => file.push(letters.next_if(|next| matches!(next, ':' | '\\')).unwrap_or('\\')),
            other => file.push(other),
        }
    }
    file.into()
}

/// Fills the plan.
///
/// # Errors
/// What contradicts itself, a file of a pinned key that cannot be read.
pub fn plan(args: TlsArgs, world: &World) -> Result<TlsPlan, UsageError> {
    let identity = match (args.cert, args.key) {
        (None, Some(_)) => return Err(UsageError::new("--key needs the certificate that it belongs to (-E/--cert)")),
        (None, None) => None,
        (Some(cert), key) => Some(IdentityFiles { cert, key, cert_type: args.cert_type, key_type: args.key_type }),
    };
    if let (Some(TlsVersion::Tls13), Some(TlsVersion::Tls12)) = (args.least, args.greatest) {
        return Err(UsageError::new("--tlsv1.3 and --tls-max 1.2 leave no version of TLS"));
    }
    let pins = args.pinned.map_or(Ok(Vec::new()), |text| pins(&text, world))?;
    let key_log = environment::key_log(world.env);
    Ok(TlsPlan { least: args.least, greatest: args.greatest, identity, pins, key_log })
}

fn pins(text: &str, world: &World) -> Result<Vec<PublicKeyPin>, UsageError> {
    if PublicKeyPin::is_list(text) {
        return PublicKeyPin::parse_list(text).map_err(|bad| {
            UsageError::new(format!("--pinnedpubkey takes sha256//BASE64;… or a file: {}", shown(&bad.to_string())))
        });
    }
    let wrong = |what: String| UsageError::new(format!("--pinnedpubkey {}: {what}", shown(text)));
    let bytes = (world.read_file)(text.as_ref()).map_err(|error| wrong(error.to_string()))?;
    let pin = PublicKeyPin::of_public_key(&bytes).map_err(|bad| wrong(bad.to_string()))?;
    Ok(vec![pin])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificates_file_ends_at_its_first_colon_as_in_curl() {
        for (typed, file) in [
            ("cert.pem", "cert.pem"),
            ("cert.pem:secret", "cert.pem"),
            ("cert.pem:sec:ret", "cert.pem"),
            (r"a\:b.pem:secret", "a:b.pem"),
            (r"a\\b.pem", r"a\b.pem"),
            (r"a\b.pem", r"a\b.pem"),
            (r"a\", r"a\"),
        ] {
            assert_eq!(cert_file(typed), PathBuf::from(file), "{typed}");
        }
    }
}
