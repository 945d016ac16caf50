//! Turns rustls' errors into sentences that say what is wrong and with what.

use std::fmt::{self, Write};
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved};

use super::error::TlsError;
use super::verifier::{NotPinned, SelfSigned};

/// Names of a certificate that a message shows: a shared host's has hundreds.
const SHOWN_NAMES: usize = 5;
/// Characters of one such name: a host name has at most 253, and what a server sends may be longer.
const SHOWN_NAME_CHARS: usize = 100;

/// What a message needs beside the error.
pub(super) struct Scene<'a> {
    /// Trusted certificates, where the peer's is checked.
    pub roots: usize,
    /// The first bytes of the record that came last.
    pub record: &'a [u8],
}

/// The peer sends without end what carries nothing.
#[derive(Debug)]
pub(super) struct Flood(&'static str);

impl Flood {
    /// As an error that rustls could have had.
    pub fn error(text: &'static str) -> Error {
        Error::Other(OtherError(Arc::new(Flood(text))))
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Flood {}

/// Sorts an error of rustls', and words it.
pub(super) fn explain(error: &Error, scene: &Scene) -> TlsError {
    match error {
        Error::InvalidCertificate(CertificateError::Other(error)) if error.0.is::<NotPinned>() => {
            TlsError::NotPinned(error.to_string())
        }
        Error::InvalidCertificate(error) => TlsError::Certificate(certificate(error, scene)),
        Error::NoCertificatesPresented => TlsError::Certificate("the peer sent no certificate".into()),
        Error::UnsupportedNameType => TlsError::Certificate("a certificate cannot be checked for such a name".into()),
        Error::AlertReceived(alert) => TlsError::Alert(refusal(*alert)),
        Error::InvalidMessage(_) if !is_tls(scene.record) => TlsError::Protocol(not_tls(scene.record)),
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => TlsError::Protocol(
            "the peer sent more than 64 KiB in one message: too long a chain of certificates?".into(),
        ),
        Error::PeerIncompatible(what) => TlsError::Protocol(incompatible(what)),
        Error::PeerMisbehaved(what) => TlsError::Protocol(misbehaved(what)),
        Error::Other(error) if error.0.is::<Flood>() => TlsError::Protocol(error.to_string()),
        error => TlsError::Protocol(format!("the peer broke the TLS protocol: {error}")),
    }
}

fn certificate(error: &CertificateError, scene: &Scene) -> String {
    match error {
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = span(time.as_secs().saturating_sub(not_after.as_secs()));
            format!("the certificate has expired ({ago} ago)")
        }
        CertificateError::Expired => "the certificate has expired".into(),
        CertificateError::NotValidYetContext { time, not_before } => {
            let wait = span(not_before.as_secs().saturating_sub(time.as_secs()));
            format!("the certificate is not valid yet (in {wait} it will be)")
        }
        CertificateError::NotValidYet => "the certificate is not valid yet".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("the certificate was issued for other names: {}; not for {}", names(presented), expected.to_str())
        }
        CertificateError::UnknownIssuer => {
            format!("unknown issuer (no root among {} trusted certificates)", scene.roots)
        }
        CertificateError::Other(error) if error.0.is::<SelfSigned>() => {
            format!("{error}, and is none of the {} that are trusted", scene.roots)
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate was not issued for a server's use".into()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate is signed by a method that is too weak or unknown".into()
        }
        CertificateError::BadEncoding => "the certificate is malformed".into(),
        CertificateError::BadSignature => {
            "a signature on the certificate or the handshake is not by the key that should have made it".into()
        }
        CertificateError::Revoked => "the certificate has been revoked".into(),
        CertificateError::Other(error) => match error.0.downcast_ref() {
            // What `openssl req -x509` makes.
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the certificate is an authority's (CA:TRUE), which no server's may be".into()
            }
            Some(webpki::Error::MaximumSignatureChecksExceeded | webpki::Error::MaximumPathBuildCallsExceeded) => {
                "the certificates lead too many ways to be followed".into()
            }
            _ => format!("the certificate cannot be accepted: {error}"),
        },
        error => format!("the certificate cannot be accepted: {error}"),
    }
}

/// The names that a certificate is for; rustls gives each as `DnsName("…")` or `IpAddress(…)`.
fn names(presented: &[String]) -> String {
    let mut text = String::new();
    for (at, name) in presented.iter().take(SHOWN_NAMES).enumerate() {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        text.push_str(if at == 0 { "" } else { ", " });
        text.extend(inner.trim_matches('"').chars().take(SHOWN_NAME_CHARS).flat_map(char::escape_debug));
    }
    match presented.len().checked_sub(SHOWN_NAMES) {
        _ if presented.is_empty() => text.push_str("none"),
        None | Some(0) => {}
        Some(more) => write!(text, " and {more} more").expect("a string takes all"),
    }
    text
}

fn refusal(alert: AlertDescription) -> String {
    let hint = match alert {
        AlertDescription::ProtocolVersion => " (it wants another TLS version)",
        AlertDescription::HandshakeFailure => " (it has no cipher or setting in common with us, or wants more)",
        AlertDescription::UnrecognisedName => " (it does not serve this name)",
        AlertDescription::CertificateRequired => " (it wants a certificate of the client's)",
        AlertDescription::NoApplicationProtocol => " (it speaks none of the protocols offered)",
        _ => "",
    };
    format!("the peer refused: {}{hint}", snake_case(&format!("{alert:?}")))
}

fn incompatible(what: &PeerIncompatible) -> String {
    match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13 => {
            "the peer speaks neither TLS 1.2 nor TLS 1.3: its versions are too old".into()
        }
        PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig | PeerIncompatible::Tls12NotOfferedOrEnabled => {
            "the peer speaks only TLS versions that are not allowed here".into()
        }
        what => format!("the peer has nothing in common with us: {}", snake_case(&format!("{what:?}"))),
    }
}

fn misbehaved(what: &PeerMisbehaved) -> String {
    let flood = match what {
        PeerMisbehaved::TooManyEmptyFragments => "empty records",
        PeerMisbehaved::TooManyKeyUpdateRequests => "updates of keys",
        PeerMisbehaved::TooManyRenegotiationRequests => "wishes to renegotiate",
        PeerMisbehaved::TooManyWarningAlertsReceived => "warnings",
        what => return format!("the peer broke the TLS protocol: {}", snake_case(&format!("{what:?}"))),
    };
    format!("the peer sent too many {flood}")
}

fn not_tls(record: &[u8]) -> String {
    if record.starts_with(b"HTTP/") {
        return "the peer answered in plain HTTP, not TLS".into();
    }
    format!("the peer does not speak TLS: it sent \"{}\"", record.escape_ascii())
}

/// Whether these may be the first bytes of a record: one of four types, version 3.x (RFC 8446, 5.1).
fn is_tls(record: &[u8]) -> bool {
    matches!(record, [] | [20..=23] | [20..=23, 3, ..])
}

/// `HandshakeFailure` as RFC 8446 writes it: `handshake_failure`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        before = letter;
    }
    text
}

fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=7_199 => (seconds / 60, "minutes"),
        7_200..=172_799 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: impl Into<Error>) -> String {
        explain(&error.into(), &Scene { roots: 3, record: b"\x16\x03\x03" }).to_string()
    }

    #[test]
    fn an_alert_is_named_as_the_rfc_names_it() {
        let refused = text(Error::AlertReceived(AlertDescription::UnrecognisedName));
        assert_eq!(refused, "the peer refused: unrecognised_name (it does not serve this name)");
        assert_eq!(text(Error::AlertReceived(AlertDescription::UnknownCA)), "the peer refused: unknown_ca");
    }

    #[test]
    fn of_many_names_five_are_shown_and_none_can_forge_a_line() {
        let presented: Vec<_> = (0..7).map(|n| format!("DnsName(\"host{n}\nx\")")).collect();
        let expected = "a.example".try_into().unwrap();
        let shown = text(CertificateError::NotValidForNameContext { expected, presented });
        assert!(shown.contains("host4\\nx and 2 more; not for a.example"), "{shown}");
        assert!(!shown.contains("host5") && !shown.contains('\n'), "{shown}");
    }

    #[test]
    fn an_unknown_issuer_tells_how_many_roots_there_were() {
        assert_eq!(text(CertificateError::UnknownIssuer), "unknown issuer (no root among 3 trusted certificates)");
    }
}
