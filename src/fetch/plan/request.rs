//! What is asked for, and which parts of it only some hosts may see.

use std::fmt;

use super::AuthHosts;
use crate::http::netrc::Netrc;
use crate::http::redirect::Schemes;

/// The User-Agent of a request that names none.
pub const DEFAULT_USER_AGENT: &str = concat!("gfetch/", env!("CARGO_PKG_VERSION"));

/// The Content-Type of a body when no header says otherwise, as in curl.
pub const FORM_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// What is asked for. A line of a list may add to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPlan {
    /// The method, by `-X`, `-I` or `-d`; none: GET.
    pub method: Option<String>,
    /// Header fields in the order typed, none of them secret. `(name, Some(value))` is sent, also with an empty value;
    /// `(name, None)` removes the field that would be sent otherwise (`-H 'Accept:'`).
    pub headers: Vec<(String, Option<String>)>,
    /// The body; sent as [`FORM_CONTENT_TYPE`] unless a header says otherwise.
    pub body: Option<Vec<u8>>,
    /// Added to the query of each URL of the list; not to those that redirects lead to. (`-G`, `--url-query`)
    pub query: Option<String>,
    /// Each redirect is followed with the URL that led there as its `Referer` (`-e ';auto'`), without its user
    /// information and fragment, and not from https to http (RFC 9110 section 10.1.3).
    pub auto_referer: bool,
    /// Which redirects are followed.
    pub follow: Follow,
    /// Where redirects may lead at all.
    pub redirect_schemes: Schemes,
    /// Secrets and headers go along with a redirect to another origin.
    pub location_trusted: bool,
    /// Whether content codings are asked for and decoded; none: see [`RequestPlan::compresses`].
    pub compressed: Option<bool>,
}

impl RequestPlan {
    /// Whether content codings are asked for and decoded: unless it was said, for a body that is counted or printed, not
    /// for one that is saved.
    pub fn compresses(&self, saved: bool) -> bool {
        self.compressed.unwrap_or(!saved)
    }
}

impl Default for RequestPlan {
    fn default() -> Self {
        RequestPlan {
            method: None,
            headers: Vec::new(),
            body: None,
            query: None,
            auto_referer: false,
            follow: Follow::GetAndHead,
            redirect_schemes: Schemes::ALL,
            location_trusted: false,
            compressed: None,
        }
    }
}

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// Those of GET and HEAD.
    #[default]
    GetAndHead,
    /// All (`-L`).
    All,
    /// None (`--no-location`).
    None,
}

/// What only some hosts may see. Its `Debug` shows names, never values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// User and password (`-u`); a header `Authorization` has precedence.
    pub login: Option<(String, String)>,
    /// How users and passwords are shown, wherever they come from.
    pub scheme: AuthScheme,
    /// Secret header fields, in the order typed.
    pub headers: Vec<(String, String)>,
    /// Users and passwords by host, which no other host sees, so that no list needs [`Secrets::hosts`] for them.
    pub netrc: Option<NetrcPlan>,
    /// Where they may go when the URL came from a list.
    pub hosts: AuthHosts,
}

impl Secrets {
    /// Whether there is nothing secret that a list's hosts would have to be allowed.
    pub fn is_empty(&self) -> bool {
        self.login.is_none() && self.headers.is_empty()
    }

    /// Whether they go with the *first* request of a line. What was typed as an argument gets them, as in curl; a line
    /// of a list does only where [`Secrets::hosts`] allows it. A redirect elsewhere drops them either way.
    pub fn go_to(&self, from_argument: bool, host: &str, port: u16) -> bool {
        from_argument || self.hosts.allows(host, port)
    }
}

/// How a user and a password are shown to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthScheme {
    /// Basic (RFC 7617), with the first request.
    #[default]
    Basic,
    /// Digest (RFC 7616), once a server has asked for it.
    Digest,
    /// What the server asks for: Digest where it offers that, else Basic.
    Any,
}

/// Users and passwords by host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetrcPlan {
    /// The file.
    pub netrc: Netrc,
    /// Only this user's entries (`-u USER` without a password); the URL may name one, too.
    pub user: Option<String>,
    /// A password in the URL has precedence (`--netrc-optional`).
    pub url_first: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("login", &self.login.as_ref().map(|(user, _)| (user, "***")))
            .field("headers", &self.headers.iter().map(|(name, _)| (name, "***")).collect::<Vec<_>>())
            .field("scheme", &self.scheme)
            .field("netrc", &self.netrc)
            .field("hosts", &self.hosts)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_gets_secrets_only_where_allowed_and_an_argument_always() {
        let secrets = Secrets { hosts: AuthHosts::parse(["api.example"]).unwrap(), ..Secrets::default() };
        assert!(secrets.go_to(false, "api.example", 443));
        assert!(!secrets.go_to(false, "evil.example", 443));
        assert!(secrets.go_to(true, "evil.example", 443));
    }

    #[test]
    fn debug_shows_no_secret() {
        let secrets = Secrets {
            login: Some(("me".into(), "hunter2".into())),
            headers: vec![("X-Api-Key".into(), "hunter3".into())],
            netrc: Some(NetrcPlan {
                netrc: Netrc::parse(b"machine a login b password hunter4").unwrap(),
                user: None,
                url_first: false,
            }),
            ..Secrets::default()
        };
        let text = format!("{secrets:?}");
        assert!(text.contains("me") && text.contains("X-Api-Key") && !text.contains("hunter"), "{text}");
    }
}
