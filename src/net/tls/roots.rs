//! The certificates that are trusted: read from files and folders that the caller names, or given.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use super::error::TlsSetupError;

/// The largest file of certificates that is read: Mozilla's whole list takes 0.2 MiB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Where the trusted certificates come from.
#[derive(Clone, Debug)]
pub enum Roots {
    /// PEM files, each of which must hold a usable certificate, and folders of them as OpenSSL's `CApath`: every regular
    /// file in a folder is tried (links are followed), those without certificates are passed over.
    Files {
        /// Bundles.
        files: Vec<PathBuf>,
        /// Folders.
        dirs: Vec<PathBuf>,
    },
    /// Certificates in DER.
    Der(Vec<Vec<u8>>),
}

/// How many certificates were loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootCounts {
    /// Those that are trusted, each once however often it was met.
    pub trusted: usize,
    /// Those that were met and are too broken to be used.
    pub skipped: usize,
}

/// Reads them all. Blocks the thread, as every reading of a file does.
pub(super) fn load(roots: &Roots) -> Result<(RootCertStore, RootCounts), TlsSetupError> {
    let mut loading = Loading::default();
    match roots {
        Roots::Files { files, dirs } => {
            files.iter().try_for_each(|file| loading.add_file(file))?;
            dirs.iter().try_for_each(|dir| loading.add_dir(dir))?;
            if let (true, Some(dir)) = (loading.store.is_empty(), dirs.first()) {
                return Err(TlsSetupError::NoCertificate { path: dir.clone(), skipped: loading.skipped });
            }
        }
        Roots::Der(certificates) => certificates.iter().for_each(|der| {
            loading.add(&CertificateDer::from(&der[..]));
        }),
    }
    if loading.store.is_empty() {
        return Err(TlsSetupError::NoRoots);
    }
    let counts = RootCounts { trusted: loading.store.len(), skipped: loading.skipped };
    Ok((loading.store, counts))
}

struct Loading {
    store: RootCertStore,
    /// A folder usually holds each certificate under three names and in a bundle too.
    met: HashSet<Vec<u8>>,
    skipped: usize,
}

impl Default for Loading {
    fn default() -> Loading {
        Loading { store: RootCertStore::empty(), met: HashSet::new(), skipped: 0 }
    }
}

impl Loading {
    fn add_file(&mut self, path: &Path) -> Result<(), TlsSetupError> {
        let skipped_before = self.skipped;
        let pem = read(path).map_err(|error| unreadable(path, &error))?;
        if self.add_pem(&pem) == 0 {
            let skipped = self.skipped - skipped_before;
            return Err(TlsSetupError::NoCertificate { path: path.into(), skipped });
        }
        Ok(())
    }

    fn add_dir(&mut self, path: &Path) -> Result<(), TlsSetupError> {
        let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
        for entry in entries {
            let file = entry.map_err(|error| unreadable(path, &error))?.path();
            // A dangling link or a private key beside the certificates is nobody's mistake.
            if file.is_file()
                && let Ok(pem) = read(&file)
            {
                self.add_pem(&pem);
            }
        }
        Ok(())
    }

    /// Adds what is usable, and says how many of them there are.
    fn add_pem(&mut self, pem: &[u8]) -> usize {
        let mut usable = 0;
        for section in CertificateDer::pem_slice_iter(pem) {
            match section {
                Ok(der) => usable += usize::from(self.add(&der)),
                // Text beside the certificates that only looks like a section's start.
                Err(pem::Error::IllegalSectionStart { .. }) => {}
                Err(_) => self.skipped += 1,
            }
        }
        usable
    }

    /// Whether it is usable; one that was met before is not added again.
    fn add(&mut self, der: &CertificateDer<'_>) -> bool {
        if self.met.contains(der.as_ref()) {
            return true;
        }
        let usable = self.store.add(der.clone()).is_ok();
        if usable {
            self.met.insert(der.to_vec());
        } else {
            self.skipped += 1;
        }
        usable
    }
}

pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 16 MiB"));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> TlsSetupError {
    TlsSetupError::Unreadable { path: path.into(), kind: error.kind(), reason: error.to_string() }
}

#[cfg(test)]
#[path = "roots_tests.rs"]
mod tests;
