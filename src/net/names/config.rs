//! What a resolver goes by: the wanted family, the times, the bounds, and what looks names up.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::error::LookupError;
use super::overrides::Override;
use super::system;

/// How long an answer is used. The system's look-up tells no time to live; this one is short enough for a long run to
/// follow a server that moves, and curl's.
const POSITIVE_TTL: Duration = Duration::from_secs(60);
/// How long "no such name" is used: it only keeps a burst of requests from asking the same again.
const NEGATIVE_TTL: Duration = Duration::from_secs(1);
/// Names kept; at about 300 bytes each a little over a megabyte.
const MAX_ENTRIES: usize = 4096;

/// Which addresses are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// Both, in the system's order.
    #[default]
    Any,
    /// IPv4 only. curl: `-4`.
    V4,
    /// IPv6 only. curl: `-6`.
    V6,
}

impl Family {
    pub(super) fn admits(self, address: IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }
}

/// Looks a name up and may block: called on a thread, never for literals, localhost or what cannot be a name.
pub type LookUp = Arc<dyn Fn(&str, Family) -> Result<Vec<IpAddr>, LookupError> + Send + Sync>;

/// What a [`Resolver`](super::Resolver) goes by.
#[derive(Clone)]
pub struct ResolverConfig {
    /// Hosts whose addresses are given. curl: `--resolve`.
    pub overrides: Vec<Override>,
    /// Which addresses are wanted, also of literals and overrides.
    pub family: Family,
    /// How long addresses are kept (60 s); zero keeps none.
    pub positive_ttl: Duration,
    /// How long it is kept that a name does not exist (1 s). A temporary failure is never kept.
    pub negative_ttl: Duration,
    /// Names kept at most (4,096); the oldest goes first. Zero keeps none.
    pub max_entries: usize,
    /// What looks names up: the system's `getaddrinfo`.
    pub lookup_with: LookUp,
}

impl Default for ResolverConfig {
    fn default() -> ResolverConfig {
        ResolverConfig {
            overrides: Vec::new(),
            family: Family::Any,
            positive_ttl: POSITIVE_TTL,
            negative_ttl: NEGATIVE_TTL,
            max_entries: MAX_ENTRIES,
            lookup_with: Arc::new(system::look_up),
        }
    }
}
