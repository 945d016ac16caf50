//! The exit code curl would give for a failure: a table, each line with its reason.

use super::outcome::{Kind, Limit, Stage};
use crate::http::Error;
use crate::http::h2::Http2Error;
use crate::http::proxy::ProxyError;
use crate::net::{DnsErrorKind, TlsError, TlsSetupError};

/// curl 1, `CURLE_UNSUPPORTED_PROTOCOL`: a scheme that is neither http nor https.
pub const UNSUPPORTED_PROTOCOL: u8 = 1;
/// curl 3, `CURLE_URL_MALFORMAT`.
pub const URL_MALFORMED: u8 = 3;

/// What curl tells apart within one kind: its own code for this error, where it has one.
pub fn of_error(error: &Error) -> Option<u8> {
    Some(match error {
        // CURLE_COULDNT_CONNECT: the nearest to a refusal by `--block-private`, which curl does not have.
        Error::Blocked(_) => 7,
        // The same: an address of the other family, with -4 or -6 (tried).
        Error::Dns(error) if matches!(error.kind, DnsErrorKind::NoAddressInFamily) && error.is_of_address() => 7,
        // CURLE_INTERFACE_FAILED (tried: no such device, no such own address).
        Error::Interface(_) => 45,
        Error::Connect(error) if error.is_bind() => 45,
        Error::Proxy(error) => return of_proxy(error),
        Error::TlsSetup(error) => of_tls_setup(error),
        // CURLE_SSL_PINNEDPUBKEYNOTMATCH (tried).
        Error::Tls(TlsError::NotPinned(_)) => 90,
        Error::Http2(error) => return of_http2(error),
        _ => return None,
    })
}

/// CURLE_COULDNT_RESOLVE_PROXY (tried), and CURLE_PROXY for everything about SOCKS, the origin's name looked up for it
/// included (all tried).
fn of_proxy(error: &ProxyError) -> Option<u8> {
    match error {
        ProxyError::Dns(_) => Some(5),
        ProxyError::Target(_) => Some(97),
        error => error.is_socks().then_some(97),
    }
}

/// What TLS needs on this side cannot be had: CURLE_SSL_CERTPROBLEM (tried) or CURLE_SSL_CACERT_BADFILE (tried).
fn of_tls_setup(error: &TlsSetupError) -> u8 {
    match error {
        TlsSetupError::Identity(_) | TlsSetupError::ClientIdentity { .. } => 58,
        TlsSetupError::Unreadable { .. } | TlsSetupError::NoCertificate { .. } | TlsSetupError::NoRoots => 77,
        TlsSetupError::NoVersion | TlsSetupError::Alpn => 35,
    }
}

/// CURLE_HTTP2_STREAM for what is wrong with one stream, CURLE_HTTP2 for what is wrong with the connection.
fn of_http2(error: &Http2Error) -> Option<u8> {
    match error {
        Http2Error::Reset(_) | Http2Error::Stream(_) => Some(92),
        Http2Error::GoAway(_) | Http2Error::Connection(_) | Http2Error::Refused(_) => Some(16),
        Http2Error::Closed => None,
    }
}

/// The exit code curl gives where gfetch says `kind`, `stage` and `limit`. Where curl tells two cases apart that have one
/// kind here, the more frequent one is meant. (What is marked "tried" was seen with curl 7.88.1.)
pub fn curl_code(kind: Kind, stage: Stage, limit: Option<Limit>) -> u8 {
    match kind {
        // CURLE_URL_MALFORMAT. An unknown scheme is 1: who finds it says so himself.
        Kind::Url => URL_MALFORMED,
        // CURLE_UNSUPPORTED_PROTOCOL is what a refusal by --proto or --proto-redir gives (tried: a redirect to file:).
        Kind::Blocked => UNSUPPORTED_PROTOCOL,
        // CURLE_COULDNT_RESOLVE_HOST; of a proxy's name CURLE_COULDNT_RESOLVE_PROXY (tried).
        Kind::Dns => if_stage(stage, Stage::Proxy, 5, 6),
        // CURLE_COULDNT_CONNECT, to a proxy as well.
        Kind::Connect => 7,
        // CURLE_RECV_ERROR: "CONNECT tunnel failed, response 403" (tried). A SOCKS proxy would be 97.
        Kind::Proxy => 56,
        Kind::Tls => tls(stage),
        // CURLE_PEER_FAILED_VERIFICATION.
        Kind::Certificate => 60,
        Kind::Timeout => timeout(limit),
        Kind::Reset => reset(stage),
        // CURLE_PARTIAL_FILE, for Content-Length and for chunked (both tried).
        Kind::Truncated => 18,
        // CURLE_RECV_ERROR for broken chunks (tried), CURLE_WEIRD_SERVER_REPLY for a broken head (tried: Content-Length,
        // NUL). What does not begin as HTTP is 1 in curl, because it could be HTTP/0.9; here it is 8 as well.
        Kind::Protocol => if_stage(stage, Stage::Receive, 56, 8),
        // CURLE_BAD_CONTENT_ENCODING, for broken data and for an unknown coding (both tried).
        Kind::Decode => 61,
        // CURLE_TOO_MANY_REDIRECTS.
        Kind::Redirect => 47,
        // CURLE_HTTP_RETURNED_ERROR, with -f.
        Kind::Status => 22,
        // CURLE_FILESIZE_EXCEEDED (tried).
        Kind::TooLarge => 63,
        // CURLE_READ_ERROR.
        Kind::Read => 26,
        // CURLE_WRITE_ERROR (tried).
        Kind::Write => 23,
        // No code of curl's: it would have tried, and failed to connect as those before did.
        Kind::Skipped => 7,
        // CURLE_ABORTED_BY_CALLBACK: the application asked for the end.
        Kind::Cancelled => 42,
        // CURLE_BAD_FUNCTION_ARGUMENT, which curl calls an internal error.
        Kind::Internal => 43,
    }
}

/// CURLE_SSL_CONNECT_ERROR up to the end of the handshake (tried), afterwards what sending and receiving give.
fn tls(stage: Stage) -> u8 {
    match stage {
        Stage::Send => 55,
        Stage::Wait | Stage::Receive | Stage::Decode | Stage::Write => 56,
        Stage::Input | Stage::Queue | Stage::Dns | Stage::Connect | Stage::Proxy | Stage::Tls => 35,
    }
}

/// CURLE_OPERATION_TIMEDOUT for every clock that curl has too (`-m`, `--connect-timeout`, `-y`), and for the deadline of
/// the run, which is one; what a stop cut off was aborted.
fn timeout(limit: Option<Limit>) -> u8 {
    match limit {
        Some(Limit::Grace) => 42,
        Some(Limit::MaxTime | Limit::ConnectTimeout | Limit::Stall | Limit::Deadline) | None => 28,
    }
}

/// A close before any answer is CURLE_GOT_NOTHING (tried; a reset there is 56); else it is the call that failed.
fn reset(stage: Stage) -> u8 {
    match stage {
        Stage::Input | Stage::Queue | Stage::Dns | Stage::Connect => 7,
        Stage::Tls => 35,
        Stage::Send => 55,
        Stage::Wait => 52,
        Stage::Proxy | Stage::Receive | Stage::Decode | Stage::Write => 56,
    }
}

fn if_stage(stage: Stage, wanted: Stage, then: u8, otherwise: u8) -> u8 {
    if stage == wanted { then } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_that_scripts_know_from_curl() {
        for (kind, stage, code) in [
            (Kind::Url, Stage::Input, 3),
            (Kind::Dns, Stage::Dns, 6),
            (Kind::Dns, Stage::Proxy, 5),
            (Kind::Connect, Stage::Connect, 7),
            (Kind::Tls, Stage::Tls, 35),
            (Kind::Tls, Stage::Receive, 56),
            (Kind::Certificate, Stage::Tls, 60),
            (Kind::Reset, Stage::Wait, 52),
            (Kind::Reset, Stage::Receive, 56),
            (Kind::Reset, Stage::Send, 55),
            (Kind::Truncated, Stage::Receive, 18),
            (Kind::Protocol, Stage::Wait, 8),
            (Kind::Protocol, Stage::Receive, 56),
            (Kind::Decode, Stage::Decode, 61),
            (Kind::Redirect, Stage::Receive, 47),
            (Kind::Status, Stage::Receive, 22),
            (Kind::TooLarge, Stage::Receive, 63),
            (Kind::Read, Stage::Send, 26),
            (Kind::Write, Stage::Write, 23),
        ] {
            assert_eq!(curl_code(kind, stage, None), code, "{kind} at {stage}");
        }
    }

    #[test]
    fn what_tls_lacks_on_this_side_has_its_own_codes() {
        let identity = TlsSetupError::ClientIdentity { path: None, reason: String::new() };
        let file = TlsSetupError::NoCertificate { path: "ca.pem".into(), skipped: 0 };
        assert_eq!([identity, file, TlsSetupError::NoVersion].map(|error| of_tls_setup(&error)), [58, 77, 35]);
    }

    #[test]
    fn every_clock_is_a_timeout_but_the_grace_period() {
        for limit in Limit::ALL {
            let expected = if *limit == Limit::Grace { 42 } else { 28 };
            assert_eq!(curl_code(Kind::Timeout, Stage::Wait, Some(*limit)), expected, "{limit}");
        }
    }

    #[test]
    fn no_failure_has_the_code_of_success() {
        for kind in Kind::ALL {
            for stage in Stage::ALL {
                assert_ne!(curl_code(*kind, *stage, None), 0, "{kind} at {stage}");
            }
        }
    }
}
