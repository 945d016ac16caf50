//! Owns a row of the table: scripts, options, required outcomes; and how it is run beside healthy URLs.
//!
//! Each row runs twice, with bodies only counted (the kernel may drop them) and with bodies hashed (they are read); on a
//! hub with a virtual clock, on a thread of its own under a hard limit of real time.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use gfetch::fetch::Session;
use gfetch::fetch::list::{Input, List};
use gfetch::fetch::names::Names;
use gfetch::fetch::outcome::{Kind, Limit, Outcome, Stage};
use gfetch::fetch::plan::Plan;
use gfetch::green::{self, ClockKind, Config};
use gfetch::http::proxy::{Proxy, ProxyKind, ProxyRules};
use gfetch::http::{Client, ClientConfig, PoolLimits};
use gfetch::net::{Resolver, ResolverConfig, Roots, TlsAcceptor, TlsConfig};
use sha2::{Digest, Sha256};

use super::script::{Bound, Request, Seen, Step, send};

/// Real time that a row may take, with a machine that does much else: a hang, not slowness, reaches this.
const HARD_LIMIT: Duration = Duration::from_secs(60);
const HEALTHY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhealthy";

/// What must come out of one URL.
#[derive(Clone, Debug)]
pub enum Want {
    /// Success with exactly these bytes.
    Body(Vec<u8>),
    /// Success with so many bytes.
    Bytes(u64),
    /// This failure.
    Fails(Kind, Stage, Option<Limit>),
}

/// What a row's servers have seen, and the outcomes of the hostile URLs, for further questions.
pub struct After {
    pub first: Seen,
    pub other: Seen,
    pub outcomes: Vec<Outcome>,
    /// Virtual time that the whole batch took.
    pub took: Duration,
}

/// A row of the table.
#[derive(Clone)]
pub struct Case {
    name: String,
    scripts: Vec<Vec<Step>>,
    other_scripts: Vec<Vec<Step>>,
    tls: bool,
    https: bool,
    /// The servers' certificate, and what the client trusts.
    identity: fn() -> (TlsAcceptor, TlsConfig),
    userinfo: &'static str,
    proxy: Option<&'static str>,
    paths: Vec<String>,
    change: fn(&mut Plan),
    wants: Vec<Want>,
    check: Arc<dyn Fn(&After) + Send + Sync>,
}

/// A row: what it shows, and what the server does on its one connection.
pub fn case(name: impl Into<String>, script: Vec<Step>) -> Case {
    Case {
        name: name.into(),
        scripts: vec![script],
        other_scripts: Vec::new(),
        tls: false,
        https: false,
        identity,
        userinfo: "",
        proxy: None,
        paths: Vec::new(),
        change: |_| (),
        wants: Vec::new(),
        check: Arc::new(|_| ()),
    }
}

impl Case {
    /// The next URL comes out with exactly these bytes.
    pub fn gives(mut self, body: impl AsRef<[u8]>) -> Case {
        self.wants.push(Want::Body(body.as_ref().to_vec()));
        self
    }

    /// The next URL comes out with so many bytes.
    pub fn gives_bytes(mut self, count: u64) -> Case {
        self.wants.push(Want::Bytes(count));
        self
    }

    /// The next URL fails like this.
    pub fn fails(mut self, kind: Kind, stage: Stage) -> Case {
        self.wants.push(Want::Fails(kind, stage, None));
        self
    }

    /// The next URL runs into this clock.
    pub fn times_out(mut self, limit: Limit, stage: Stage) -> Case {
        self.wants.push(Want::Fails(Kind::Timeout, stage, Some(limit)));
        self
    }

    /// What the server does on its next connection.
    pub fn then(mut self, script: Vec<Step>) -> Case {
        self.scripts.push(script);
        self
    }

    /// What a server of another origin does on its next connection; its address replaces `{other}` in what is sent.
    pub fn other(mut self, script: Vec<Step>) -> Case {
        self.other_scripts.push(script);
        self
    }

    /// All servers but the healthy ones speak TLS.
    pub fn tls(mut self) -> Case {
        self.tls = true;
        self.https()
    }

    /// The URLs are https; whether the server speaks TLS is another question.
    pub fn https(mut self) -> Case {
        self.https = true;
        self
    }

    /// The servers but the healthy ones speak TLS with what this makes, instead of a good certificate.
    pub fn identity(mut self, identity: fn() -> (TlsAcceptor, TlsConfig)) -> Case {
        self.identity = identity;
        self.tls()
    }

    /// `user:password@` of the URLs.
    pub fn user(mut self, userinfo: &'static str) -> Case {
        self.userinfo = userinfo;
        self
    }

    /// The server is a proxy, with this before its address (`socks5h://me:pw@`); the URLs are those of `origin.test`, and
    /// the healthy ones are asked directly.
    pub fn proxy(mut self, before: &'static str) -> Case {
        self.proxy = Some(before);
        self
    }

    /// Changes the plan. Rows with several URLs are fetched serially.
    pub fn with(mut self, change: fn(&mut Plan)) -> Case {
        self.change = change;
        self
    }

    /// More to be looked at.
    pub fn and(mut self, check: impl Fn(&After) + Send + Sync + 'static) -> Case {
        self.check = Arc::new(check);
        self
    }

    /// The next URL's path; otherwise `/0`, `/1`, …
    pub fn path(mut self, path: &str) -> Case {
        self.paths.push(path.to_owned());
        self
    }
}

/// Runs a table, and fails with all its rows that are not as required.
pub fn check(cases: impl IntoIterator<Item = Case>) {
    let mut wrong = Vec::new();
    for case in cases {
        for hashed in [false, true] {
            let name = case.name.clone();
            if let Err(text) = in_time(case.clone(), hashed) {
                wrong.push(format!("{name} ({}): {text}", if hashed { "hashed" } else { "counted" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn in_time(case: Case, hashed: bool) -> Result<(), String> {
    let (done, result) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let judged = Config::new().clock(ClockKind::Virtual).run(|| case.run(hashed));
        let _ = done.send(judged);
    });
    match result.recv_timeout(HARD_LIMIT) {
        Ok(judged) => judged,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("hangs: not done after {HARD_LIMIT:?}")),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let payload = thread.join().expect_err("it ended without a result");
            let text = payload.downcast_ref::<String>().cloned();
            Err(text.or(payload.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default())
        }
    }
}

impl Case {
    fn run(self, hashed: bool) -> Result<(), String> {
        let (first, other, healthy) = (Bound::at("127.0.0.1"), Bound::at("127.0.0.3"), Bound::at("127.0.0.2"));
        let names = [("{self}", first.address().to_string()), ("{other}", other.address().to_string())];
        let fill = |scripts: &[Vec<Step>]| {
            scripts.iter().map(|script| script.iter().map(|step| filled(step, &names)).collect()).collect()
        };
        let (acceptor, tls) = (self.identity)();
        let acceptor = self.tls.then_some(acceptor);
        let scheme = if self.https { "https" } else { "http" };
        let first = first.serve(fill(&self.scripts), false, acceptor.clone());
        let other = other.serve(fill(&self.other_scripts), false, acceptor);
        let healthy = healthy.serve(vec![vec![Request, send(HEALTHY), Request, send(HEALTHY)]], true, None);

        let mut plan = Plan { hash_bodies: hashed, serial: self.wants.len() > 1, ..Plan::default() };
        (self.change)(&mut plan);
        let mut host = first.address.to_string();
        if let Some(before) = self.proxy {
            let proxy = Proxy::parse(&format!("{before}{host}"), ProxyKind::Http).unwrap();
            plan.connect.routes.proxies = ProxyRules { no_proxy: "127.0.0.0/8".into(), ..ProxyRules::all(proxy) };
            host = "origin.test".to_owned();
        }
        let healthy_url = format!("http://{}/healthy", healthy.address);
        let client = client(&plan, tls);
        let method = plan.request.method.clone();
        let mut urls = Vec::new();
        for number in 0..self.wants.len() {
            let path = self.paths.get(number).cloned().unwrap_or(format!("/{number}"));
            urls.push(format!("{scheme}://{}{host}{path}", self.userinfo));
        }
        let begun = green::now();
        // An upload is not for the healthy server: what passes through the kernel takes time that no virtual clock knows.
        let is_upload = plan.request.body.as_ref().is_some_and(|body| body.len() > 1 << 16);
        let outcomes = if is_upload {
            let (side, url) = (client.clone(), healthy_url.clone());
            let beside = green::spawn(move || fetch(Plan::default(), &side, vec![url.clone(), url]));
            let outcomes = fetch(plan, &client, urls);
            let healthy = beside.get().unwrap();
            [&healthy[..1], &outcomes[..], &healthy[1..]].concat()
        } else {
            fetch(plan, &client, [vec![healthy_url.clone()], urls, vec![healthy_url]].concat())
        };
        let took = green::now() - begun;
        let wanted = if method.as_deref() == Some("HEAD") { "" } else { "healthy" };
        for (when, outcome) in [("before", &outcomes[0]), ("after", outcomes.last().unwrap())] {
            judge(&format!("the healthy URL {when}"), outcome, &Want::Body(wanted.into()))?;
        }
        let outcomes = outcomes[1..outcomes.len() - 1].to_vec();
        for (number, (outcome, want)) in outcomes.iter().zip(&self.wants).enumerate() {
            judge(&format!("URL {number}"), outcome, want)?;
        }
        let (first, other) = (first.seen.take(), other.seen.take());
        if first.connections != self.scripts.len() {
            return Err(format!("{} connections, {} wanted", first.connections, self.scripts.len()));
        }
        if other.connections != self.other_scripts.len() {
            return Err(format!("{} connections to the other origin", other.connections));
        }
        client.close_idle();
        (self.check)(&After { first, other, outcomes, took });
        Ok(())
    }
}

pub fn client(plan: &Plan, tls: TlsConfig) -> Client {
    let config = ClientConfig {
        resolver: Resolver::new(ResolverConfig::default()),
        tls,
        connect_timeout: Some(plan.limits.connect_timeout),
        pool: PoolLimits::default(),
        versions: Default::default(),
    };
    Client::with_routes(config, plan.connect.routes.clone())
}

pub fn fetch(plan: Plan, client: &Client, urls: Vec<String>) -> Vec<Outcome> {
    let session = Session::new(plan, client.clone(), None);
    let list = List::new([Input::Arguments { urls, globs: false }]);
    let outcomes = session.run(list, Names::new(None, Vec::new(), false));
    outcomes.map(|fetched| fetched.unwrap().outcome).collect()
}

fn judge(what: &str, outcome: &Outcome, want: &Want) -> Result<(), String> {
    let told = match &outcome.error {
        Some(error) => format!(
            "{} at {}{}: {} ({} bytes)",
            error.kind,
            error.stage,
            error.limit.map(|limit| format!(" [{limit}]")).unwrap_or_default(),
            error.message,
            outcome.bytes
        ),
        None => format!("success, status {:?}, {} bytes", outcome.status, outcome.bytes),
    };
    let right = match (want, &outcome.error) {
        (Want::Body(body), None) => {
            let hash: [u8; 32] = Sha256::digest(body).into();
            outcome.bytes == body.len() as u64 && outcome.sha256.is_none_or(|is| is == hash)
        }
        (Want::Bytes(count), None) => outcome.bytes == *count,
        (Want::Fails(kind, stage, limit), Some(error)) => {
            (error.kind, error.stage, error.limit) == (*kind, *stage, *limit)
        }
        _ => false,
    };
    if right { Ok(()) } else { Err(format!("{what} came out as {told}; wanted {want:?}")) }
}

/// A step with the names of addresses filled in.
fn filled(step: &Step, names: &[(&str, String)]) -> Step {
    let Step::Send(bytes) = step else { return step.clone() };
    let Ok(mut text) = String::from_utf8(bytes.clone()) else { return step.clone() };
    for (name, address) in names {
        text = text.replace(name, address);
    }
    Step::Send(text.into_bytes())
}

/// A certificate for the loopback addresses, and a client that trusts it.
pub fn identity() -> (TlsAcceptor, TlsConfig) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "127.0.0.3".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::new(own.cert.der(), &own.signing_key.serialize_der()).unwrap();
    let config = TlsConfig::builder().roots(Roots::Der(vec![own.cert.der().to_vec()])).build().unwrap();
    (acceptor, config)
}
