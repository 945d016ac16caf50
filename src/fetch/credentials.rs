//! What a run keeps to show who it is: the jar, and which way of authentication each origin wants.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use url::Url;

use crate::green::locked;
use crate::http::auth::{self, Login};
use crate::http::cookies::Jar;
use crate::http::digest::Challenge;
use crate::http::fields::Fields;
use crate::http::origin::{Origin, OriginHasher};

/// Origins whose way is remembered. Of more, all are forgotten: each costs one answer with status 401 again.
const MAX_KNOWN_ORIGINS: usize = 1024;

/// Shared by all lines of a run, on whichever hub they are. The locks are held for a look, never across a wait.
pub(super) struct Credentials {
    jar: Option<Mutex<Jar>>,
    known: Mutex<HashMap<Origin, Arc<Way>, OriginHasher>>,
}

/// How an origin wants to be told who asks.
pub(super) enum Way {
    Basic,
    Digest(Nonce),
}

/// A challenge, and how often it was answered: the server counts with us, over all requests.
pub(super) struct Nonce {
    pub challenge: Challenge,
    answers: AtomicU32,
}

impl Credentials {
    /// `cookies` are those that the run begins with; `None`: it keeps none.
    pub fn new(cookies: Option<Jar>) -> Credentials {
        Credentials { jar: cookies.map(Mutex::new), known: Mutex::default() }
    }

    /// The run's cookies now.
    pub fn jar(&self) -> Option<MutexGuard<'_, Jar>> {
        self.jar.as_ref().map(locked)
    }

    /// What goes into `Cookie`. One branch without a jar.
    pub fn cookies(&self, url: &Url) -> Option<Vec<u8>> {
        self.jar()?.header(url, SystemTime::now())
    }

    /// Takes what an answer sets, whatever its status.
    pub fn take_cookies(&self, url: &Url, fields: &Fields) {
        if let Some(mut jar) = self.jar() {
            jar.take(url, fields.all("set-cookie"), SystemTime::now());
        }
    }

    /// The way of an origin that has been asked before.
    pub fn way(&self, url: &Url) -> Option<Arc<Way>> {
        locked(&self.known).get(&Origin::of(url)?).cloned()
    }

    /// Remembers what an origin asked for.
    pub fn learn(&self, url: &Url, way: Way) {
        let Some(origin) = Origin::of(url) else { return };
        let mut known = locked(&self.known);
        if known.len() >= MAX_KNOWN_ORIGINS && !known.contains_key(&origin) {
            known.clear();
        }
        known.insert(origin, Arc::new(way));
    }
}

impl Way {
    pub fn digest(challenge: Challenge) -> Way {
        Way::Digest(Nonce { challenge, answers: AtomicU32::new(0) })
    }

    /// The value of `Authorization` for a request.
    #[inline(never)]
    pub fn authorization(&self, login: &Login, method: &str, url: &Url) -> Vec<u8> {
        match self {
            Way::Basic => auth::basic(&login.user, &login.password).into_bytes(),
            Way::Digest(nonce) => {
                let count = nonce.answers.fetch_add(1, Ordering::Relaxed) + 1;
                nonce.challenge.authorization(login, method, url, count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn what_is_known_of_origins_is_bounded_and_by_scheme_host_and_port() {
        let credentials = Credentials::new(None);
        credentials.learn(&url("http://a.example/x"), Way::Basic);
        assert!(credentials.way(&url("http://a.example/y")).is_some());
        for other in ["https://a.example/", "http://a.example:81/", "http://b.example/", "http://a.example./"] {
            assert!(credentials.way(&url(other)).is_none(), "{other}");
        }
        for port in 1..=2 * MAX_KNOWN_ORIGINS {
            credentials.learn(&url(&format!("http://a.example:{port}/")), Way::Basic);
            assert!(locked(&credentials.known).len() <= MAX_KNOWN_ORIGINS);
        }
    }

    #[test]
    fn each_answer_to_a_nonce_has_its_own_count_and_client_nonce() {
        let fields = {
            let mut fields = Fields::new();
            fields.push("WWW-Authenticate", "Digest realm=r, nonce=n, qop=auth").unwrap();
            fields
        };
        let way = Way::digest(crate::http::digest::Offers::of(&fields).digest.unwrap());
        let answers: Vec<String> = (0..3)
            .map(|_| String::from_utf8(way.authorization(&Login::default(), "GET", &url("http://a/"))).unwrap())
            .collect();
        for (answer, count) in answers.iter().zip(["nc=00000001", "nc=00000002", "nc=00000003"]) {
            assert!(answer.contains(count), "{answer}");
        }
        let cnonce = |text: &str| text.split("cnonce=\"").nth(1).unwrap()[..32].to_owned();
        assert_ne!(cnonce(&answers[0]), cnonce(&answers[1]));
    }
}
