//! What TLS is spoken, and as whom.

use std::path::PathBuf;

use crate::net::{IdentityFiles, PublicKeyPin, TlsVersion};

/// What TLS is spoken, and as whom, beside whom to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsPlan {
    /// The least version accepted; none: 1.2.
    pub least: Option<TlsVersion>,
    /// The greatest version offered; none: 1.3.
    pub greatest: Option<TlsVersion>,
    /// The client's certificate. It is a secret: shown where [`Secrets::go_to`](super::Secrets::go_to) allows it.
    pub identity: Option<IdentityFiles>,
    /// Public keys of which each server must have one; none: any.
    pub pins: Vec<PublicKeyPin>,
    /// The file to which the connections' secrets are appended.
    pub key_log: Option<PathBuf>,
}
