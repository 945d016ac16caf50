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
pub mod netrc;
pub mod origin;
mod pool;
pub mod proxy;
mod reason;
pub mod redirect;
mod response;
pub mod retry;
mod routes;
mod send;
pub mod server;
mod trace;
mod upload;

pub use client::{Client, ClientConfig, Request, is_idempotent};
pub use error::{Blocked, Error};
pub use pool::PoolLimits;
pub use response::Response;
pub use routes::{ConnectTo, Interface, Routes};
pub use send::{EXPECT_ABOVE_BYTES, Throttle};
pub use trace::{Phase, Trace};
pub use upload::Upload;
