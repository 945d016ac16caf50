//! HTTP: pure protocol, connections, pool, redirects, codings, and a small server.

pub mod auth;
pub mod coding;
pub mod fields;
pub mod h1;
pub mod origin;
pub mod redirect;
pub mod server;
