//! The jar: cookies by site, who may put one in, and which of them a request takes along.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use cookie_store::{Cookie, CookieDomain, CookieExpiration, CookiePath, CookieStore, RawCookie};
use smallvec::SmallVec;
use time::Duration;
use url::Url;

use super::rules::{self, is_secure, site};
use super::{MAX_COOKIES, MAX_JAR_BYTES, MAX_SENT_BYTES, MAX_SENT_COOKIES, MAX_SET_COOKIES, MAX_SITE_COOKIES};
use crate::http::origin::OriginHasher;

/// What one cookie costs beside its texts, for [`MAX_JAR_BYTES`]: three maps with room for three entries each.
const COOKIE_BYTES: usize = 1600;
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

/// The cookies of one site.
#[derive(Clone, Default)]
struct Site {
    /// One host's alone. Apart from the others, because RFC 6265bis tells them apart and the store does not: a neighbour's
    /// `Domain` cookie must not take the place of a host's own.
    own: CookieStore,
    /// With a `Domain`.
    below: CookieStore,
    used: u64,
}

/// Why a cookie was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no UTF-8.
    NotText,
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
        self.admit(&rules::parse(value, now)?, url, is_secure(url), now)
    }

    /// The value of `Cookie` for a request to `url`; `None` where it has no cookies. Long paths first, then old cookies
    /// (RFC 6265bis section 5.8.3).
    #[inline(never)]
    pub fn header(&mut self, url: &Url, now: SystemTime) -> Option<Vec<u8>> {
        if self.cookies == 0 {
            return None;
        }
        let host = url.host_str()?;
        let found = self.sites.get_mut(site(host))?;
        self.events += 1;
        found.used = self.events;
        let (secure, now) = (is_secure(url), seconds(now));
        let goes = |cookie: &&Cookie| {
            is_alive(cookie, now) && (secure || cookie.secure() != Some(true)) && cookie.matches(url)
        };
        let mut sent: SmallVec<[&Cookie; 16]> = found.all().filter(goes).collect();
        sent.sort_by_key(|cookie| (Reverse(cookie.path.len()), number(cookie)));
        let room: usize = sent.iter().map(|cookie| cookie.name().len() + cookie.value().len() + 3).sum();
        let mut value = Vec::with_capacity(room.min(MAX_SENT_BYTES));
        for cookie in sent.into_iter().take(MAX_SENT_COOKIES) {
            let separator = if value.is_empty() { "" } else { "; " };
            let bytes = separator.len() + cookie.name().len() + 1 + cookie.value().len();
            if value.len() + bytes > MAX_SENT_BYTES {
                break;
            }
            for part in [separator, cookie.name(), "=", cookie.value()] {
                value.extend_from_slice(part.as_bytes());
            }
        }
        (!value.is_empty()).then_some(value)
    }

    /// The rules of RFC 6265bis section 5.7, for what a server says and for what a file says in its words.
    pub(super) fn admit(&mut self, raw: &RawCookie<'_>, url: &Url, secure: bool, now: i64) -> Result<(), Refused> {
        rules::check_texts(raw)?;
        let domain = rules::whose(raw, url)?;
        if raw.secure() == Some(true) && !secure {
            return Err(Refused::NotSecure);
        }
        if !rules::keeps_its_prefix(raw) {
            return Err(Refused::Prefix);
        }
        let path = CookiePath::new(raw.path().unwrap_or_default(), url);
        if !secure && self.has_secure_like(raw.name(), name_of(&domain), &path) {
            return Err(Refused::SecureExists);
        }
        self.put(raw, domain, path, url, now)
    }

    /// Whether plain HTTP would lay this one over a `Secure` cookie ("leave secure cookies alone").
    fn has_secure_like(&self, name: &str, domain: &str, path: &str) -> bool {
        self.sites.get(site(domain)).is_some_and(|found| {
            let mut namesakes = found.all().filter(|old| old.secure() == Some(true) && old.name() == name);
            namesakes.any(|old| rules::meet((domain, path), (name_of(&old.domain), &old.path)))
        })
    }

    /// Puts it in the place of the one of its name, domain and path; what is past its time only takes that out.
    fn put(
        &mut self,
        raw: &RawCookie<'_>,
        domain: CookieDomain,
        path: CookiePath,
        url: &Url,
        now: i64,
    ) -> Result<(), Refused> {
        self.events += 1;
        let found = self.sites.get_mut(site(name_of(&domain)));
        let old = found.and_then(|site| site.store(&domain).get_any(name_of(&domain), &path, raw.name()));
        let old = old.map(|old| (number(old), bytes(old)));
        let mut cookie = numbered(raw, old.map_or(self.events, |(number, _)| number), url)?;
        (cookie.path, cookie.domain) = (path, domain);
        if is_alive(&cookie, now) {
            self.insert(cookie, url, now)?;
        } else if old.is_some() {
            self.take_out(&cookie);
        }
        old.into_iter().for_each(|(_, bytes)| self.uncount(bytes));
        if self.cookies > MAX_COOKIES || self.bytes > MAX_JAR_BYTES {
            self.give_up_sites();
        }
        Ok(())
    }

    /// Without a word on the one that it replaces.
    fn insert(&mut self, cookie: Cookie<'static>, url: &Url, now: i64) -> Result<(), Refused> {
        let key = site(name_of(&cookie.domain));
        let found = match self.sites.get_mut(key) {
            Some(found) => found,
            None => self.sites.entry(key.into()).or_default(),
        };
        found.used = self.events;
        let bytes = bytes(&cookie);
        found.store(&cookie.domain).insert(cookie, url).map_err(|_| Refused::Domain)?;
        self.cookies += 1;
        self.bytes += bytes;
        for cookie in found.make_room(now) {
            self.uncount(self::bytes(&cookie));
        }
        Ok(())
    }

    fn take_out(&mut self, cookie: &Cookie<'_>) {
        let key = site(name_of(&cookie.domain));
        let Some(found) = self.sites.get_mut(key) else { return };
        found.remove(cookie);
        if found.all().next().is_none() {
            self.sites.remove(key);
        }
    }

    fn uncount(&mut self, bytes: usize) {
        self.cookies -= 1;
        self.bytes -= bytes;
    }

    /// Out of line: it happens to a jar of tens of thousands of cookies, and then once in thousands.
    #[cold]
    fn give_up_sites(&mut self) {
        let mut used: Vec<u64> = self.sites.values().map(|site| site.used).collect();
        let last = (used.len() / SITES_GIVEN_UP).min(used.len() - 1);
        let oldest = *used.select_nth_unstable(last).1;
        let gone: Vec<Site> = self.sites.extract_if(|_, site| site.used <= oldest).map(|(_, site)| site).collect();
        gone.iter().flat_map(Site::all).for_each(|cookie| self.uncount(bytes(cookie)));
    }

    /// Those that are not past their time, in the order in which they came.
    pub(super) fn alive(&self, now: i64) -> Vec<&Cookie<'static>> {
        let all = self.sites.values().flat_map(Site::all);
        let mut alive: Vec<_> = all.filter(|cookie| is_alive(cookie, now)).collect();
        alive.sort_by_key(|cookie| number(cookie));
        alive
    }
}

impl Site {
    fn store(&mut self, domain: &CookieDomain) -> &mut CookieStore {
        match domain {
            CookieDomain::HostOnly(_) => &mut self.own,
            _ => &mut self.below,
        }
    }

    /// Not the store's own search, which asks the system's clock and reads each domain anew.
    fn all(&self) -> impl Iterator<Item = &Cookie<'static>> {
        self.own.iter_any().chain(self.below.iter_any())
    }

    fn remove(&mut self, cookie: &Cookie<'_>) {
        self.store(&cookie.domain).remove(name_of(&cookie.domain), &cookie.path, cookie.name());
    }

    /// RFC 6265bis section 5.7: first what is past its time; then, one by one, what is not `Secure`, then what came first.
    /// So plain HTTP cannot push out what TLS has set.
    fn make_room(&mut self, now: i64) -> Vec<Cookie<'static>> {
        let mut gone = Vec::new();
        for _ in MAX_SITE_COOKIES..self.all().count() {
            let rank = |cookie: &&Cookie<'_>| (is_alive(cookie, now), cookie.secure(), number(cookie));
            let worst = self.all().min_by_key(rank).cloned();
            worst.iter().for_each(|worst| self.remove(worst));
            gone.extend(worst);
        }
        gone
    }
}

/// A cookie of its own texts, that the store takes for one that ends with the session: its clock is the system's, ours may
/// be another. When it ends stands in `Expires`; and because the store keeps no order, the number of its coming stands
/// in `Max-Age`, which is used up.
fn numbered(raw: &RawCookie<'_>, number: u64, url: &Url) -> Result<Cookie<'static>, Refused> {
    let mut own = RawCookie::new(raw.name().to_owned(), raw.value().to_owned());
    own.set_secure(raw.secure().unwrap_or(false));
    own.set_http_only(raw.http_only().unwrap_or(false));
    own.set_expires(raw.expires_datetime());
    own.set_max_age(Duration::seconds(number as i64));
    let mut cookie = Cookie::try_from_raw_cookie(&own, url).map_err(|_| Refused::Domain)?;
    cookie.expires = CookieExpiration::SessionEnd;
    Ok(cookie)
}

/// From 1, in the order in which they came; one that replaces another has that one's.
fn number(cookie: &Cookie<'_>) -> u64 {
    cookie.max_age().map_or(0, |number| number.whole_seconds() as u64)
}

/// Seconds since 1970; `None`: until the end of the run, or of the session that a file keeps.
pub(super) fn expires(cookie: &Cookie<'_>) -> Option<i64> {
    cookie.expires_datetime().map(|at| at.unix_timestamp())
}

fn is_alive(cookie: &Cookie<'_>, now: i64) -> bool {
    expires(cookie).is_none_or(|at| at > now)
}

pub(super) fn name_of(domain: &CookieDomain) -> &str {
    match domain {
        CookieDomain::HostOnly(name) | CookieDomain::Suffix(name) => name,
        CookieDomain::NotPresent | CookieDomain::Empty => "",
    }
}

/// The store keeps name, domain and path a second time, as keys.
fn bytes(cookie: &Cookie<'_>) -> usize {
    let keys = cookie.name().len() + name_of(&cookie.domain).len() + cookie.path.len();
    COOKIE_BYTES + cookie.value().len() + 2 * keys
}

pub(super) fn seconds(now: SystemTime) -> i64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jar({} cookies of {} sites)", self.cookies, self.sites.len())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::NotText => "no UTF-8",
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
        let all = || self.sites.values().flat_map(Site::all);
        assert_eq!(all().map(bytes).sum::<usize>(), self.bytes);
        all().count()
    }
}
