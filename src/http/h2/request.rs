//! From a request to HTTP/2's form: pseudo-fields, names in lower case, what belongs to a connection left out (RFC 9113 8.2, 8.3).

use std::borrow::Cow;
use std::cell::RefCell;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Parts, PathAndQuery, Scheme as UriScheme, Uri};
use http::{Method, Version};
use url::Position;

use crate::http::error::Error;
use crate::http::fields::{FieldError, Fields};
use crate::http::origin::{Origin, Scheme};
use crate::http::request::Request;

/// What all requests of a connection have in common.
pub(super) struct Site {
    scheme: UriScheme,
    authority: Authority,
    /// The fields of the last request without a body, and what became of them: most requests of a run have the same. Made
    /// anew they cost 4,070 instructions, compared and cloned 860.
    last: RefCell<(Fields, HeaderMap)>,
}

impl Site {
    pub fn of(origin: &Origin) -> Result<Site, Error> {
        let scheme = match origin.scheme {
            Scheme::Http => UriScheme::HTTP,
            Scheme::Https => UriScheme::HTTPS,
        };
        let authority = authority(origin.authority().into())?;
        Ok(Site { scheme, authority, last: RefCell::default() })
    }

    fn fields(&self, request: &Request<'_>) -> Result<HeaderMap, Error> {
        if request.body.is_some() || request.upload.is_some() {
            return fields(request);
        }
        let mut last = self.last.borrow_mut();
        if last.0 != *request.fields {
            *last = (request.fields.clone(), fields(request)?);
        }
        Ok(last.1.clone())
    }
}

/// The message to send. `Host` becomes `:authority`.
pub(super) fn message(request: &Request<'_>, site: &Site) -> Result<http::Request<()>, Error> {
    let target = &request.url[Position::BeforePath..Position::AfterQuery];
    let mut message = http::Request::new(());
    *message.version_mut() = Version::HTTP_2;
    *message.method_mut() = method(request.method)?;
    let mut parts = Parts::default();
    parts.scheme = Some(site.scheme.clone());
    parts.authority = Some(match request.fields.first("host") {
        Some(host) => authority(Bytes::copy_from_slice(host))?,
        None => site.authority.clone(),
    });
    let target = PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(target.as_bytes()));
    parts.path_and_query = Some(target.map_err(|_| Error::Request(FieldError::Target))?);
    *message.uri_mut() = Uri::from_parts(parts).map_err(|_| Error::Request(FieldError::Target))?;
    *message.headers_mut() = site.fields(request)?;
    Ok(message)
}

fn method(method: &str) -> Result<Method, Error> {
    Method::from_bytes(method.as_bytes()).map_err(|_| Error::Request(FieldError::Method))
}

fn authority(text: Bytes) -> Result<Authority, Error> {
    Authority::from_maybe_shared(text).map_err(|_| Error::Request(FieldError::Authority))
}

fn fields(request: &Request<'_>) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::with_capacity(request.fields.len() + 1);
    for (name, value) in
        request.fields.iter().filter(|(name, value)| !is_of_the_connection(name, value, request.fields))
    {
        let known = HeaderName::from_bytes(name.as_bytes());
        let known = known.map_err(|_| Error::Request(FieldError::Name(name.to_owned())))?;
        let mut text = HeaderValue::from_bytes(value).map_err(|_| bad_value(name))?;
        // Never into the table that later fields refer to, on this side or on a proxy's.
        text.set_sensitive(Fields::is_secret(name));
        map.try_append(known, text).map_err(|_| Error::Request(FieldError::TooLarge))?;
    }
    if let Some(length) = request.body_length().flatten()
        && !map.contains_key(http::header::CONTENT_LENGTH)
    {
        map.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(map)
}

/// The fields of the message as `-v` shows them, in its order: what is sent as `:authority` first and under its old name,
/// as in curl; the rest in lower case.
pub(in crate::http) fn shown_fields<'a>(request: &Request<'a>) -> Vec<(String, Cow<'a, [u8]>)> {
    let goes = |name: &str, value: &[u8]| !is_of_the_connection(name, value, request.fields);
    let given = request.fields.iter().filter(|(name, value)| goes(name, value));
    let given = given.map(|(name, value)| (name.to_ascii_lowercase(), Cow::Borrowed(value)));
    let own = |wanted: &str| request.added_fields().find(|(name, _)| *name == wanted);
    let own = |wanted: &str| own(wanted).map(|(_, value)| Cow::Owned(value.as_bytes().to_vec()));
    let host = request.fields.first("host").map(Cow::Borrowed).or_else(|| own("Host"));
    let length = own("Content-Length").map(|value| ("content-length".to_owned(), value));
    host.map(|host| ("Host".to_owned(), host)).into_iter().chain(given).chain(length).collect()
}

fn bad_value(name: &str) -> Error {
    Error::Request(FieldError::Value(name.to_owned()))
}

/// RFC 9113 section 8.2.2: these speak of one HTTP/1.1 connection, and so does what `Connection` names. `Host` is sent as
/// `:authority`, and 100 is never waited for (as in curl): a stream can be reset when an early answer makes a body useless.
fn is_of_the_connection(name: &str, value: &[u8], fields: &Fields) -> bool {
    const NAMES: [&str; 7] =
        ["connection", "host", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
    NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))
        || (name.eq_ignore_ascii_case("expect") && value.eq_ignore_ascii_case(b"100-continue"))
        || (name.eq_ignore_ascii_case("te") && !value.eq_ignore_ascii_case(b"trailers"))
        || fields.contains_token("connection", name)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn request<'a>(method: &'a str, url: &'a Url, fields: &'a Fields, body: Option<&'a [u8]>) -> Request<'a> {
        Request { method, url, fields, body, upload: None, throttle: None, answer_timeout: None }
    }

    fn ask(url: &str, fields: &[(&str, &str)], body: Option<&[u8]>) -> Result<http::Request<()>, Error> {
        let url = Url::parse(url).unwrap();
        let mut list = Fields::new();
        for (name, value) in fields {
            list.push(name, value).unwrap();
        }
        message(&request("GET", &url, &list, body), &Site::of(&Origin::of(&url).unwrap()).unwrap())
    }

    #[test]
    fn pseudo_fields_come_from_the_url() {
        let asked = ask("https://user:secret@example.org:444/a%20b?c=d#e", &[], None).unwrap();
        assert_eq!(asked.uri().to_string(), "https://example.org:444/a%20b?c=d");
        let asked = ask("http://[::1]/", &[], None).unwrap();
        assert_eq!(asked.uri().authority().unwrap(), "[::1]");
    }

    #[test]
    fn every_target_that_a_url_can_have_can_be_sent() {
        let visible: String = (b'!'..=b'~').map(char::from).filter(|byte| !"#?\\".contains(*byte)).collect();
        let url = format!("https://example.org/{visible}?{visible}\\?");
        let expected = Url::parse(&url).unwrap();
        let asked = ask(&url, &[], None).unwrap();
        assert_eq!(
            asked.uri().path_and_query().unwrap().as_str(),
            &expected[Position::BeforePath..Position::AfterQuery]
        );
    }

    #[test]
    fn host_becomes_the_authority() {
        let asked = ask("https://example.org/", &[("Host", "other.example:8080")], None).unwrap();
        assert_eq!(asked.uri().authority().unwrap(), "other.example:8080");
        assert!(asked.headers().is_empty());
        for host in ["a b", "", "a/b", "a@"] {
            let got = ask("https://example.org/", &[("Host", host)], None);
            assert!(matches!(got, Err(Error::Request(FieldError::Authority))), "{host:?}: {got:?}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_is_left_out() {
        let fields = [
            ("Connection", "close, X-Hop"),
            ("X-Hop", "1"),
            ("Keep-Alive", "5"),
            ("Proxy-Connection", "keep-alive"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAA"),
            ("TE", "gzip"),
            ("Expect", "100-continue"),
            ("X-Stays", "1"),
            ("X-Stays", "2"),
        ];
        let asked = ask("https://example.org/", &fields, None).unwrap();
        let left: Vec<_> = asked.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(left, [("x-stays", &b"1"[..]), ("x-stays", b"2")]);
        let asked = ask("https://example.org/", &[("TE", "trailers")], None).unwrap();
        assert_eq!(asked.headers()["te"], "trailers");
    }

    #[test]
    fn what_is_remembered_is_the_same_fields_only() {
        let url = Url::parse("https://example.org/").unwrap();
        let site = Site::of(&Origin::of(&url).unwrap()).unwrap();
        let lists: [&[(&str, &str)]; 6] =
            [&[], &[("A", "1")], &[("A", "1")], &[("A", "2")], &[("A1", "")], &[("Authorization", "x"), ("A", "2")]];
        for given in lists.into_iter().chain(lists) {
            let mut list = Fields::new();
            given.iter().for_each(|(name, value)| list.push(name, value).unwrap());
            for body in [None, Some(&b"five!"[..]), None] {
                let asked = request("POST", &url, &list, body);
                let (is, anew) = (message(&asked, &site).unwrap(), fields(&asked).unwrap());
                assert_eq!(is.headers(), &anew, "{given:?}");
                let secret = is.headers().get("authorization");
                assert_eq!(secret.is_some_and(HeaderValue::is_sensitive), given.len() == 2);
            }
        }
        let mut bad = Fields::new();
        bad.push("Host", "a b").unwrap();
        let refused = |fields| message(&request("GET", &url, fields, None), &site).is_err();
        assert!(refused(&bad) && refused(&bad) && !refused(&Fields::new()));
    }

    /// What is shown is what is sent.
    #[test]
    fn the_fields_that_are_shown_are_those_of_the_message() {
        let url = Url::parse("https://example.org:444/").unwrap();
        for given in [
            &[("X-A", "1"), ("Connection", "close, X-B"), ("X-B", "2"), ("TE", "gzip"), ("X-A", "3")][..],
            &[("Host", "other.example"), ("Content-Length", "7"), ("Transfer-Encoding", "chunked")],
            &[("Expect", "100-continue"), ("Authorization", "Basic eA==")],
        ] {
            for body in [None, Some(&b"five!"[..])] {
                let mut list = Fields::new();
                given.iter().for_each(|(name, value)| list.push(name, value).unwrap());
                let asked = request("POST", &url, &list, body);
                let message = message(&asked, &Site::of(&Origin::of(&url).unwrap()).unwrap()).unwrap();
                let mut shown = shown_fields(&asked);
                let (name, host) = shown.remove(0);
                assert_eq!((&*name, &*host), ("Host", message.uri().authority().unwrap().as_str().as_bytes()));
                let sent = message.headers().iter();
                let mut sent: Vec<_> =
                    sent.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
                let mut shown: Vec<_> = shown.into_iter().map(|(name, value)| (name, value.into_owned())).collect();
                // The map keeps what has one name together.
                sent.sort();
                shown.sort();
                assert_eq!(shown, sent, "{given:?}");
            }
        }
    }

    #[test]
    fn secrets_never_get_into_the_table_and_a_body_has_its_length() {
        let asked = ask("https://example.org/", &[("Authorization", "x"), ("Accept", "y")], Some(b"12345")).unwrap();
        assert!(asked.headers()["authorization"].is_sensitive());
        assert!(!asked.headers()["accept"].is_sensitive());
        assert_eq!(asked.headers()["content-length"], "5");
    }
}
