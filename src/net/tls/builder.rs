//! What a client's TLS settings are made of: whom to trust, which versions and protocols, whom to show oneself as.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::config::{TlsConfig, TlsVersion, Trust};
use super::error::TlsSetupError;
use super::identity::Identity;
use super::insecure::AnyCertificate;
use super::key_log::KeyLogFile;
use super::pins::PublicKeyPin;
use super::roots::{self, RootCounts, Roots};
use super::verifier::Judge;

/// Settings for a [`TlsConfig`].
#[derive(Clone, Debug)]
pub struct TlsConfigBuilder {
    pub(super) roots: Roots,
    pub(super) insecure: bool,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) least: TlsVersion,
    pub(super) greatest: TlsVersion,
    pub(super) identity: Option<Identity>,
    pub(super) pins: Vec<PublicKeyPin>,
    pub(super) key_log: Option<KeyLogFile>,
}

impl TlsConfigBuilder {
    /// The certificates that are trusted. Without them (and without [`insecure`](TlsConfigBuilder::insecure)) there is
    /// no configuration.
    pub fn roots(mut self, roots: Roots) -> TlsConfigBuilder {
        self.roots = roots;
        self
    }

    /// Takes any certificate, whoever issued it and for whatever name; the peer must still own its key. The roots are
    /// then not read at all. curl: `-k`.
    pub fn insecure(mut self, insecure: bool) -> TlsConfigBuilder {
        self.insecure = insecure;
        self
    }

    /// The protocols offered by ALPN (RFC 7301), dearest first: `["h2", "http/1.1"]`. None: the extension is not sent.
    pub fn alpn(mut self, protocols: impl IntoIterator<Item: AsRef<[u8]>>) -> TlsConfigBuilder {
        self.alpn = protocols.into_iter().map(|name| name.as_ref().to_vec()).collect();
        self
    }

    /// The least version accepted (1.2).
    pub fn min_version(mut self, version: TlsVersion) -> TlsConfigBuilder {
        self.least = version;
        self
    }

    /// The greatest version offered (1.3).
    pub fn max_version(mut self, version: TlsVersion) -> TlsConfigBuilder {
        self.greatest = version;
        self
    }

    /// Shown to a server that asks for a certificate (RFC 8446 section 4.3.2). curl: `--cert`, `--key`. What must not be
    /// shown everywhere is left out with [`TlsConfig::anonymous`].
    pub fn identity(mut self, identity: Identity) -> TlsConfigBuilder {
        self.identity = Some(identity);
        self
    }

    /// The public keys of which the server must have one, whatever else its certificate says; none: any. Checked with
    /// [`insecure`](TlsConfigBuilder::insecure) too. curl: `--pinnedpubkey`.
    pub fn pinned_keys(mut self, pins: impl IntoIterator<Item = PublicKeyPin>) -> TlsConfigBuilder {
        self.pins = pins.into_iter().collect();
        self
    }

    /// Where the connections' secrets are noted. curl: `SSLKEYLOGFILE`.
    pub fn key_log(mut self, file: KeyLogFile) -> TlsConfigBuilder {
        self.key_log = Some(file);
        self
    }

    /// Loads the roots now, so that what is wrong with them is told now. Blocks the thread for the reading.
    pub fn build(self) -> Result<TlsConfig, TlsSetupError> {
        let config = self.build_lazy();
        config.loaded()?;
        Ok(config)
    }

    /// Loads the roots at the first connection, for a caller who may never make one; what is wrong with them is then the
    /// error of every connection ([`TlsError::Setup`](super::TlsError::Setup)).
    pub fn build_lazy(self) -> TlsConfig {
        TlsConfig::of(self)
    }

    pub(super) fn check(&self) -> Result<(), TlsSetupError> {
        if self.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(TlsSetupError::Alpn);
        }
        if self.least > self.greatest { Err(TlsSetupError::NoVersion) } else { Ok(()) }
    }

    pub(super) fn trust(&self) -> Result<Trust, TlsSetupError> {
        let provider = super::provider();
        let (by, counts): (Arc<dyn ServerCertVerifier>, _) = if self.insecure {
            (Arc::new(AnyCertificate(provider)), RootCounts::default())
        } else {
            let (store, counts) = roots::load(&self.roots)?;
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
            (verifier.map_err(|_| TlsSetupError::NoRoots)?, counts)
        };
        Ok(Trust { verifier: Arc::new(Judge { by, pins: self.pins.clone() }), counts })
    }

    /// Never sends early data: another could replay it (RFC 8446 section 8).
    pub(super) fn client(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, TlsSetupError> {
        let builder = ClientConfig::builder_with_provider(super::provider())
            .with_protocol_versions(&self.versions())
            .map_err(|_| TlsSetupError::NoVersion)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut client = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
            None => builder.with_no_client_auth(),
        };
        client.alpn_protocols = self.alpn.clone();
        client.enable_early_data = false;
        if let Some(file) = &self.key_log {
            client.key_log = Arc::new(file.clone());
        }
        Ok(client)
    }

    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let allowed = self.least..=self.greatest;
        let known = [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)];
        known.into_iter().filter(|(version, _)| allowed.contains(version)).map(|(_, known)| known).collect()
    }
}
