//! What clients of other hubs are made of, so that they connect as one does that is there already.

use std::rc::Rc;
use std::time::Duration;

use super::client::{Client, ClientConfig, HttpVersions};
use super::pool::PoolLimits;
use super::routes::Routes;
use crate::net::{Resolver, ResolverConfig, TlsConfig};

/// A client without connections, and without a hub: any thread may make one of it. TLS sessions are those of the client
/// that it was taken from.
#[derive(Clone)]
pub(crate) struct ClientTemplate {
    pub(super) resolver: ResolverConfig,
    pub(super) tls: TlsConfig,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) pool: PoolLimits,
    pub(super) versions: HttpVersions,
    pub(super) routes: Routes,
}

impl Client {
    /// What clients of other hubs are made of, each with as many idle connections as this one.
    pub(crate) fn template(&self) -> ClientTemplate {
        let connector = &self.shared.connector;
        ClientTemplate {
            resolver: connector.resolver.config(),
            tls: self.shared.tls.clone(),
            connect_timeout: connector.timeout,
            pool: self.shared.pool.limits,
            versions: self.shared.versions,
            routes: connector.routes.clone(),
        }
    }

    /// Closes the connection that has been idle longest, so that its descriptor can be had. False if there is none: then
    /// others have been [asked](Client::on_no_descriptor), and time may help.
    pub(crate) fn make_room(&self) -> bool {
        self.shared.connector.room.make()
    }

    /// Calls `ask`, as long as that lives, where a descriptor is wanted and no connection is idle, so that other hubs may
    /// close one of theirs.
    pub(crate) fn on_no_descriptor(&self, ask: &Rc<dyn Fn()>) {
        self.shared.connector.room.ask_others_by(ask);
    }
}

impl ClientTemplate {
    /// A client of the hub that this is called on.
    pub fn client(&self) -> Client {
        let config = ClientConfig {
            resolver: Resolver::new(self.resolver.clone()),
            tls: self.tls.clone(),
            connect_timeout: self.connect_timeout,
            pool: self.pool,
            versions: self.versions,
        };
        Client::with_routes(config, self.routes.clone())
    }
}
