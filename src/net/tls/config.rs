//! A client's TLS settings, made once: what tells them from others, what is loaded of them, the sessions they may resume.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;

use super::builder::TlsConfigBuilder;
use super::error::TlsSetupError;
use super::roots::{RootCounts, Roots};
use super::tickets::{SessionScope, Tickets};

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
    /// Read once, also where it serves two configurations.
    trust: Arc<OnceLock<Result<Trust, TlsSetupError>>>,
    loaded: OnceLock<Result<Loaded, TlsSetupError>>,
    /// The same without the client's certificate, where there is one.
    anonymous: Option<TlsConfig>,
}

/// Who judges a server's certificate.
#[derive(Clone)]
pub(super) struct Trust {
    pub verifier: Arc<dyn ServerCertVerifier>,
    pub counts: RootCounts,
}

/// What rustls works with.
pub(super) struct Loaded {
    client: Arc<ClientConfig>,
    pub counts: RootCounts,
    tickets: Arc<Tickets>,
}

impl Loaded {
    /// For one connection, whose sessions are shared with others of the same scope only.
    pub fn client(&self, scope: SessionScope) -> Arc<ClientConfig> {
        // Some shared pointers and one list of names: nothing beside a handshake.
        let mut client = ClientConfig::clone(&self.client);
        client.resumption = Resumption::store(self.tickets.within(scope));
        Arc::new(client)
    }
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
            identity: None,
            pins: Vec::new(),
            key_log: None,
        }
    }

    pub(super) fn of(settings: TlsConfigBuilder) -> TlsConfig {
        let trust = Arc::default();
        let anonymous = settings.identity.is_some().then(|| {
            let settings = TlsConfigBuilder { identity: None, ..settings.clone() };
            TlsConfig::trusting(settings, Arc::clone(&trust), None)
        });
        TlsConfig::trusting(settings, trust, anonymous)
    }

    fn trusting(
        settings: TlsConfigBuilder,
        trust: Arc<OnceLock<Result<Trust, TlsSetupError>>>,
        anonymous: Option<TlsConfig>,
    ) -> TlsConfig {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        TlsConfig { shared: Arc::new(Shared { id, settings, trust, loaded: OnceLock::new(), anonymous }) }
    }

    /// The same settings without the client's certificate: another configuration, with another [`id`](TlsConfig::id) and
    /// sessions of its own, always the same one. Itself if there is no certificate.
    pub fn anonymous(&self) -> &TlsConfig {
        self.shared.anonymous.as_ref().unwrap_or(self)
    }

    /// Whether a server that asks for a certificate is shown one.
    pub fn has_identity(&self) -> bool {
        self.shared.settings.identity.is_some()
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

    /// Forgets the sessions that could be resumed, those without the client's certificate too: the next connections make whole handshakes, as the first ones did.
    pub fn forget_sessions(&self) {
        if let Some(Ok(loaded)) = self.shared.loaded.get() {
            loaded.tickets.clear();
        }
        if let Some(anonymous) = &self.shared.anonymous {
            anonymous.forget_sessions();
        }
    }

    pub(super) fn loaded(&self) -> Result<&Loaded, TlsSetupError> {
        let loaded = self.shared.loaded.get_or_init(|| self.load());
        loaded.as_ref().map_err(TlsSetupError::clone)
    }

    fn load(&self) -> Result<Loaded, TlsSetupError> {
        let settings = &self.shared.settings;
        settings.check()?;
        let trust = self.shared.trust.get_or_init(|| settings.trust()).clone()?;
        let client = Arc::new(settings.client(trust.verifier)?);
        Ok(Loaded { client, counts: trust.counts, tickets: Arc::default() })
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
