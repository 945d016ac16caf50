//! What holds for some hosts only: limits, and header fields that go nowhere else.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use url::Url;

use super::{BadAuthHost, Rate};
use crate::http::HostPattern;
use crate::http::origin::Origin;

/// Settings by host. Of several that mean a host, the narrowest that says something counts, for each setting by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The narrowest first.
    hosts: Vec<(HostPattern, HostPlan)>,
}

/// What holds for the hosts of a pattern; none: what holds for all.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HostPlan {
    /// Requests at once to one origin; none inside: no limit.
    pub per_host: Option<Option<NonZeroUsize>>,
    /// Starts to one origin, retries and redirects counted, evenly spaced.
    pub rate: Option<Rate>,
    /// One request, by the host of its line's own URL; none inside: no end.
    pub max_time: Option<Option<Duration>>,
    /// Name look-up, connect and TLS together.
    pub connect_timeout: Option<Duration>,
    /// How often a line of this host is tried again.
    pub retries: Option<u32>,
    /// Header fields for these hosts, and for no other: secrets may be among them.
    pub headers: Vec<(String, String)>,
}

/// Names of the fields, never their values.
impl fmt::Debug for HostPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HostPlan")
            .field("per_host", &self.per_host)
            .field("rate", &self.rate)
            .field("max_time", &self.max_time)
            .field("connect_timeout", &self.connect_timeout)
            .field("retries", &self.retries)
            .field("headers", &names)
            .finish()
    }
}

impl Hosts {
    /// Adds what holds for `HOST[:PORT]` or `*.example.org`.
    ///
    /// # Errors
    /// A text that names no host.
    pub fn add(&mut self, hosts: &str, plan: HostPlan) -> Result<(), BadAuthHost> {
        let pattern = HostPattern::parse(hosts).ok_or_else(|| BadAuthHost(hosts.to_owned()))?;
        let at = self.hosts.partition_point(|(other, _)| other.rank() >= pattern.rank());
        self.hosts.insert(at, (pattern, plan));
        Ok(())
    }

    /// Whether nothing is said of any host.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// How long connecting may take, where that is said; the narrowest pattern first.
    pub fn connect_timeouts(&self) -> Vec<(HostPattern, Duration)> {
        let said = |(pattern, plan): &(HostPattern, HostPlan)| Some((pattern.clone(), plan.connect_timeout?));
        self.hosts.iter().filter_map(said).collect()
    }

    /// All of them, the narrowest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&HostPattern, &HostPlan)> {
        self.hosts.iter().map(|(pattern, plan)| (pattern, plan))
    }

    /// What the narrowest pattern says that says something.
    pub(in crate::fetch) fn of_origin<T>(&self, origin: &Origin, said: impl Fn(&HostPlan) -> Option<T>) -> Option<T> {
        self.who_says(origin, said).map(|(_, said)| said)
    }

    /// The same, behind the place of that pattern among all.
    pub(in crate::fetch) fn who_says<T>(
        &self,
        origin: &Origin,
        said: impl Fn(&HostPlan) -> Option<T>,
    ) -> Option<(usize, T)> {
        if self.hosts.is_empty() {
            return None;
        }
        let host = origin.host.to_string();
        let mut hosts = self.hosts.iter().enumerate().filter(|(_, (pattern, _))| pattern.matches(&host, origin.port));
        hosts.find_map(|(place, (_, plan))| Some((place, said(plan)?)))
    }

    /// The same for a URL.
    pub(in crate::fetch) fn of_url<T>(&self, url: &Url, said: impl Fn(&HostPlan) -> Option<T>) -> Option<T> {
        self.matching(url.host_str()?, url.port_or_known_default()?).find_map(said)
    }

    /// The fields for the host of `url`; of one name those of the narrowest pattern.
    pub(in crate::fetch) fn headers(&self, url: &Url) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = Vec::new();
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0));
        for plan in self.matching(host, port) {
            let known = fields.len();
            for (name, value) in &plan.headers {
                if !fields[..known].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                    fields.push((name.clone(), value.clone()));
                }
            }
        }
        fields
    }

    fn matching(&self, host: &str, port: u16) -> impl Iterator<Item = &HostPlan> {
        self.hosts.iter().filter(move |(pattern, _)| pattern.matches(host, port)).map(|(_, plan)| plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(retries: u32, headers: &[(&str, &str)]) -> HostPlan {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        HostPlan { retries: Some(retries), headers, ..HostPlan::default() }
    }

    #[test]
    fn the_narrowest_pattern_that_says_something_counts_for_each_setting() {
        let mut hosts = Hosts::default();
        hosts.add("*.example.org", plan(1, &[("A", "wide"), ("B", "wide"), ("B", "too")])).unwrap();
        hosts.add("api.example.org", HostPlan { retries: None, ..plan(0, &[("a", "host")]) }).unwrap();
        hosts.add("api.example.org:8443", plan(3, &[])).unwrap();
        let of = |url: &str| {
            let url = Url::parse(url).unwrap();
            let fields: Vec<String> = hosts.headers(&url).into_iter().map(|(n, v)| format!("{n}={v}")).collect();
            let by_origin = hosts.of_origin(&Origin::of(&url).unwrap(), |plan| plan.retries);
            assert_eq!(hosts.of_url(&url, |plan| plan.retries), by_origin);
            (by_origin, fields.join(" "))
        };
        assert_eq!(of("https://www.example.org/"), (Some(1), "A=wide B=wide B=too".to_owned()));
        assert_eq!(of("https://api.example.org/"), (Some(1), "a=host B=wide B=too".to_owned()));
        assert_eq!(of("https://api.example.org:8443/"), (Some(3), "a=host B=wide B=too".to_owned()));
        assert_eq!(of("https://example.org/"), (None, String::new()));
    }

    #[test]
    fn debug_shows_no_value_and_what_is_no_host_is_refused() {
        let mut hosts = Hosts::default();
        assert_eq!(hosts.add("http://a/", HostPlan::default()), Err(BadAuthHost("http://a/".to_owned())));
        hosts.add("a", plan(1, &[("Authorization", "hunter2")])).unwrap();
        let shown = format!("{hosts:?}");
        assert!(shown.contains("Authorization") && !shown.contains("hunter2"), "{shown}");
    }
}
