//! HTTP: pure protocol, connections, pool, redirects, codings, and a small server.

pub mod auth;
mod buffer;
mod client;
pub mod coding;
mod connect;
mod connection;
pub mod cookies;
pub mod digest;
mod error;
pub mod fields;
pub mod h1;
pub mod h2;
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

pub use client::{Client, ClientConfig, HttpVersions, Request, is_idempotent};
pub use error::Error;
pub use pool::PoolLimits;
pub use response::Response;
pub use send::{EXPECT_ABOVE_BYTES, Throttle};
pub use trace::{Phase, Trace};
pub use upload::Upload;
