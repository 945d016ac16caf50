//! Names: a host in, addresses out; each name is looked up once at a time, on threads of their own, and kept for a while.
//!
//! ```text
//!   lookup ──► override? ──► literal? ──► localhost? ──► kept? ──► in flight? ──► look up
//!                 │             │             │            │           │ wait ◄──────┘
//!                 ▼             ▼             ▼            ▼           ▼
//!              addresses, those of the wanted family, with the port
//! ```

mod cache;
mod config;
mod error;
mod flights;
mod host;
mod overrides;
mod system;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

pub use config::{Family, LookUp, ResolverConfig};
pub use error::{DnsError, DnsErrorKind, LookupError};
pub use overrides::Override;

use flights::Flights;
use host::{Host, LOOPBACKS};
use overrides::Overrides;

/// Turns hosts into addresses, and remembers them. Clones share what is remembered; one per run. gevent: the hub's
/// `resolver`.
///
/// ```
/// use gfetch::{green, net::{Resolver, ResolverConfig}};
/// green::run(|| {
///     let resolver = Resolver::new(ResolverConfig::default());
///     let found = resolver.lookup("127.0.0.1", 80).unwrap();
///     assert_eq!(found[..], ["127.0.0.1:80".parse().unwrap()]);
/// });
/// ```
#[derive(Clone)]
pub struct Resolver {
    shared: Rc<Shared>,
}

struct Shared {
    config: ResolverConfig,
    overrides: Overrides,
    family: Family,
    flights: Flights,
}

impl Resolver {
    /// A resolver that remembers nothing yet.
    pub fn new(config: ResolverConfig) -> Resolver {
        let overrides = Overrides::new(config.overrides.clone());
        let (family, flights) = (config.family, Flights::new(&config));
        Resolver { shared: Rc::new(Shared { config, overrides, family, flights }) }
    }

    /// What it goes by, for one on another hub.
    pub(crate) fn config(&self) -> ResolverConfig {
        self.shared.config.clone()
    }

    /// The addresses of `host` (a name in ASCII, or a literal, IPv6 with or without brackets) with `port`, the one to try
    /// first in front: at least one, of a looked-up name at most 32. Waits if the name must be looked up; put a
    /// [`timeout`](crate::green::timeout) around it: that ends the wait, and a look-up that has begun goes on for others.
    /// An [`Override`] may put another port in the place of `port`.
    ///
    /// `localhost` and what ends in `.localhost` are both loopbacks, never looked up (RFC 6761, section 6.3).
    pub fn lookup(&self, host: &str, port: u16) -> Result<Rc<[SocketAddr]>, DnsError> {
        let (all, port) = self.addresses(host, port).map_err(|error| DnsError::new(host, error))?;
        let wanted = all.iter().filter(|address| self.shared.family.admits(**address));
        let found: Rc<[SocketAddr]> = wanted.map(|address| SocketAddr::new(*address, port)).collect();
        if found.is_empty() {
            return Err(DnsError::new(host, LookupError::no_address_in(self.shared.family)));
        }
        Ok(found)
    }

    /// The addresses, and the port to use with them.
    fn addresses(&self, host: &str, port: u16) -> Result<(Rc<[IpAddr]>, u16), LookupError> {
        if let Some(given) = self.shared.overrides.find(host, port) {
            return Ok((given.addresses, given.port_to.unwrap_or(port)));
        }
        let addresses: Rc<[IpAddr]> = match Host::parse(host)? {
            Host::Literal(address) => Rc::new([address]),
            Host::Localhost => Rc::new(LOOPBACKS),
            Host::Name(name) => self.shared.flights.lookup(&name)?,
        };
        Ok((addresses, port))
    }
}
