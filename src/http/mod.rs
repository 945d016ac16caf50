//! HTTP: pure protocol, connections, pool, redirects, codings, and a small server.

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
mod drain;
mod error;
mod face;
pub mod fields;
pub mod h1;
pub mod netrc;
pub mod origin;
mod pool;
mod reason;
pub mod redirect;
mod response;
pub mod retry;
mod send;
pub mod server;
mod trace;
mod upload;

pub use blame::{Blame, ErrorKind};
pub use builder::ClientBuilder;
pub use client::{Client, ClientConfig, Request, is_idempotent};
pub use error::Error;
pub use face::{Answer, AnsweredBy, Body, IntoUrl, RedirectPolicy, RequestBuilder, RequestError, SendBody};
pub use pool::PoolLimits;
pub use response::Response;
pub use send::{EXPECT_ABOVE_BYTES, Throttle};
pub use trace::{Phase, Trace};
pub use upload::Upload;

/// The `http` crate, whose types stand at the border: `types::Method`, `types::StatusCode`, `types::HeaderMap` …
pub use ::http as types;
