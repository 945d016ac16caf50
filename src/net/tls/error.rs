//! What can go wrong with TLS: while it is set up, in the handshake, and afterwards.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a TLS connection did not come about, or broke. The texts are for people; retry and policy read the variant.
///
/// After the handshake a broken connection's reads fail with an [`io::Error`] that carries this ([`TlsError::of`]).
#[derive(Debug)]
pub enum TlsError {
    /// The peer's certificate is not acceptable: expired, for other names, of an unknown issuer.
    Certificate(String),
    /// The peer's public key is none of those that are pinned.
    NotPinned(String),
    /// The peer refused, and said why in an alert.
    Alert(String),
    /// The peer broke the protocol, does not speak it, or has no version or cipher in common with us.
    Protocol(String),
    /// The transport failed: a time-out (see [`Interrupt::of`](crate::green::Interrupt::of)), a reset, an end in the
    /// middle of the handshake (`UnexpectedEof`).
    Io(io::Error),
    /// The server's name is neither a host name nor an address.
    InvalidName(String),
    /// The configuration, which is loaded at the first connection, cannot be.
    Setup(TlsSetupError),
}

impl TlsError {
    /// The TLS error inside an I/O error, where there is one.
    pub fn of(error: &io::Error) -> Option<&TlsError> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Certificate(text)
            | TlsError::NotPinned(text)
            | TlsError::Alert(text)
            | TlsError::Protocol(text) => f.write_str(text),
            TlsError::Io(error) => error.fmt(f),
            TlsError::InvalidName(name) => write!(f, "not a host name or an address: {}", name.escape_debug()),
            TlsError::Setup(error) => error.fmt(f),
        }
    }
}

impl Error for TlsError {}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> io::Error {
        match error {
            TlsError::Io(error) => error,
            TlsError::InvalidName(_) | TlsError::Setup(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            error => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsSetupError {
    /// A file or folder of certificates that was asked for cannot be read.
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// The system's word.
        kind: io::ErrorKind,
        /// The same for people.
        reason: String,
    },
    /// There is no usable certificate in it.
    NoCertificate {
        /// Which one.
        path: PathBuf,
        /// Certificates that were there and could not be used.
        skipped: usize,
    },
    /// Nothing to trust was named, and certificates are to be checked.
    NoRoots,
    /// The least version is above the greatest.
    NoVersion,
    /// An ALPN name is empty or longer than 255 bytes.
    Alpn,
    /// The server's own certificate or key cannot be used.
    Identity(String),
    /// The client's own certificate or key cannot be read or used.
    ClientIdentity {
        /// The file that is to blame, where it came from one.
        path: Option<PathBuf>,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for TlsSetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsSetupError::Unreadable { path, reason, .. } => {
                write!(f, "cannot read the trusted certificates in {}: {reason}", path.display())
            }
            TlsSetupError::NoCertificate { path, skipped: 0 } => {
                write!(f, "{} holds no certificate (PEM is expected)", path.display())
            }
            TlsSetupError::NoCertificate { path, skipped } => {
                write!(f, "none of the {skipped} certificates in {} can be used", path.display())
            }
            TlsSetupError::NoRoots => f.write_str("there are no trusted certificates to check a server's against"),
            TlsSetupError::NoVersion => f.write_str("the least TLS version allowed is above the greatest"),
            TlsSetupError::Alpn => f.write_str("an ALPN name must have 1 to 255 bytes"),
            TlsSetupError::Identity(reason) => write!(f, "the server's certificate or key cannot be used: {reason}"),
            TlsSetupError::ClientIdentity { path: Some(path), reason } => {
                write!(f, "the client's certificate or key cannot be used: {}: {reason}", path.display())
            }
            TlsSetupError::ClientIdentity { path: None, reason } => {
                write!(f, "the client's certificate or key cannot be used: {reason}")
            }
        }
    }
}

impl Error for TlsSetupError {}
