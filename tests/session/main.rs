//! Whole runs against scripted servers on the virtual clock: stories of minutes take no time, and times are exact.

mod bodies;
mod files;
mod hosts;
mod limits;
mod lines;
mod queues;
mod redirects;
mod retries;
mod server;
mod stopping;
mod threads;
mod tls;

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

use gfetch::fetch::list::{Input, List};
use gfetch::fetch::names::Names;
use gfetch::fetch::outcome::{Kind, Limit, Outcome, Stage};
use gfetch::fetch::plan::{Order, Plan};
use gfetch::fetch::{Fetched, Output, Session};
use gfetch::green::{self, ClockKind};
use gfetch::http::{Client, ClientConfig, PoolLimits};
use gfetch::net::{Resolver, ResolverConfig, TlsConfig};

use server::{Peer, Server};

/// Runs a story on the virtual clock.
fn story<T>(f: impl FnOnce() -> T) -> T {
    green::Config::new().clock(ClockKind::Virtual).run(f)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A plan without the limits that a story is not about.
fn plan() -> Plan {
    Plan { per_host: None, give_up_host: 0, ..Plan::default() }
}

fn per_host(most: usize) -> Option<NonZeroUsize> {
    NonZeroUsize::new(most)
}

fn client(plan: &Plan, tls: TlsConfig) -> Client {
    Client::new(ClientConfig {
        resolver: Resolver::new(ResolverConfig::default()),
        tls,
        connect_timeout: Some(plan.limits.connect_timeout),
        pool: PoolLimits::default(),
        versions: Default::default(),
    })
}

fn session(plan: Plan) -> Session {
    session_to(plan, None)
}

fn session_to(plan: Plan, output: Option<Output>) -> Session {
    let client = client(&plan, TlsConfig::builder().build_lazy());
    Session::new(plan, client, output)
}

fn no_names() -> Names {
    Names::new(None, Vec::new(), false)
}

fn list(lines: &[impl AsRef<str>]) -> List {
    let text = lines.iter().map(|line| format!("{}\n", line.as_ref())).collect::<String>();
    reader(io::Cursor::new(text))
}

fn reader(from: impl Read + 'static) -> List {
    List::new([Input::Reader { name: "list".to_owned(), from: Box::new(from) }])
}

/// Runs a plan over lines; what came of each, in the order handed over.
fn fetch(plan: Plan, lines: &[impl AsRef<str>]) -> Vec<Outcome> {
    let session = session(plan);
    session.run(list(lines), no_names()).map(|fetched| fetched.unwrap().outcome).collect()
}

fn fetch_one(plan: Plan, line: &str) -> Outcome {
    let mut outcomes = fetch(plan, &[line]);
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

/// Kind, stage and limit of a failure.
fn why(outcome: &Outcome) -> Option<(Kind, Stage, Option<Limit>)> {
    outcome.error.as_ref().map(|error| (error.kind, error.stage, error.limit))
}

fn kind(outcome: &Outcome) -> Option<Kind> {
    outcome.error.as_ref().map(|error| error.kind)
}

/// A port on which nobody listens, on an address that no other test uses.
fn refused_url() -> String {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let address = format!("127.0.1.{}:0", NEXT.fetch_add(1, Ordering::Relaxed));
    let listener = gfetch::net::TcpListener::bind(address.parse().unwrap()).unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// Answers every request with its path.
fn echo(asked: &server::Asked, peer: &mut Peer) {
    peer.ok(&asked.path);
}
