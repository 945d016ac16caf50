//! `-c`: the run's cookies, written once at the end.

use std::time::SystemTime;

use gfetch::fetch::Fetched;

use super::destination::Destination;
use super::{End, Kept};

/// Where the cookies go at the end.
pub struct CookieJar(pub Destination);

impl Kept for CookieJar {
    fn record(&mut self, _: &Fetched) {}

    /// Once, after all requests: a jar that is half written would lose what the last run had.
    fn finish(self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        match end.session.cookies().map(|jar| jar.write_netscape(SystemTime::now())) {
            Some(cookies) => self.0.finish(&cookies),
            None => Ok(()),
        }
    }
}
