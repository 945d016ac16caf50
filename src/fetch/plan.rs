//! What a run shall do: limits, order, request, secrets, connection, bodies. Data only; `Default` is what the command does unasked.

mod auth_hosts;
mod hosts;
mod request;
mod tls;
mod transfer;

pub use auth_hosts::{AuthHosts, BadAuthHost};
pub use hosts::{HostPlan, Hosts};
pub use request::{AuthScheme, DEFAULT_USER_AGENT, FORM_CONTENT_TYPE, Follow, NetrcPlan, RequestPlan, Secrets};
pub use tls::TlsPlan;
pub use transfer::{Resume, TimeCondition, Transfer};

pub use super::retry::RetryPolicy;
pub use super::summary::Rate;

use std::borrow::Cow;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::in_flight::InFlight;
use crate::http::cookies::Jar;
use crate::http::origin::Origin;
use crate::http::{HttpVersions, Routes};

/// What a run shall do. Nothing here changes while it runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Requests at once, at least 1.
    pub jobs: usize,
    /// Requests at once to one origin (scheme, host, port); none: no limit.
    pub per_host: Option<NonZeroUsize>,
    /// One after another, whatever `jobs` says.
    pub serial: bool,
    /// OS threads that make requests, each with a hub of its own, the run's own among them; 1: that one alone, as with
    /// `serial`. The others are started as they are needed. See [`Session`](super::Session) for what they share.
    pub threads: usize,
    /// In which order outcomes are handed on.
    pub order: Order,
    /// Request starts for the whole run, retries and redirects counted, evenly spaced.
    pub rate: Option<Rate>,
    /// When the whole run ends.
    pub deadline: Option<Duration>,
    /// What still runs after a stop was asked for has this long.
    pub grace: Grace,
    /// Stop, as the first Ctrl-C does, after more than this many failures. `Some(0)`: at the first.
    pub max_failures: Option<u64>,
    /// After this many connect failures in a row a host's other URLs are skipped; 0: never.
    pub give_up_host: u32,
    /// Whether a status of 400 or above is a failure.
    pub fail_on_status: bool,
    /// Whether each decoded body is hashed (SHA-256), as a comparison needs.
    pub hash_bodies: bool,
    /// Whether each record comes with the heads of its exchanges (`-v`).
    pub keep_exchanges: bool,
    /// Where what is in flight is noted, for who watches the run; none: nowhere.
    pub watch: Option<InFlight>,
    /// Whether each record comes with its earlier attempts.
    pub keep_attempts: bool,
    /// Whether each record comes with the certificates that its last server showed.
    pub keep_certificates: bool,
    /// Whether each record comes with its last body, at most so many decoded bytes of it.
    pub keep_body: Option<usize>,
    /// Whether each exchange that is kept comes with its request's body, at most so many bytes of it.
    pub keep_request_body: Option<usize>,
    /// Where lines of a list want their bodies saved is passed over: they are fetched for their time only.
    pub ignore_outputs: bool,
    /// Bodies that are printed wait until their records are handed over: something comes before them on standard output.
    pub hold_bodies: bool,
    /// The folder for bodies that wait for their turn and do not fit into memory (`/tmp`); the files have no names there.
    pub spool_dir: PathBuf,
    /// Which failures are tried again, and when.
    pub retry: RetryPolicy,
    /// What one request may take.
    pub limits: Limits,
    /// What holds for some hosts in place of what holds for all.
    pub hosts: Hosts,
    /// What is asked for.
    pub request: RequestPlan,
    /// Which part of it, and under which condition.
    pub transfer: Transfer,
    /// What only some hosts may see.
    pub secrets: Secrets,
    /// The cookies that the run begins with; none: it keeps no cookies.
    pub cookies: Option<Jar>,
    /// How connections are made.
    pub connect: ConnectPlan,
    /// What becomes of the bodies.
    pub bodies: Bodies,
    /// What becomes of files that are where bodies are to be saved.
    pub existing: Existing,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            jobs: 64,
            per_host: NonZeroUsize::new(10),
            serial: false,
            threads: 1,
            order: Order::Input,
            rate: None,
            deadline: None,
            grace: Grace::default(),
            max_failures: None,
            give_up_host: 10,
            fail_on_status: true,
            hash_bodies: false,
            keep_exchanges: false,
            watch: None,
            keep_attempts: false,
            keep_certificates: false,
            keep_body: None,
            keep_request_body: None,
            ignore_outputs: false,
            hold_bodies: false,
            spool_dir: PathBuf::from("/tmp"),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            hosts: Hosts::default(),
            request: RequestPlan::default(),
            transfer: Transfer::default(),
            secrets: Secrets::default(),
            cookies: None,
            connect: ConnectPlan::default(),
            bodies: Bodies::Count,
            existing: Existing::Replaced,
        }
    }
}

impl Plan {
    /// Whether a record comes with more than its outcome.
    pub(super) fn keeps_details(&self) -> bool {
        self.keep_exchanges | self.keep_attempts | self.keep_certificates | self.keep_body.is_some()
    }

    /// How long a request for `url` may take, unless its line says so; none: no end.
    pub(super) fn max_time(&self, url: &Url) -> Option<Duration> {
        self.hosts.of_url(url, |host| host.max_time).unwrap_or(self.limits.max_time)
    }

    /// How long connecting for a request for `url` may take.
    pub(super) fn connect_timeout(&self, url: &Url) -> Duration {
        self.hosts.of_url(url, |host| host.connect_timeout).unwrap_or(self.limits.connect_timeout)
    }

    /// How often a line with this URL is tried again.
    pub(super) fn retries(&self, url: &Url) -> u32 {
        self.hosts.of_url(url, |host| host.retries).unwrap_or(self.retry.retries)
    }

    /// Which failures of a line of `origin` are tried again, and when.
    pub(super) fn retry(&self, origin: &Origin) -> Cow<'_, RetryPolicy> {
        match self.hosts.of_origin(origin, |host| host.retries) {
            Some(retries) => Cow::Owned(RetryPolicy { retries, ..self.retry.clone() }),
            None => Cow::Borrowed(&self.retry),
        }
    }
}

/// In which order outcomes are handed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The input's, as `Pool::imap`.
    #[default]
    Input,
    /// Each as it finishes, as `Pool::imap_unordered`.
    Completion,
}

/// How long running requests may go on after a stop was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// After the first Ctrl-C, `fail_early`, or a reached `max_failures`.
    pub interrupt: Duration,
    /// After SIGTERM or SIGHUP, whose sender seldom waits long; never above `interrupt`.
    pub terminate: Duration,
}

impl Grace {
    /// SIGTERM and SIGHUP leave less: a service manager kills after a few seconds.
    const TERMINATE_AT_MOST: Duration = Duration::from_secs(2);

    /// The grace for a run whose Ctrl-C leaves `interrupt`.
    pub fn new(interrupt: Duration) -> Self {
        Grace { interrupt, terminate: interrupt.min(Self::TERMINATE_AT_MOST) }
    }
}

impl Default for Grace {
    fn default() -> Self {
        Grace::new(Duration::from_secs(5))
    }
}

/// What one request may take. Each retry has its own clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole request, redirects included; none: no end.
    pub max_time: Option<Duration>,
    /// Name look-up, connect and TLS together.
    pub connect_timeout: Duration,
    /// When a transfer counts as stalled; none: never.
    pub stall: Option<Stall>,
    /// The largest body, in decoded bytes.
    pub max_filesize: Option<u64>,
    /// Bytes a second of one request's bodies, in each direction. Above zero.
    pub rate: Option<u64>,
    /// The same for all requests of the run together.
    pub rate_total: Option<u64>,
    /// Redirects followed; none: any number.
    pub max_redirs: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_time: Some(Duration::from_secs(300)),
            connect_timeout: Duration::from_secs(10),
            stall: Some(Stall::default()),
            max_filesize: None,
            rate: None,
            rate_total: None,
            max_redirs: Some(10),
        }
    }
}

/// A transfer slower than so many bytes a second for so long is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// For so long. Above zero.
    pub time: Duration,
    /// Slower than this. Above zero; 1: nothing came at all.
    pub min_bytes_per_s: u64,
    /// Asked for (`-y`, `-Y`): it holds for the whole transfer, the wait for its first byte included, as in curl.
    /// Otherwise it holds for bodies, and the first byte is waited for as long as `max_time`, or
    /// [`Stall::FIRST_BYTE_AT_MOST`].
    pub given: bool,
}

impl Stall {
    /// How long the first byte is waited for when neither `-m` nor `-y` says otherwise.
    pub const FIRST_BYTE_AT_MOST: Duration = Duration::from_secs(300);
}

impl Default for Stall {
    fn default() -> Self {
        Stall { time: Duration::from_secs(30), min_bytes_per_s: 1, given: false }
    }
}

/// How connections are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectPlan {
    /// Names with addresses of their own, one entry for each host and port.
    pub resolve: Vec<ResolveEntry>,
    /// Which addresses are tried. Addresses from `resolve` are used whatever this says, as in curl.
    pub family: Family,
    /// Certificates are not checked.
    pub insecure: bool,
    /// Where the trusted certificates are.
    pub ca: CaSource,
    /// Which versions of HTTP are spoken.
    pub versions: HttpVersions,
    /// Versions, pinned keys, the client's certificate.
    pub tls: TlsPlan,
    /// Proxies, a Unix socket, other hosts to connect to, addresses that are refused.
    pub routes: Routes,
}

/// Addresses for a name, instead of a look-up (`--resolve`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveEntry {
    /// Lower case; `*` is any host that no other entry names.
    pub host: String,
    /// The port it holds for.
    pub port: u16,
    /// At least one.
    pub addrs: Vec<IpAddr>,
}

/// Which addresses of a host are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Both, raced.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Where the trusted certificates are: paths that the command found, read by the library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaSource {
    /// PEM files.
    pub files: Vec<PathBuf>,
    /// Folders of PEM files.
    pub dirs: Vec<PathBuf>,
    /// Who named them: `--cacert`, `SSL_CERT_FILE`. None: found on the system, where one unreadable path is no error.
    pub named_by: Option<String>,
}

/// What becomes of the bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bodies {
    /// Counted and dropped.
    #[default]
    Count,
    /// Written to standard output, in input order.
    Print,
    /// Saved to files.
    Save(Save),
}

/// What becomes of a file that is where a body is to be saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// A success replaces it.
    #[default]
    Replaced,
    /// It stays, and the body is called `name.1`, `name.2`, … up to 100. (`--no-clobber`)
    Numbered,
    /// It stays, and is taken for what would have been fetched: nothing is asked. (`--skip-existing`)
    Skipped,
}

/// Where bodies are saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Save {
    /// `-o`, as typed. One: for all URLs. Several: the Nth belongs to the Nth URL argument. `-` is standard output.
    pub templates: Vec<String>,
    /// `-O`: the URL names the file. Without it and without a template only lines with an `output` are saved.
    pub remote_name: bool,
    /// What relative names are relative to.
    pub dir: Option<PathBuf>,
    /// Missing folders are made.
    pub create_dirs: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let plan = Plan::default();
        assert_eq!((plan.jobs, plan.per_host.unwrap().get(), plan.give_up_host), (64, 10, 10));
        assert_eq!((plan.limits.max_time.unwrap().as_secs(), plan.limits.connect_timeout.as_secs()), (300, 10));
        assert_eq!(plan.limits.stall, Some(Stall { time: Duration::from_secs(30), min_bytes_per_s: 1, given: false }));
        assert_eq!((plan.limits.max_redirs, plan.limits.max_filesize), (Some(10), None));
        assert_eq!((plan.retry.retries, plan.retry.retry_after_max.as_secs()), (0, 60));
        assert_eq!((plan.order, plan.bodies), (Order::Input, Bodies::Count));
        assert!(plan.fail_on_status && !plan.serial);
        assert_eq!(plan.request.follow, Follow::GetAndHead);
        assert!(plan.request.compresses(false) && !plan.request.compresses(true));
    }

    #[test]
    fn a_service_manager_waits_two_seconds_at_most() {
        let of = |s| Grace::new(Duration::from_secs(s)).terminate.as_secs();
        assert_eq!((of(5), of(60), of(1), of(0)), (2, 2, 1, 0));
    }

    #[test]
    fn a_rate_is_evenly_spaced() {
        let rate = Rate { starts: 5, per: Duration::from_secs(15) };
        assert_eq!(rate.spacing(), Duration::from_secs(3));
    }
}
