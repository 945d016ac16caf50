//! `gfetch serve`: test routes and static files, until told to stop.
//!
//! ```text
//!   Exchange ──▶ a route's path? ──▶ its answer; 400 with what it takes when a parameter is wrong
//!                     │ no
//!                     ├─ a folder is served ──▶ the file; 404 when there is none, or it is none of the client's business
//!                     └─ none ──▶ / is the index of the routes, all else 404
//! ```

mod app;
mod asked;
mod content;
pub mod demo;
mod files;
mod index;
mod media_type;
mod range;
mod representation;
mod routes;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use gfetch::green;
use gfetch::http::server::{self, ServerLimits};
use gfetch::net::TcpListener;

use super::args::ServeOptions;
use super::words;
use app::App;

/// What exchanges that run get to finish when the server is told to stop; idle connections get nothing.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `until` returns: that is called in the main greenlet once the server stands, and is expected to wait (for a
/// signal). Then it accepts nothing more, and what runs may finish within `GRACE`. `out` gets the one line that says where, flushed.
///
/// # Errors
/// When the folder cannot be served, the address cannot be listened on, or `out` takes nothing.
pub fn run(options: &ServeOptions, out: &mut dyn Write, until: impl FnOnce()) -> io::Result<()> {
    green::run(|| {
        let app = App::new(options.dir.as_deref())?;
        let address = SocketAddr::new(options.bind, options.port);
        let listener =
            TcpListener::bind(address).map_err(|error| told(error, &format!("cannot listen on {address}")))?;
        let server = server::start(listener, ServerLimits::default(), move |exchange| app.answer(exchange));
        let line = format!("serving http://{}/\n", server.local_addr()?);
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write where it serves: {}", words::of_writing(&error)))
        })?;
        until();
        Ok(server.stop(GRACE)?)
    })
}

/// The same error, saying what was tried.
fn told(error: io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
