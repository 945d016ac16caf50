//! What is asked in one exchange, lean: borrowed, and nothing decided here.

use std::borrow::Cow;
use std::time::Duration;

use url::{Position, Url};

use super::fields::Fields;
use super::h1::Version;
use super::h2;
use super::send::Throttle;
use super::upload::Upload;

/// What is asked. `Host` and `Content-Length` are added where they are missing.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, sent as it is.
    pub method: &'a str,
    /// Scheme, host, port, path, query; user information and fragment are not sent.
    pub url: &'a Url,
    /// All other fields.
    pub fields: &'a Fields,
    /// The body; `Content-Length` says its length. With a field `Expect: 100-continue` it is held back until the server
    /// asks for it, for at most a second. A final answer of 300 or above that comes before its end ends the sending.
    pub body: Option<&'a [u8]>,
    /// In its place a body that is read as it is sent.
    pub upload: Option<&'a Upload>,
    /// Once sent, the answer's head may take so long, and so may each 64 KiB of a large body.
    pub answer_timeout: Option<Duration>,
    /// How fast the body may go out; none: as fast as it can.
    pub throttle: Option<&'a dyn Throttle>,
}

impl<'a> Request<'a> {
    /// The fields as they are sent by this version, those that are added in their places. By HTTP/2 names are in lower
    /// case, what belongs to an HTTP/1.1 connection is left out, and `Host` stands for `:authority`, as in curl.
    pub fn sent_fields(&self, version: Version) -> Vec<(String, Cow<'a, [u8]>)> {
        if version == Version::Http2 {
            return h2::shown_fields(self);
        }
        let added = self.added_fields().map(|(name, value)| (name.to_owned(), Cow::Owned(value.as_bytes().to_vec())));
        added.chain(self.fields.iter().map(|(name, value)| (name.to_owned(), Cow::Borrowed(value)))).collect()
    }

    /// Whether it may be made a second time, and can be: its body is still there.
    pub(super) fn is_repeatable(&self) -> bool {
        is_idempotent(self.method) && self.upload.is_none_or(|upload| !upload.has_begun())
    }

    pub(super) fn added_fields(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        // As the URL writes it: the scheme's own port left out, IPv6 in brackets.
        let host = ("Host", Cow::Borrowed(&self.url[Position::BeforeHost..Position::AfterPort]));
        let length = |bytes: u64| ("Content-Length", Cow::Owned(bytes.to_string()));
        let framing = match (self.body, self.upload) {
            (Some(body), _) => Some(length(body.len() as u64)),
            (None, Some(upload)) => {
                Some(upload.length().map_or(("Transfer-Encoding", Cow::Borrowed("chunked")), length))
            }
            (None, None) => None,
        };
        [Some(host), framing].into_iter().flatten().filter(|(name, _)| self.fields.first(name).is_none())
    }
}

/// Whether asking twice has the effect of asking once (RFC 9110 section 9.2.2). Of a method that nobody knows this is not
/// known, so it is treated as POST and PATCH are.
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}
