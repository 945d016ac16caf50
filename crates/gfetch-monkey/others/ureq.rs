//! `ureq`: HTTP over std's sockets and rustls, pools behind std's mutexes, its resolver on a thread of its own where a
//! time-out may end it.

use std::net::SocketAddr;
use std::time::Duration;

use gfetch::green;
use ureq::Agent;
use ureq::config::{Config, ConfigBuilder};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

use crate::support::{MOMENT, SECOND, all, patched, timed};
use crate::{DELAY, MANY, as_on_threads, assert_overlapped, http};

/// What is at `http://address/n`; the failure's words where there is nothing.
fn get(agent: &Agent, url: String) -> Result<String, String> {
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    answer.body_mut().read_to_string().map_err(|error| error.to_string())
}

fn url(address: SocketAddr, n: usize) -> String {
    format!("http://{address}/{n}")
}

fn paths(count: usize) -> Vec<Result<String, String>> {
    (0..count).map(|n| Ok(format!("/{n}"))).collect()
}

#[test]
fn an_agent_each() {
    let address = http::serve(DELAY);
    let done = as_on_threads(MANY, DELAY, move |n| get(&Agent::new_with_defaults(), url(address, n)));
    assert_eq!(done, paths(MANY));
}

#[test]
fn one_agent_for_all_whose_connections_are_kept() {
    let address = http::serve(DELAY);
    let agent = Agent::new_with_defaults();
    let done = as_on_threads(MANY, DELAY * 2, move |n| {
        assert_eq!(get(&agent, url(address, n)), Ok(format!("/{n}")));
        get(&agent, url(address, n))
    });
    assert_eq!(done, paths(MANY));
}

#[test]
fn over_tls() {
    let own = http::certificate();
    let address = http::serve_tls(DELAY, &own);
    let roots = RootCerts::new_with_certs(&[Certificate::from_der(own.cert.der()).to_owned()]);
    let config = Agent::config_builder().tls_config(TlsConfig::builder().root_certs(roots).build()).build();
    let agent = Agent::new_with_config(config.clone());
    let done = as_on_threads(MANY, DELAY, move |n| get(&agent, format!("https://{address}/{n}")));
    assert_eq!(done, paths(MANY));
    let done = as_on_threads(MANY, DELAY, move |n| {
        get(&Agent::new_with_config(config.clone()), format!("https://localhost:{}/{n}", address.port()))
    });
    assert_eq!(done, paths(MANY));
}

/// The failure of every one of `MANY` against a server that takes 30 s, by an agent of `config`.
fn failures(config: Config) -> Vec<Result<String, String>> {
    let address = http::serve(SECOND * 30);
    let agent = Agent::new_with_config(config);
    let (done, wall) = timed(|| patched(|| all(MANY, move |n| get(&agent, url(address, n)))));
    assert_overlapped(wall, MANY, LIMIT);
    done
}

const LIMIT: Duration = Duration::from_millis(300);

fn limited(limit: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>) -> Config {
    limit(Agent::config_builder()).build()
}

#[test]
fn a_time_out_of_the_answers() {
    let config = limited(|builder| builder.timeout_recv_response(Some(LIMIT)));
    assert_eq!(failures(config), vec![Err("timeout: receive response".to_owned()); MANY]);
}

/// The default resolver then has a thread of its own and waits for its answer by std's mpsc.
#[test]
fn a_time_out_of_all_with_the_default_resolver() {
    let config = limited(|builder| builder.timeout_global(Some(LIMIT)));
    assert_eq!(failures(config), vec![Err("timeout: global".to_owned()); MANY]);
    let address = http::serve(DELAY);
    let agent = Agent::new_with_config(limited(|builder| builder.timeout_global(Some(SECOND * 60))));
    let done = as_on_threads(MANY, DELAY, move |n| get(&agent, url(address, n)));
    assert_eq!(done, paths(MANY));
}

/// A scope of gfetch's ends it as well: what its socket says (`ETIMEDOUT`) ureq tells as a time-out of its own.
#[test]
fn a_scope_of_gfetchs() {
    let address = http::serve(SECOND * 30);
    let mut told = String::new();
    let scope = patched(|| {
        green::timeout(MOMENT * 5, || {
            get(&Agent::new_with_defaults(), url(address, 0)).inspect_err(|failure| told.clone_from(failure))
        })
    });
    assert_eq!(scope.unwrap_err().limit, MOMENT * 5);
    assert_eq!(told, "timeout: global");
}
