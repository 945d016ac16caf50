//! From the plan's connection part to a client: resolver, certificates, time limits.

use std::sync::Arc;
use std::time::Duration;

use gfetch::fetch::compare::MAX_ENTRIES;
use gfetch::fetch::plan::{ConnectPlan, Family, Plan};
use gfetch::http::proxy::{Proxy, ProxyKind, ProxyRules};
use gfetch::http::{Client, ClientConfig, PoolLimits, Routes};
use gfetch::net::{self, Identity, KeyLogFile, Override, Resolver, ResolverConfig, Roots, TlsConfig, TlsConfigBuilder};

/// A client for `plan`. Certificates that were named are read now, the system's when the first https URL needs them.
pub fn of(plan: &Plan) -> Result<Client, String> {
    with_names(plan, ResolverConfig::default())
}

/// The same for a comparison: a name is looked up once for all of its runs, however long they take and however many
/// hosts there are, so that none of them has colder names than the others.
pub fn with_lasting_names(plan: &Plan) -> Result<Client, String> {
    with_names(
        plan,
        ResolverConfig { positive_ttl: Duration::MAX, max_entries: MAX_ENTRIES, ..ResolverConfig::default() },
    )
}

fn with_names(plan: &Plan, names: ResolverConfig) -> Result<Client, String> {
    let connect = &plan.connect;
    let resolver = Resolver::new(ResolverConfig {
        overrides: connect
            .resolve
            .iter()
            .map(|entry| Override {
                host: entry.host.clone(),
                port: Some(entry.port),
                addresses: entry.addrs.clone(),
                port_to: None,
            })
            .collect(),
        family: match connect.family {
            Family::Any => net::Family::Any,
            Family::V4 => net::Family::V4,
            Family::V6 => net::Family::V6,
        },
        ..names
    });
    let tls = origin_tls(connect)?;
    let tls = match &connect.ca.named_by {
        Some(name) if !connect.insecure => tls.build().map_err(|error| format!("{name}: {error}"))?,
        _ => tls.build_lazy(),
    };
    let config = ClientConfig {
        resolver,
        tls,
        connect_timeout: Some(plan.limits.connect_timeout),
        pool: idle_of_each(plan.threads),
        versions: connect.versions,
    };
    let connect_timeouts = plan.hosts.connect_timeouts();
    let routes = Routes { proxy_tls: proxy_tls(connect)?, connect_timeouts, ..connect.routes.clone() };
    Ok(Client::with_routes(config, routes))
}

/// Each thread's connections are its own: together they keep as many as one alone.
fn idle_of_each(threads: usize) -> PoolLimits {
    let PoolLimits { idle_per_origin, idle, idle_time } = PoolLimits::default();
    PoolLimits { idle_per_origin: idle_per_origin.div_ceil(threads), idle: idle.div_ceil(threads), idle_time }
}

/// What is spoken with HTTPS proxies: the same authorities are trusted, no certificate of ours is shown, and -k, which is
/// about servers, does not count, as in curl.
fn proxy_tls(connect: &ConnectPlan) -> Result<Option<TlsConfig>, String> {
    let ProxyRules { http, https, all, .. } = &connect.routes.proxies;
    let is_tls = |proxy: &Option<Arc<Proxy>>| proxy.as_ref().is_some_and(|proxy| proxy.kind == ProxyKind::Https);
    if ![http, https, all].into_iter().any(is_tls) {
        return Ok(None);
    }
    Ok(Some(any_tls(connect)?.insecure(false).build_lazy()))
}

/// What is spoken with the servers of URLs; a proxy is none of them.
fn origin_tls(connect: &ConnectPlan) -> Result<TlsConfigBuilder, String> {
    let mut tls = any_tls(connect)?.pinned_keys(connect.tls.pins.iter().copied());
    if let Some(files) = &connect.tls.identity {
        tls = tls.identity(Identity::from_files(files).map_err(|error| format!("-E/--cert: {error}"))?);
    }
    Ok(tls)
}

/// What is spoken with everybody: whom to trust, versions, the log of keys.
fn any_tls(connect: &ConnectPlan) -> Result<TlsConfigBuilder, String> {
    let roots = Roots::Files { files: connect.ca.files.clone(), dirs: connect.ca.dirs.clone() };
    let mut tls = TlsConfig::builder().roots(roots).insecure(connect.insecure);
    if let Some(least) = connect.tls.least {
        tls = tls.min_version(least);
    }
    if let Some(greatest) = connect.tls.greatest {
        tls = tls.max_version(greatest);
    }
    if let Some(path) = &connect.tls.key_log {
        let file = KeyLogFile::append_to(path);
        tls = tls.key_log(file.map_err(|error| format!("SSLKEYLOGFILE: {}: {error}", path.display()))?);
    }
    Ok(tls)
}
