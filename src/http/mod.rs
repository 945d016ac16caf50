//! HTTP: pure protocol, connections, pool, redirects, codings, and a small server.
//!
//! # A tour of the client
//! [`Client::builder`] makes one; everything has a default. It keeps connections, clones share them, and it belongs to the
//! hub that it is used on: all of it runs inside [`green::run`](crate::green::run), and what waits lets other greenlets run.
//!
//! ```
//! # use std::io::{self, BufRead, Read};
//! # use gfetch::http::{fields::Fields, server::HttpServer};
//! use gfetch::green;
//! use gfetch::http::{Answer, Client, SendBody};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! green::run(|| {
//! #   let listener = gfetch::net::TcpListener::bind("127.0.0.1:0".parse()?)?;
//! #   let server = HttpServer::new(listener).start(|exchange| {
//! #       let mut heard = Vec::new();
//! #       exchange.body().read_to_end(&mut heard)?;
//! #       exchange.respond(200, &Fields::new(), if heard.is_empty() { b"one\ntwo\n" } else { &heard })
//! #   });
//! #   let url = format!("http://{}/", server.local_addr()?);
//!     let client = Client::builder().user_agent("me/1.0").build()?;
//!
//!     // A request is put together, sent, and answered. Any status is an answer; 400 and above can be made an error.
//!     let text = client.get(&url).query([("page", "2")]).send().and_then(Answer::error_for_status)?.text()?;
//!     assert_eq!(text, "one\ntwo\n");
//!
//!     // A body is read as it comes: `Answer` is `Read` and `BufRead`, and holds no more than is being read.
//!     for line in client.get(&url).send()?.lines() {
//!         assert_eq!(line?.len(), 3);
//!     }
//!
//!     // What goes out may be bytes, text, or a reader of known or unknown length (then in chunks).
//!     let echo = client.post(&url).body(SendBody::reader(io::repeat(b'x').take(3))).send()?;
//!     assert_eq!(echo.text()?, "xxx");
//!
//!     // Many at once are greenlets, and an error says whose doing it was.
//!     let both = [url.clone(), "http://127.0.0.1:1/".to_owned()].map(|url| {
//!         let client = client.clone();
//!         green::spawn(move || client.get(url).send().and_then(Answer::bytes))
//!     });
//!     assert!(both[0].get()?.is_ok());
//!     let error = both[1].get()?.unwrap_err();
//!     assert!(error.is_retry_sensible() && !error.may_have_acted(), "{error}");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! What holds for every request:
//! - **Redirects** are followed, ten at most, and only to http and https. `Authorization`, cookies and every given field but
//!   four harmless ones stay with their origin: [`RedirectPolicy`], [`redirect`].
//! - **Times.** Connecting has 10 s, the head of an answer 60 s, a body that brings nothing 30 s; the whole has a limit where
//!   one is set. A [`timeout`](crate::green::timeout) scope around any of it works too.
//! - **Bodies** are asked for compressed and decoded as they are read; into memory at most 16 MiB are read. Everything else
//!   that a server sends is bounded too ([`h1`], [`coding`]).
//! - **Errors** are a [`RequestError`]: kind, stage, blame, whether another try is sensible; their texts hold no secrets.
//!   Requests are not repeated, but for one case: an idle connection that turns out dead before a byte of the answer is
//!   replaced, where the method may be repeated.
//! - **Other code's types.** [`Client::execute`] takes and gives the `http` crate's ([`types`]); [`convert`] has the rest.
//!
//! Below that stands [`Client::send`]: one exchange for a lean [`Request`], with a [`Trace`] of where the time went. It is
//! what the fetcher uses.

pub mod auth;
mod blame;
mod buffer;
mod builder;
mod client;
pub mod coding;
mod connect;
mod connection;
pub mod convert;
pub mod cookies;
pub mod digest;
pub mod disposition;
mod drain;
mod error;
mod face;
pub mod fields;
pub mod given;
pub mod h1;
pub mod h2;
mod host_pattern;
#[cfg(any(test, feature = "measuring"))]
pub mod idle_pool;
pub mod netrc;
pub mod origin;
mod pool;
pub mod proxy;
mod quoted;
pub mod range;
mod reason;
pub mod redirect;
mod request;
mod response;
pub mod retry;
mod room;
mod routes;
mod send;
pub mod server;
mod template;
mod trace;
mod upload;

pub use blame::{Blame, ErrorKind};
pub use builder::ClientBuilder;
pub use client::{Client, ClientConfig, HttpVersions};
pub use error::{Blocked, Error};
pub use face::{Answer, AnsweredBy, Body, IntoUrl, RedirectPolicy, RequestBuilder, RequestError, SendBody};
pub use host_pattern::HostPattern;
pub use pool::PoolLimits;
pub use request::{Request, is_idempotent};
pub use response::Response;
pub use routes::{ConnectTo, Interface, Routes};
pub use send::{EXPECT_ABOVE_BYTES, Throttle};
pub(crate) use template::ClientTemplate;
pub use trace::{Phase, Trace};
pub use upload::Upload;

/// The `http` crate, whose types stand at the border: `types::Method`, `types::StatusCode`, `types::HeaderMap` …
pub use ::http as types;
