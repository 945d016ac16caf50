//! The test routes: one table, from a path to what answers it.

mod bodies;
mod broken;
mod coded;
mod parts;
mod plain;
mod request;
mod slow;

use std::cell::RefCell;
use std::collections::HashMap;

use gfetch::http::server::Exchange;

use super::asked::{Target, Wrong, decoded, number};

/// The most bytes that a route sends: enough to prove that none of it is kept in memory.
pub const MAX_BYTES: u64 = 16 << 30;
/// The longest that a route waits: an hour.
pub const MAX_MS: u64 = 3_600_000;

/// A route. The parts of its pattern in capitals are parameters.
pub struct Route {
    pub pattern: &'static str,
    /// What its parameters may be, for the answer to one that is not.
    pub takes: &'static str,
    pub about: &'static str,
    handler: fn(&mut Exchange, &Asked) -> Result<(), Wrong>,
}

/// What a route is given besides the exchange.
struct Asked<'a> {
    parameters: &'a [String],
    target: &'a Target,
    state: &'a State,
}

/// What the routes remember.
#[derive(Default)]
pub struct State {
    /// How often a key of `/retry-after` was asked for.
    retries: RefCell<HashMap<String, u64>>,
}

const BYTES: &str = "N: bytes, 0 to 17179869184";
const CODED: &str = "N: bytes before coding, 0 to 1073741824";

/// All of them, in the order of the index.
pub const ROUTES: &[Route] = &[
    Route {
        pattern: "/bytes/N",
        takes: BYTES,
        about: "N pseudo-random bytes, the same every time",
        handler: bodies::bytes,
    },
    Route {
        pattern: "/chunked/N",
        takes: "N: bytes, 0 to 17179869184; ?chunk=M: bytes a chunk, 1 to 1048576",
        about: "the same bytes in chunks of M (default: a third of N, 8192 at most)",
        handler: bodies::chunked,
    },
    Route {
        pattern: "/no-length/N",
        takes: BYTES,
        about: "the same bytes up to the close",
        handler: bodies::no_length,
    },
    Route {
        pattern: "/range/N",
        takes: BYTES,
        about: "the same bytes; Range, If-Range, If-None-Match work",
        handler: parts::range,
    },
    Route { pattern: "/gzip/N", takes: CODED, about: "N bytes of text in gzip", handler: coded::gzip },
    Route { pattern: "/deflate/N", takes: CODED, about: "the same in deflate", handler: coded::deflate },
    Route { pattern: "/zstd/N", takes: CODED, about: "the same in zstd", handler: coded::zstd },
    Route {
        pattern: "/delay/MS",
        takes: "MS: milliseconds, 0 to 3600000; ?bytes=N: 0 to 17179869184",
        about: "answers after MS milliseconds, with N bytes if that is given",
        handler: slow::delay,
    },
    Route {
        pattern: "/drip",
        takes: "?bytes=N: 0 to 17179869184 (default 10); ?ms=M: milliseconds, 0 to 3600000 (default 1000)",
        about: "answers at once, N bytes spread over M milliseconds",
        handler: slow::drip,
    },
    Route {
        pattern: "/status/N",
        takes: "N: a status, 200 to 999",
        about: "answers with that status",
        handler: plain::status,
    },
    Route {
        pattern: "/redirect/N",
        takes: "N: redirects, 0 to 1000000",
        about: "N redirects to relative locations, then 200",
        handler: plain::redirect,
    },
    Route {
        pattern: "/redirect-to",
        takes: "?url=URL: without control characters; ?status=N: 300 to 399 (default 302)",
        about: "one redirect to that URL",
        handler: plain::redirect_to,
    },
    Route {
        pattern: "/retry-after/S",
        takes: "S: seconds, 0 to 1000000; ?times=K: 0 to 1000000 (default 1); ?key=X: any text",
        about: "503 with Retry-After for the first K requests of a key, then 200",
        handler: plain::retry_after,
    },
    Route { pattern: "/headers", takes: "nothing", about: "the request's fields as JSON", handler: request::headers },
    Route {
        pattern: "/echo",
        takes: "a body of at most 16777216 bytes",
        about: "the request's body with its Content-Type; without a body the request as JSON",
        handler: request::echo,
    },
    Route {
        pattern: "/basic-auth/USER/PASS",
        takes: "a user and a password",
        about: "401 until they come by Basic authentication",
        handler: request::basic_auth,
    },
    Route {
        pattern: "/cache",
        takes: "nothing",
        about: "ETag and Last-Modified; 304 if they are known",
        handler: parts::cache,
    },
    Route {
        pattern: "/close",
        takes: "nothing",
        about: "closes the connection without an answer",
        handler: broken::close,
    },
    Route {
        pattern: "/truncate/N",
        takes: BYTES,
        about: "announces N bytes, sends half of them and closes",
        handler: broken::truncate,
    },
];

/// The route of a path, and the parameters in it, decoded.
pub fn find(path: &str) -> Option<(&'static Route, Vec<String>)> {
    ROUTES.iter().find(|route| route.matches(path)).map(|route| (route, route.parameters(path)))
}

fn parts(path: &str) -> std::str::Split<'_, char> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn is_parameter(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_uppercase())
}

impl Route {
    fn matches(&self, path: &str) -> bool {
        let (mut own, mut asked) = (parts(self.pattern), parts(path));
        loop {
            match (own.next(), asked.next()) {
                (None, None) => return true,
                (Some(own), Some(asked)) if own == asked || (is_parameter(own) && !asked.is_empty()) => {}
                _ => return false,
            }
        }
    }

    fn parameters(&self, path: &str) -> Vec<String> {
        let both = parts(self.pattern).zip(parts(path));
        both.filter(|(own, _)| is_parameter(own)).map(|(_, asked)| decoded(asked).into_owned()).collect()
    }

    /// Answers, or says that a parameter is wrong: then nothing has been sent.
    pub fn answer(
        &self,
        exchange: &mut Exchange,
        state: &State,
        target: &Target,
        parameters: &[String],
    ) -> Result<(), Wrong> {
        (self.handler)(exchange, &Asked { parameters, target, state })
    }
}

impl Asked<'_> {
    /// The first parameter, as a number up to `most`.
    fn number(&self, most: u64) -> Result<u64, Wrong> {
        self.parameters.first().map_or(Err(Wrong::Request), |text| number(text, most))
    }

    fn query_number(&self, name: &str, default: u64, most: u64) -> Result<u64, Wrong> {
        self.target.query_number(name, default, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_route_and_no_other() {
        let of = |path| find(path).map(|(route, parameters)| (route.pattern, parameters));
        assert_eq!(of("/bytes/7"), Some(("/bytes/N", vec!["7".to_owned()])));
        assert_eq!(of("/basic-auth/a%20b/c%2Fd"), Some(("/basic-auth/USER/PASS", vec!["a b".into(), "c/d".into()])));
        assert_eq!(of("/echo"), Some(("/echo", vec![])));
        for path in ["/", "/bytes", "/bytes/", "/bytes/7/", "/bytes/7/8", "//bytes/7", "/Bytes/7", "*", "/echo/"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn no_two_routes_answer_the_same_path() {
        for route in ROUTES {
            let matching = ROUTES.iter().filter(|other| other.matches(route.pattern)).count();
            assert_eq!(matching, 1, "{}", route.pattern);
        }
    }
}
