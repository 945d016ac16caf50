//! `-c`: the run's cookies, written once at the end.

use std::path::Path;
use std::time::SystemTime;

use gfetch::fetch::{Fetched, PartFiles};

use super::replacing::Replacing;
use super::{End, Kept};
use crate::cli::stream::Stream;

/// Where the cookies go at the end.
pub enum CookieJar {
    File(Replacing),
    Stdout(Stream),
}

impl CookieJar {
    pub fn at(path: &Path, stdout: &Stream) -> Result<CookieJar, String> {
        match path.as_os_str() == "-" {
            true => Ok(CookieJar::Stdout(stdout.clone())),
            false => Replacing::at(path, |_| Ok(())).map(CookieJar::File),
        }
    }

    pub fn listed_in(self, files: &PartFiles) -> CookieJar {
        match self {
            CookieJar::File(file) => CookieJar::File(file.listed_in(files)),
            stdout => stdout,
        }
    }
}

impl Kept for CookieJar {
    fn record(&mut self, _: &Fetched) {}

    /// Once, after all requests: a jar that is half written would lose what the last run had.
    fn finish(self: Box<Self>, end: &End<'_>) -> Result<(), String> {
        let Some(cookies) = end.session.cookies().map(|jar| jar.write_netscape(SystemTime::now())) else {
            return Ok(());
        };
        match *self {
            CookieJar::File(mut file) => {
                file.write(&cookies);
                file.finish()
            }
            CookieJar::Stdout(stdout) => {
                stdout.push(&cookies);
                stdout.flush();
                Ok(())
            }
        }
    }
}
