//! The jar: cookies by site, who may put one in, and which of them a request takes along.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use url::Url;

use super::domain::{self, is_address, is_public_suffix, site};
use super::set_cookie::{self, Said};
use super::{MAX_COOKIES, MAX_JAR_BYTES, MAX_SENT_BYTES, MAX_SENT_COOKIES, MAX_SET_COOKIES, MAX_SITE_COOKIES};
use crate::http::origin::OriginHasher;

/// What one cookie costs beside its texts, for [`MAX_JAR_BYTES`].
const COOKIE_BYTES: usize = size_of::<Cookie>();
/// A full jar gives up one in so many of its sites, those that were used longest ago.
const SITES_GIVEN_UP: usize = 16;

/// All cookies of a run. Its `Debug` shows how many, never which.
///
/// ```
/// use std::time::SystemTime;
///
/// use gfetch::http::cookies::{Jar, Refused};
/// use url::Url;
///
/// let (mut jar, now) = (Jar::new(), SystemTime::now());
/// let page = Url::parse("https://www.example.org/shop/cart")?;
/// jar.set(&page, b"basket=7; Path=/shop; Secure", now).unwrap();
/// assert_eq!(jar.set(&page, b"all=1; Domain=org", now), Err(Refused::PublicSuffix));
/// assert_eq!(jar.header(&page, now).as_deref(), Some(&b"basket=7"[..]));
/// assert_eq!(jar.header(&Url::parse("http://www.example.org/shop/")?, now), None);
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone, Default)]
pub struct Jar {
    sites: HashMap<Box<str>, Site, OriginHasher>,
    /// Of all sites.
    cookies: usize,
    bytes: usize,
    /// Counts what happens, to tell older from newer: seconds are too coarse.
    events: u64,
}

#[derive(Clone, Default)]
struct Site {
    cookies: Vec<Cookie>,
    used: u64,
}

#[derive(Clone)]
pub(super) struct Cookie {
    pub name: Box<[u8]>,
    pub value: Box<[u8]>,
    /// As a URL writes hosts, without a leading dot.
    pub domain: Box<str>,
    /// Only that host, and none below it.
    pub host_only: bool,
    pub path: Box<[u8]>,
    /// Seconds since 1970.
    pub expires: Option<u64>,
    pub secure: bool,
    pub http_only: bool,
    pub created: u64,
    used: u64,
}

/// Why a cookie was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has no name, or no `=`.
    NoName,
    /// A control character; in name, value or path a tab is one, too.
    ControlCharacter,
    /// Name and value are over [`MAX_COOKIE_BYTES`](super::MAX_COOKIE_BYTES).
    TooLarge,
    /// Its `Domain` is not the host that sets it, nor above it; or the URL has no host.
    Domain,
    /// Its `Domain` is a public suffix.
    PublicSuffix,
    /// A `Secure` cookie that came over plain HTTP.
    NotSecure,
    /// Its name begins with `__Secure-` or `__Host-`, and it is not what that promises.
    Prefix,
    /// It would stand in for a `Secure` cookie, and came over plain HTTP.
    SecureExists,
    /// A line of a file that is none of its format.
    Line,
}

/// Who sets a cookie.
pub(super) struct Setter<'a> {
    pub host: &'a str,
    /// Over TLS, or from this machine.
    pub secure: bool,
    /// Where cookies that name no path belong.
    pub folder: &'a [u8],
}

impl Jar {
    /// No cookies.
    pub fn new() -> Jar {
        Jar::default()
    }

    /// How many cookies there are, those that are past their time among them.
    pub fn len(&self) -> usize {
        self.cookies
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cookies == 0
    }

    /// Takes what an answer sets: the values of its `Set-Cookie` fields. What breaks a rule is passed over, and so is what
    /// comes after the first [`MAX_SET_COOKIES`].
    pub fn take<'a>(&mut self, url: &Url, values: impl Iterator<Item = &'a [u8]>, now: SystemTime) {
        for value in values.take(MAX_SET_COOKIES) {
            // One that is refused does not concern the others.
            let _ = self.set(url, value, now);
        }
    }

    /// Takes one cookie: the value of a `Set-Cookie` field of an answer to `url`. One that is past its time takes out the
    /// one that it would have replaced.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn set(&mut self, url: &Url, value: &[u8], now: SystemTime) -> Result<(), Refused> {
        let now = seconds(now);
        let said = set_cookie::parse(value, now)?;
        let host = url.host_str().ok_or(Refused::Domain)?;
        self.admit(said, &Setter { host, secure: is_secure(url), folder: folder(url.path()) }, now)
    }

    /// The value of `Cookie` for a request to `url`; `None` where it has no cookies. Long paths first, then old cookies
    /// (RFC 6265bis section 5.8.3).
    pub fn header(&mut self, url: &Url, now: SystemTime) -> Option<Vec<u8>> {
        if self.cookies == 0 {
            return None;
        }
        let host = url.host_str()?;
        let found = self.sites.get_mut(site(host))?;
        self.events += 1;
        found.used = self.events;
        let (secure, path, now) = (is_secure(url), url.path().as_bytes(), seconds(now));
        let mut sent: Vec<&mut Cookie> =
            found.cookies.iter_mut().filter(|c| c.goes_to(host, secure, path, now)).collect();
        sent.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created));
        let mut value = Vec::new();
        for cookie in sent.into_iter().take(MAX_SENT_COOKIES) {
            let separator: &[u8] = if value.is_empty() { b"" } else { b"; " };
            let bytes = separator.len() + cookie.name.len() + 1 + cookie.value.len();
            if value.len() + bytes > MAX_SENT_BYTES {
                break;
            }
            cookie.used = self.events;
            value.reserve(bytes);
            for part in [separator, &cookie.name, b"=", &cookie.value] {
                value.extend_from_slice(part);
            }
        }
        (!value.is_empty()).then_some(value)
    }

    /// The rules of RFC 6265bis section 5.7, for what a server says and for what a file says in its words.
    pub(super) fn admit(&mut self, said: Said<'_>, setter: &Setter<'_>, now: u64) -> Result<(), Refused> {
        let (domain, host_only) = whose(said.domain.as_deref(), setter.host)?;
        if said.secure && !setter.secure {
            return Err(Refused::NotSecure);
        }
        let path = said.path.unwrap_or(setter.folder);
        if !keeps_its_prefix(&said, path) {
            return Err(Refused::Prefix);
        }
        let cookie = Cookie::new(&said, domain, host_only, path);
        if !cookie.secure && !setter.secure && self.has_secure_like(&cookie) {
            return Err(Refused::SecureExists);
        }
        self.put(cookie, now);
        Ok(())
    }

    /// Whether plain HTTP would lay this one over a `Secure` cookie ("leave secure cookies alone").
    fn has_secure_like(&self, new: &Cookie) -> bool {
        let overlaps = |a: &str, b: &str| domain::matches(a, b) || domain::matches(b, a);
        self.sites.get(site(&new.domain)).is_some_and(|found| {
            found.cookies.iter().any(|old| {
                old.secure
                    && old.name == new.name
                    && overlaps(&old.domain, &new.domain)
                    && path_matches(&new.path, &old.path)
            })
        })
    }

    /// Puts it in the place of the one of its name, domain and path; what is past its time only takes that out.
    pub(super) fn put(&mut self, mut cookie: Cookie, now: u64) {
        self.events += 1;
        (cookie.created, cookie.used) = (self.events, self.events);
        let key = site(&cookie.domain);
        if !cookie.is_alive(now) {
            if let Some(found) = self.sites.get_mut(key) {
                found.used = self.events;
                let gone = found.cookies.iter().position(|old| old.is_same(&cookie)).map(|at| found.cookies.remove(at));
                self.uncount(gone.into_iter());
            }
            return;
        }
        let found = match self.sites.get_mut(key) {
            Some(found) => found,
            None => self.sites.entry(key.into()).or_default(),
        };
        found.used = self.events;
        self.cookies += 1;
        self.bytes += cookie.bytes();
        match found.cookies.iter_mut().find(|old| old.is_same(&cookie)) {
            Some(old) => {
                cookie.created = old.created;
                let old = std::mem::replace(old, cookie);
                self.uncount([old].into_iter());
            }
            None => {
                found.cookies.push(cookie);
                let gone = found.make_room(now);
                self.uncount(gone.into_iter());
            }
        }
        if self.cookies > MAX_COOKIES || self.bytes > MAX_JAR_BYTES {
            self.give_up_sites();
        }
    }

    fn uncount(&mut self, gone: impl Iterator<Item = Cookie>) {
        for cookie in gone {
            self.cookies -= 1;
            self.bytes -= cookie.bytes();
        }
    }

    /// Out of line: it happens to a jar of tens of thousands of cookies, and then once in thousands.
    #[cold]
    fn give_up_sites(&mut self) {
        let mut used: Vec<u64> = self.sites.values().map(|site| site.used).collect();
        let last = (used.len() / SITES_GIVEN_UP).min(used.len() - 1);
        let oldest = *used.select_nth_unstable(last).1;
        let gone: Vec<Site> = self.sites.extract_if(|_, site| site.used <= oldest).map(|(_, site)| site).collect();
        self.uncount(gone.into_iter().flat_map(|site| site.cookies));
    }

    /// Those that are not past their time, in the order in which they came.
    pub(super) fn alive(&self, now: u64) -> Vec<&Cookie> {
        let all = self.sites.values().flat_map(|site| &site.cookies);
        let mut alive: Vec<&Cookie> = all.filter(|cookie| cookie.is_alive(now)).collect();
        alive.sort_by_key(|cookie| cookie.created);
        alive
    }
}

impl Site {
    /// RFC 6265bis section 5.7: first what is past its time; then, one by one, what is not `Secure`, then what was used
    /// longest ago. So plain HTTP cannot push out what TLS has set.
    fn make_room(&mut self, now: u64) -> Vec<Cookie> {
        if self.cookies.len() <= MAX_SITE_COOKIES {
            return Vec::new();
        }
        let mut gone: Vec<Cookie> = self.cookies.extract_if(.., |cookie| !cookie.is_alive(now)).collect();
        while self.cookies.len() > MAX_SITE_COOKIES {
            let worst = (0..self.cookies.len()).min_by_key(|&at| (self.cookies[at].secure, self.cookies[at].used));
            gone.extend(worst.map(|at| self.cookies.remove(at)));
        }
        gone
    }
}

impl Cookie {
    pub fn new(said: &Said<'_>, domain: &str, host_only: bool, path: &[u8]) -> Cookie {
        Cookie {
            name: said.name.into(),
            value: said.value.into(),
            domain: domain.into(),
            host_only,
            path: path.into(),
            expires: said.expires,
            secure: said.secure,
            http_only: said.http_only,
            created: 0,
            used: 0,
        }
    }

    fn goes_to(&self, host: &str, secure: bool, path: &[u8], now: u64) -> bool {
        (secure || !self.secure)
            && (if self.host_only { *self.domain == *host } else { domain::matches(host, &self.domain) })
            && path_matches(path, &self.path)
            && self.is_alive(now)
    }

    fn is_same(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.path == other.path
            && self.host_only == other.host_only
            && self.domain == other.domain
    }

    fn is_alive(&self, now: u64) -> bool {
        self.expires.is_none_or(|at| at > now)
    }

    fn bytes(&self) -> usize {
        COOKIE_BYTES + self.name.len() + self.value.len() + self.domain.len() + self.path.len()
    }
}

/// The domain that a cookie belongs to, and whether it is that host's alone.
pub(super) fn whose<'a>(domain: Option<&'a str>, host: &'a str) -> Result<(&'a str, bool), Refused> {
    let Some(domain) = domain else { return Ok((host, true)) };
    if domain == host && (is_address(host) || is_public_suffix(domain)) {
        return Ok((host, true));
    }
    // `example.org.` is another name than `example.org`: whoever writes the dot into a `Domain` is up to no good.
    if domain.ends_with('.') || !domain::matches(host, domain) {
        return Err(Refused::Domain);
    }
    if is_public_suffix(domain) { Err(Refused::PublicSuffix) } else { Ok((domain, false)) }
}

/// What the name promises (RFC 6265bis section 4.1.3), in any case: else a server that ignores case would be fooled.
pub(super) fn keeps_its_prefix(said: &Said<'_>, path: &[u8]) -> bool {
    let begins = |prefix: &[u8]| said.name.get(..prefix.len()).is_some_and(|name| name.eq_ignore_ascii_case(prefix));
    if begins(b"__Host-") {
        // A path of its own that is `/`: the default does not do.
        return said.secure && said.domain.is_none() && path == b"/" && said.path.is_some();
    }
    said.secure || !begins(b"__Secure-")
}

/// RFC 6265bis section 5.1.4.
fn path_matches(path: &[u8], cookie: &[u8]) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with(b"/") || rest.starts_with(b"/"))
}

/// The path of cookies that name none: that of the request up to its last slash (RFC 6265bis section 5.1.4).
fn folder(path: &str) -> &[u8] {
    match path.rfind('/') {
        Some(at) if at > 0 => &path.as_bytes()[..at],
        _ => b"/",
    }
}

/// TLS, or this machine by the names that curl takes for it.
fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

pub(super) fn seconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jar({} cookies of {} sites)", self.cookies, self.sites.len())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::NoName => "no name",
            Refused::ControlCharacter => "a control character",
            Refused::TooLarge => "name and value over 4096 bytes",
            Refused::Domain => "a domain that is not its host's",
            Refused::PublicSuffix => "a public suffix as its domain",
            Refused::NotSecure => "Secure, over plain HTTP",
            Refused::Prefix => "not what its __Secure- or __Host- promises",
            Refused::SecureExists => "a Secure cookie of this name is there, and this came over plain HTTP",
            Refused::Line => "no line of a cookie file",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
impl Jar {
    /// Counted anew, to check what was counted on the way.
    pub(super) fn alive_count(&self) -> usize {
        let all = || self.sites.values().flat_map(|site| &site.cookies);
        assert_eq!(all().map(Cookie::bytes).sum::<usize>(), self.bytes);
        all().count()
    }
}
