//! Certificates with their private keys, in PEM or DER: a server's own, and those that a client shows of itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, InconsistentKeys};

use super::error::TlsSetupError;
use super::roots;

/// How a certificate or a key is written down. curl: `--cert-type`, `--key-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Base64 between `-----BEGIN …-----` and `-----END …-----`, several in a file (RFC 7468).
    Pem,
    /// The bytes themselves: one certificate, or one key.
    Der,
}

/// The files of a client's certificate and key. curl: `--cert`, `--key`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate, followed by those between it and a root that the server may lack.
    pub cert: PathBuf,
    /// The private key; none: it is in the certificate's file too.
    pub key: Option<PathBuf>,
    /// How the certificate is written down; none: as it looks.
    pub cert_type: Option<Encoding>,
    /// The same of the key.
    pub key_type: Option<Encoding>,
}

/// A certificate and its private key, to show who one is. Clones share it; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Identity {
    resolver: Arc<SingleCertAndKey>,
}

impl Identity {
    /// From a certificate chain (leaf first) and its private key, each in PEM, or in DER (then one certificate).
    ///
    /// # Errors
    /// [`TlsSetupError::ClientIdentity`]: neither PEM nor DER, an encrypted key, a key of another certificate.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Identity, TlsSetupError> {
        let unusable = |reason| TlsSetupError::ClientIdentity { path: None, reason };
        Identity::of(certificates(chain).map_err(unusable)?, private_key(key).map_err(unusable)?).map_err(unusable)
    }

    /// Reads the files. Blocks the thread.
    ///
    /// # Errors
    /// As [`Identity::new`], and a file that cannot be read; the error names the file.
    pub fn from_files(files: &IdentityFiles) -> Result<Identity, TlsSetupError> {
        let key_file = files.key.as_deref().unwrap_or(&files.cert);
        let in_file = |path: &Path, reason| TlsSetupError::ClientIdentity { path: Some(path.into()), reason };
        let in_cert = |reason| in_file(&files.cert, reason);
        let in_key = |reason| in_file(key_file, reason);
        let read = |path: &Path, encoding| {
            let bytes = roots::read(path).map_err(|error| in_file(path, error.to_string()))?;
            is_written_as(&bytes, encoding).map_err(|reason| in_file(path, reason))?;
            Ok(bytes)
        };
        let chain = certificates(&read(&files.cert, files.cert_type)?).map_err(in_cert)?;
        let key = private_key(&read(key_file, files.key_type)?).map_err(in_key)?;
        Identity::of(chain, key).map_err(in_key)
    }

    fn of(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Identity, String> {
        let pair = CertifiedKey::from_der(chain, key, &super::provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the key is that of another certificate".into(),
            error => error.to_string(),
        })?;
        Ok(Identity { resolver: Arc::new(SingleCertAndKey::from(pair)) })
    }

    pub(super) fn resolver(&self) -> Arc<SingleCertAndKey> {
        self.resolver.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(***)")
    }
}

/// The certificates in PEM, or the one in DER.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if !is_pem(bytes) {
        return if bytes.is_empty() { Err("it is empty".into()) } else { Ok(vec![bytes.to_vec().into()]) };
    }
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(bytes).collect();
    let chain = chain.map_err(|error| error.to_string())?;
    if chain.is_empty() { Err("it holds no certificate".into()) } else { Ok(chain) }
}

/// The first private key in PEM, or the one in DER.
pub(super) fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    if !is_pem(bytes) {
        return PrivateKeyDer::try_from(bytes.to_vec()).map_err(str::to_owned);
    }
    // PKCS #8's way, and that of OpenSSL's older files.
    if has(bytes, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(bytes, b"Proc-Type: 4,ENCRYPTED") {
        let reason =
            "the key is encrypted, which is not supported: decrypt it first (openssl pkey -in FILE -out PLAIN)";
        return Err(reason.into());
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => "it holds no private key".into(),
        error => error.to_string(),
    })
}

fn is_written_as(bytes: &[u8], encoding: Option<Encoding>) -> Result<(), String> {
    match encoding {
        Some(Encoding::Pem) if !is_pem(bytes) => Err("it is not PEM".into()),
        Some(Encoding::Der) if is_pem(bytes) => Err("it is PEM, not DER".into()),
        _ => Ok(()),
    }
}

pub(super) fn is_pem(bytes: &[u8]) -> bool {
    has(bytes, b"-----BEGIN")
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(bytes, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(chain: &[u8], key: &[u8]) -> String {
        Identity::new(chain, key).unwrap_err().to_string()
    }

    #[test]
    fn an_identity_is_read_from_pem_and_from_der() {
        let own = rcgen::generate_simple_self_signed(["me".to_owned()]).unwrap();
        let (cert, key) = (own.cert.pem(), own.signing_key.serialize_pem());
        Identity::new(cert.as_bytes(), key.as_bytes()).unwrap();
        Identity::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
        // Both in one file, in either order.
        let both = format!("{key}{cert}");
        let shown = format!("{:?}", Identity::new(both.as_bytes(), both.as_bytes()).unwrap());
        assert_eq!(shown, "Identity(***)");
    }

    #[test]
    fn what_is_wrong_with_it_is_told() {
        let [own, other] = ["a", "b"].map(|name| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap());
        let (cert, key) = (own.cert.pem(), own.signing_key.serialize_pem());
        let (cert, key) = (cert.as_bytes(), key.as_bytes());
        let tells = |text: String, what: &str| assert!(text.ends_with(what), "{text}");
        tells(reason(cert, &other.signing_key.serialize_der()), "the key is that of another certificate");
        tells(reason(key, key), "it holds no certificate");
        tells(reason(cert, cert), "it holds no private key");
        tells(reason(b"", key), "it is empty");
        for encrypted in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAA==\n-----END RSA PRIVATE KEY-----\n",
        ] {
            assert!(reason(cert, encrypted.as_bytes()).contains("the key is encrypted"));
        }
    }

    #[test]
    fn a_files_error_names_the_file_and_a_given_encoding_holds() {
        let own = rcgen::generate_simple_self_signed(["me".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let cert = file("cert.pem", own.cert.pem().as_bytes());
        let key = file("key.der", &own.signing_key.serialize_der());
        let files = IdentityFiles { cert: cert.clone(), key: Some(key), ..IdentityFiles::default() };
        Identity::from_files(&files).unwrap();
        let der = IdentityFiles { cert_type: Some(Encoding::Der), ..files.clone() };
        let text = Identity::from_files(&der).unwrap_err().to_string();
        assert!(text.ends_with("cert.pem: it is PEM, not DER"), "{text}");
        let pem = IdentityFiles { key_type: Some(Encoding::Pem), ..files.clone() };
        let text = Identity::from_files(&pem).unwrap_err().to_string();
        assert!(text.ends_with("key.der: it is not PEM"), "{text}");
        let alone = IdentityFiles { cert, ..IdentityFiles::default() };
        let text = Identity::from_files(&alone).unwrap_err().to_string();
        assert!(text.ends_with("cert.pem: it holds no private key"), "{text}");
        let none = IdentityFiles { cert: "/none/such".into(), ..IdentityFiles::default() };
        assert!(Identity::from_files(&none).unwrap_err().to_string().contains("/none/such: "));
    }
}
