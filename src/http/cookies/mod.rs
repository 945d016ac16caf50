//! Cookies by RFC 6265bis: which are taken, which are sent, which file they come from. Rules only: the time is an argument.
//!
//! ```text
//!  Set-Cookie ── rules::parse ──┐                         ┌── header ──► Cookie
//!                               ├── admit ──► Jar ────────┤
//!  Netscape file ── file ───────┘  (rules)  (by site:     └── file ────► Netscape file
//!                                            cookie_store)
//! ```
//! Parsing, dates, who matches whom and what replaces what are the crate `cookie_store`'s; `rules` adds what came after
//! RFC 6265. A *site* is the registrable domain (public suffix and one label) with a store of its own, so that ten thousand
//! hosts cost a request one look-up: a store looks at all its domains.

mod file;
mod jar;
mod rules;

pub use file::Skipped;
pub use jar::{Jar, Refused};

/// Name and value together, in bytes, as RFC 6265bis section 5.6 and curl have it.
pub const MAX_COOKIE_BYTES: usize = 4096;
/// A longer attribute is passed over (RFC 6265bis section 5.6).
pub const MAX_ATTRIBUTE_BYTES: usize = 1024;
/// More attributes of one cookie are passed over, so that a field of nothing but dates costs little.
pub const MAX_ATTRIBUTES: usize = 64;
/// Cookies of one site. RFC 6265bis asks for 50 at least a domain; Chrome keeps so many.
pub const MAX_SITE_COOKIES: usize = 180;
/// Cookies of all sites. RFC 6265bis asks for 3,000 at least; a list has more hosts than a person.
pub const MAX_COOKIES: usize = 65_536;
/// What all of them may hold in memory, in bytes: texts, and about 1.6 KB each for the maps of their stores.
pub const MAX_JAR_BYTES: usize = 128 << 20;
/// `Set-Cookie` fields of one answer, as in curl; the others are passed over.
pub const MAX_SET_COOKIES: usize = 50;
/// Cookies in one request, as in curl.
pub const MAX_SENT_COOKIES: usize = 150;
/// Bytes of the `Cookie` field, as in curl: more, and servers refuse the request.
pub const MAX_SENT_BYTES: usize = 8190;
/// A cookie lives so long at most, whatever its server says (RFC 6265bis section 5.5: 400 days).
pub const MAX_AGE_S: u64 = 400 * 24 * 60 * 60;

#[cfg(test)]
mod tests;
