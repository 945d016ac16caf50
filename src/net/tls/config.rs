//! A client's TLS settings: whom to trust, which versions, which protocols; and the sessions that they may resume.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::error::TlsSetupError;
use super::insecure::AnyCertificate;
use super::roots::{self, RootCounts, Roots};
use super::tickets::Tickets;

/// A version of TLS that can be asked for. Older ones are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// A client's TLS settings, made once and shared: clones are equal, share their sessions, and may go to other threads.
///
/// Two that were built apart are never equal, whatever they hold: a connection or a session of one must not serve the
/// other, so that a pool takes the [`id`](TlsConfig::id) into its key.
#[derive(Clone)]
pub struct TlsConfig {
    shared: Arc<Shared>,
}

struct Shared {
    id: u64,
    settings: TlsConfigBuilder,
    loaded: OnceLock<Result<Loaded, TlsSetupError>>,
}

/// What rustls works with.
pub(super) struct Loaded {
    pub client: Arc<ClientConfig>,
    pub counts: RootCounts,
    tickets: Arc<Tickets>,
}

impl TlsConfig {
    /// Settings to fill in: TLS 1.2 and 1.3, no ALPN, certificates are checked.
    pub fn builder() -> TlsConfigBuilder {
        TlsConfigBuilder {
            roots: Roots::Der(Vec::new()),
            insecure: false,
            alpn: Vec::new(),
            least: TlsVersion::Tls12,
            greatest: TlsVersion::Tls13,
        }
    }

    /// What tells this configuration from all others of the process.
    pub fn id(&self) -> u64 {
        self.shared.id
    }

    /// Whether certificates are *not* checked.
    pub fn is_insecure(&self) -> bool {
        self.shared.settings.insecure
    }

    /// How many certificates are trusted, and how many were too broken for that. Loads them, if nobody has yet.
    pub fn root_counts(&self) -> Result<RootCounts, TlsSetupError> {
        self.loaded().map(|loaded| loaded.counts)
    }

    /// Forgets the sessions that could be resumed: the next connections make whole handshakes, as the first ones did.
    pub fn forget_sessions(&self) {
        if let Some(Ok(loaded)) = self.shared.loaded.get() {
            loaded.tickets.clear();
        }
    }

    pub(super) fn loaded(&self) -> Result<&Loaded, TlsSetupError> {
        let loaded = self.shared.loaded.get_or_init(|| self.shared.settings.load());
        loaded.as_ref().map_err(TlsSetupError::clone)
    }
}

impl PartialEq for TlsConfig {
    fn eq(&self, other: &TlsConfig) -> bool {
        self.id() == other.id()
    }
}

impl Eq for TlsConfig {}

impl Hash for TlsConfig {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig").field("id", &self.id()).field("settings", &self.shared.settings).finish()
    }
}

/// Settings for a [`TlsConfig`].
#[derive(Clone, Debug)]
pub struct TlsConfigBuilder {
    roots: Roots,
    insecure: bool,
    alpn: Vec<Vec<u8>>,
    least: TlsVersion,
    greatest: TlsVersion,
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

    /// Loads the roots now, so that what is wrong with them is told now. Blocks the thread for the reading.
    pub fn build(self) -> Result<TlsConfig, TlsSetupError> {
        let config = self.build_lazy();
        config.loaded()?;
        Ok(config)
    }

    /// Loads the roots at the first connection, for a caller who may never make one; what is wrong with them is then the
    /// error of every connection ([`TlsError::Setup`](super::TlsError::Setup)).
    pub fn build_lazy(self) -> TlsConfig {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        TlsConfig { shared: Arc::new(Shared { id, settings: self, loaded: OnceLock::new() }) }
    }

    fn load(&self) -> Result<Loaded, TlsSetupError> {
        if self.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(TlsSetupError::Alpn);
        }
        let provider = super::provider();
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions())
            .map_err(|_| TlsSetupError::NoVersion)?;
        let (builder, counts) = if self.insecure {
            let verifier = Arc::new(AnyCertificate(provider));
            (builder.dangerous().with_custom_certificate_verifier(verifier), RootCounts::default())
        } else {
            let (store, counts) = roots::load(&self.roots)?;
            (builder.with_root_certificates(store), counts)
        };
        let mut client = builder.with_no_client_auth();
        client.alpn_protocols = self.alpn.clone();
        let tickets = Arc::new(Tickets::default());
        client.resumption = Resumption::store(tickets.clone());
        Ok(Loaded { client: Arc::new(client), counts, tickets })
    }

    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let allowed = self.least..=self.greatest;
        let known = [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)];
        known.into_iter().filter(|(version, _)| allowed.contains(version)).map(|(_, known)| known).collect()
    }
}
