//! A scripted hostile server against the fetching: every row ends as it must, in time, and harms no other host.

mod advisories;
mod case;
mod codings;
mod command;
mod credentials;
mod framing;
mod heads;
mod http2;
mod injection;
mod keepalive;
mod proxies;
mod redirects;
mod resets;
mod script;
mod smuggling;
mod timing;
mod tls;
mod transfers;
