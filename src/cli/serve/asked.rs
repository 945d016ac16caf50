//! What a request asks for: the path and the query of its target, and the numbers in them.

use std::borrow::Cow;
use std::io;

use percent_encoding::percent_decode_str;

/// A request's target in its parts, still percent-encoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// Begins with a slash, but for `OPTIONS *`.
    pub path: String,
    pub query: Option<String>,
}

/// Why a route gives no answer of its own.
#[derive(Debug)]
pub enum Wrong {
    /// A parameter is not what the route takes.
    Request,
    /// The answer failed.
    Io(io::Error),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        Wrong::Io(error)
    }
}

impl Target {
    /// Of the target as it was sent; of an absolute one (RFC 9112 section 3.2.2), what stands behind its authority.
    pub fn of(target: &str) -> Target {
        let local = match target.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
            _ => target,
        };
        let local = local.split('#').next().unwrap_or_default();
        let (path, query) = match local.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (local, None),
        };
        Target { path: if path.is_empty() { "/".to_owned() } else { path.to_owned() }, query }
    }

    /// The first value of this name in the query, decoded; invalid UTF-8 as U+FFFD.
    pub fn query(&self, name: &str) -> Option<String> {
        let pairs = self.query.as_deref()?.split('&');
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find(|(had, _)| *had == name).map(|(_, value)| {
            let value = value.replace('+', " ");
            percent_decode_str(&value).decode_utf8_lossy().into_owned()
        })
    }

    /// The same as a number up to `most`; `default` where it is not given.
    pub fn query_number(&self, name: &str, default: u64, most: u64) -> Result<u64, Wrong> {
        self.query(name).map_or(Ok(default), |text| number(&text, most))
    }
}

/// Digits and nothing else, up to `most`.
pub fn number(text: &str, most: u64) -> Result<u64, Wrong> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| digits && number <= most).ok_or(Wrong::Request)
}

/// A part of a path, decoded; invalid UTF-8 as U+FFFD.
pub fn decoded(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_path_and_a_query_in_every_form() {
        let of = |target| {
            let Target { path, query } = Target::of(target);
            (path, query)
        };
        let both = ("/a".to_owned(), Some("b=c?d".to_owned()));
        assert_eq!(of("/a?b=c?d"), both);
        assert_eq!(of("http://a.example:80/a?b=c?d"), both);
        assert_eq!(of("http://a.example"), ("/".to_owned(), None));
        assert_eq!(of("http://a.example?b"), ("/".to_owned(), Some("b".to_owned())));
        assert_eq!(of("/redirect-to?url=http://b/"), ("/redirect-to".to_owned(), Some("url=http://b/".to_owned())));
        assert_eq!(of("/a/http://b/c"), ("/a/http://b/c".to_owned(), None));
    }

    #[test]
    fn a_query_is_decoded_after_it_is_split() {
        let target = Target::of("/?a=1%262&b&c=x+y%2B&a=2&n=007");
        assert_eq!(target.query("a").as_deref(), Some("1&2"));
        assert_eq!(target.query("b").as_deref(), Some(""));
        assert_eq!(target.query("c").as_deref(), Some("x y+"));
        assert_eq!(target.query("d"), None);
        assert_eq!(target.query_number("n", 1, 7).unwrap(), 7);
        assert_eq!(target.query_number("none", 1, 7).unwrap(), 1);
    }

    #[test]
    fn a_number_is_digits_within_its_bound() {
        assert_eq!(number("10", 10).unwrap(), 10);
        for text in ["", "11", "-1", "+1", "1.0", "0x1", " 1", "99999999999999999999"] {
            assert!(number(text, 10).is_err(), "{text:?}");
        }
    }
}
