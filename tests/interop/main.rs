//! gfetch against real servers and proxies (nginx, Apache, nghttpd, haproxy, squid, microsocks), with curl as the control for the
//! same URLs; and its report page in a real browser (Chromium).
//!
//! These tests act only where `GFETCH_INTEROP=require` asks for them, and then fail where a server is missing; elsewhere
//! each says that it was skipped. `bash .ci/install` installs what they need.

mod apache;
mod chromium;
mod client;
mod haproxy;
mod nghttpd;
mod nginx;
mod ports;
mod squid;

#[path = "../command/answering.rs"]
mod answering;
#[allow(dead_code)]
#[path = "../command/server.rs"]
mod server;

mod answers;
mod connections;
mod credentials;
mod http2;
mod http2_streams;
mod lists;
mod loss;
mod proxies;
mod tls;
mod to_curl;
mod transfers;
mod write_out;

/// Whether real servers are asked for; if not, says what is not tested.
#[must_use]
fn wanted(test: &str) -> bool {
    let wanted = std::env::var_os("GFETCH_INTEROP").is_some_and(|value| value == "require");
    if !wanted {
        eprintln!(
            "skipped: {test} needs nginx, apache2, nghttpd, haproxy, squid, microsocks, curl and chromium; GFETCH_INTEROP=require runs it"
        );
    }
    wanted
}

/// Leaves the test here, unless real servers are asked for.
macro_rules! needs_servers {
    () => {
        if !crate::wanted(module_path!()) {
            return;
        }
    };
}
pub(crate) use needs_servers;
