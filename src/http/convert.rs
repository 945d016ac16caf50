//! Between this crate's types and those of the `http` crate: one function each way.

use ::http::header::{HeaderName, HeaderValue};
use ::http::{HeaderMap, Uri};
use url::Url;

use super::fields::{FieldError, Fields};
use super::h1::Version;

/// A URL as a `Uri`: without its fragment, which a `Uri` does not have.
///
/// # Errors
/// The URL is longer than a `Uri` may be (65,534 bytes).
pub fn to_uri(url: &Url) -> Result<Uri, ::http::uri::InvalidUri> {
    url[..url::Position::AfterQuery].parse()
}

/// A `Uri` as a URL, normalised as the WHATWG says (`http://EXAMPLE.org` is `http://example.org/`).
///
/// # Errors
/// It is not absolute, or no URL.
pub fn to_url(uri: &Uri) -> Result<Url, url::ParseError> {
    Url::parse(&uri.to_string())
}

/// Fields as a `HeaderMap`: names in lower case, fields of one name together. Secrets ([`Fields::is_secret`]) are marked sensitive,
/// so that its `Debug` does not show them. A name over 64 KiB, which a `HeaderMap` cannot hold, is left out.
pub fn to_header_map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields.iter() {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        if let (Ok(key), Ok(mut value)) = pair {
            value.set_sensitive(Fields::is_secret(name));
            map.append(key, value);
        }
    }
    map
}

/// A `HeaderMap` as fields, in its order.
///
/// # Errors
/// More than 4 GiB of them.
pub fn to_fields(map: &HeaderMap) -> Result<Fields, FieldError> {
    let mut fields = Fields::with_capacity(map.len(), 32 * map.len());
    for (name, value) in map {
        fields.push(name.as_str(), value.as_bytes())?;
    }
    Ok(fields)
}

/// The version of an answer.
pub fn to_version(version: Version) -> ::http::Version {
    match version.as_str() {
        "1.0" => ::http::Version::HTTP_10,
        "2" => ::http::Version::HTTP_2,
        _ => ::http::Version::HTTP_11,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_back_from_a_uri_as_it_went_but_for_its_fragment() {
        for text in [
            "http://a/",
            "https://me:secret@a:81/b%20c?d=e&f",
            "http://[::1]:8080/",
            "http://xn--bcher-kva.example/|^{}",
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(to_url(&to_uri(&url).unwrap()).unwrap(), url, "{text}");
        }
        assert_eq!(to_uri(&Url::parse("http://a/b?c#d").unwrap()).unwrap(), "http://a/b?c");
        assert_eq!(to_url(&"HTTP://A".parse().unwrap()).unwrap().as_str(), "http://a/");
        assert!(to_url(&"/only/a/path".parse().unwrap()).is_err());
    }

    #[test]
    fn fields_keep_their_values_and_the_order_of_one_name() {
        let mut fields = Fields::new();
        for (name, value) in
            [("Set-Cookie", &b"a=1"[..]), ("X-Odd", b"\xff\t~"), ("set-cookie", b"b=2"), ("Empty", b"")]
        {
            fields.push(name, value).unwrap();
        }
        let map = to_header_map(&fields);
        let values: Vec<_> = map.get_all("set-cookie").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!((values, map["x-odd"].as_bytes(), map.len()), (vec![&b"a=1"[..], b"b=2"], &b"\xff\t~"[..], 4));
        assert!(!format!("{map:?}").contains("a=1"), "{map:?}");
        let back = to_fields(&map).unwrap();
        assert_eq!(back.all("SET-COOKIE").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
        assert_eq!((back.first("x-odd"), back.len()), (Some(&b"\xff\t~"[..]), 4));
    }
}
