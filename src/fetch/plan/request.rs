//! What is asked for, and which parts of it only some hosts may see.

use std::fmt;

use super::AuthHosts;
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
    /// User and password for Basic authentication; a header `Authorization` has precedence.
    pub basic: Option<(String, String)>,
    /// Secret header fields, in the order typed.
    pub headers: Vec<(String, String)>,
    /// Where they may go when the URL came from a list.
    pub hosts: AuthHosts,
}

impl Secrets {
    /// Whether there is nothing secret.
    pub fn is_empty(&self) -> bool {
        self.basic.is_none() && self.headers.is_empty()
    }

    /// Whether they go with the *first* request of a line. What was typed as an argument gets them, as in curl; a line
    /// of a list does only where [`Secrets::hosts`] allows it. A redirect elsewhere drops them either way.
    pub fn go_to(&self, from_argument: bool, host: &str, port: u16) -> bool {
        from_argument || self.hosts.allows(host, port)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("basic", &self.basic.as_ref().map(|(user, _)| (user, "***")))
            .field("headers", &self.headers.iter().map(|(name, _)| (name, "***")).collect::<Vec<_>>())
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
            basic: Some(("me".into(), "hunter2".into())),
            headers: vec![("X-Api-Key".into(), "hunter3".into())],
            hosts: AuthHosts::default(),
        };
        let text = format!("{secrets:?}");
        assert!(text.contains("me") && text.contains("X-Api-Key") && !text.contains("hunter"), "{text}");
    }
}
