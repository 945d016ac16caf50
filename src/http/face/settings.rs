//! What a client does with every request of the face, beside how it connects.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use ::http::Method;
use url::Url;

use super::follow::{Asking, RedirectPolicy};
use super::send_body::SendBody;
use crate::http::coding::MemoryBudget;
use crate::http::cookies::Jar;
use crate::http::fields::Fields;
use crate::http::netrc::Netrc;

/// The `User-Agent` of a request that names none.
pub(in crate::http) const USER_AGENT: &str = concat!("gfetch/", env!("CARGO_PKG_VERSION"));
/// An answer's head may take so long: most servers give up on themselves after a minute.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// A body may bring nothing for so long, as in the command.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// What is read into memory at most: larger bodies are for who streams them.
const MAX_BODY_BYTES: u64 = 16 << 20;

pub(in crate::http) struct Settings {
    pub user_agent: Option<String>,
    pub fields: Fields,
    pub redirects: RedirectPolicy,
    pub answer_timeout: Option<Duration>,
    pub stall_timeout: Option<Duration>,
    pub timeout: Option<Duration>,
    pub compressed: bool,
    pub max_body: u64,
    pub cookies: Option<Rc<RefCell<Jar>>>,
    pub netrc: Option<Netrc>,
    pub budget: MemoryBudget,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            user_agent: Some(USER_AGENT.to_owned()),
            fields: Fields::new(),
            redirects: RedirectPolicy::default(),
            answer_timeout: Some(ANSWER_TIMEOUT),
            stall_timeout: Some(STALL_TIMEOUT),
            timeout: None,
            compressed: true,
            max_body: MAX_BODY_BYTES,
            cookies: None,
            netrc: None,
            budget: MemoryBudget::default(),
        }
    }
}

impl Settings {
    pub(super) fn asking(&self, method: Method, url: Url) -> Asking {
        Asking {
            method,
            url,
            own: Fields::new(),
            common: self.fields.clone(),
            body: SendBody::none(),
            redirects: self.redirects.clone(),
            timeout: self.timeout,
            anonymous: false,
            digest: None,
            authorization: None,
            answers: 0,
        }
    }
}
