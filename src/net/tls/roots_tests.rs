//! What loading makes of good, bad and missing files.

use rcgen::{CertificateParams, KeyPair};

use super::*;

fn pem() -> String {
    CertificateParams::new([]).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

fn broken_pem() -> &'static str {
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
}

fn from_files(files: &[&Path]) -> Result<RootCounts, TlsSetupError> {
    let files = files.iter().map(|file| file.to_path_buf()).collect();
    load(&Roots::Files { files, dirs: Vec::new() }).map(|(_, counts)| counts)
}

fn from_dir(dir: &Path) -> Result<RootCounts, TlsSetupError> {
    load(&Roots::Files { files: Vec::new(), dirs: vec![dir.into()] }).map(|(_, counts)| counts)
}

#[test]
fn a_bundle_is_read_and_its_bad_certificates_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.pem");
    let twice = pem();
    let not_base64 = "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n";
    fs::write(&file, ["# roots\n", &pem(), broken_pem(), not_base64, &twice, &twice, &pem()].concat()).unwrap();
    assert_eq!(from_files(&[&file]).unwrap(), RootCounts { trusted: 3, skipped: 2 });
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let (good, missing) = (folder.path().join("good.pem"), folder.path().join("missing.pem"));
    fs::write(&good, pem()).unwrap();
    let error = from_files(&[&good, &missing]).unwrap_err();
    assert!(
        matches!(&error, TlsSetupError::Unreadable { path, kind: io::ErrorKind::NotFound, .. } if *path == missing)
    );
    assert!(error.to_string().contains("missing.pem: No such file"), "{error}");
}

#[test]
fn a_file_without_a_usable_certificate_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, bad) = (folder.path().join("empty.pem"), folder.path().join("bad.pem"));
    fs::write(&empty, "nothing here\n").unwrap();
    fs::write(&bad, broken_pem()).unwrap();
    assert_eq!(from_files(&[&empty]).unwrap_err(), TlsSetupError::NoCertificate { path: empty, skipped: 0 });
    assert_eq!(from_files(&[&bad]).unwrap_err(), TlsSetupError::NoCertificate { path: bad, skipped: 1 });
}

#[test]
fn a_folder_gives_what_its_files_hold_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let first = pem();
    fs::write(path.join("first.pem"), &first).unwrap();
    fs::write(path.join("bundle.crt"), [first, pem()].concat()).unwrap();
    std::os::unix::fs::symlink("first.pem", path.join("1a2b3c4d.0")).unwrap();
    std::os::unix::fs::symlink("gone.pem", path.join("dangling.0")).unwrap();
    fs::write(path.join("README"), "no certificate").unwrap();
    fs::create_dir(path.join("folder.pem")).unwrap();
    assert_eq!(from_dir(path).unwrap(), RootCounts { trusted: 2, skipped: 0 });
}

#[test]
fn an_empty_or_missing_folder_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    assert_eq!(from_dir(&path).unwrap_err(), TlsSetupError::NoCertificate { path: path.clone(), skipped: 0 });
    let missing = path.join("missing");
    assert!(matches!(from_dir(&missing).unwrap_err(), TlsSetupError::Unreadable { path, .. } if path == missing));
}

#[test]
fn nothing_to_trust_is_an_error() {
    assert_eq!(load(&Roots::Der(Vec::new())).unwrap_err(), TlsSetupError::NoRoots);
    assert_eq!(from_files(&[]).unwrap_err(), TlsSetupError::NoRoots);
}

#[test]
fn a_lazy_configuration_reads_nothing_until_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.pem");
    let roots = Roots::Files { files: vec![file.clone()], dirs: Vec::new() };
    let builder = crate::net::TlsConfig::builder().roots(roots);
    let lazy = builder.clone().build_lazy();
    assert!(builder.build().is_err(), "the file is not there yet");
    fs::write(&file, pem()).unwrap();
    assert_eq!(lazy.root_counts().unwrap(), RootCounts { trusted: 1, skipped: 0 });
    fs::remove_file(&file).unwrap();
    assert_eq!(lazy.root_counts().unwrap().trusted, 1, "it is read once");
}
