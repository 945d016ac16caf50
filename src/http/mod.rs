//! HTTP: pure protocol, connections, pool, redirects, codings, and a small server.

pub mod auth;
mod buffer;
mod client;
pub mod coding;
mod connection;
mod error;
pub mod fields;
pub mod h1;
pub mod h2;
pub mod origin;
mod pool;
mod reason;
pub mod redirect;
mod response;
pub mod server;
mod trace;

pub use client::{Client, ClientConfig, HttpVersions, Request, is_idempotent};
pub use error::Error;
pub use pool::PoolLimits;
pub use response::Response;
pub use trace::{Phase, Trace};
